"""The command line: one short function a verb; what is heavy is imported inside.

Exit codes: 0 all is well, 1 a fault of blemish, 2 it cannot be done as asked, 3 some pictures
failed or are partial, 10 something was found (with --fail-on-find), 130 interrupted.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blemish import __version__
from blemish.errors import BlemishError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from blemish.jobs.find import FindReport
    from blemish.report.tables import ImageRow

app = typer.Typer(
    help="Finds small defect points in inspection images: offline, before any label exists.",
    # Typer draws help in frames with rich, which takes as long as all the rest of `--help`.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
)

FAULT, USAGE, INTERRUPTED = 1, 2, 130
MAX_ROWS = 40


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a name no terminal can show must not end the run
            stream.reconfigure(errors="replace")
    app()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"blemish {__version__}")
        raise typer.Exit


def _show_all(wanted: bool) -> None:
    if wanted:
        logging.basicConfig(format="%(name)s: %(message)s")
        logging.getLogger("blemish").setLevel(logging.DEBUG)


Debug = Annotated[
    bool, typer.Option("--debug", callback=_show_all, help="Show where an error came from.")
]
Threads = Annotated[int, typer.Option(min=0, help="Threads to use; 0 for all cores.")]


@app.callback()
def blemish(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Hold the options that belong to no verb."""


@app.command()
def find(
    paths: Annotated[list[Path], typer.Argument(help="Pictures, folders or globs.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the result.")],
    model: Annotated[
        Path | None, typer.Option(help="Folder of another model bundle.", show_default="built in")
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Lowest score of a find.", show_default="the model's"),
    ] = None,
    region: Annotated[
        str,
        typer.Option(
            metavar="auto|wafer|whole",
            help="Drop finds outside the wafer: where one is seen, as one must be, or never.",
        ),
    ] = "auto",
    scale: Annotated[
        str,
        typer.Option(
            metavar="auto|native|FACTOR",
            help="Look at wafers in the size the model knows, as they are, or resized.",
        ),
    ] = "auto",
    engine: Annotated[str, typer.Option(metavar="auto|onnxruntime|openvino")] = "auto",
    precision: Annotated[str, typer.Option(metavar="auto|float32|bfloat16")] = "auto",
    threads: Threads = 0,
    pictures: Annotated[
        str,
        typer.Option(
            metavar="all|found|none",
            help="Draw the finds on copies of all pictures, of those with finds, or of none.",
        ),
    ] = "all",
    value_range: Annotated[
        str | None,
        typer.Option(
            "--range",
            metavar="LO,HI",
            help="Values that become black and white in pictures of more than 8 bits.",
            show_default="all",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the result that stands in the folder.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON instead of a table.")
    ] = False,
    fail_on_find: Annotated[
        bool, typer.Option("--fail-on-find", help="Exit with 10 when something was found.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Find the defects in pictures; write tables and drawn copies."""
    with _plain_errors():
        from blemish.jobs.find import FindSettings, find_run

        settings = FindSettings(
            *(tuple(paths), out, model, min_score, region, scale, engine, precision, threads),
            *(pictures, _read_range(value_range), overwrite),
        )
        with _watching() as watch:
            report = find_run(settings, watch)
        _show(report, as_json)
        raise typer.Exit(report.exit_code(fail_on_find))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the result.")] = Path("blemish-demo"),
    debug: Debug = False,
) -> None:
    """Find the defects in six drawn wafers that come with blemish."""
    with _plain_errors():
        from blemish.jobs.demo import demo_run

        with _watching() as watch:
            report = demo_run(out, watch)
        _show(report)
        raise typer.Exit(report.exit_code())


@app.command()
def synth(
    *,
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")],
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")],
    seed: Annotated[int, typer.Option(min=0, help="Which series of pictures.")] = 0,
    labels: Annotated[str, typer.Option(metavar="voc|csv|coco", help="Kind of labels.")] = "voc",
    debug: Debug = False,
) -> None:
    """Draw wafers with known defects and write their labels."""
    with _plain_errors():
        from blemish.jobs.synth import write_drawn

        write_drawn(out, count, seed, labels)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn what goes wrong into one line and an exit code; with --debug show where as well."""
    try:
        yield
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        typer.echo("blemish: interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if logging.getLogger("blemish").isEnabledFor(logging.DEBUG):
            raise
        known = isinstance(error, BlemishError)
        fault = f"a fault ({type(error).__name__}: {error}); add --debug to see where"
        typer.echo(f"blemish: {error if known else fault}", err=True)
        raise typer.Exit(USAGE if known else FAULT) from error


def _read_range(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--range {text!r} is not two numbers; write LO,HI like 0,4095") from None
    return low, high


@contextmanager
def _watching() -> "Iterator[Callable[[ImageRow, int, int], None]]":
    """Show a progress bar on a terminal, and each error once as it comes, on standard error."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (TextColumn("finding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    said: set[str] = set()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("finding", total=None)

        def watch(row: "ImageRow", num_done: int, num_all: int) -> None:
            if row.error and row.error not in said:
                said.add(row.error)
                _say(console, row.error)
            progress.update(task, completed=num_done, total=num_all)

        yield watch


def _show(report: "FindReport", as_json: bool = False) -> None:
    """Print the result: a table and where the files are, or all of it as JSON."""
    if as_json:
        import json

        typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
        return
    from rich.console import Console

    from blemish.jobs.find import describe

    console = Console()
    shown = _worth_showing(report)
    console.print(_table(shown))
    if left := len(report.rows) - len(shown):
        _say(console, f"... and {left} more in images.csv")
    for line in describe(report):
        _say(console, line)


def _worth_showing(report: "FindReport") -> "list[ImageRow]":
    """Give the rows that fit a screen: of many pictures the clean ones are left out first."""
    if len(report.rows) <= MAX_ROWS:
        return list(report.rows)
    return [row for row in report.rows if row.status != "clean"][:MAX_ROWS]


def _table(rows: "list[ImageRow]") -> object:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("picture", overflow="fold")
    for heading in ("finds", "best score", "status", "ms"):
        table.add_column(heading, justify="left" if heading == "status" else "right")
    for row in rows:
        scores = row.defects.scores
        failed = row.status == "failed"
        table.add_row(
            Text(row.image),
            "" if failed else str(len(scores)),
            f"{scores.max():.2f}" if len(scores) else "",
            row.status,
            "" if failed else f"{row.milliseconds:.0f}",
        )
    return table


def _say(console: "Console", line: str) -> None:
    """Print a line as it is: no markup in file names, no wrapping for whoever reads logs."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()

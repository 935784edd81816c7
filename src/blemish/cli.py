"""The command line: one short function a verb; what is heavy is imported inside.

Exit codes: 0 all is well, 1 a fault of blemish, 2 it cannot be done as asked, 3 some pictures
failed or are partial, 4 the data is not fit for training, 10 something was found (with
--fail-on-find), 130 interrupted.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blemish import __version__
from blemish.errors import BlemishError, UsageError

if TYPE_CHECKING:
    from blemish.jobs.doctor import Checkup
    from blemish.jobs.find import FindReport

app = typer.Typer(
    help="Finds small defect points in inspection images: offline, before any label exists.",
    # Typer draws help in frames with rich, which takes as long as all the rest of `--help`.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
)

FAULT, USAGE, INTERRUPTED = 1, 2, 130


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
Labels = Annotated[
    str | None,
    typer.Option(
        metavar="voc|csv|coco|createml|yolo|voc-1based",
        help="Format of the labels.",
        show_default="seen",
    ),
]
Threads = Annotated[int, typer.Option(min=0, max=1024, help="Threads to use; 0 for all cores.")]


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
    # readable=False: what may not be read is a row of the result and does not end the run.
    paths: Annotated[
        list[Path], typer.Argument(readable=False, help="Pictures, folders or globs.")
    ],
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
        from blemish.report.terminal import watching_pictures

        settings = FindSettings(
            *(tuple(paths), out, model, min_score, region, scale, engine, precision, threads),
            *(pictures, _read_range(value_range), overwrite),
        )
        with watching_pictures() as watch:
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
        from blemish.report.terminal import watching_pictures

        with watching_pictures() as watch:
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
    held_back: Annotated[
        bool, typer.Option("--held-back", help="Draw what training never sees.")
    ] = False,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 for one a core.")] = 0,
    debug: Debug = False,
) -> None:
    """Draw wafers with known defects and write their labels."""
    with _plain_errors():
        from blemish.jobs.synth import SynthSettings, write_drawn
        from blemish.report.terminal import watching_share

        settings = SynthSettings(out, count, seed, labels, held_back, workers)
        with watching_share("drawing") as show:
            write_drawn(settings, lambda done, of: show(done / of, f"{done} of {of}"))
        typer.echo(f"Drawn: {count} pictures with labels in {out}")


@app.command()
def doctor(
    data: Annotated[Path, typer.Argument(help="Labelled pictures: a folder, a .csv or a .json.")],
    *,
    labels: Labels = None,
    out: Annotated[
        Path | None, typer.Option(help="File for the report, .json or .csv.", show_default="none")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON instead of tables.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Look labelled pictures over: what is wrong, what is mended, and their numbers."""
    with _plain_errors():
        from blemish.jobs.doctor import look_over, write_report
        from blemish.report.terminal import watching_share

        with watching_share("looking") as show:
            checkup = look_over(data, labels, show)
        if out is not None:
            write_report(checkup, out)
        _show_checkup(checkup, out, as_json)
        raise typer.Exit(checkup.exit_code())


@app.command()
def prepare(
    data: Annotated[Path, typer.Argument(help="Labelled pictures: a folder, a .csv or a .json.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the data set.")],
    labels: Labels = None,
    size: Annotated[
        int | None,
        typer.Option(min=8, max=20000, help="Longer side in pixels.", show_default="as it is"),
    ] = None,
    stretch: Annotated[
        bool, typer.Option("--stretch", help="Make both sides --size long.")
    ] = False,
    val: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Share to validate on.", show_default="its own split, else 0.2"
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX|COLUMN", help="What keeps pictures together.", show_default="likeness"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides the split.")] = 0,
    copy: Annotated[bool, typer.Option("--copy", help="Copy pictures, never link them.")] = False,
    debug: Debug = False,
) -> None:
    """Make a plain data set: mended, resized if wanted, and split."""
    with _plain_errors():
        from blemish.data.plain import Form
        from blemish.jobs.prepare import PrepareSettings, describe
        from blemish.jobs.prepare import prepare as prepare_data
        from blemish.report.terminal import say, watching_share

        form = Form(size, stretch, copy)
        settings = PrepareSettings(data, out, labels, form, val, group, seed)
        with watching_share("preparing") as show:
            prepared = prepare_data(settings, show)
        for line in describe(prepared):
            say(line)


@app.command()
def train(
    data: Annotated[
        Path | None, typer.Argument(help="Labelled pictures: a folder, a .csv or a .json.")
    ] = None,
    *,
    drawn: Annotated[
        bool, typer.Option("--synth", help="Train on wafers that are drawn on the way.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the run.")],
    net: Annotated[
        str, typer.Option(metavar="centernet|retinanet", help="Kind of net.")
    ] = "centernet",
    backbone: Annotated[
        str | None,
        typer.Option(metavar="resnet18|34|50|101|152", help="RetinaNet's body (18, classic 50)."),
    ] = None,
    recipe: Annotated[
        str, typer.Option(metavar="own|classic", help="Classic: all as keras-retinanet does it.")
    ] = "own",
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Length in passes over DATA.", show_default="from the data"),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.1, help="Length in minutes instead.", show_default="60 with --synth"),
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Length in steps instead.")] = None,
    val: Annotated[
        float, typer.Option(min=0, max=1, help="Share of DATA that is validated on.")
    ] = 0.2,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX|COLUMN", help="What keeps pictures of one lot on one side of the split."
        ),
    ] = None,
    folds: Annotated[
        int,
        typer.Option(min=0, help="Train once for each of so many parts of DATA, held out in turn."),
    ] = 0,
    patience: Annotated[
        int | None,
        typer.Option(min=1, help="End after so many validations without a better AP."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in the folder.")
    ] = False,
    count: Annotated[int, typer.Option(min=1, help="Drawn wafers to learn from.")] = 3000,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder of decoded and drawn pictures.", show_default="in the run"),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="default|imagenet|nothing|PATH",
            help="What to start from: a name, or a bundle, run or file of weights.",
            show_default="default for a centernet on DATA, else nothing",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides weights, pictures and crops.")] = 0,
    threads: Threads = 0,
    batch: Annotated[
        int, typer.Option(min=0, help="Crops a step.", show_default="from the data")
    ] = 0,
    crop: Annotated[
        int, typer.Option(min=0, help="Side of a crop in pixels.", show_default="from the data")
    ] = 0,
    debug: Debug = False,
) -> None:
    """Train a model on labelled pictures or drawn wafers."""
    with _plain_errors(needs="train"):
        if (data is not None) == drawn and not resume:
            raise UsageError("name what to train on: either a data set or --synth")
        from blemish.jobs.folds import train_folds
        from blemish.jobs.settings import TrainSettings
        from blemish.jobs.train import train_run
        from blemish.report.terminal import watching_share
        from blemish.training.recipes import follow
        from blemish.training.start import net_of, start_of

        if drawn and minutes is None and steps is None and not resume:
            minutes = 60.0
        chosen = start or start_of(net, drawn)
        settings = TrainSettings(
            *(out, data),
            count=count,
            cache=cache,
            net=net_of(net, backbone, recipe, chosen),
            start=chosen,
            epochs=epochs,
            held_share=val,
            group=group,
            folds=folds,
            resume=resume,
            seed=seed,
            threads=threads,
            **follow(recipe, crop, batch, steps=steps, minutes=minutes, patience=patience),
        )
        with watching_share("training") as show:
            if folds:
                spreads = train_folds(settings, show, typer.echo)
                words = ", ".join(f"{name} {spread}" for name, spread in spreads.items())
                typer.echo(f"{folds} folds, each on pictures it did not learn from: {words}")
                return
            run = train_run(settings, show, typer.echo)
        typer.echo(f"Trained: {run}. Next: blemish export {run} --out BUNDLE")


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="Folder of a training run.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the bundle.")],
    weights: Annotated[
        str, typer.Option(metavar="last|best", help="Those of the end or the best validation.")
    ] = "last",
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Lowest score of a find.", show_default="measured"),
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(help="Pictures to compare the engines on.", show_default="held out"),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the model.", show_default="the folder's")
    ] = None,
    looked: Annotated[
        int, typer.Option(min=1, help="Held-out pictures to measure the threshold on.")
    ] = 100,
    threads: Threads = 0,
    debug: Debug = False,
) -> None:
    """Turn a training run into a model bundle for `find --model`."""
    with _plain_errors(needs="train"):
        from blemish.jobs.export import ExportSettings, export_bundle
        from blemish.report.terminal import watching_share

        settings = ExportSettings(weights, threshold, pictures, name, looked, threads)
        with watching_share("exporting") as show:
            bundle = export_bundle(run, out, settings, show)
        typer.echo(
            f"Exported: {out}, threshold {bundle.threshold:g}. "
            f"Next: blemish find PICTURES --model {out} --out DIR"
        )


@app.command()
def evaluate(
    model: Annotated[
        str, typer.Argument(metavar="BUNDLE", help="Folder of a model bundle, or `default`.")
    ],
    data: Annotated[Path, typer.Argument(help="Labelled pictures: a folder, a .csv or a .json.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the result.")],
    part: Annotated[
        str, typer.Option("--split", metavar="val|train|all", help="Which part of the pictures.")
    ] = "val",
    share: Annotated[
        float | None,
        typer.Option("--val", min=0, max=1, help="Share held out.", show_default="the model's"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the split.", show_default="the model's")
    ] = None,
    one_class: Annotated[
        bool, typer.Option("--one-class", help="Treat all classes as one.")
    ] = False,
    min_score: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Lowest score of a find.", show_default="the model's"),
    ] = None,
    region: Annotated[str, typer.Option(metavar="auto|wafer|whole", help="As for find.")] = "auto",
    scale: Annotated[str, typer.Option(metavar="auto|native|FACTOR", help="As for find.")] = "auto",
    engine: Annotated[str, typer.Option(metavar="auto|onnxruntime|openvino")] = "auto",
    precision: Annotated[str, typer.Option(metavar="auto|float32|bfloat16")] = "auto",
    threads: Threads = 0,
    pictures: Annotated[
        str,
        typer.Option(
            metavar="all|wrong|none",
            help="Draw labels and finds on copies of all pictures, of those with a miss or a "
            "false find, or of none.",
        ),
    ] = "all",
    value_range: Annotated[
        str | None,
        typer.Option("--range", metavar="LO,HI", help="As for find.", show_default="all"),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the result that stands in the folder.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Score a model on labelled pictures; write the numbers and drawn copies."""
    with _plain_errors():
        from blemish.jobs.evaluate import EvaluateSettings, describe, evaluate_run, places
        from blemish.report.scores import HEADINGS, table
        from blemish.report.terminal import print_table, say, watching_pictures

        settings = EvaluateSettings(
            *(None if model == "default" else Path(model), data, out),
            part=part,
            share=share,
            seed=seed,
            one_class=one_class,
            min_score=min_score,
            region=region,
            scale=scale,
            engine=engine,
            precision=precision,
            threads=threads,
            pictures=pictures,
            value_range=_read_range(value_range),
            overwrite=overwrite,
        )
        with watching_pictures() as watch:
            report = evaluate_run(settings, watch)
        for line in describe(report):
            say(line)
        print_table(HEADINGS, table(report.scores), numbers=True)
        for line in places(report):
            say(line)
        raise typer.Exit(report.exit_code())


@contextmanager
def _plain_errors(needs: str = "") -> Iterator[None]:
    """Turn what goes wrong into one line and an exit code; with --debug show where as well.

    ``needs`` is the extra without which a verb's imports fail.
    """
    try:
        yield
    except (typer.Exit, BrokenPipeError):  # typer ends quietly where the reader, like head, left
        raise
    except KeyboardInterrupt:
        typer.echo("blemish: interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if logging.getLogger("blemish").isEnabledFor(logging.DEBUG):
            traceback.print_exc()
        code, words = _in_words(error, needs)
        typer.echo(f"blemish: {words}", err=True)
        raise typer.Exit(code) from error


def _in_words(error: Exception, needs: str) -> tuple[int, str]:
    """Give the exit code and the line for an error."""
    if isinstance(error, BlemishError):
        return USAGE, str(error)
    if needs and isinstance(error, ModuleNotFoundError) and not _is_own(error):
        return USAGE, f"this needs {error.name}; install it by: pip install 'blemish[{needs}]'"
    words = " ".join(str(error).split())
    return FAULT, f"a fault ({type(error).__name__}: {words}); add --debug to see where"


def _is_own(error: ModuleNotFoundError) -> bool:
    return (error.name or "").split(".")[0] == "blemish"


def _read_range(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--range {text!r} is not two numbers; write LO,HI like 0,4095") from None
    return low, high


def _show_checkup(checkup: "Checkup", out: Path | None, as_json: bool) -> None:
    """Print what the doctor found: tables and a verdict, or all of it as JSON."""
    if as_json:
        import json

        typer.echo(json.dumps(checkup.as_json(), ensure_ascii=False, indent=1))
        return
    from blemish.jobs.doctor import describe, rows_of_numbers
    from blemish.report.terminal import print_table, say

    print_table(("", ""), rows_of_numbers(checkup.examination.numbers))
    rows = [
        (one.severity, ": ".join(filter(None, (one.file, one.row))), one.what, one.mend)
        for one in checkup.problems
    ]
    if rows:
        rest = f" in {out}" if out is not None else "; --out FILE.csv lists all"
        print_table(("", "where", "what", "mend"), rows, rest=rest)
    for line in describe(checkup):
        say(line)


def _show(report: "FindReport", as_json: bool = False) -> None:
    """Print the result: a table and where the files are, or all of it as JSON."""
    if as_json:
        import json

        typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=1))
        return
    from blemish.jobs.find import describe
    from blemish.report.terminal import print_rows, say

    print_rows(report.rows)
    for line in describe(report):
        say(line)


if __name__ == "__main__":
    main()

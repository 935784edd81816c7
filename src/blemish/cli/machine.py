"""The verbs about this machine: bench, engines."""

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.faults import plain_errors
from blemish.cli.options import Cores, Debug, Threads
from blemish.errors import UsageError


def bench(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PICTURES]...", help="Pictures, folders or globs.", show_default="demo's"
        ),
    ] = None,
    *,
    model: Annotated[
        Path | None, typer.Option(help="Folder of another model bundle.", show_default="built in")
    ] = None,
    threads: Annotated[
        str | None,
        typer.Option(metavar="N,N,...", help="Threads to try.", show_default="1 and all cores"),
    ] = None,
    cores: Cores = None,
    runs: Annotated[int, typer.Option(min=1, help="Rounds through the pictures.")] = 5,
    most: Annotated[int, typer.Option(min=1, help="Pictures of a round, at most.")] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON instead of a table.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Time finding on this machine: every engine and precision that the model may run in."""
    with plain_errors():
        from blemish.jobs.bench import HEADINGS, BenchSettings, bench_run, table
        from blemish.report.terminal import print_table, say, watching_share

        settings = BenchSettings(tuple(paths or ()), model, read_threads(threads), runs, most)
        with watching_share("timing") as show:
            report = bench_run(settings, show)
        if as_json:
            typer.echo(report.as_json())
        else:
            facts = report.facts
            say(f"{facts['processor']}, {facts['cores']} cores; model {facts['model']['name']}")
            print_table(HEADINGS, table(report), numbers=True)
        for failure in report.failures:
            typer.echo(failure, err=True)
        if not report.timings:
            raise typer.Exit(1)


def engines(
    model: Annotated[
        Path | None,
        typer.Argument(metavar="[BUNDLE]", help="A model bundle.", show_default="built in"),
    ] = None,
    *,
    threads: Threads = 0,
    cores: Cores = None,
    again: Annotated[
        bool, typer.Option("--again", help="Measure anew, whatever is known from before.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON instead of a table.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Show what runs a model on this machine, how fast, and what is taken by itself."""
    with plain_errors():
        from blemish.jobs.engines import HEADINGS, describe, engines_run, table
        from blemish.report.terminal import print_table, say, watching_share

        with watching_share("timing") as show:
            report = engines_run(model, threads, again, show)
        if as_json:
            typer.echo(report.as_json())
            return
        head, *rest = describe(report)
        say(head)
        print_table(HEADINGS, table(report))
        for line in rest:
            say(line)


def read_threads(text: str | None) -> tuple[int, ...]:
    """Read the numbers of --threads.

    Raises:
        UsageError: it is something else.
    """
    try:
        numbers = tuple(int(part) for part in (text or "").split(",") if part.strip())
    except ValueError:
        numbers = (0,)
    if min(numbers, default=1) < 1:
        raise UsageError(f"--threads {text!r} is not a list of numbers from 1 on; write say 1,2,4")
    return numbers

"""The verbs that look labelled pictures over and make them ready: doctor, prepare."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blemish.cli.faults import plain_errors
from blemish.cli.options import Debug, Labels
from blemish.data.held import HELD_SHARE, SEED

if TYPE_CHECKING:
    from blemish.jobs.doctor import Checkup


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
    with plain_errors():
        from blemish.jobs.doctor import look_over, write_report
        from blemish.report.terminal import watching_share

        with watching_share("looking") as show:
            checkup = look_over(data, labels, show)
        if out is not None:
            write_report(checkup, out)
        _show_checkup(checkup, out, as_json)
        raise typer.Exit(checkup.exit_code())


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
            min=0,
            max=1,
            help="Share to validate on.",
            show_default=f"its own split, else {HELD_SHARE}",
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX|COLUMN", help="What keeps pictures together.", show_default="likeness"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides the split.")] = SEED,
    one_class: Annotated[
        bool, typer.Option("--one-class", help="Make all classes one, `defect`.")
    ] = False,
    copy: Annotated[bool, typer.Option("--copy", help="Copy pictures, never link them.")] = False,
    debug: Debug = False,
) -> None:
    """Make a plain data set: mended, resized if wanted, and split."""
    with plain_errors():
        from blemish.data.plain import Form
        from blemish.jobs.prepare import PrepareSettings, describe
        from blemish.jobs.prepare import prepare as prepare_data
        from blemish.report.terminal import say, watching_share

        form = Form(size, stretch, copy)
        settings = PrepareSettings(data, out, labels, form, val, group, seed, one_class)
        with watching_share("preparing") as show:
            prepared = prepare_data(settings, show)
        for line in describe(prepared):
            say(line)


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

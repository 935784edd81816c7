"""The verbs of wafers and what lies on them: klarf, repeats."""

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.faults import plain_errors
from blemish.cli.options import Debug, Overwrite


def klarf(
    file: Annotated[Path, typer.Argument(help="A KLARF 1.1 or 1.2 file.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all of it as JSON instead of tables.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Show a KLARF file: header, finds and a map of each wafer."""
    with plain_errors():
        from blemish.jobs import klarf as job
        from blemish.report.terminal import print_table, say

        content = job.read_file(file)
        if as_json:
            import json

            typer.echo(json.dumps(job.as_json(content), ensure_ascii=True, indent=1))
            return
        for wafer in content.wafers:
            print_table(("", ""), job.facts(wafer))
            print_table(job.HEADINGS, job.rows_of(wafer), rest="; --json prints all")
            for line in job.map_of(wafer):
                say(line)


def repeats(
    found: Annotated[
        list[Path],
        typer.Argument(metavar="FOUND...", help="Results of find: folders, or their finds.csv."),
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the result.")],
    wafer_diameter: Annotated[
        float | None,
        typer.Option(metavar="MM", help="Diameter of the wafers.", show_default="as found"),
    ] = None,
    wafer: Annotated[
        Path | None,
        typer.Option(metavar="TOML", help="File that says more of the wafers: dies, names."),
    ] = None,
    order: Annotated[
        str,
        typer.Option(
            metavar="listed|name|COLUMN", help="Order of the wafers: of the tables, or by what."
        ),
    ] = "listed",
    within: Annotated[
        float | None,
        typer.Option(
            metavar="MM",
            help="Farthest that finds lie from the middle of their place.",
            show_default="2 % of the diameter",
        ),
    ] = None,
    least: Annotated[int, typer.Option(min=2, help="Fewest wafers that make a repeat.")] = 3,
    false_rate: Annotated[
        float, typer.Option(min=0, max=1, help="False repeats in a lot without any, in the mean.")
    ] = 0.05,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Lowest score of a find.")] = 0.0,
    partial: Annotated[
        bool, typer.Option("--partial", help="Take pictures too of which something is unsure.")
    ] = False,
    photos: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the pictures, for crops; once, or once for each of FOUND.",
            show_default="no crops",
        ),
    ] = None,
    overwrite: Overwrite = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON instead of a table.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Stack the wafers of find: places that come back, density, trend."""
    with plain_errors():
        from blemish.jobs import repeats as job
        from blemish.report.repeats import HEADINGS, repeat_rows
        from blemish.report.terminal import print_table, say, watching_share
        from blemish.wafer.repeats import RepeatWishes
        from blemish.wafer.stack import StackWishes

        settings = job.RepeatsSettings(
            *(tuple(found), out, wafer_diameter, wafer),
            StackWishes(order, min_score, partial),
            RepeatWishes(within, least, false_rate),
            tuple(photos or ()),
            overwrite,
        )
        with watching_share("stacking") as watch:
            report = job.repeats_run(settings, watch)
        if as_json:
            import json

            typer.echo(json.dumps(report.facts, ensure_ascii=False, indent=1))
            return
        if report.study.repeats:
            rows = repeat_rows(report.stack, report.study.repeats)
            print_table(HEADINGS, rows, "; repeats.csv has all", numbers=True)
        for line in (*job.map_of(report), *job.describe(report)):
            say(line)

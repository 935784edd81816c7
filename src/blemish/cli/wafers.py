"""The verb that shows a KLARF file: klarf."""

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.faults import plain_errors
from blemish.cli.options import Debug


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

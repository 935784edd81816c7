"""The verb that writes the page of a result: report."""

from pathlib import Path
from typing import Annotated

import typer

from blemish.cli.faults import plain_errors
from blemish.cli.options import Debug, Lang


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that find or evaluate wrote.")
    ],
    *,
    lang: Lang = "en",
    debug: Debug = False,
) -> None:
    """Write report.html of a result anew, in one language or the other."""
    with plain_errors():
        from blemish.jobs.report import write_report
        from blemish.report.terminal import say, watching_share

        with watching_share("report") as show:
            page = write_report(
                folder, lang, lambda done, of: show(done / max(of, 1), f"{done} of {of}")
            )
        say(f"Report: {page}")

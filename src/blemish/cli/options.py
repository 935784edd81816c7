"""Options that several verbs have."""

import logging
from typing import Annotated

import typer

from blemish.errors import UsageError


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


def read_range(text: str | None) -> tuple[float, float] | None:
    """Read the two numbers of --range.

    Raises:
        UsageError: it is something else.
    """
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--range {text!r} is not two numbers; write LO,HI like 0,4095") from None
    return low, high

"""Options that several verbs have."""

import logging
from pathlib import Path
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
Group = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX|COLUMN",
        help="What keeps pictures of one lot on one side of the split.",
        show_default="what the data or the model says",
    ),
]
MinScore = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Lowest score of a find.", show_default="the model's"),
]
Region = Annotated[
    str,
    typer.Option(
        metavar="auto|wafer|whole",
        help="Drop finds outside the wafer: where one is seen, as one must be, or never.",
    ),
]
Scale = Annotated[
    str,
    typer.Option(
        metavar="auto|native|FACTOR",
        help="Look at wafers in the size the model knows, as they are, or resized.",
    ),
]
Engine = Annotated[str, typer.Option(metavar="auto|onnxruntime|openvino")]
Precision = Annotated[str, typer.Option(metavar="auto|float32|bfloat16|int8")]
Range = Annotated[
    str | None,
    typer.Option(
        "--range",
        metavar="LO,HI",
        help="Values that become black and white in pictures of more than 8 bits.",
        show_default="all",
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the result that stands in the folder.")
]
Part = Annotated[
    str,
    typer.Option("--split", metavar="val|train|test|all", help="Which part of the pictures."),
]
Share = Annotated[
    float | None,
    typer.Option("--val", min=0, max=1, help="Share held out.", show_default="the model's"),
]
Seed = Annotated[
    int | None, typer.Option(min=0, help="Seed of the split.", show_default="the model's")
]
OneClass = Annotated[bool, typer.Option("--one-class", help="Treat all classes as one.")]
WaferDiameter = Annotated[
    float | None,
    typer.Option(metavar="MM", help="Diameter of the wafers: finds are told in mm as well."),
]
WaferFile = Annotated[
    Path | None,
    typer.Option(metavar="TOML", help="File that says more of the wafers: docs/wafer.md."),
]
Lang = Annotated[str, typer.Option(metavar="en|ko", help="Language of report.html.")]
Threads = Annotated[int, typer.Option(min=0, max=1024, help="Threads to use; 0 for all cores.")]


def _use_cores(text: str | None) -> None:
    if text is not None:
        from blemish.runtime.processor import read_cores, use_cores

        try:
            use_cores(read_cores(text))
        except UsageError as error:
            typer.echo(f"blemish: {error}", err=True)
            raise typer.Exit(2) from error


Cores = Annotated[
    str | None,
    typer.Option(
        metavar="N,N-N,...",
        callback=_use_cores,
        help="Run on these cores only, counted from 0.",
        show_default="all",
    ),
]


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

"""Show what a KLARF file says: header, finds and a map of each wafer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from blemish.report.wafermap import wafer_map
from blemish.wafer.klarf_read import Klarf, KlarfWafer, open_klarf

HEADINGS = ("find", "x mm", "y mm", "die", "x size µm", "y size µm", "class", "images")


def read_file(path: Path) -> Klarf:
    """Read the file.

    Raises:
        UsageError: it cannot be read.
        KlarfError: it is damaged or no KLARF 1.2; the text names the line.
    """
    return open_klarf(path)


def facts(wafer: KlarfWafer) -> list[tuple[str, str]]:
    """Give what the header says of a wafer, name and value."""
    size = f"{wafer.diameter:g} mm" if wafer.diameter else "not round"
    mark = " ".join(filter(None, (wafer.mark.lower(), wafer.location.lower())))
    named = (
        *(("lot", wafer.lot), ("wafer", wafer.wafer), ("slot", wafer.slot)),
        *(("device", wafer.device), ("step", wafer.step), ("size", size), ("mark", mark)),
    )
    count = ("finds", str(len(wafer.rows)))
    return [*((name, _plain(value)) for name, value in named if value), count]


def rows_of(wafer: KlarfWafer) -> list[tuple[str, ...]]:
    """Give the rows of a table of the finds; sizes are µm, as the file has them."""
    numbers, widths, heights = (wafer.column(name) for name in ("DEFECTID", "XSIZE", "YSIZE"))
    classes = [_class_name(wafer, text) for text in wafer.column("CLASSNUMBER")]
    places = zip(wafer.positions.tolist(), wafer.dies.tolist(), wafer.images, strict=True)
    columns = zip(numbers, widths, heights, classes, places, strict=True)
    rows = [
        (number, f"{x:.4f}", f"{y:.4f}", f"{die[0]} {die[1]}", width, height, name, str(len(pages)))
        for number, width, height, name, ((x, y), die, pages) in columns
    ]
    return [tuple(map(_plain, row)) for row in rows]


def map_of(wafer: KlarfWafer) -> Sequence[str]:
    """Give the lines of a map."""
    return wafer_map(wafer.positions, wafer.diameter, wafer.location)


def as_json(klarf: Klarf) -> dict[str, Any]:
    """Give the wafers as plain values."""
    return {"wafers": [_wafer_json(wafer) for wafer in klarf.wafers]}


def _wafer_json(wafer: KlarfWafer) -> dict[str, Any]:
    finds = [
        {
            "x_mm": round(x, 6),
            "y_mm": round(y, 6),
            "die": die,
            "images": list(pages),
            **dict(zip(wafer.columns, row, strict=True)),
        }
        for (x, y), die, pages, row in zip(
            np.asarray(wafer.positions).tolist(),
            wafer.dies.tolist(),
            wafer.images,
            wafer.rows,
            strict=True,
        )
    ]
    classes = {str(number): name for number, name in wafer.classes.items()}
    return dict(facts(wafer)) | {"classes": classes, "finds": finds}


def _plain(text: str) -> str:
    """Give a text of a file without what would steer a terminal, or cannot be printed."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _class_name(wafer: KlarfWafer, text: str) -> str:
    name = wafer.classes.get(int(text)) if text.isdecimal() and len(text) < 10 else None
    return f"{text} {name}" if name else text

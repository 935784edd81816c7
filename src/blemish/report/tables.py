"""The tables of a run of `find`: `finds.csv`, `images.csv` and `finds.coco.json`, as text."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from blemish.core.defects import Defects
from blemish.data.coco import write_coco
from blemish.data.labels import PictureLabels
from blemish.wafer.coordinates import polar
from blemish.wafer.placing import Placement

Status = Literal["clean", "defective", "partial", "failed"]
STATUSES: tuple[Status, ...] = ("clean", "defective", "partial", "failed")

FINDS_HEADER = ("image", "x1", "y1", "x2", "y2", "score", "label")
PLACED_HEADER = (
    *("x_mm", "y_mm", "radius_mm", "angle_deg", "die_x", "die_y"),
    *("width_mm", "height_mm"),
)
IMAGES_HEADER = (
    *("image", "width", "height", "num_finds", "status", "milliseconds", "error"),
    *("num_outside", "wafer_diameter", "scale"),
)
WAFERS_HEADER = ("num_excluded", "mark", "mark_angle")


@dataclass(frozen=True, eq=False)
class ImageRow:
    """One picture of a run.

    Attributes:
        image: its name relative to the root of the input, with forward slashes.
        width, height: in pixels; 0 for a picture that could not be read.
        status: `clean`, `defective`, `partial` (not all that was asked was done) or `failed`.
        defects: the finds.
        milliseconds: from decoded pixels to finds.
        error: what went wrong, one line; empty where nothing did.
        num_outside: finds that were dropped because they lie outside the wafer.
        wafer_diameter: in pixels of the picture; None where no wafer was seen.
        scale: the factor at which the picture was looked at.
        num_unread: windows that were not looked at, as they could not be read.
        placement: where the finds lie on the wafer; None unless its diameter was given.
    """

    image: str
    width: int
    height: int
    status: Status
    defects: Defects
    milliseconds: float = 0.0
    error: str = ""
    num_outside: int = 0
    wafer_diameter: float | None = None
    scale: float = 1.0
    num_unread: int = 0
    placement: Placement | None = None


def finds_csv(rows: Iterable[ImageRow], classes: Sequence[str], placed: bool = False) -> str:
    """Give one line for each find: the picture, the box in its pixels, score and class name.

    With ``placed`` the columns of `PLACED_HEADER` follow.
    """
    lines = (
        (row.image, *(f"{side:.2f}" for side in box), f"{score:.4f}", classes[label], *place)
        for row in rows
        for (box, label, score), place in zip(_finds_of(row), _places_of(row, placed), strict=True)
    )
    return csv_text((*FINDS_HEADER, *(PLACED_HEADER if placed else ())), lines)


def images_csv(rows: Iterable[ImageRow], placed: bool = False) -> str:
    """Give one line for each picture; what is not known of one that failed stays empty.

    With ``placed`` the columns of `WAFERS_HEADER` follow.
    """
    lines = ((*_image_line(row), *(_wafer_line(row) if placed else ())) for row in rows)
    return csv_text((*IMAGES_HEADER, *(WAFERS_HEADER if placed else ())), lines)


def finds_coco(rows: Sequence[ImageRow], classes: Sequence[str]) -> str:
    """Give the finds as a COCO data set whose annotations carry scores; failed pictures are out."""
    pictures = [
        PictureLabels.of(
            row.image,
            (row.width, row.height),
            row.defects.boxes,
            tuple(classes[label] for label in row.defects.labels),
            scores=row.defects.scores,
        )
        for row in rows
        if row.status != "failed"
    ]
    return write_coco(pictures, classes)


def as_json(row: ImageRow, classes: Sequence[str]) -> dict[str, Any]:
    """Give a picture with its finds as plain values, with the names of the tables' columns."""
    failed = row.status == "failed"
    places = _places_of(row, row.placement is not None)
    finds = [
        {
            **dict(zip(FINDS_HEADER[1:5], (round(side, 2) for side in box), strict=True)),
            "score": round(score, 4),
            "label": classes[label],
            **dict(zip(PLACED_HEADER, (_as_number(text) for text in place), strict=False)),
        }
        for (box, label, score), place in zip(_finds_of(row), places, strict=True)
    ]
    placed = {} if row.placement is None else _wafer_facts(row.placement)
    return placed | {
        "image": row.image,
        "width": None if failed else row.width,
        "height": None if failed else row.height,
        "num_finds": None if failed else len(row.defects),
        "status": row.status,
        "milliseconds": None if failed else round(row.milliseconds, 1),
        "error": row.error,
        "num_outside": row.num_outside,
        "wafer_diameter": None if row.wafer_diameter is None else round(row.wafer_diameter, 1),
        "scale": round(row.scale, 4),
        "finds": finds,
    }


def parquet_tables(
    rows: Sequence[ImageRow], classes: Sequence[str], placed: bool = False
) -> tuple[bytes, bytes]:
    """Give the tables of finds and of images as Parquet, with the columns of the CSV files.

    Numbers are numbers, and what is not known is null.
    """
    import pyarrow

    texts, counts = pyarrow.string(), pyarrow.int64()
    kinds = dict.fromkeys(("image", "status", "error", "label", "mark"), texts)
    kinds |= dict.fromkeys(("width", "height", "num_finds", "num_outside"), counts)
    kinds |= dict.fromkeys(("num_excluded", "die_x", "die_y"), counts)
    headers: tuple[tuple[str, ...], ...] = (FINDS_HEADER, IMAGES_HEADER)
    if placed:
        headers = (FINDS_HEADER + PLACED_HEADER, IMAGES_HEADER + WAFERS_HEADER)
    images = [as_json(row, classes) for row in rows]
    finds = [{"image": one["image"]} | find for one in images for find in one["finds"]]
    for one in images:
        if one["status"] == "failed":
            one |= {"num_outside": None, "scale": None}
    columns = [[(name, kinds.get(name, pyarrow.float64())) for name in one] for one in headers]
    return _parquet(columns[0], finds), _parquet(columns[1], images)


def _parquet(columns: Sequence[tuple[str, Any]], lines: Sequence[dict[str, Any]]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    values = {name: [line.get(name) for line in lines] for name, _ in columns}
    table = pyarrow.table(values, schema=pyarrow.schema(columns))
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink)
    return bytes(sink.getvalue())


def _image_line(row: ImageRow) -> tuple[object, ...]:
    if row.status == "failed":
        return (row.image, "", "", "", row.status, "", row.error, "", "", "")
    return (
        *(row.image, row.width, row.height, len(row.defects), row.status),
        *(f"{row.milliseconds:.1f}", row.error, row.num_outside),
        "" if row.wafer_diameter is None else f"{row.wafer_diameter:.1f}",
        f"{row.scale:.4g}",
    )


def _places_of(row: ImageRow, placed: bool) -> list[tuple[str, ...]]:
    """Give the texts of `PLACED_HEADER` for each find; empty texts for what is not known."""
    placement = row.placement
    if not placed:
        return [()] * len(row.defects)
    if placement is None or placement.frame is None:
        return [("",) * len(PLACED_HEADER)] * len(row.defects)
    radius, angle = polar(placement.points)
    places = np.column_stack([placement.points, radius]).tolist()
    dies = [("", "")] * len(places)
    if placement.dies is not None:
        dies = [(str(x), str(y)) for x, y in placement.dies.tolist()]
    return [
        # Rounding may make 360 of what is just below it.
        (*_short(place), f"{round(turn, 3) % 360:.3f}", *die, *_short(size))
        for place, turn, die, size in zip(
            places, angle.tolist(), dies, placement.sizes.tolist(), strict=True
        )
    ]


def _short(lengths: Iterable[float]) -> Iterable[str]:
    return (f"{length:z.4f}" for length in lengths)


def _as_number(text: str) -> float | int | None:
    if not text:
        return None
    return float(text) if "." in text else int(text)


def _wafer_facts(placement: Placement) -> dict[str, Any]:
    known = placement.mark != "none"
    return {
        "num_excluded": placement.num_excluded,
        "mark": placement.mark,
        "mark_angle": round(placement.mark_angle, 2) if known else None,
    }


def _wafer_line(row: ImageRow) -> tuple[object, ...]:
    if row.placement is None:
        return ("",) * len(WAFERS_HEADER)
    return tuple("" if value is None else value for value in _wafer_facts(row.placement).values())


def _finds_of(row: ImageRow) -> Iterable[tuple[list[float], int, float]]:
    found = row.defects
    return zip(found.boxes.tolist(), found.labels.tolist(), found.scores.tolist(), strict=True)


def csv_text(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Give a CSV table as text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()


def counted(number: int, noun: str) -> str:
    """Give a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"

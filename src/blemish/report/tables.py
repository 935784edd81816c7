"""The tables of a run of `find`: `finds.csv`, `images.csv` and `finds.coco.json`, as text."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from blemish.core.boxes import box_area
from blemish.core.defects import Defects

Status = Literal["clean", "defective", "partial", "failed"]
STATUSES: tuple[Status, ...] = ("clean", "defective", "partial", "failed")

FINDS_HEADER = ("image", "x1", "y1", "x2", "y2", "score", "label")
IMAGES_HEADER = (
    *("image", "width", "height", "num_finds", "status", "milliseconds", "error"),
    *("num_outside", "wafer_diameter", "scale"),
)


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


def finds_csv(rows: Iterable[ImageRow], classes: Sequence[str]) -> str:
    """Give one line for each find: the picture, the box in its pixels, score and class name."""
    lines = (
        (row.image, *(f"{side:.2f}" for side in box), f"{score:.4f}", classes[label])
        for row in rows
        for box, label, score in _finds_of(row)
    )
    return _csv(FINDS_HEADER, lines)


def images_csv(rows: Iterable[ImageRow]) -> str:
    """Give one line for each picture; what is not known of one that failed stays empty."""
    return _csv(IMAGES_HEADER, (_image_line(row) for row in rows))


def finds_coco(rows: Sequence[ImageRow], classes: Sequence[str]) -> str:
    """Give the finds as a COCO data set whose annotations carry scores; failed pictures are out."""
    read = [row for row in rows if row.status != "failed"]
    images = [
        {"id": number, "file_name": row.image, "width": row.width, "height": row.height}
        for number, row in enumerate(read, 1)
    ]
    finds = [(number, *find) for number, row in enumerate(read, 1) for find in _finds_of(row)]
    areas = [float(area) for row in read for area in box_area(row.defects.boxes)]
    annotations = [
        {
            "id": number,
            "image_id": image,
            "category_id": label + 1,
            "bbox": [round(value, 2) for value in (x1, y1, x2 - x1, y2 - y1)],
            "area": round(area, 2),
            "iscrowd": 0,
            "score": round(score, 4),
        }
        for number, ((image, (x1, y1, x2, y2), label, score), area) in enumerate(
            zip(finds, areas, strict=True), 1
        )
    ]
    categories = [{"id": number, "name": name} for number, name in enumerate(classes, 1)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def as_json(row: ImageRow, classes: Sequence[str]) -> dict[str, Any]:
    """Give a picture with its finds as plain values, with the names of the tables' columns."""
    failed = row.status == "failed"
    finds = [
        {
            **dict(zip(FINDS_HEADER[1:5], (round(side, 2) for side in box), strict=True)),
            "score": round(score, 4),
            "label": classes[label],
        }
        for box, label, score in _finds_of(row)
    ]
    return {
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


def _image_line(row: ImageRow) -> tuple[object, ...]:
    if row.status == "failed":
        return (row.image, "", "", "", row.status, "", row.error, "", "", "")
    return (
        *(row.image, row.width, row.height, len(row.defects), row.status),
        *(f"{row.milliseconds:.1f}", row.error, row.num_outside),
        "" if row.wafer_diameter is None else f"{row.wafer_diameter:.1f}",
        f"{row.scale:.4g}",
    )


def _finds_of(row: ImageRow) -> Iterable[tuple[list[float], int, float]]:
    found = row.defects
    return zip(found.boxes.tolist(), found.labels.tolist(), found.scores.tolist(), strict=True)


def _csv(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()

"""keras-retinanet's CSV: `path,x1,y1,x2,y2,class`, a clean picture is `path,,,,,`."""

import csv
import io
from collections.abc import Iterable

from blemish.data.labels import DEFAULT_CLASS, PictureLabels, checked_box
from blemish.errors import LabelError

Row = tuple[tuple[float, ...], str]


def read_table(text: str, source: str) -> list[PictureLabels]:
    """Read the labels of all pictures, in the order in which they first appear.

    A byte-order mark, a heading row and blank lines are passed over.

    Raises:
        LabelError: a row cannot be read; the text names ``source`` and the row.
    """
    pictures: dict[str, list[Row]] = {}
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        for cells in lines:
            values = [cell.strip() for cell in cells]
            if not any(values) or (not pictures and values[1:5] == ["x1", "y1", "x2", "y2"]):
                continue
            place = f"{source}: row {lines.line_num}"
            if len(values) < 5 or not values[0]:
                raise LabelError(f"{place}: is not path,x1,y1,x2,y2,class; mend the row")
            rows = pictures.setdefault(values[0].replace("\\", "/"), [])
            if any(values[1:]):
                rows.append(_read_row(values, place))
    except csv.Error as error:
        raise LabelError(f"{source}: row {lines.line_num}: {error}; save it as CSV") from error
    return [
        PictureLabels.of(name, (0, 0), [box for box, _ in rows], tuple(kind for _, kind in rows))
        for name, rows in pictures.items()
    ]


def write_table(pictures: Iterable[PictureLabels]) -> str:
    """Write the labels of all pictures; sides at up to two decimals, ignored boxes left out."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for labels in pictures:
        kept = [
            (box, name)
            for box, name, ignored in zip(labels.boxes, labels.classes, labels.ignored, strict=True)
            if not ignored
        ]
        for box, name in kept:
            writer.writerow([labels.picture, *(f"{round(float(v), 2):.10g}" for v in box), name])
        if not kept:
            writer.writerow([labels.picture, "", "", "", "", ""])
    return text.getvalue()


def _read_row(values: list[str], place: str) -> Row:
    try:
        x1, y1, x2, y2 = (float(value) for value in values[1:5])
    except ValueError as error:
        raise LabelError(f"{place}: a box side is missing or not a number; mend the row") from error
    name = values[5] if len(values) > 5 and values[5] else DEFAULT_CLASS
    return checked_box(x1, y1, x2, y2, place), name

"""keras-retinanet's CSV: `path,x1,y1,x2,y2,class`, a clean picture is `path,,,,,`.

Beside it stands `classes.csv` with `name,id`. A heading row may name more columns.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath

from blemish.data.labels import (
    LabelRow,
    PictureLabels,
    class_or_default,
    plain_number,
    usable_box,
)
from blemish.data.listing import PICTURE_SUFFIXES
from blemish.data.problems import Place, Report, printable, refuse, stop

_SIDES = ["x1", "y1", "x2", "y2"]
IGNORED = "ignored"  # in the seventh cell


def read_table(
    text: str,
    source: str,
    report: Report = refuse,
    classes: Sequence[str] = (),
    listed: str = "the list of classes",
) -> list[PictureLabels]:
    """Read the labels of all pictures, in the order in which they first appear.

    A byte-order mark, a heading row and blank lines are passed over. With ``classes`` others
    are unknown; ``listed`` says where those are listed.

    Raises:
        LabelError: ``report`` refuses a row; the text names ``source`` and the row.
    """
    pictures: dict[str, list[LabelRow]] = {}
    for number, values in _rows_of(text, source):
        if is_heading(values) and not pictures:
            continue
        place = Place(source, f"row {number}", report)
        if len(values) < 5 or not values[0]:
            place.tell("bad-row", "is not path,x1,y1,x2,y2,class")
            continue
        if any("\n" in cell or "\r" in cell for cell in values[:6]):
            place.tell("bad-row", "ends a quote that an earlier line leaves open")
            continue
        rows = pictures.setdefault(values[0].replace("\\", "/"), [])
        row = _read_row(values, place) if any(values[1:6]) else None
        if row is not None and classes and row.name not in classes:
            place.tell("unknown-class", f"the class {row.name!r} is not in {listed}")
        elif row is not None:
            rows.append(row)
    return [PictureLabels.of_rows(name, (0, 0), rows) for name, rows in pictures.items()]


def write_table(pictures: Iterable[PictureLabels], keep_ignored: bool = False) -> str:
    """Write the labels of all pictures; ignored boxes are left out or get a seventh cell.

    keras-retinanet passes over that cell, so to it such a box would be a label like the others.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for labels in pictures:
        kept = [
            index for index, ignored in enumerate(labels.ignored) if keep_ignored or not ignored
        ]
        for index in kept:
            sides = (plain_number(value) for value in labels.boxes[index])
            mark = [IGNORED] if labels.ignored[index] else []
            writer.writerow([labels.picture, *sides, labels.classes[index], *mark])
        if not kept:
            writer.writerow([labels.picture, "", "", "", "", ""])
    return text.getvalue()


def read_classes(text: str, source: str, report: Report = refuse) -> tuple[str, ...]:
    """Read the class names of a `name,id` table in the order of their numbers.

    A heading row is passed over.

    Raises:
        LabelError: ``report`` refuses a row.
    """
    numbers: dict[str, int] = {}
    for number, values in _rows_of(text, source):
        if not numbers and _is_class_heading(values):
            continue
        if not is_class(values) or values[0] in numbers:
            Place(source, f"row {number}", report).tell("bad-row", "is not a new name,id")
            continue
        numbers[printable(values[0])] = int(values[1])
    return tuple(sorted(numbers, key=lambda name: numbers[name]))


def write_classes(classes: Sequence[str]) -> str:
    """Write class names with their numbers from 0."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows((name, at) for at, name in enumerate(classes))
    return text.getvalue()


def read_column(text: str, source: str, column: str) -> list[tuple[str, str]]:
    """Give (picture, value) of each row, by a column that the heading row names; none without it.

    Raises:
        LabelError: the text is not CSV.
    """
    rows = all_rows(text, source)
    if not rows or not is_heading(rows[0]) or column not in rows[0][6:]:
        return []
    at = rows[0].index(column, 6)
    return [(values[0].replace("\\", "/"), "".join(values[at : at + 1])) for values in rows[1:]]


def is_heading(values: Sequence[str]) -> bool:
    """Tell whether a row names the columns."""
    return list(values[1:5]) == _SIDES


def is_label(values: Sequence[str]) -> bool:
    """Tell whether a row can be one of labels."""
    if len(values) < 5 or not values[0]:
        return False
    return is_heading(values) or not any(values[1:6]) or all(map(_is_number, values[1:5]))


def is_class(values: Sequence[str]) -> bool:
    """Tell whether a row is a class name with its number."""
    name, number = values if len(values) == 2 else ("", "")
    return bool(name) and number.isascii() and number.isdecimal() and len(number) < 10


def is_class_table(text: str) -> bool:
    """Tell whether the first rows of a table are class names with numbers, and no pictures."""
    rows = first_rows(text, 20)
    rows = rows[1:] if rows and _is_class_heading(rows[0]) else rows
    pictures = any(PurePosixPath(row[0]).suffix.lower() in PICTURE_SUFFIXES for row in rows)
    return bool(rows) and not pictures and all(map(is_class, rows))


def _is_class_heading(values: Sequence[str]) -> bool:
    return len(values) == 2 and values[1].casefold() == "id"


def first_rows(text: str, count: int) -> list[list[str]]:
    """Give the first rows that are not blank, to see what a table holds; none if it is no CSV.

    Each line is read alone, so that a quote which is left open hides no other.
    """
    try:
        cells = (next(csv.reader([line]), []) for line in _lines(text))
        rows = ([cell.strip() for cell in row] for row in cells)
        return list(islice(filter(any, rows), count))
    except csv.Error:
        return []


def all_rows(text: str, source: str) -> list[list[str]]:
    """Give the rows that are not blank, their cells without blanks around.

    Raises:
        LabelError: the text is not CSV.
    """
    return [values for _, values in _rows_of(text, source)]


def _rows_of(text: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, stripped cells) of the rows that are not blank."""
    lines = csv.reader(_lines(text), strict=True)
    begin = 1
    try:
        for cells in lines:
            values = [cell.strip() for cell in cells]
            if any(values):
                yield lines.line_num, values
            begin = lines.line_num + 1
    except csv.Error as error:
        stop(source, f"row {begin}: is not CSV, as where a quote is left open ({error})")


def _lines(text: str) -> Iterable[str]:
    return io.StringIO(text.removeprefix("\ufeff"), newline="")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_row(values: list[str], place: Place) -> LabelRow | None:
    if not all(map(_is_number, values[1:5])):
        place.tell("bad-row", "a box side is missing or not a number")
        return None
    box = usable_box([float(value) for value in values[1:5]], place)
    if box is None:
        return None
    name = class_or_default(values[5] if len(values) > 5 else "", place)
    return LabelRow(box, name, place.row, values[6:7] == [IGNORED])

"""YOLO as labelImg writes it: a text a picture, `class cx cy width height` in fractions.

The class names stand in `classes.txt`, one a line; exports of other tools have `obj.names` or
`data.yaml` instead. A sixth number is a score.
"""

import re
from collections.abc import Iterable, Sequence

import yaml

from blemish.data.labels import LabelRow, PictureLabels, is_score, usable_box
from blemish.data.problems import Place, Report, printable, refuse

# labelImg writes six digits: that much beyond the edge, at least, is no news.
_DIGITS = 2e-6
_NUMBER = re.compile(r"[0-9]{1,4}")  # of a class


def read_yolo(
    text: str,
    source: str,
    picture: str,
    size: tuple[int, int],
    classes: Sequence[str],
    report: Report = refuse,
) -> PictureLabels:
    """Read the boxes of a picture of this size; an empty text is a clean picture.

    ``classes`` are counted from 0; without any, a box is named by its number.

    Raises:
        LabelError: ``report`` refuses a row; the text names ``source`` and the row.
    """
    rows = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        place = Place(source, f"row {number}", report)
        values = _numbers_of(line, place) if line.strip() else None
        row = _read_row(values, size, classes, place) if values else None
        if row is not None:
            rows.append(row)
    return PictureLabels.of_rows(picture, size, rows)


def write_yolo(labels: PictureLabels, classes: Sequence[str]) -> str:
    """Write the boxes of a picture, whose size must be known; ignored ones are left out.

    Six digits, like labelImg: that is as exact as float32 sides are.
    """
    width, height = labels.size
    if width < 1 or height < 1:
        raise ValueError(f"{labels.picture}: fractions need the picture's size")
    lines = []
    for index, (x1, y1, x2, y2) in enumerate(labels.boxes.astype(float)):
        if not labels.ignored[index]:
            centre = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height)
            sides = (*centre, (x2 - x1) / width, (y2 - y1) / height)
            number = classes.index(labels.classes[index])
            lines.append(" ".join((str(number), *(f"{side:.6f}" for side in sides))))
    return "".join(line + "\n" for line in lines)


def read_names(text: str) -> tuple[str, ...]:
    """Read class names, one a line as it stands."""
    lines = text.removeprefix("\ufeff").splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    return tuple(printable(line).strip() for line in lines)


def read_yaml_names(text: str) -> tuple[str, ...]:
    """Read the class names of a `data.yaml` by their numbers; one that is left out is empty.

    They stand in a list or in a mapping from numbers. None are given where it is no YAML.
    """
    try:  # all scalars are text: a class may be called no or 1.0
        told = yaml.load(text.removeprefix("\ufeff"), yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError):
        return ()
    listed = told.get("names") if isinstance(told, dict) else None
    listed = listed.split(",") if isinstance(listed, str) else listed
    pairs = listed.items() if isinstance(listed, dict) else enumerate(listed or ())
    names = {
        int(number): printable(name).strip()
        for number, name in pairs
        if isinstance(name, str) and _NUMBER.fullmatch(str(number))
    }
    return tuple(names.get(number, "") for number in range(max(names, default=-1) + 1))


def numbers_used(text: str) -> set[int]:
    """Give the class numbers that the readable rows of a text use."""
    rows = (line.split() for line in text.removeprefix("\ufeff").splitlines())
    first = (words[0] for words in rows if words)
    return {int(word) for word in first if re.fullmatch("[0-9]{1,9}", word)}


def first_number(used: Iterable[int], num_classes: int) -> int:
    """Tell from where a data set counts its classes: 1 if 0 is unused and the last fits so.

    Else 0: with 0 unused and the last unused as well, both are possible.
    """
    numbers = set(used)
    return int(bool(numbers) and 0 not in numbers and max(numbers) == num_classes)


def looks_like_yolo(text: str) -> bool:
    """Tell whether the first row that is not blank is one of labels."""
    line = next((line for line in text.removeprefix("\ufeff").splitlines() if line.strip()), "")
    words = line.split()
    try:
        return len(words) >= 5 and words[0].isdecimal() and bool([float(word) for word in words])
    except ValueError:
        return False


def _numbers_of(line: str, place: Place) -> list[float] | None:
    try:
        values = [float(word) for word in line.split()]
    except ValueError:
        values = []
    if len(values) in {5, 6} and values[0] >= 0 and values[0] == values[0] // 1:
        return values
    if len(values) > 6:
        place.tell("bad-row", "is an outline and not a box: export as detection")
    else:
        place.tell("bad-row", "is not class cx cy width height")
    return None


def _read_row(
    values: list[float], size: tuple[int, int], classes: Sequence[str], place: Place
) -> LabelRow | None:
    number = int(values[0])
    if classes and not (number < len(classes) and classes[number]):
        place.tell("unknown-class", f"the class {number} is not in the list of classes")
        return None
    width, height = size
    cx, cy, across, down = values[1:5]
    if max(across, down) > 2 or max(abs(cx), abs(cy)) > 2:
        place.tell("bad-row", "its numbers are pixels and not fractions")
        return None
    sides = [cx - across / 2, cy - down / 2, cx + across / 2, cy + down / 2]
    near = [min(max(side, 0.0), 1.0) for side in sides]
    sides = [b if abs(a - b) <= _DIGITS else a for a, b in zip(sides, near, strict=True)]
    box = usable_box([a * b for a, b in zip(sides, (width, height) * 2, strict=True)], place)
    name = classes[number] if classes else str(number)
    score = values[5] if len(values) > 5 else 1.0
    if box is None or not is_score(score, place):
        return None
    return LabelRow(box, name, place.row, score=score)

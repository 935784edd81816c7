"""What the tables and the record of a result say, read back: text in, values out.

They may come from anywhere, so nothing in them is trusted: a name is only a name, a number that is
none is refused with its file and row, and a record that lacks something says less.
"""

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from blemish.errors import UsageError
from blemish.report.charts import Disc
from blemish.report.tables import STATUSES

Box = tuple[float, float, float, float]
Row = Mapping[str, str]
KINDS = ("found", "hit", "false", "missed", "ignored")
JUDGED_HEADER = ("image", "kind", "x1", "y1", "x2", "y2", "score", "label")


@dataclass(frozen=True)
class Mark:
    """A find, or a label that was missed.

    Attributes:
        kind: one of `KINDS`; `found` where there are no labels to judge by.
        box: xyxy, pixels of the picture.
        score: of a missed label the best score of a find in it; None without any.
        label: the name of the class.
        place: mm on the wafer, y up; None where they are not known.
        die: column and row; None where they are not known.
        size: mm along x and y of what is seen of it; None where it is not known.
    """

    kind: str
    box: Box
    score: float | None
    label: str
    place: tuple[float, float] | None = None
    die: tuple[int, int] | None = None
    size: tuple[float, float] | None = None


@dataclass(frozen=True)
class Picture:
    """A picture of a result.

    Attributes:
        name: as the tables have it; never a path to open.
        width, height: pixels; 0 where it could not be read.
        status: one of `STATUSES`.
        error: what went wrong, in English, see `blemish.report.reasons`; empty where nothing did.
        marks: best score first, as the table has them.
        num_outside, num_excluded: finds that were dropped.
        wafer: its diameter in pixels; None where none was seen.
        edge_mark: `flat`, `notch` or `none`.
        copy: the name of the drawn copy; empty where there is none.
        nearest: of the scores of all its finds the one nearest the threshold.
    """

    name: str
    width: int
    height: int
    status: str
    error: str = ""
    marks: tuple[Mark, ...] = ()
    num_outside: int = 0
    num_excluded: int = 0
    wafer: float | None = None
    edge_mark: str = "none"
    copy: str = ""
    nearest: float | None = None

    def of_kind(self, *kinds: str) -> list[Mark]:
        """Give the marks of some kinds."""
        return [mark for mark in self.marks if mark.kind in kinds]

    @property
    def num_finds(self) -> int:
        """The number of finds."""
        return len(self.marks) - len(self.of_kind("missed"))

    @property
    def num_wrong(self) -> int:
        """The number of false finds and missed labels."""
        return len(self.of_kind("false", "missed"))

    @property
    def best(self) -> float:
        """The best score of a find; 0 without any."""
        return max((mark.score or 0.0 for mark in self.marks if mark.kind != "missed"), default=0.0)


@dataclass(frozen=True)
class Table:
    """A table that is shown as it stands.

    Attributes:
        header: the names of the columns.
        rows: as long as the header each.
        num_left: rows that are not shown.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    num_left: int = 0


@dataclass(frozen=True, eq=False)
class Result:
    """All that a page tells.

    Attributes:
        facts: the record, see `run.json` and `scores.json` in the pages on them.
        judged: whether there were labels.
        pictures: in the order of the tables.
        curves: of an evaluation by name, rows of what it is at, the value and its 95 % interval.
        repeats: places that come again on many wafers; None where nobody looked for them.
    """

    facts: Mapping[str, Any]
    judged: bool
    pictures: tuple[Picture, ...]
    curves: Mapping[str, Sequence[tuple[float, float, float, float]]] = field(default_factory=dict)
    repeats: Table | None = None

    @property
    def threshold(self) -> float:
        """The score from which finds count; 0 where the record does not say."""
        told = part_of(self.facts, "settings").get("min_score")
        return real(self.facts.get("threshold")) or real(told) or 0.0

    @property
    def diameter(self) -> float | None:
        """The diameter of the wafers in mm; None where it was not told."""
        told = real(part_of(self.facts, "wafer").get("diameter"))
        return told if told is not None and told > 0 else None

    def disc(self, mark: str) -> Disc | None:
        """Give the wafer that finds lie on, with its mark; None where no diameter was told."""
        wafer = part_of(self.facts, "wafer")
        if self.diameter is None:
            return None
        edge = max(real(wafer.get("edge")) or 0.0, 0.0)
        return Disc(self.diameter, edge, mark, str(wafer.get("location", "")))


def read_found(facts: Mapping[str, Any], images: str, finds: str) -> Result:
    """Read the result of `find`: its record and the text of `images.csv` and `finds.csv`.

    Raises:
        UsageError: a table lacks a column, or holds what it cannot.
    """
    marks: defaultdict[str, list[Mark]] = defaultdict(list)
    for at, row in _rows("finds.csv", finds, ("image", "x1", "y1", "x2", "y2", "score", "label")):
        marks[row["image"]].append(_mark(at, "found", row))
    copies = facts.get("copies")
    copies = copies if isinstance(copies, dict) else {}
    columns = ("image", "width", "height", "status", "error")
    pictures = []
    for at, row in _rows("images.csv", images, columns):
        name, status = row["image"], row["status"]
        if status not in STATUSES:
            raise UsageError(f"{at}: status {status[:40]!r} is not one of {', '.join(STATUSES)}")
        found = () if status == "failed" else tuple(marks.get(name, ()))
        pictures.append(
            Picture(
                *(name, _count(at, row, "width"), _count(at, row, "height")),
                *(status, row["error"], found),
                num_outside=_count(at, row, "num_outside"),
                num_excluded=_count(at, row, "num_excluded"),
                wafer=_number(at, row, "wafer_diameter"),
                edge_mark=row.get("mark") or "none",
                copy=str(copies.get(name, "")),
            )
        )
    return Result(facts, judged=False, pictures=tuple(pictures))


def read_judged(facts: Mapping[str, Any], judged: str, curves: str) -> Result:
    """Read the result of `evaluate`: its record, and the text of `judged.csv` and `curves.csv`.

    Raises:
        UsageError: a table lacks a column, or holds what it cannot.
    """
    marks: defaultdict[str, list[Mark]] = defaultdict(list)
    for at, row in _rows("judged.csv", judged, JUDGED_HEADER):
        if row["kind"] not in KINDS:
            raise UsageError(f"{at}: kind {row['kind'][:40]!r} is not one of {', '.join(KINDS)}")
        marks[row["image"]].append(_mark(at, row["kind"], row))
    images = facts.get("images")
    pictures = [
        Picture(
            *(str(one.get("image", "")), whole(one.get("width")), whole(one.get("height"))),
            *(str(one.get("status", "")), str(one.get("error", ""))),
            tuple(marks.get(str(one.get("image", "")), ())),
            copy=str(one.get("picture", "")),
            nearest=real(one.get("nearest_score")),
        )
        for one in (images if isinstance(images, list) else [])
        if isinstance(one, dict)
    ]
    columns = ("curve", "at", "value", "low", "high")
    read: defaultdict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
    for at, row in _rows("curves.csv", curves, columns):
        points = [_number(at, row, name) for name in columns[1:]]
        known = [point for point in points if point is not None]
        if len(known) == 4:
            read[row["curve"]].append((known[0], known[1], known[2], known[3]))
    return Result(facts, judged=True, pictures=tuple(pictures), curves=dict(read))


def read_table(name: str, text: str, most: int) -> Table:
    """Read the first rows of any table, to show them as they stand.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise UsageError(f"{name}: cannot be read ({error}); write it again") from error
    header, *rows = lines or [[]]
    wide = [tuple((row + [""] * len(header))[: len(header)]) for row in rows if row]
    return Table(tuple(header), tuple(wide[:most]), max(len(wide) - most, 0))


def real(value: object) -> float | None:
    """Give a number of a record; None for what is none."""
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and math.isfinite(float(value)) else None  # type: ignore[arg-type]


def part_of(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give a part of a record; empty where there is none."""
    part = facts.get(name)
    return part if isinstance(part, dict) else {}


def whole(value: object) -> int:
    """Give a count of a record; 0 for what is none."""
    number = real(value)
    return 0 if number is None or number < 0 else int(number)


def _rows(name: str, text: str, columns: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """Yield where each row stands, for an error, and the row."""
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="", restkey="")
    try:
        lacking = set(columns) - set(reader.fieldnames or ())
        if lacking:
            raise UsageError(f"{name}: has no column {sorted(lacking)[0]!r}; make the result anew")
        for number, row in enumerate(reader, 2):
            yield f"{name}: row {number}", row
    except csv.Error as error:
        raise UsageError(f"{name}: cannot be read ({error}); make the result anew") from error


def _mark(at: str, kind: str, row: Row) -> Mark:
    sides = [_number(at, row, name) for name in ("x1", "y1", "x2", "y2")]
    x1, y1, x2, y2 = (side for side in (0.0 if one is None else one for one in sides))
    if not (x1 < x2 and y1 < y2):
        raise UsageError(f"{at}: the box is empty or turned over; make the result anew")
    x, y = _number(at, row, "x_mm"), _number(at, row, "y_mm")
    column, line = _number(at, row, "die_x"), _number(at, row, "die_y")
    width, height = _number(at, row, "width_mm"), _number(at, row, "height_mm")
    return Mark(
        kind,
        (x1, y1, x2, y2),
        _number(at, row, "score"),
        row["label"],
        None if x is None or y is None else (x, y),
        None if column is None or line is None else (int(column), int(line)),
        None if width is None or height is None else (width, height),
    )


def _number(at: str, row: Row, name: str) -> float | None:
    """Give a number, finite and of a size that pictures have; None where nothing stands."""
    text = row.get(name) or ""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) < 1e9:
        raise UsageError(f"{at}: {name} {text[:40]!r} is no number; make the result anew")
    return number


def _count(at: str, row: Row, name: str) -> int:
    number = _number(at, row, name) or 0.0
    if number < 0:
        raise UsageError(f"{at}: {name} is below 0; make the result anew")
    return int(number)

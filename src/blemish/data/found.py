"""The tables of a run of `find`, read again: which wafers there were, and where their finds lie.

Tables may have been through a spreadsheet: columns are known by name and may be more, in any order.
"""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, NoReturn

from blemish.data.listing import shown
from blemish.data.problems import printable
from blemish.data.texts import first_bytes, read_text
from blemish.errors import LabelError, UsageError

FINDS, IMAGES, RUN = "finds.csv", "images.csv", "run.json"
_NEEDED = ("image", "x1", "y1", "x2", "y2", "x_mm", "y_mm")
_FEWEST_IMAGES = ("image", "status")

Box = tuple[float, float, float, float]


class Find(NamedTuple):
    """A find: its box in pixels, score, place in mm (None where no wafer was found), and die."""

    box: Box
    score: float
    place: tuple[float, float] | None
    die: tuple[int, int] | None


@dataclass(frozen=True)
class FoundPicture:
    """A picture of the run.

    Attributes:
        name: in the tables.
        finds: in their order.
        facts: its row of `images.csv`, by column; empty where the table is not there.
        source: of its run.
    """

    name: str
    finds: tuple[Find, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class FoundRun:
    """A run.

    Attributes:
        source: the path of its table of finds, printable.
        pictures: in the order of `images.csv`, or as they come in the finds without it.
        all_known: whether `images.csv` was there, so that pictures without finds are known.
        diameter: of the wafers, mm, as `run.json` says it; None where it does not.
    """

    source: str
    pictures: tuple[FoundPicture, ...]
    all_known: bool
    diameter: float | None


def read_run(path: Path) -> FoundRun:
    """Read a folder of `find`, or its `finds.csv` with what lies beside it.

    Raises:
        UsageError: a file is not there or cannot be read.
        LabelError: a table lacks a column or has an odd row; the text names file and row.
    """
    finds = path / FINDS if path.is_dir() else path
    if path.is_dir() and not finds.exists():
        raise UsageError(
            f"{shown(path)}: has no {FINDS}; name a folder that blemish find wrote, "
            "or wait for the run's end: its tables come last"
        )
    source = shown(finds)
    rows: dict[str, list[Find]] = {}
    for number, row in _rows_of(finds, _NEEDED):
        if not row["image"]:
            _stop(source, f"row {number}: names no image; fill it in or remove the row")
        rows.setdefault(row["image"], []).append(_find(row, f"{source}, row {number}"))
    # Parts of a result on many machines are finds-000012.csv and images-000012.csv.
    images = finds.with_name(finds.name.replace("finds", "images", 1))
    all_known = images.is_file() and images != finds
    facts: dict[str, dict[str, str]] = (
        _facts_of(images) if all_known else {name: {} for name in rows}
    )
    strange = next((name for name in rows if name not in facts), None)
    if strange is not None:
        raise UsageError(
            f"{source}: {strange!r} is not in {images.name} beside it; keep them together"
        )
    pictures = tuple(
        FoundPicture(name, tuple(rows.get(name, ())), row, source) for name, row in facts.items()
    )
    return FoundRun(source, pictures, all_known, _diameter_of(finds.with_name(RUN)))


def _rows_of(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, cells by column) of the rows that are not blank."""
    source = shown(path)
    lines = csv.reader(io.StringIO(read_text(path).removeprefix("\ufeff"), newline=""))
    header: list[str] = []
    try:
        for cells in lines:
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if not header:
                header = values
                _check_header(header, needed, source)
            elif len(values) != len(header):
                what = f"row {lines.line_num} has {len(values)} cells, the heading {len(header)}"
                _stop(source, f"{what}; mend or remove it")
            else:
                yield lines.line_num, dict(zip(header, values, strict=True))
    except csv.Error as error:
        _stop(source, f"row {lines.line_num}: {error}; mend it")
    if not header:
        _stop(source, "is empty; run blemish find again")


def _stop(place: str, what: str) -> NoReturn:
    raise LabelError(f"{place}: {' '.join(printable(what).split())}")


def _check_header(header: list[str], needed: tuple[str, ...], source: str) -> None:
    lacking = [name for name in needed if name not in header]
    if set(lacking) & {"x_mm", "y_mm"} and "image" in header:
        _stop(source, "has no columns x_mm and y_mm; run blemish find with --wafer-diameter")
    if lacking:
        _stop(source, f"has no column {lacking[0]}; name a table that blemish find wrote")
    if twice := next((name for name in header if name and header.count(name) > 1), None):
        _stop(source, f"has the column {twice} twice; remove one")


def _find(row: Mapping[str, str], place: str) -> Find:
    sides = [_number(row, name, place) for name in ("x1", "y1", "x2", "y2")]
    score = _number(row, "score", place) if row.get("score") else 1.0
    x_mm, y_mm = row["x_mm"], row["y_mm"]
    if bool(x_mm) != bool(y_mm):
        _stop(place, "has one of x_mm and y_mm; fill in both or none")
    where = (_number(row, "x_mm", place), _number(row, "y_mm", place)) if x_mm else None
    die = None
    if row.get("die_x") and row.get("die_y"):
        first, second = (_number(row, name, place) for name in ("die_x", "die_y"))
        if first != int(first) or second != int(second):
            _stop(place, "die_x and die_y must be whole numbers; mend or remove the row")
        die = (int(first), int(second))
    return Find((sides[0], sides[1], sides[2], sides[3]), score, where, die)


def _number(row: Mapping[str, str], name: str, place: str) -> float:
    try:
        value = float(row[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1e9:
        _stop(place, f"{name} {row[name][:40]!r} is no number; mend or remove the row")
    return value


def _facts_of(path: Path) -> dict[str, dict[str, str]]:
    facts: dict[str, dict[str, str]] = {}
    for number, row in _rows_of(path, _FEWEST_IMAGES):
        name = row.pop("image")
        if name in facts:
            _stop(shown(path), f"row {number}: {name!r} is there already; remove one of the rows")
        facts[name] = row
    return facts


def _diameter_of(path: Path) -> float | None:
    """Give the diameter that the record of a run tells; None where none is told."""
    try:
        facts = json.loads(first_bytes(path, 2**26))
        wafer, settings = facts.get("wafer") or {}, facts.get("settings") or {}
        value: object = wafer.get("diameter") or settings.get("wafer_diameter")
    except (ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None

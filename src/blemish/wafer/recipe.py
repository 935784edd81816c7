"""What is known of the wafers in a run: diameter, orientation, dies, zones and names.

A recipe comes from a TOML file or is a diameter alone. Every key is checked by name and kind.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import numpy as np

from blemish.data.images import open_picture
from blemish.data.listing import shown
from blemish.data.texts import read_bytes
from blemish.errors import BlemishError, UsageError
from blemish.wafer.coordinates import TURNS, Location
from blemish.wafer.dies import DieGrid
from blemish.wafer.keys import Table, read_toml
from blemish.wafer.zones import Mask, Polygon, Zone

MarkWish = Literal["auto", "flat", "notch", "none"]
MARKS: tuple[MarkWish, ...] = ("auto", "flat", "notch", "none")

DIAMETERS = (20.0, 1000.0)
"""Smallest and largest wafer in mm; SEMI wafers have 25 to 450."""
LEAST_PITCH = 0.01
MOST_INCHES = 18.0


@dataclass(frozen=True)
class Orientation:
    """Where the flat or notch is.

    Attributes:
        mark: what to look for; `none` for wafers without any, which are taken as they lie.
        location: where the mark lies in wafer coordinates.
        angle: its direction in the pictures, degrees counter-clockwise from right, if known.
    """

    mark: MarkWish = "auto"
    location: Location = "down"
    angle: float | None = None


class Names(NamedTuple):
    """Lot, slot and wafer of a picture; None for what is not known."""

    lot: str | None = None
    slot: int | None = None
    wafer: str | None = None


@dataclass(frozen=True)
class Header:
    """What a KLARF file says of tool and process; empty where the recipe does not."""

    station: tuple[str, str, str] = ("blemish", "blemish", "1")
    device: str = ""
    setup: str = ""
    step: str = ""
    names: Names = field(default_factory=Names)


@dataclass(frozen=True, eq=False)
class Recipe:
    """What is known of the wafers in a run; lengths are mm.

    Attributes:
        diameter: of the wafers.
        orientation: where the flat or notch is.
        edge: width of the edge where finds do not count.
        zones: places where finds do not count.
        dies: the grid of dies, None on bare wafers.
        exclude_streets: whether finds in streets do not count.
        pattern: what takes lot, slot and wafer from the name of a picture.
        header: what else a KLARF file says.
    """

    diameter: float
    orientation: Orientation = Orientation()
    edge: float = 0.0
    zones: tuple[Zone, ...] = ()
    dies: DieGrid | None = None
    exclude_streets: bool = False
    pattern: re.Pattern[str] | None = None
    header: Header = field(default_factory=Header)

    def names_of(self, picture: str) -> Names | None:
        """Give lot, slot and wafer of a picture by its name; None if the pattern does not fit."""
        base = self.header.names
        if self.pattern is None:
            return base
        found = self.pattern.search(picture)
        if found is None:
            return None
        groups = {key: value for key, value in found.groupdict().items() if value is not None}
        slot = groups.get("slot")
        if slot is not None and not re.fullmatch("[0-9]{1,6}", slot):
            return None
        return Names(
            groups.get("lot", base.lot),
            base.slot if slot is None else int(slot),
            groups.get("wafer", base.wafer),
        )


def check_diameter(value: float, name: str) -> float:
    """Give the diameter.

    Raises:
        UsageError: no wafer has it; the text begins with ``name``.
    """
    if 0 < value <= MOST_INCHES:
        hint = f"write {value * 25.4:g}" if value < 4 else f"write {value * 25:g}"
        raise UsageError(f"{name} is in mm and {value:g} is too small; if it is inches, {hint}")
    if not DIAMETERS[0] <= value <= DIAMETERS[1]:
        low, high = DIAMETERS
        raise UsageError(f"{name} {value:g} is no wafer's: give mm, from {low:g} to {high:g}")
    return value


def read_recipe(path: Path) -> Recipe:
    """Read a recipe from a TOML file; masks are read beside it.

    Raises:
        UsageError: the file cannot be read, or a key is unknown, missing or of a wrong kind; the
            text names file and key.
    """
    table = read_toml(path)
    diameter = check_diameter(table.number("diameter"), table.word("diameter"))
    edge = table.number("edge_exclusion", 0.0, low=0.0, high=diameter / 2)
    orientation = _read_orientation(table.table("orientation"))
    dies, exclude_streets = _read_dies(table.table("die"), diameter)
    zones = tuple(_read_zone(zone, path.parent) for zone in table.tables("zone"))
    names = table.table("names")
    pattern = _read_pattern(names)
    names.finish()
    header = _read_header(table.table("klarf"))
    table.finish()
    return Recipe(diameter, orientation, edge, zones, dies, exclude_streets, pattern, header)


def recipe_hash(path: Path) -> str:
    """Give what tells a recipe from another: a hash of its file and of the masks it names.

    Raises:
        UsageError: one cannot be read.
    """
    zones = read_toml(path).tables("zone")
    masks = [path.parent / mask for zone in zones if (mask := zone.text("mask", ""))]
    files = [hashlib.sha256(read_bytes(file)).digest() for file in (path, *masks)]
    return hashlib.sha256(b"".join(files)).hexdigest()


def _read_orientation(table: Table) -> Orientation:
    mark = table.choice("mark", MARKS, "auto")
    location = table.choice("location", tuple(TURNS), "down")
    angle = table.number("angle", None, low=-360, high=360)
    table.finish()
    if angle is not None and mark not in {"flat", "notch"}:
        raise table.wrong("angle", "needs mark = 'flat' or 'notch': say what lies there")
    return Orientation(cast("MarkWish", mark), cast("Location", location), angle)


def _read_dies(table: Table, diameter: float) -> tuple[DieGrid | None, bool]:
    if table.is_empty:
        return None, False
    width, height = table.pair("pitch", low=LEAST_PITCH, high=2 * diameter)
    origin = table.pair("origin", (-width / 2, -height / 2), low=-2 * diameter, high=2 * diameter)
    streets = table.pair("streets", (0.0, 0.0), low=0.0, high=min(width, height) / 2)
    grid, exclude = DieGrid((width, height), origin, streets), table.flag("exclude_streets")
    table.finish()
    if exclude and not any(streets):
        raise table.wrong("exclude_streets", "needs streets: give their widths")
    try:
        grid.on_wafer(diameter)
    except ValueError as error:
        raise table.wrong("pitch", f"is too small: {error}") from None
    return grid, exclude


def _read_zone(table: Table, folder: Path) -> Zone:
    name = table.text("name", "zone")
    mask = table.text("mask", "")
    if mask:
        table.finish()
        return Mask(name, _read_mask(table, folder / mask))
    unit = table.choice("unit", ("mm", "px"), "mm")
    corners = table.points("polygon")
    table.finish()
    return Polygon(name, cast("Literal['mm', 'px']", unit), np.array(corners, np.float64))


def _read_mask(table: Table, path: Path) -> np.ndarray[Any, np.dtype[np.bool_]]:
    try:
        pixels = open_picture(path)
    except BlemishError as error:
        raise table.wrong("mask", f"cannot be used: {error}") from error
    excluded = pixels.max(axis=2) >= 128
    if excluded.all():
        raise table.wrong("mask", f"{shown(path)} is white all over: white is what does not count")
    return np.asarray(excluded, np.bool_)


def _read_pattern(table: Table) -> re.Pattern[str] | None:
    text = table.text("pattern", "")
    if not text:
        return None
    try:
        pattern = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise table.wrong("pattern", f"is no regular expression ({error})") from error
    strange = set(pattern.groupindex) - set(Names._fields)
    if strange or not pattern.groupindex:
        raise table.wrong(
            "pattern", "must name groups (?P<lot>...), (?P<slot>...) or (?P<wafer>...), no others"
        )
    return pattern


def _read_header(table: Table) -> Header:
    plain: Callable[[str], str] = lambda key: table.text(key, "", check=klarf_text)  # noqa: E731
    station = table.texts("station", 3, Header.station, check=klarf_text)
    slot = table.number("slot", None, low=0, high=999_999)
    if slot is not None and slot != int(slot):
        raise table.wrong("slot", "must be a whole number")
    names = Names(plain("lot") or None, None if slot is None else int(slot), plain("wafer") or None)
    header = Header(
        (station[0], station[1], station[2]), plain("device"), plain("setup"), plain("step"), names
    )
    table.finish()
    return header


def klarf_text(text: str) -> str:
    """Tell what keeps a text out of a KLARF file, in words; empty if nothing does."""
    if not text.isascii() or not text.isprintable() or '"' in text or ";" in text:
        return "must be ASCII without quotation marks, semicolons and line breaks"
    return "is longer than 200 letters" if len(text) > 200 else ""

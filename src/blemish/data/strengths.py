"""The strength of each mark, in a table beside drawn pictures: image,index,strength,kind."""

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blemish.data.listing import shown
from blemish.data.problems import BrokenLabelError, Place, Report, refuse
from blemish.data.texts import read_text

STRENGTHS = "strength.csv"
_PLACES = (".", "annotations", "Annotations")


class Strengths(NamedTuple):
    """What the table says: its path, printable, and image → index → strength."""

    source: str
    of: Mapping[str, Mapping[int, float]]


def read_strengths(root: Path, report: Report = refuse) -> Strengths:
    """Read the optional table that drawn data sets bring; a row that cannot be used is reported."""
    files = (root / place / STRENGTHS for place in _PLACES)
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        return Strengths("", {})
    source = shown(file)
    found: dict[str, dict[int, float]] = {}
    try:
        rows = csv.DictReader(io.StringIO(read_text(file), newline=""), strict=True)
        for row in rows:
            read = _read_row(row, Place(source, f"row {rows.line_num}", report))
            if read is not None:
                image, index, strength = read
                found.setdefault(image, {})[index] = strength
    except BrokenLabelError as error:
        Place(source, "", report).tell("bad-strength", error.problem.what)
    except csv.Error as error:
        Place(source, "", report).tell("bad-strength", f"is not CSV ({error})")
    return Strengths(source, found)


def fill_strengths(
    strengths: Strengths,
    path: Path,
    root: Path,
    ignored: NDArray[np.bool_],
    report: Report = refuse,
) -> NDArray[np.float32]:
    """Give the strength of each label of a picture: 0 where ignored, +inf where unknown.

    A picture without a label that the table names is reported, and nothing is known of its labels.
    """
    filled = np.where(ignored, 0, np.inf).astype(np.float32)
    inner = path.relative_to(root).as_posix()
    known = strengths.of.get(inner) or strengths.of.get(path.name) or {}
    strange = next((index for index in known if not 0 <= index < len(filled)), None)
    if strange is not None:
        words = f"the picture {shown(Path(inner))} has no label {strange}"
        Place(strengths.source, "", report).tell("bad-strength", words)
        return filled
    for index, value in known.items():
        if not ignored[index]:
            filled[index] = value
    return filled


def _read_row(row: Mapping[str, str], place: Place) -> tuple[str, int, float] | None:
    try:
        strength = float(row["strength"])
        if 0 <= strength < math.inf:
            return row["image"], int(row["index"]), strength
    except (KeyError, TypeError, ValueError):
        pass
    place.tell("bad-strength", "is not image,index,strength,kind")
    return None

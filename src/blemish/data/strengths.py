"""The strength of each mark, in a table beside drawn pictures: image,index,strength,kind."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.data.listing import shown
from blemish.data.texts import read_text
from blemish.errors import LabelError

STRENGTHS = "strength.csv"
_PLACES = (".", "annotations", "Annotations")

Strengths = Mapping[str, Mapping[int, float]]


def read_strengths(root: Path) -> Strengths:
    """Give image → index → strength of the optional file that drawn data sets bring.

    Raises:
        LabelError: a row of it cannot be read.
    """
    files = (root / place / STRENGTHS for place in _PLACES)
    file = next((file for file in files if file.is_file()), None)
    strengths: dict[str, dict[int, float]] = {}
    if file is None:
        return strengths
    rows = csv.DictReader(io.StringIO(read_text(file), newline=""))
    try:
        for row in rows:
            strengths.setdefault(row["image"], {})[int(row["index"])] = float(row["strength"])
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise LabelError(
            f"{shown(file)}: row {rows.line_num}: is not image,index,strength,kind; mend the row"
        ) from error
    return strengths


def fill_strengths(
    strengths: Strengths, path: Path, root: Path, ignored: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Give the strength of each label of a picture: 0 where ignored, +inf where unknown.

    Raises:
        LabelError: the table names a label that is not there.
    """
    filled = np.where(ignored, 0, np.inf).astype(np.float32)
    inner = path.relative_to(root).as_posix()
    for index, value in (strengths.get(inner) or strengths.get(path.name) or {}).items():
        if not 0 <= index < len(filled):
            raise LabelError(
                f"{shown(root / STRENGTHS)}: {path.name} has no label {index}; draw the "
                "data set again or remove this file"
            )
        if not ignored[index]:
            filled[index] = value
    return filled

"""A picture file to its row, by the functions that `blemish find` takes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from blemish.data.huge import HugePicture, open_by_size
from blemish.data.images import Listed, Pixels, check_range, shown
from blemish.errors import BlemishError, PictureError, UsageError
from blemish.jobs.find import for_wafers
from blemish.jobs.looking import look_in_any, reason_of, row_of
from blemish.report.tables import ImageRow
from blemish.runtime.finder import Finder
from blemish.wafer.recipe import Recipe, check_diameter
from blemish.wafer.standards import doubt_millimetres

Picture = Pixels | HugePicture


@dataclass(frozen=True)
class Wishes:
    """How a picture is to be looked at; None for what the model says.

    Attributes:
        wafer_diameter: in mm, for places in millimetres.
        min_score: the lowest score of a find.
        value_range: see `blemish.data.images.open_picture`.
    """

    wafer_diameter: float | None = None
    min_score: float | None = None
    value_range: tuple[float, float] | None = None

    def recipe(self) -> Recipe | None:
        """Give what is known of the wafer."""
        return None if self.wafer_diameter is None else Recipe(self.wafer_diameter)

    def apply(self, finder: Finder) -> Finder:
        """Give the finder that looks so."""
        if self.min_score is not None:
            finder = replace(finder, min_score=self.min_score)
        return finder if self.wafer_diameter is None else for_wafers(finder)


def read_wishes(
    fields: Mapping[str, str], value_range: tuple[float, float] | None = None
) -> Wishes:
    """Read the fields of a form; empty ones count as not given, ``value_range`` is taken then.

    Raises:
        UsageError: a value is wrong; one line that names it.
    """
    diameter, score = (_number(fields, key) for key in ("wafer_diameter", "min_score"))
    if diameter is not None:
        check_diameter(diameter, "wafer_diameter")
    if score is not None and not 0 <= score <= 1:
        raise UsageError(f"min_score must be between 0 and 1, not {score:g}")
    return Wishes(diameter, score, _range(fields) or value_range)


def _number(fields: Mapping[str, str], key: str) -> float | None:
    text = fields.get(key, "").strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{key} {text[:40]!r} is no number; write one like 0.5") from None


def _range(fields: Mapping[str, str]) -> tuple[float, float] | None:
    text = fields.get("range", "").strip()
    if not text:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"range {text[:40]!r} is not two numbers; write LO,HI like 0,4095"
        ) from None
    check_range((low, high))
    return low, high


def open_upload(path: Path, name: str, wishes: Wishes, max_pixels: int) -> Picture:
    """Read a picture that was sent; it is called by its name and not by its place.

    Raises:
        PictureTooLargeError: it has more pixels than may be held at once; a TIFF is read by rows.
        PictureError: it cannot be read.
    """
    try:
        return open_by_size(path, wishes.value_range, max_pixels=max_pixels)
    except PictureError as error:
        raise type(error)(_called(str(error), path, name)) from error


def look(
    picture: Picture,
    path: Path,
    name: str,
    finder: Finder,
    recipe: Recipe | None,
    value_range: tuple[float, float] | None,
) -> ImageRow:
    """Find in a picture and give its row; with a recipe the finder sees what millimetres need.

    ``value_range`` is the one that it was read with.

    Raises:
        PictureError: it cannot be looked at.
    """
    one = Listed(path.parent, path, name)
    find = partial(look_in_any, picture, finder)
    try:
        row = row_of(one, picture, find, finder.bundle, recipe, value_range)
    except BlemishError as error:
        raise PictureError(_called(reason_of(one, error), path, name)) from error
    return replace(row, error=_called(row.error, path, name))


def doubts_of(row: ImageRow, diameter: float | None) -> list[str]:
    """Give why all millimetres of a picture may be wrong; empty without any."""
    if row.placement is None or diameter is None:
        return []
    flat = row.placement.flat
    return doubt_millimetres(diameter, [flat] if flat else [])


def _called(words: str, path: Path, name: str) -> str:
    """Put the name of a picture where its place stands."""
    return words.replace(shown(path), name)

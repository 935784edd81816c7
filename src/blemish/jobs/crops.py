"""Cut the finds of each repeat out of their pictures and lay them side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from blemish.core.scan import Meeting
from blemish.data.found import FoundPicture
from blemish.data.images import Pixels, find_pictures, open_picture
from blemish.errors import BlemishError, UsageError
from blemish.report.crops import MOST_CROPS, View, cut, lay_out, side_of
from blemish.report.tables import counted
from blemish.wafer.coordinates import TURNS, Location
from blemish.wafer.stack import Stack

Places = Mapping[tuple[str, str], Path]
"""From the source of a run and a picture's name in it to its file."""


def list_photos(folders: Sequence[Path], sources: Sequence[str]) -> Places:
    """Give the files of the runs' pictures, by the names that `find` gives them.

    Only what lies in the folders is listed: a name in a table leads nowhere else.

    Raises:
        UsageError: a folder cannot be listed, or there is neither one nor one for each run.
    """
    if len(folders) not in {1, len(sources)}:
        raise UsageError(
            f"--photos is given {len(folders)} times for {counted(len(sources), 'result')}; "
            "give one folder for all, or one for each in their order"
        )
    each = list(folders) * len(sources) if len(folders) == 1 else list(folders)
    listed = {folder: find_pictures([folder]) for folder in dict.fromkeys(folders)}
    return {
        (source, one.name): one.path
        for source, folder in zip(sources, each, strict=True)
        for one in listed[folder]
    }


def sheets(
    stack: Stack,
    repeats: Sequence[Meeting],
    places: Places,
    location: Location,
    tell: Callable[[str], None],
) -> Iterator[Pixels]:
    """Yield for each repeat the crops of its finds, the best of each wafer; tell what lacks."""
    lacking = 0
    for repeat in repeats:
        views = [_best(stack, repeat, wafer, location) for wafer in repeat.groups[:MOST_CROPS]]
        side = side_of([size for _, _, size in views])
        crops: list[tuple[Pixels | None, str]] = []
        for picture, view, _ in views:
            path = places.get((picture.source, picture.name))
            try:
                crop = None if path is None else cut(open_picture(path), view, side)
            except BlemishError as error:
                tell(str(error))
                crop = None
            lacking += path is None
            crops.append((crop, view.caption))
        yield lay_out(crops, side)
    if lacking:
        tell(f"{counted(lacking, 'crop')} lack: no such picture below --photos; name its folder")


def _best(
    stack: Stack, repeat: Meeting, wafer: int, location: Location
) -> tuple[FoundPicture, View, float]:
    """Give the picture of a wafer's best find there, what to see of it, and its side in mm."""
    inside = [at for at in repeat.points.tolist() if stack.owners[at] == wafer]
    at = max(inside, key=lambda one: stack.finds[one].score)
    find = stack.finds[at]
    picture = stack.wafers[wafer].pictures[stack.pictures[at]]
    x1, y1, x2, y2 = find.box
    scale = _number(picture, "wafer_diameter", 0.0) / stack.diameter or (x2 - x1) / 4
    turn = TURNS[location] - _number(picture, "mark_angle", TURNS[location])
    name = PurePosixPath(picture.name).stem
    # OpenCV's letters are ASCII; wafers.csv names the wafer by its number.
    caption = f"{wafer + 1}  {name}" if name.isascii() else f"{wafer + 1}"
    view = View(((x1 + x2) / 2, (y1 + y2) / 2), scale, turn, caption)
    return picture, view, max(x2 - x1, y2 - y1) / scale


def _number(picture: FoundPicture, column: str, default: float) -> float:
    try:
        return float(picture.facts.get(column, ""))
    except ValueError:
        return default

"""The pictures that a run is to look at, and a row for each path that cannot be listed."""

from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path

from blemish.data.images import Listed, find_pictures
from blemish.data.listing import shown
from blemish.jobs.looking import failed_row
from blemish.jobs.results import without_copies
from blemish.report.tables import ImageRow

ONLY_COPIES = "no pictures there but those drawn by an earlier run"


def list_pictures(paths: Iterable[Path]) -> tuple[list[Listed], list[ImageRow]]:
    """List the pictures, without copies that earlier runs drew, each under a name of its own.

    A path that cannot be listed is a row like that of a broken picture.

    Raises:
        UsageError: nothing is named.
    """
    refused: list[tuple[Path, str]] = []
    found = find_pictures(dict.fromkeys(paths), lambda path, reason: refused.append((path, reason)))
    listed = without_copies(found)
    taken = {one.name for one in listed}
    rows = []
    for path, reason in refused:
        name = _free_name(path, taken)
        taken.add(name)
        rows.append(failed_row(name, f"{shown(path)}: {reason}"))
    return listed, rows


def _free_name(path: Path, taken: set[str]) -> str:
    """Give a path as it was named, or else in full: a picture may have a name like it."""
    names = (shown(path), shown(path.absolute()))
    numbered = (f"{names[1]}~{number}" for number in count(2))
    return next(name for name in chain(names, numbered) if name not in taken)

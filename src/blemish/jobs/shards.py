"""A part of many pictures, looked at by whoever is free: the same on one machine and on many.

Nothing here knows how the work is dealt out. A shard goes in, the content of its tables comes out,
and whoever deals it out writes them; so a shard that is done twice stands in the result once.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from blemish.data.images import Listed
from blemish.data.listing import shown
from blemish.data.places import is_url, open_url
from blemish.errors import PictureError
from blemish.jobs.looking import failed_row, find_in_any
from blemish.report.tables import ImageRow, finds_csv, images_csv, parquet_tables
from blemish.runtime.finder import Finder
from blemish.wafer.recipe import Recipe

KINDS = ("csv", "parquet")
TABLES = ("finds", "images")
AT_ONCE = 8
"""Files that are fetched from an object store at once."""


class Entry(NamedTuple):
    """A picture: its name in the result, its path or URL, and why it could not be listed."""

    name: str
    place: str
    error: str = ""


@dataclass(frozen=True)
class Shard:
    """Pictures that are looked at in one go; the number names their part of the result."""

    number: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Part:
    """What became of a shard.

    Attributes:
        files: the content of each of its tables, by name.
        statuses: how many pictures have each status.
        num_finds: in all its pictures.
    """

    files: dict[str, bytes]
    statuses: dict[str, int]
    num_finds: int


def make_shards(entries: Sequence[Entry], size: int) -> list[Shard]:
    """Deal pictures out in their order, ``size`` to a shard and the rest to the last."""
    starts = range(0, len(entries), size)
    return [Shard(number, tuple(entries[at : at + size])) for number, at in enumerate(starts)]


def look_at_shard(
    finder: Finder,
    shard: Shard,
    value_range: tuple[float, float] | None = None,
    recipe: Recipe | None = None,
) -> list[ImageRow]:
    """Give a row for each picture, in order; one that fails is a row with its error.

    What stands in an object store is fetched first. With a recipe finds are placed on their wafer.
    """
    with tempfile.TemporaryDirectory(prefix="blemish-") as folder:

        def fetch(numbered: tuple[int, Entry]) -> Listed | ImageRow:
            number, entry = numbered
            if entry.error:
                return failed_row(entry.name, entry.error)
            if not is_url(entry.place):
                path = Path(entry.place)
                return Listed(path.parent, path, entry.name)
            path = Path(folder, f"{number}{Path(entry.place).suffix}")
            try:
                with open_url(entry.place) as source, path.open("wb") as file:
                    shutil.copyfileobj(source, file)
            except PictureError as error:
                return failed_row(entry.name, str(error))
            return Listed(path.parent, path, entry.name)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            fetched = list(pool.map(fetch, enumerate(shard.entries)))
        listed = [one for one in fetched if isinstance(one, Listed)]
        rows = []
        with closing(find_in_any(listed, finder, value_range, recipe)) as coming:
            for one, entry in zip(fetched, shard.entries, strict=True):
                if isinstance(one, ImageRow):
                    rows.append(one)
                    continue
                row, _ = next(coming)
                if is_url(entry.place):  # a fetched file's own path would tell the reader nothing
                    row = replace(row, error=row.error.replace(shown(one.path), entry.place))
                rows.append(row)
        return rows


def failed_shard(shard: Shard, reason: str) -> list[ImageRow]:
    """Give the rows of a shard that could not be looked at."""
    places = [one.place if is_url(one.place) else shown(Path(one.place)) for one in shard.entries]
    return [
        failed_row(one.name, one.error or f"{place}: {reason}")
        for one, place in zip(shard.entries, places, strict=True)
    ]


def make_part(
    shard: Shard,
    rows: Sequence[ImageRow],
    classes: Sequence[str],
    kind: str,
    placed: bool = False,
) -> Part:
    """Give a shard's rows as the content of its tables; ``placed`` as in `report.tables`."""
    names = [f"{table}-{shard.number:06d}.{kind}" for table in TABLES]
    if kind == "parquet":
        contents = parquet_tables(rows, classes, placed)
    else:
        texts = (finds_csv(rows, classes, placed), images_csv(rows, placed))
        contents = (texts[0].encode("utf-8-sig"), texts[1].encode("utf-8-sig"))
    statuses = dict(Counter(str(row.status) for row in rows))
    files = dict(zip(names, contents, strict=True))
    return Part(files, statuses, sum(len(row.defects) for row in rows))

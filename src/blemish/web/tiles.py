"""Large pictures as a browser shows them: a pyramid of JPEG tiles, cut once and kept.

Levels are counted as DeepZoom does: at the highest one a pixel is a pixel, each lower one has
half the width and height, rounded up. Tiles do not overlap. They are cut while the rows come,
so a picture of any height takes the memory of some rows of tiles.
"""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from blemish.data.huge import HugePicture
from blemish.data.images import Pixels, as_rgb
from blemish.web.database import DiskFullError, is_disk_full
from blemish.web.looks import Picture

TILE = 512
"""Side of a tile in pixels; even, so that halves of its rows are whole rows."""
ROOM = 20_000_000_000
"""Bytes that all pyramids may take; beyond it those not seen for longest are removed."""
_QUALITY = 90
_SIZE = "num_bytes"


def num_levels(width: int, height: int) -> int:
    """Give how many levels a pyramid has, the lowest being one tile."""
    return max((max(width, height) - 1).bit_length() - (TILE - 1).bit_length(), 0) + 1


def highest_level(width: int, height: int) -> int:
    """Give the number of the level at which a pixel is a pixel."""
    return (max(width, height) - 1).bit_length()


class StoppedError(Exception):
    """The server ended while tiles were cut."""


def cut_tiles(picture: Picture, place: Path, told: Callable[[float], bool]) -> None:
    """Cut a picture into ``place``/level/x_y.jpg; the folder appears when it is whole.

    ``told`` hears the share of rows that are done and answers whether to go on.

    Raises:
        DiskFullError: there is no room; nothing is left behind.
        StoppedError: ``told`` said no; nothing is left behind.
        PictureError: the picture can no longer be read.
    """
    temporary = place.with_name(f".{secrets.token_hex(8)}.part")
    width, height, rows = _rows_of(picture)
    try:
        levels = _Levels(temporary, width, height)
        done = 0
        for some in rows:
            levels.take(some)
            done += len(some)
            if not told(done / height):
                raise StoppedError
        levels.finish()
        (temporary / _SIZE).write_text(str(levels.num_bytes), encoding="ascii")
        if os.name != "nt":
            os.sync()  # or a loss of power could leave empty tiles under its name
        shutil.rmtree(place, ignore_errors=True)
        temporary.replace(place)
    except OSError as error:
        if is_disk_full(error):
            raise DiskFullError from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _rows_of(picture: Picture) -> tuple[int, int, Iterator[Pixels]]:
    if isinstance(picture, HugePicture):
        box = (0, 0, picture.width, picture.height)
        return picture.width, picture.height, map(as_rgb, picture.rows(box))
    height, width = picture.shape[:2]
    return width, height, (picture[top : top + TILE] for top in range(0, height, TILE))


class _Levels:
    """The levels of a pyramid that is being cut, the highest first."""

    def __init__(self, place: Path, width: int, height: int) -> None:
        top = highest_level(width, height)
        self._places = [place / str(top - down) for down in range(num_levels(width, height))]
        self._rests: list[list[Pixels]] = [[] for _ in self._places]
        self._bands = [0] * len(self._places)
        self.num_bytes = 0
        for folder in self._places:
            folder.mkdir(parents=True)

    def take(self, rows: Pixels, down: int = 0) -> None:
        """Take the next rows of a level."""
        rest = self._rests[down]
        rest.append(rows)
        while sum(map(len, rest)) >= TILE:
            band = np.concatenate(rest) if len(rest) > 1 else rest[0]
            rest[:] = [band[TILE:]] if len(band) > TILE else []
            self._write(band[:TILE], down)

    def finish(self) -> None:
        """Write what is left of each level."""
        for down, rest in enumerate(self._rests):
            if rest:
                self._write(np.concatenate(rest), down)
                rest.clear()

    def _write(self, band: Pixels, down: int) -> None:
        row = self._bands[down]
        self._bands[down] += 1
        for column, left in enumerate(range(0, band.shape[1], TILE)):
            tile = cv2.cvtColor(band[:, left : left + TILE], cv2.COLOR_RGB2BGR)
            _, content = cv2.imencode(".jpg", tile, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
            (self._places[down] / f"{column}_{row}.jpg").write_bytes(content.tobytes())
            self.num_bytes += content.size
        if down + 1 < len(self._places):
            self.take(halved(band), down + 1)


def halved(pixels: Pixels) -> Pixels:
    """Give the mean of each 2 x 2 pixels; an odd last row or column counts twice."""
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    size = ((width + 1) // 2, (height + 1) // 2)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def touch(place: Path) -> None:
    """Note that a pyramid was seen."""
    os.utime(place)


def make_room(folder: Path, kept: Path, room: int = ROOM) -> None:
    """Remove pyramids that were not seen for longest until the rest takes no more than ``room``."""
    known = {}
    for size in folder.glob(f"*/{_SIZE}"):
        known[size.parent] = (size.parent.stat().st_mtime, int(size.read_text("ascii") or 0))
    total = sum(num_bytes for _, num_bytes in known.values())
    for place, (_, num_bytes) in sorted(known.items(), key=lambda item: item[1][0]):
        if total <= room:
            return
        if place != kept:
            shutil.rmtree(place, ignore_errors=True)
            total -= num_bytes

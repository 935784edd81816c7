"""Pictures in and out: files of any common kind to (H, W, 3) uint8 RGB, and back.

What is done on the way, the same for every kind: orientation tags are applied, grey becomes
three equal channels, an alpha channel is dropped (not composited: a cut-out's hidden colours
are what the camera saw), and more than 8 bits are scaled over their full range or over the
range that the caller gives, never by what the picture happens to hold.
"""

import contextlib
import math
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.data.containers import Damaged, TooLarge, check_complete
from blemish.data.listing import (
    PICTURE_SUFFIXES,
    Listed,
    find_pictures,
    is_ordinary_file,
    shown,
)
from blemish.data.tiff import is_tiff, read_tiff
from blemish.errors import PictureError, PictureTooLargeError, UsageError

__all__ = [
    "MAX_PIXELS",
    "PICTURE_SUFFIXES",
    "Listed",
    "Pixels",
    "as_rgb",
    "check_range",
    "find_pictures",
    "is_ordinary_file",
    "open_picture",
    "shown",
    "to_uint8",
    "to_uint8_rgb",
    "write_picture",
    "write_whole",
]

Pixels = NDArray[np.uint8]

MAX_PIXELS = 400_000_000  # 1.2 GB as RGB; a picture above it is a mistake or an attack


def open_picture(
    path: str | Path,
    value_range: tuple[float, float] | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Pixels:
    """Read a picture file as (H, W, 3) uint8 RGB.

    ``value_range`` is the low and the high value, as they are stored, that become 0 and 255; it
    is for pictures deeper than 8 bits, 8-bit ones stay as they are. The file's content decides
    its kind, not its name. Of a file with several pages the first is read.

    Raises:
        PictureError: the file cannot be read; one line that names it and says what to do.
        UsageError: the range is not two rising numbers.
    """
    check_range(value_range)
    path = Path(path)
    with naming_faults(path):
        return to_uint8_rgb(_read_values(path, max_pixels, value_range is not None), value_range)


@contextlib.contextmanager
def naming_faults(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a picture file is read into one line that names it.

    Raises:
        PictureError: something went wrong.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise PictureError(
            f"{shown(path)}: cannot be read ({reason}); check the path and its permissions"
        ) from error
    except Damaged as error:
        kind = PictureTooLargeError if isinstance(error, TooLarge) else PictureError
        raise kind(f"{shown(path)}: {error}") from error
    except MemoryError as error:
        raise PictureError(
            f"{shown(path)}: does not fit in memory; cut it into smaller pictures"
        ) from error


def check_range(value_range: tuple[float, float] | None) -> None:
    """Refuse a range that is not two rising finite numbers.

    Raises:
        UsageError: it is not.
    """
    if value_range is not None and not -math.inf < value_range[0] < value_range[1] < math.inf:
        low, high = value_range
        raise UsageError(f"the range {low:g},{high:g} is not two rising numbers; give LO,HI")


def to_uint8_rgb(
    values: NDArray[np.generic], value_range: tuple[float, float] | None = None
) -> Pixels:
    """Give (H, W) or (H, W, channels) values of any number type as (H, W, 3) uint8 RGB.

    One or two channels are grey (and alpha), three or four RGB (and alpha).

    Raises:
        Damaged: the values are not finite, or need a range that was not given.
    """
    return as_rgb(to_uint8(values, value_range))


def to_uint8(values: NDArray[np.generic], value_range: tuple[float, float] | None = None) -> Pixels:
    """Give the same as uint8 with the one channel or the three that they have: (H, W, 1 or 3)."""
    if values.ndim == 2:
        values = values[..., None]
    colours = values[..., :3] if values.shape[2] >= 3 else values[..., :1]
    return _to_uint8(colours, value_range)


def as_rgb(pixels: Pixels) -> Pixels:
    """Give pixels (H, W, 1 or 3), a new array of three channels if they are grey."""
    if pixels.shape[2] == 1 and pixels.size:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


def write_picture(path: str | Path, pixels: Pixels) -> None:
    """Write RGB pixels as PNG or JPEG, by the suffix; the name appears when the file is whole.

    Raises:
        UsageError: the place cannot be written to, or the suffix is another one.
    """
    path = Path(path)
    if path.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise UsageError(f"{shown(path)}: pictures are written as .png or .jpg; rename it")
    settings = [cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_PNG_COMPRESSION, 3]
    kind = slice(2, 4) if path.suffix.lower() == ".png" else slice(0, 2)
    bgr = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(path.suffix.lower(), bgr, settings[kind])
    write_whole(path, content.tobytes())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name beside its place, then move it there.

    Raises:
        UsageError: the place cannot be written to; nothing is left behind.
    """
    temporary = path.with_name(f"{begun_name(path.name)}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise UsageError(
            f"{shown(path)}: cannot be written ({error.strerror}); free the place or choose another"
        ) from error
    finally:  # after Ctrl-C too
        with contextlib.suppress(OSError):
            temporary.unlink()


def begun_name(name: str) -> str:
    """Give how the temporary name of a file begins; a number and `.part` follow."""
    # Not the whole name: with an addition it may be longer than the disk allows.
    return f".{name[:30]}"


def _read_values(path: Path, max_pixels: int, as_stored: bool) -> NDArray[np.generic]:
    if not is_ordinary_file(path):  # to open a pipe would wait for ever
        raise Damaged("cannot be read (it is no ordinary file); name pictures, folders or globs")
    with path.open("rb") as file:
        head = file.read(16)
        file.seek(0)
        if is_tiff(head):
            return read_tiff(file, max_pixels, as_stored)
        content = file.read()
    check_complete(content, max_pixels)
    return _decode(content)


def _decode(content: bytes) -> NDArray[np.generic]:
    with _quiet():
        try:
            bgr = cv2.imdecode(
                np.frombuffer(content, np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR
            )
        except cv2.error:
            bgr = None
    if bgr is None:
        raise Damaged("is damaged; copy or export it again")
    return bgr if bgr.ndim == 2 else cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _to_uint8(
    values: NDArray[np.generic], value_range: tuple[float, float] | None
) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return values.astype(np.uint8, copy=False)
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind not in "uif":
        raise Damaged(f"holds {values.dtype} values; export it as grey or RGB")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise Damaged("holds values that are not numbers (NaN or infinite); fill them in first")
    if value_range is None and values.dtype != np.uint16:
        raise Damaged(
            f"holds {values.dtype} values, which have no natural range; give one by --range LO,HI"
        )
    low, high = value_range or (0, 65535)
    if values.dtype == np.uint16:
        return np.asarray(_table(low, high)[values.astype(np.uint16, copy=False)])
    scaled = (values.astype(np.float64) - low).clip(0, high - low) * 255 / (high - low)
    return np.rint(scaled).astype(np.uint8)


@lru_cache(maxsize=4)
def _table(low: float, high: float) -> NDArray[np.uint8]:
    """Give the 8 bits of each value of 16."""
    steps = np.arange(65536, dtype=np.float64)
    return np.rint((steps - low).clip(0, high - low) * 255 / (high - low)).astype(np.uint8)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV's own words about a broken file off the terminal; the error says it once."""
    log = cv2.utils.logging
    before = log.getLogLevel()
    log.setLogLevel(log.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        log.setLogLevel(before)

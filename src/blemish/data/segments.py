"""The strips and tiles of a TIFF page, decoded one at a time.

Only what tifffile's `decode` needs is read from the file, so memory holds one strip or tile.
Untrusted files state what they like: a segment's stated and its decoded size are held to a limit
before anything is decoded.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from blemish.data.containers import Damaged, check_jpeg_end, cut_short
from blemish.data.tiff import JPEG, one_line, shown_values

MAX_SEGMENT = 2**26
"""Values of a strip or tile, 67 million: as much as a tile of 4,096 x 4,096 pixels with alpha."""
RAW_VALUES = 2**21
"""Values of uncompressed strips that are read at once."""

_CODED = {1, 5, 7, 8, 32773, 32946, 34925, 50000}
"""None, LZW, JPEG, deflate, PackBits, deflate again, LZMA, Zstandard (tag 259)."""
_JPEG_SIZES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_READING = Lock()  # a place in a file is sought and read in two steps
_SLACK = 2**16  # bytes by which a segment that does not compress may be longer

Values = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Segments:
    """The grid of segments of one page, as it is stored: not turned.

    Attributes:
        width, height: of the page, in pixels.
        across, down: width and height of a segment; the last of a row or column is smaller.
        read: row and column of a segment to its values, (h, w) or (h, w, samples), cut off at
            the page's edges and meant as `blemish.data.tiff.shown_values` says. It raises
            `Damaged` or OSError for a segment that is missing or cannot be read.
        is_grey: whether the page states grey values and no colours.
    """

    width: int
    height: int
    across: int
    down: int
    read: Callable[[int, int], Values]
    is_grey: bool = False


def open_segments(page: Any, file: BinaryIO, as_stored: bool = False) -> Segments:
    """Give the segments of a tifffile page, whose file stays open as long as they are read.

    For ``as_stored`` see `blemish.data.tiff.shown_values`.

    Raises:
        Damaged: the page can only be read whole.
    """
    if page.compression not in _CODED:
        raise Damaged(
            f"is compressed by {page.compression.name}, which is not read by parts; "
            "write it with LZW, deflate, ZSTD, JPEG or no compression"
        )
    if _is_raw(page):
        return _raw(page, file)
    across = int(page.tilewidth if page.is_tiled else page.imagewidth)
    down = int(page.tilelength if page.is_tiled else min(page.rowsperstrip, page.imagelength))
    values = across * down * (1 if page.planarconfig == 2 else page.samplesperpixel)
    if across < 1 or down < 1 or values > MAX_SEGMENT:
        raise Damaged(
            f"is stored in pieces of {across} x {down} pixels, above the limit of "
            f"{MAX_SEGMENT // 1_000_000} million values; write it in tiles of 256 x 256"
        )
    size = (page.imagewidth, page.imagelength, across, down)
    return Segments(*size, _coded_reader(page, file, (across, down), as_stored), _is_grey(page))


def _coded_reader(
    page: Any, file: BinaryIO, size: tuple[int, int], as_stored: bool
) -> Callable[[int, int], Values]:
    across, down = size
    columns, rows = math.ceil(page.imagewidth / across), math.ceil(page.imagelength / down)
    settings = {"jpegtables": page.jpegtables} if page.compression == JPEG else {}
    samples = 1 if page.planarconfig == 2 else page.samplesperpixel
    most = 2 * across * down * samples * page.dtype.itemsize + _SLACK

    def plane(index: int) -> Values:
        data = _segment_bytes(page, file, index, most)
        if page.compression == JPEG:
            if _jpeg_pixels(data) > across * down:
                raise Damaged("holds a JPEG larger than itself")
            check_jpeg_end(data)
        try:
            values = page.decode(data, index, **settings)[0]
        except MemoryError:
            raise
        except Exception as error:  # untrusted bytes: the codecs raise a score of types
            raise Damaged(f"cannot be decoded ({one_line(error)})") from error
        return np.asarray(values[0] if values.shape[3] > 1 else values[0, ..., 0])

    def read(row: int, column: int) -> Values:
        first = row * columns + column
        values = _joined([plane(index) for index in _planes(page, first, rows * columns)])
        left = (page.imagelength - row * down, page.imagewidth - column * across)
        return shown_values(values[: left[0], : left[1]], page, as_stored)

    return read


def _is_raw(page: Any) -> bool:
    """Tell whether rows lie in the file as they are, so that a strip need not be read whole."""
    plain = page.compression == 1 and page.predictor == 1 and page.fillorder == 1
    return bool(plain and not page.is_tiled and page.bitspersample in {8, 16, 32, 64})


def _raw(page: Any, file: BinaryIO) -> Segments:
    samples = 1 if page.planarconfig == 2 else page.samplesperpixel
    shape = (page.imagewidth, samples)
    kind = np.dtype(page.parent.byteorder + page.dtype.char)
    row_bytes = page.imagewidth * samples * kind.itemsize
    in_strip = min(page.rowsperstrip, page.imagelength)
    down = min(max(RAW_VALUES // (page.imagewidth * samples), 1), page.imagelength)
    num_strips = math.ceil(page.imagelength / in_strip)

    def plane(first_strip: int, top: int, bottom: int) -> Values:
        parts = []
        while top < bottom:
            strip, skipped = divmod(top, in_strip)
            count = min(in_strip - skipped, bottom - top)
            index = first_strip + strip
            place = (skipped * row_bytes, count * row_bytes)
            parts.append(_read_at(page, file, index, *place))
            top += count
        values = np.frombuffer(b"".join(parts), kind).astype(kind.newbyteorder("="), copy=False)
        values = values.reshape(-1, *shape)
        return values if samples > 1 else values[..., 0]

    def read(row: int, column: int) -> Values:
        top, bottom = row * down, min((row + 1) * down, page.imagelength)
        planes = _planes(page, 0, num_strips)
        return shown_values(_joined([plane(first, top, bottom) for first in planes]), page)

    size = (page.imagewidth, page.imagelength, page.imagewidth, down)
    return Segments(*size, read, _is_grey(page))


def _is_grey(page: Any) -> bool:
    return bool(page.samplesperpixel < 3 and page.photometric.name != "PALETTE")


def _planes(page: Any, first: int, in_plane: int) -> list[int]:
    """Give the index of a segment in each plane of colour: one, or three of a planar page."""
    if page.planarconfig != 2:
        return [first]
    num_planes = 3 if page.samplesperpixel >= 3 else 1
    return [first + plane * in_plane for plane in range(num_planes)]


def _joined(planes: list[Values]) -> Values:
    return planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)


def _segment_bytes(page: Any, file: BinaryIO, index: int, most: int) -> bytes:
    if index >= len(page.databytecounts):
        raise Damaged("is missing")
    count = page.databytecounts[index]
    if count > most:
        raise Damaged(f"states {count} bytes, more than it can hold")
    return _read_at(page, file, index, 0, count)


def _read_at(page: Any, file: BinaryIO, index: int, skipped: int, count: int) -> bytes:
    """Read so many bytes of a segment, after the first ``skipped``."""
    if index >= len(page.dataoffsets) or not page.dataoffsets[index] or not count:
        raise Damaged("is missing")
    if skipped + count > page.databytecounts[index]:
        raise cut_short()
    with _READING:
        file.seek(page.dataoffsets[index] + skipped)
        data = file.read(count)
    if len(data) < count:
        raise cut_short()
    return data


def _jpeg_pixels(data: bytes) -> int:
    """Give the number of pixels that a JPEG's header states: decoders make room for as many."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        (length,) = struct.unpack_from(">H", data, place + 2)
        if data[place + 1] in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return int(height * width)
        place += 2 + length
    raise Damaged("is no whole JPEG")

"""TIFF to values: the first page of any kind that tifffile and imagecodecs know; pages to TIFF."""

import io
import logging
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from blemish.data.containers import Damaged, check_jpeg_end, check_size, cut_short
from blemish.errors import BlemishError

JPEG = 7
"""As tag 259 has it."""
_JPEGS = {6, JPEG, 33007, 34892}
"""All that are decoded like it: the old one, another number of it, and that of DNG."""
_ORIENTATION = 274
_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_tiff(head: bytes) -> bool:
    """Tell whether a file that begins so is a TIFF (or BigTIFF)."""
    return head[:4] in _SIGNATURES


def read_tiff(file: BinaryIO, max_pixels: int, as_stored: bool = False) -> NDArray[np.generic]:
    """Read the first page, upright, as (H, W) or (H, W, channels) values.

    For bits and ``as_stored`` see `shown_values`.

    Raises:
        Damaged: it cannot be read.
    """
    with open_tiff(file) as tiff:
        page = tiff.pages.first
        check_size(page.imagewidth, page.imagelength, max_pixels)
        check_plane(page)
        _check_segments(page, file)
        values = page.asarray()
        values = np.moveaxis(values, 0, -1) if page.axes == "SYX" else values
        values = shown_values(values, page, as_stored)
        return np.ascontiguousarray(upright(values, orientation_of(page)))


def tiff_size(file: BinaryIO) -> tuple[int, int, int]:
    """Give the width and height that the first page states, and its orientation.

    Raises:
        Damaged: it cannot be read.
    """
    with open_tiff(file) as tiff:
        page = tiff.pages.first
        return int(page.imagewidth), int(page.imagelength), orientation_of(page)


@contextmanager
def open_tiff(file: BinaryIO) -> Iterator[Any]:
    """Open a TIFF as a `tifffile.TiffFile`; what it raises meanwhile becomes one complaint.

    Raises:
        Damaged: it cannot be read.
    """
    import tifffile

    # tifffile says in its log what it also raises; the log would print it a second time.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    try:
        with tifffile.TiffFile(file) as tiff:
            yield tiff
    except (Damaged, BlemishError, OSError, MemoryError):
        raise
    except Exception as error:  # untrusted bytes: tifffile and the codecs raise a score of types
        reason = one_line(error)
        raise Damaged(f"is a damaged or unknown TIFF ({reason}); export it again") from error


def _check_segments(page: Any, file: BinaryIO) -> None:
    """Refuse a page that lacks strips or tiles: black or grey would stand for what is missing.

    Raises:
        Damaged: it does.
    """
    places = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    size = file.seek(0, 2)
    if any(at + count > size for at, count in places):
        raise cut_short()
    if len(places) < math.prod(page.chunked) or not all(at and count for at, count in places):
        raise Damaged("lacks strips or tiles; copy or export it again")
    if page.compression == JPEG:
        for at, count in places:
            file.seek(at)
            check_jpeg_end(file.read(count))


def check_plane(page: Any) -> None:
    """Refuse a page that is not one flat picture, grey, RGB or with a palette.

    Raises:
        Damaged: it is something else.
    """
    if page.axes not in {"YX", "YXS", "SYX"}:
        raise Damaged(f"is not one flat picture (its axes are {page.axes}); export one plane")
    kind = page.photometric.name
    is_known = kind in {"MINISBLACK", "MINISWHITE", "RGB", "PALETTE"}
    # Only decoders of JPEG give RGB of them.
    if not is_known and not (kind == "YCBCR" and page.compression in _JPEGS):
        raise Damaged(f"is a TIFF of {kind} colours; export it as grey or RGB")


def shown_values(values: NDArray[Any], page: Any, as_stored: bool = False) -> NDArray[Any]:
    """Give stored values, (H, W) or (H, W, samples), as they are meant: bright is high.

    Palettes are looked up. Bits fewer than 8 or between 8 and 16 are stretched over their type,
    the latter not where values are to be ``as_stored``: a range is told in those.
    """
    kind = page.photometric.name
    if kind == "PALETTE":
        table = np.asarray(page.colormap, np.uint16)
        # Some writers fill the 16-bit table with 8-bit values; libtiff takes them as meant too.
        table = (table if table.max() < 256 else table // 256).astype(np.uint8)
        return np.asarray(table[:, values].transpose(1, 2, 0))
    bits = _depth(values, page.bitspersample)
    if bits < values.itemsize * 8 and not (as_stored and bits > 8):
        values, bits = _full_range(values, bits), values.itemsize * 8
    if kind == "MINISWHITE" and values.dtype.kind in "bu":
        inverted = np.asarray(np.invert(values))
        return inverted if bits == values.itemsize * 8 else inverted & (2**bits - 1)
    return values


def _depth(values: NDArray[Any], bits: Any) -> int:
    """Give how many bits of their type values use, of which a page states ``bits``."""
    most = values.itemsize * 8
    return min(bits, most) if values.dtype.kind == "u" and isinstance(bits, int) else most


def _full_range(values: NDArray[Any], bits: int) -> NDArray[Any]:
    """Stretch values of fewer bits than their type has over all of them."""
    top, full = 2**bits - 1, 2 ** (values.itemsize * 8) - 1
    wide = values.astype(np.uint64).clip(0, top) * full // top
    return np.asarray(wide, values.dtype)


def orientation_of(page: Any) -> int:
    """Give the orientation tag (TIFF 6.0, section 8): 1 is upright, 2 to 8 are not."""
    tag = page.tags.get(_ORIENTATION)
    return int(tag.value) if tag is not None else 1


def upright(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo an orientation tag."""
    if orientation in {5, 6, 7, 8}:
        values = values.swapaxes(0, 1)
    if orientation in {2, 3, 6, 7}:
        values = values[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        values = values[::-1]
    return values


def one_line(error: Exception) -> str:
    """Give the first line of what an error says, or its name."""
    text = str(error).strip().splitlines()
    return text[0][:120] if text else type(error).__name__


def write_pages(pages: Iterable[NDArray[np.uint8]]) -> bytes:
    """Give the content of a TIFF file with a page (H, W, 3) each, uncompressed for old readers."""
    import tifffile

    content = io.BytesIO()
    with tifffile.TiffWriter(content) as tiff:
        for page in pages:
            tiff.write(page, photometric="rgb", metadata=None)
    return content.getvalue()

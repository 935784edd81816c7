"""Pictures of 16 bits that use a small part of them: they are looked at nearly black."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.data.containers import Damaged
from blemish.data.images import Pixels
from blemish.data.tiff import is_tiff, open_tiff

FULL = 65535
DARK = 32
"""A picture of 8 bits that was made of 16 and stays below it uses less than 1/8 of their range."""
_PNG = b"\x89PNG\r\n\x1a\n"


def range_doubt(path: Path, pixels: Pixels) -> str:
    """Say which range a picture of 16 bits may want; empty where its own will do.

    ``pixels`` is what `open_picture` gave for the file without a range. Of a picture of 8 bits
    only the head of the file is read.
    """
    try:
        if not _has_16_bits(path) or int(pixels.max(initial=0)) >= DARK:
            return ""
        brightest = int(_values(path).max(initial=0))
    except (OSError, Damaged, cv2.error):  # it has just been read: what is wrong is told elsewhere
        return ""
    if brightest == 0:
        return ""
    top = max(2 ** brightest.bit_length() - 1, 255)
    return (
        f"its brightest value is {brightest} of {FULL} and it is looked at nearly black: "
        f"give --range 0,{top}, or 0,{FULL} if it is meant so"
    )


def _has_16_bits(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(32)
        if head.startswith(_PNG):
            return head[24:25] == b"\x10"  # bit depth, in IHDR
        if not is_tiff(head):
            return False
        file.seek(0)
        with open_tiff(file) as tiff:
            page = tiff.pages.first
            # Fewer bits are stretched when they are read, and inverted ones are bright.
            return bool(
                page.dtype == np.uint16
                and page.bitspersample == 16
                and page.photometric.name in {"MINISBLACK", "RGB"}
            )


def _values(path: Path) -> NDArray[np.generic]:
    """Give the values of a PNG or TIFF without its alpha channel."""
    with path.open("rb") as file:
        if not is_tiff(file.read(4)):
            file.seek(0)
            content = np.frombuffer(file.read(), np.uint8)
            return np.asarray(
                cv2.imdecode(content, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR), np.uint16
            )
        file.seek(0)
        with open_tiff(file) as tiff:
            page = tiff.pages.first
            values: NDArray[np.generic] = page.asarray()
            if page.axes == "SYX":
                return values[:3] if len(values) >= 3 else values[:1]
            if page.axes == "YXS":
                return values[..., :3] if values.shape[2] >= 3 else values[..., :1]
            return values

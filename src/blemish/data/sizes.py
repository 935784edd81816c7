"""How large a picture is and how it is stored turned, by its first bytes alone.

`blemish.data.images` decodes; here it is only looked up where boxes need a size, so thousands of
pictures take seconds. What is damaged further on shows when the picture is decoded.
"""

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

from blemish.data.containers import Damaged, cut_short
from blemish.data.listing import is_ordinary_file, shown
from blemish.data.tiff import is_tiff, tiff_size
from blemish.errors import PictureError

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_SIZES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ORIENTATION = 274


class Stored(NamedTuple):
    """Width and height as shown, upright, and the EXIF orientation under which it is stored."""

    width: int
    height: int
    orientation: int

    @property
    def size(self) -> tuple[int, int]:
        """Give width and height as shown."""
        return (self.width, self.height)

    @property
    def stored_size(self) -> tuple[int, int]:
        """Give width and height as the file states them."""
        return self.size[::-1] if self.orientation > 4 else self.size


def measure_picture(path: Path) -> Stored:
    """Look up a picture's size.

    Raises:
        PictureError: it cannot be read, or is no PNG, JPEG, BMP or TIFF; the text names it.
    """
    try:
        if not is_ordinary_file(path):
            raise Damaged("cannot be read (it is no ordinary file); remove it")
        with path.open("rb") as file:
            width, height, orientation = _measure(file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PictureError(f"{shown(path)}: cannot be read ({reason}); check the path") from error
    except (struct.error, IndexError) as error:
        raise PictureError(f"{shown(path)}: {cut_short()}") from error
    except Damaged as error:
        raise PictureError(f"{shown(path)}: {error}") from error
    if orientation not in range(1, 9):
        orientation = 1
    if orientation > 4:
        width, height = height, width
    return Stored(width, height, orientation)


def _measure(file: BinaryIO) -> tuple[int, int, int]:
    head = file.read(32)
    if is_tiff(head):
        file.seek(0)
        return tiff_size(file)
    if head.startswith(_PNG):
        return _measure_png(file)
    if head.startswith(b"\xff\xd8\xff"):
        return _measure_jpeg(file)
    if head.startswith(b"BM"):
        (header,) = struct.unpack_from("<I", head, 14)
        width, height = struct.unpack_from("<HH" if header == 12 else "<ii", head, 18)
        return width, abs(height), 1
    if not head:
        raise Damaged("is empty (0 bytes); copy or export it again")
    raise Damaged("is not a PNG, JPEG, BMP or TIFF picture; leave it out or convert it")


def _measure_png(file: BinaryIO) -> tuple[int, int, int]:
    width = height = 0
    orientation: int | None = None
    place, kind = len(_PNG), b""
    while kind != b"IEND":
        file.seek(place)
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"IHDR":
            width, height = struct.unpack(">II", file.read(8))
        elif kind == b"eXIf" and orientation is None:
            orientation = _exif_orientation(file.read(min(length, 65536)))
        place += 12 + length
    return width, height, orientation or 1


def _measure_jpeg(file: BinaryIO) -> tuple[int, int, int]:
    """Read all segments up to the pixels: EXIF may stand behind the size."""
    width = height = 0
    orientation: int | None = None
    file.seek(2)
    while True:
        mark = file.read(2)
        if mark[0] != 0xFF or mark[1] in {0xD9, 0xDA}:
            break
        if mark[1] == 0xFF:  # fill byte
            file.seek(-1, 1)
            continue
        (length,) = struct.unpack(">H", file.read(2))
        content = file.read(length - 2)
        if orientation is None and mark[1] == 0xE1 and content.startswith(b"Exif\0\0"):
            orientation = _exif_orientation(content[6:])
        if mark[1] in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", content, 1)
    if not width:
        raise Damaged("is damaged (a JPEG size is missing); copy or export it again")
    return width, height, orientation or 1


def _exif_orientation(content: bytes) -> int | None:
    """Give the orientation tag of the first directory; None where it is missing or damaged.

    Of several the decoders take the first, and of whatever type its two bytes.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(content[:4])
    if order is None:
        return None
    try:
        (place,) = struct.unpack_from(f"{order}I", content, 4)
        (count,) = struct.unpack_from(f"{order}H", content, place)
        for at in range(place + 2, place + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", content, at)
            if tag == _ORIENTATION:
                return int(value)
    except struct.error:
        pass
    return None

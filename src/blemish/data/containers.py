"""Whether the bytes of a PNG, JPEG or BMP file are all there, before a decoder sees them.

Decoders are lenient: OpenCV gives a half-grey picture for half a JPEG, and a grey wafer has no
defects. So the container is walked to its end, and the size it states is held to a limit.
"""

import re
import struct
import zlib

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_SIZES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN, _JPEG_END = b"\xff\xda", b"\xff\xd9"
_JPEG_ALONE = {0x01, *range(0xD0, 0xD8)}
# In a JPEG's coded data, a marker is FF and anything but a stuffed 00, a restart or more FF.
_JPEG_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


class Damaged(Exception):  # noqa: N818 - it is always turned into a PictureError with the name
    """What is wrong with a file's content and what to do, without the file's name."""


class TooLarge(Damaged):
    """A file states more pixels than are taken."""


def check_complete(content: bytes, max_pixels: int) -> None:
    """Check that the file is a whole PNG, JPEG or BMP of at most so many pixels.

    Raises:
        Damaged: it is not.
    """
    if not content:
        raise Damaged("is empty (0 bytes); copy or export it again")
    for signature, measure in (
        (_PNG, _png_size),
        (b"\xff\xd8\xff", _jpeg_size),
        (b"BM", _bmp_size),
    ):
        if content.startswith(signature):
            try:
                width, height = measure(content)
            except (struct.error, IndexError) as error:
                raise cut_short() from error
            check_size(width, height, max_pixels)
            return
    raise Damaged("is not a PNG, JPEG, BMP or TIFF picture; leave it out or convert it")


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Hold a stated size to the limit.

    Raises:
        Damaged: the size is nothing, or (`TooLarge`) above the limit.
    """
    if width < 1 or height < 1:
        raise Damaged("has no pixels; export it again")
    if width * height > max_pixels:
        raise TooLarge(
            f"has {width} x {height} pixels, above the limit of {max_pixels // 1_000_000} million; "
            "cut it into smaller pictures"
        )


def cut_short() -> Damaged:
    """Give the one complaint for a file whose end is missing."""
    return Damaged("is cut short (its end is missing); copy or export it again")


def check_jpeg_end(content: bytes) -> None:
    """Check that a JPEG inside another file has an end; bytes after it do not matter.

    Raises:
        Damaged: it has none.
    """
    end = content.rfind(_JPEG_END)
    # What looks like an end before the coded data is of a table or a thumbnail.
    if end < 0 or content.find(_JPEG_SCAN, end) >= 0:
        raise cut_short()


def _png_size(content: bytes) -> tuple[int, int]:
    view = memoryview(content)
    place = len(_PNG)
    kind = b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, place)
        end = place + 8 + length
        (expected,) = struct.unpack_from(">I", content, end)
        # Ancillary chunks (lower-case first letter) carry no pixels: writers get those wrong.
        if kind[:1].isupper() and zlib.crc32(view[place + 4 : end]) != expected:
            raise Damaged("is damaged (a PNG checksum is wrong); copy or export it again")
        place = end + 4
    width, height = struct.unpack_from(">II", content, len(_PNG) + 8)
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int]:
    size = (0, 0)
    place = 2
    while (marker := content[place + 1]) != 0xD9:
        if content[place] != 0xFF:
            raise Damaged("is damaged (a JPEG marker is missing); copy or export it again")
        if marker == 0xFF:  # fill byte
            place += 1
            continue
        if marker in _JPEG_ALONE:
            place += 2
            continue
        (length,) = struct.unpack_from(">H", content, place + 2)
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", content, place + 5)
            size = (width, height)
        place += 2 + length
        if marker == 0xDA:
            found = _JPEG_NEXT_MARKER.search(content, place)
            if found is None:
                raise cut_short()
            place = found.start()
    return size


def _bmp_size(content: bytes) -> tuple[int, int]:
    start, header = struct.unpack_from("<II", content, 10)
    if header == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", content, 18)
        compression = 0
    else:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", content, 18)
    height = abs(height)
    rows = (width * bits + 31) // 32 * 4 * height
    if compression in {0, 3} and start + rows > len(content):
        raise cut_short()
    return width, height

import os
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile

from blemish.data.images import open_picture
from blemish.data.sizes import measure_picture
from blemish.errors import PictureError
from planted_labels import lay_picture

SIZE = (40, 23)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif"])
def test_the_size_is_that_of_the_decoded_picture(tmp_path, suffix):
    lay_picture(tmp_path / f"w{suffix}", SIZE)
    stored = measure_picture(tmp_path / f"w{suffix}")
    assert (stored.size, stored.orientation) == (SIZE, 1)
    assert open_picture(tmp_path / f"w{suffix}").shape == (23, 40, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_turned_pictures_are_measured_upright(tmp_path, suffix, orientation):
    path = tmp_path / f"w{suffix}"
    if suffix == ".jpg":
        lay_picture(path, SIZE, orientation=orientation)
    else:
        tags = [(274, 3, 1, orientation, True)]
        tifffile.imwrite(path, np.zeros((23, 40), np.uint16), extratags=tags)
    stored = measure_picture(path)
    assert stored.size == open_picture(path).shape[1::-1]
    assert (stored.stored_size, stored.orientation) == (SIZE, orientation)


def exif(orientation, tag=274, kind=3, order=">"):
    """Give an EXIF directory with one tag."""
    head = {">": b"MM\0*", "<": b"II*\0"}[order] + struct.pack(order + "IH", 8, 1)
    value = struct.pack(order + {3: "HH", 4: "I"}[kind], *(orientation, 0)[: 5 - kind])
    return head + struct.pack(order + "HHI", tag, kind, 1) + value + bytes(4)


def segment(directory):
    content = b"Exif\0\0" + directory
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


@pytest.mark.parametrize(
    "parts",
    [
        [exif(6)],
        [exif(6), exif(1)],
        [exif(1), exif(6)],
        [exif(0), exif(6)],
        [exif(6, tag=271), exif(6)],
    ],
)
@pytest.mark.parametrize("mark", [b"\xff\xe0", b"\xff\xda"])
def test_a_jpeg_is_measured_as_it_is_decoded(tmp_path, mark, parts):
    path = tmp_path / "w.jpg"
    lay_picture(path, SIZE)
    content = path.read_bytes()
    at = content.index(mark)  # right at the beginning, or behind the size
    path.write_bytes(content[:at] + b"".join(map(segment, parts)) + content[at:])
    assert measure_picture(path).size == open_picture(path).shape[1::-1]


@pytest.mark.parametrize("order", "<>")
def test_an_orientation_of_another_type_is_measured_as_it_is_decoded(tmp_path, order):
    path = tmp_path / "w.jpg"
    lay_picture(path, SIZE)
    content = path.read_bytes()
    path.write_bytes(content[:2] + segment(exif(6, kind=4, order=order)) + content[2:])
    assert measure_picture(path).size == open_picture(path).shape[1::-1]


@pytest.mark.parametrize("parts", [[exif(6)], [exif(6), exif(1)], [exif(6, kind=4, order="<")]])
def test_a_turned_png_is_measured_as_it_is_decoded(tmp_path, parts):
    path = tmp_path / "w.png"
    _, png = cv2.imencode(".png", np.zeros((23, 40), np.uint8))
    content = png.tobytes()
    checks = [zlib.crc32(b"eXIf" + part) for part in parts]
    chunks = [
        struct.pack(">I", len(part)) + b"eXIf" + part + struct.pack(">I", check)
        for part, check in zip(parts, checks, strict=True)
    ]
    path.write_bytes(content[:33] + b"".join(chunks) + content[33:])
    assert measure_picture(path).size == open_picture(path).shape[1::-1] == SIZE[::-1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"GIF89a" + bytes(40), "is not a PNG"),
        (b"\x89PNG\r\n\x1a\n\0\0", "cut short"),
        (b"\xff\xd8\xff\xe0\0\x10", "cut short"),
        (b"\xff\xd8\xff\xd9", "damaged"),
        (b"BM\0\0", "cut short"),
        (b"II*\0\x08", "TIFF"),
    ],
)
def test_broken_pictures_are_named(tmp_path, content, message):
    (tmp_path / "먼지.png").write_bytes(content)
    with pytest.raises(PictureError, match=rf"먼지\.png: .*{message}"):
        measure_picture(tmp_path / "먼지.png")
    with pytest.raises(PictureError, match="gone"):
        measure_picture(tmp_path / "gone.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "w.png")
    with pytest.raises(PictureError, match=r"w\.png: cannot be read \(it is no ordinary file\)"):
        measure_picture(tmp_path / "w.png")

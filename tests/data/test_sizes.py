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


def test_a_turned_png_is_measured_as_it_is_decoded(tmp_path):
    path = tmp_path / "w.png"
    _, png = cv2.imencode(".png", np.zeros((23, 40), np.uint8))
    content = png.tobytes()
    exif = b"MM\0*\0\0\0\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\0\0\0\0\0\0"
    check = zlib.crc32(b"eXIf" + exif).to_bytes(4, "big")
    chunk = len(exif).to_bytes(4, "big") + b"eXIf" + exif + check
    path.write_bytes(content[:33] + chunk + content[33:])
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

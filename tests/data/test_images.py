import io
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from blemish.data.images import open_picture, to_uint8_rgb, write_picture
from blemish.errors import PictureError, UsageError

RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (9, 14, 3), dtype=np.uint8)
GREY = RGB[..., 0].copy()
DEEP = RNG.integers(0, 65536, (9, 14, 3), dtype=np.uint16)


def grey3(grey):
    return np.repeat(grey[..., None], 3, 2)


def in_8_bits(deep):
    return np.rint(deep / 257).astype(np.uint8)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size, bits, colour, rows, extra=b""):
    header = struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def encoded(suffix, rgb):
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR) if rgb.ndim == 3 else rgb
    return cv2.imencode(suffix, bgr)[1].tobytes()


def tiff(values, **settings):
    file = io.BytesIO()
    tifffile.imwrite(file, values, **settings)
    return file.getvalue()


def read(tmp_path, content, name="wafer", **settings):
    path = tmp_path / name
    path.write_bytes(content)
    return open_picture(path, **settings)


def exif(orientation):
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"II*\0\x08\0\0\0\1\0" + entry + b"\0\0\0\0"


PALETTE = chunk(b"PLTE", bytes([255, 0, 0, 0, 255, 7]))
COLOURS = np.arange(768, dtype=np.uint16).reshape(3, 256) * 64
WITH_ALPHA = np.dstack([RGB, np.zeros((9, 14), np.uint8)])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (encoded(".png", RGB), RGB),
        (encoded(".png", GREY), grey3(GREY)),
        (encoded(".bmp", RGB), RGB),
        (encoded(".bmp", GREY), grey3(GREY)),
        (encoded(".png", DEEP), in_8_bits(DEEP)),
        (encoded(".png", DEEP[..., 0]), grey3(in_8_bits(DEEP[..., 0]))),
        (png((2, 1), 8, 3, b"\0\0\1", PALETTE), [[[255, 0, 0], [0, 255, 7]]]),
        (
            png((2, 1), 8, 3, b"\0\0\1", PALETTE + chunk(b"tRNS", b"\0\x80")),
            [[[255, 0, 0], [0, 255, 7]]],
        ),
        (png((2, 1), 1, 0, b"\0\x40"), [[[0, 0, 0], [255, 255, 255]]]),
        (png((1, 1), 8, 4, b"\0\x40\0"), [[[64, 64, 64]]]),
        (png((2, 1), 8, 6, b"\0\1\2\3\0\4\5\6\x80"), [[[1, 2, 3], [4, 5, 6]]]),
        (png((2, 1), 8, 2, b"\0" + bytes(range(6)), chunk(b"eXIf", exif(6))),
         [[[0, 1, 2]], [[3, 4, 5]]]),
        (tiff(RGB), RGB),
        (tiff(GREY), grey3(GREY)),
        (tiff(RGB, compression="zstd"), RGB),
        (tiff(RGB, compression="lzw", predictor=True), RGB),
        (tiff(DEEP, photometric="rgb"), in_8_bits(DEEP)),
        (tiff(DEEP[..., 0], tile=(16, 16)), grey3(in_8_bits(DEEP[..., 0]))),
        (tiff(DEEP[..., 0], byteorder=">"), grey3(in_8_bits(DEEP[..., 0]))),
        (tiff(RGB, bigtiff=True), RGB),
        (tiff(np.moveaxis(RGB, -1, 0), photometric="rgb", planarconfig="separate"), RGB),
        (tiff(WITH_ALPHA, photometric="rgb", extrasamples=["unassalpha"]), RGB),
        (tiff(GREY, photometric="miniswhite"), grey3(255 - GREY)),
        (tiff(GREY > 99, photometric="minisblack"), grey3(np.uint8(255) * (GREY > 99))),
        (tiff(GREY, photometric="palette", colormap=COLOURS),
         ((COLOURS)[:, GREY] // 256).transpose(1, 2, 0)),
        (tiff(np.stack([GREY, GREY.T.reshape(9, 14)])), grey3(GREY)),
        (encoded(".png", RGB[:1, :1]), RGB[:1, :1]),
        (encoded(".png", RGB[:1]), RGB[:1]),
    ],
)  # fmt: skip
def test_planted_pixels_come_back(tmp_path, content, expected):
    pixels = read(tmp_path, content)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    np.testing.assert_array_equal(pixels, expected)


def test_jpeg_tiff_is_close(tmp_path):
    smooth = cv2.resize(RGB, (64, 64), interpolation=cv2.INTER_LINEAR)
    for content in (tiff(smooth, compression="jpeg"), encoded(".jpg", smooth)):
        assert np.abs(read(tmp_path, content).astype(int) - smooth).mean() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiff_and_jpeg_are_turned_alike(tmp_path, orientation):
    corner = np.zeros((16, 32, 3), np.uint8)
    corner[:8, :8] = 255
    corner[:8, 24:] = 120
    jpeg = encoded(".jpg", corner)
    tag = b"Exif\0\0" + exif(orientation)
    jpeg = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(tag) + 2) + tag + jpeg[2:]
    turned = read(tmp_path, jpeg)
    upright = read(tmp_path, tiff(corner, extratags=[(274, 3, 1, orientation, True)]))
    assert upright.shape == turned.shape
    assert np.abs(upright.astype(int) - turned).mean() < 3


def test_a_range_is_the_same_map_for_every_picture(tmp_path):
    values = np.array([[0, 100, 150, 200, 60000]], np.uint16)
    expected = grey3(np.array([[0, 0, 128, 255, 255]], np.uint8))
    for content in (tiff(values), encoded(".png", values), tiff(values.astype(np.float32))):
        np.testing.assert_array_equal(read(tmp_path, content, value_range=(100, 200)), expected)


def test_a_range_leaves_8_bits_alone(tmp_path):
    np.testing.assert_array_equal(read(tmp_path, encoded(".png", RGB), value_range=(0, 9)), RGB)


@pytest.mark.parametrize("value_range", [(9, 5), (5, 5), (0, np.inf), (-np.inf, 5), (np.nan, 5)])
def test_a_range_must_rise(tmp_path, value_range):
    with pytest.raises(UsageError, match="rising"):
        open_picture(tmp_path / "any.png", value_range)


def test_12_bit_tiff_is_stretched_over_its_own_range(tmp_path):
    values = np.array([[0, 2048, 4095]], np.uint16)
    content = tiff(values, compression="none", bitspersample=12)
    assert read(tmp_path, content)[0, :, 0].tolist() == [0, 128, 255]


def test_a_range_of_12_bits_is_told_in_stored_values(tmp_path):
    values = np.array([[0, 1024, 2048, 4095]], np.uint16)
    for photometric, expected in (
        ("minisblack", [0, 0, 128, 255]),
        ("miniswhite", [255, 255, 127, 0]),  # 4095 - value
    ):
        content = tiff(values, bitspersample=12, photometric=photometric)
        shown = read(tmp_path, content, value_range=(1024, 3072))
        assert shown[0, :, 0].tolist() == expected


PNG, JPEG, BMP = (
    encoded(suffix, cv2.resize(RGB, (200, 150))) for suffix in (".png", ".jpg", ".bmp")
)
TIFF = tiff(cv2.resize(RGB, (200, 150)))
ZIPPED = tiff(cv2.resize(RGB, (200, 150)), compression="zlib", rowsperstrip=10)
NAN = tiff(np.array([[0.5, np.nan]], np.float32))
HUGE = png((30_000, 30_000), 8, 2, b"")
HUGE_JPEG = JPEG.replace(struct.pack(">HH", 150, 200), struct.pack(">HH", 30_000, 30_000))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\0", "is not a PNG"),
        (b"<xml>hello, I am not a picture</xml>", "is not a PNG"),
        *((PNG[: len(PNG) * part // 10], "is cut short") for part in (1, 5, 9)),
        (PNG[:-1], "is cut short"),
        *((JPEG[: len(JPEG) * part // 10], "is cut short") for part in (1, 5, 9)),
        (JPEG[:-2], "is cut short"),
        (JPEG[:3], "is cut short"),
        (BMP[: len(BMP) // 2], "is cut short"),
        (BMP[:10], "is cut short"),
        (TIFF[: len(TIFF) // 2], "is cut short"),
        (ZIPPED[: len(ZIPPED) // 2], "is cut short|damaged"),
        (TIFF[:12], "damaged"),
        (b"II*\0", "damaged"),
        (PNG[:60] + bytes(20) + PNG[80:], "checksum"),
        (NAN, "not numbers"),
        (tiff(RGB.astype(np.float32), photometric="rgb"), r"give one by --range LO,HI"),
        (tiff(RGB.astype(np.int16), photometric="rgb"), r"give one by --range LO,HI"),
        (tiff(RGB.astype(np.uint32), photometric="rgb"), r"give one by --range LO,HI"),
        (tiff(np.ones((4, 4), np.complex64)), "complex64"),
        (tiff(WITH_ALPHA, photometric="separated"), "SEPARATED"),
        (tiff(RGB, photometric="ycbcr"), "YCBCR"),
        (tiff(RGB, photometric="ycbcr", compression="lzw"), "YCBCR"),
        (HUGE, "above the limit of 400 million"),
        (HUGE_JPEG, "above the limit of 400 million"),
        (png((0, 5), 8, 2, b""), "no pixels"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path, capfd, content, message):
    with pytest.raises(PictureError, match=message) as caught:
        read(tmp_path, content, name="웨이퍼 1.png")
    line = str(caught.value)
    assert line.startswith(str(tmp_path / "웨이퍼 1.png") + ": ")
    assert "\n" not in line
    assert ";" in line
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("compression", [None, "lzw", "jpeg"])
def test_strips_that_a_tiff_lacks_are_told(tmp_path, compression):
    path = tmp_path / "w.tif"
    for size, gone in (((150, 200), 2), ((150, 200, 3), 0)):
        grey = np.full(size, 90, np.uint8)
        whole = tiff(grey, compression=compression, rowsperstrip=16)
        for code in (273, 279):  # StripOffsets, StripByteCounts
            path.write_bytes(whole)
            with tifffile.TiffFile(path, mode="r+") as file:
                tag = file.pages.first.tags[code]
                tag.overwrite([*tag.value[:gone], 0, *tag.value[gone + 1 :]])
            with pytest.raises(PictureError, match="lacks strips or tiles"):
                open_picture(path)
        with tifffile.TiffFile(path, mode="r+") as file:
            for code in (273, 279):
                tag = file.pages.first.tags[code]
                tag.overwrite(tag.value[:-1])
        with pytest.raises(PictureError, match="lacks strips or tiles"):
            open_picture(path)


@pytest.mark.parametrize("how", [{"tile": (64, 64)}, {"rowsperstrip": 48}])
def test_a_jpeg_that_is_cut_short_in_a_tiff_is_told(tmp_path, how):
    path = tmp_path / "w.tif"
    path.write_bytes(tiff(cv2.resize(RGB, (200, 150)), compression="jpeg", **how))
    assert open_picture(path).shape == (150, 200, 3)
    with tifffile.TiffFile(path, mode="r+") as file:
        tag = file.pages.first.tags["TileByteCounts" if "tile" in how else "StripByteCounts"]
        tag.overwrite([tag.value[0], tag.value[1] // 2, *tag.value[2:]])
    with pytest.raises(PictureError, match="cut short"):
        open_picture(path)


def test_nan_is_told_even_with_a_range(tmp_path):
    with pytest.raises(PictureError, match="not numbers"):
        read(tmp_path, NAN, value_range=(0, 1))


def test_the_limit_holds_for_tiff(tmp_path):
    with pytest.raises(PictureError, match="above the limit"):
        read(tmp_path, TIFF, max_pixels=200 * 150 - 1)
    assert read(tmp_path, TIFF, max_pixels=200 * 150).shape == (150, 200, 3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="no ordinary file"):
        open_picture(tmp_path / "pipe.png")


def test_what_cannot_be_opened_is_a_picture_error(tmp_path):
    with pytest.raises(PictureError, match="No such file"):
        open_picture(tmp_path / "gone.png")
    with pytest.raises(PictureError, match="no ordinary file"):
        open_picture(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_no_permission_is_a_picture_error(tmp_path):
    path = tmp_path / "locked.png"
    path.write_bytes(PNG)
    path.chmod(0)
    with pytest.raises(PictureError, match="permission"):
        open_picture(path)


def test_jpeg_with_trailing_bytes_and_a_cut_thumbnail_inside(tmp_path):
    assert read(tmp_path, JPEG + b"maker's notes").shape == (150, 200, 3)
    thumbnail = JPEG[:500]
    inside = JPEG[:2] + b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + JPEG[2:]
    assert read(tmp_path, inside).shape == (150, 200, 3)


def test_progressive_jpeg_is_walked_to_its_last_scan(tmp_path):
    settings = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    content = cv2.imencode(".jpg", cv2.resize(RGB, (200, 150)), settings)[1].tobytes()
    assert read(tmp_path, content).shape == (150, 200, 3)
    last_scan = content.rindex(b"\xff\xda")
    with pytest.raises(PictureError, match="cut short"):
        read(tmp_path, content[:last_scan])


def test_written_pictures_come_back(tmp_path):
    write_picture(tmp_path / "그림.png", RGB)
    np.testing.assert_array_equal(open_picture(tmp_path / "그림.png"), RGB)
    write_picture(tmp_path / "a.JPG", RGB)
    assert open_picture(tmp_path / "a.JPG").shape == RGB.shape
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.JPG", "그림.png"]


def test_a_name_as_long_as_the_disk_allows_can_be_written(tmp_path):
    path = tmp_path / ("w" * 251 + ".jpg")
    write_picture(path, RGB)
    assert list(tmp_path.iterdir()) == [path]


def test_ctrl_c_leaves_nothing_half_written(tmp_path, monkeypatch):
    def stop(path, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write_picture(tmp_path / "a.jpg", RGB)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken.png").mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        write_picture(tmp_path / "taken.png", RGB)
    with pytest.raises(UsageError, match="cannot be written"):
        write_picture(tmp_path / "no folder" / "a.png", RGB)
    with pytest.raises(UsageError, match=r"\.png or \.jpg"):
        write_picture(tmp_path / "a.bmp", RGB)
    assert [path.name for path in tmp_path.iterdir()] == ["taken.png"]


def test_values_in_memory_take_the_same_road():
    np.testing.assert_array_equal(to_uint8_rgb(GREY), grey3(GREY))
    np.testing.assert_array_equal(to_uint8_rgb(DEEP), in_8_bits(DEEP))

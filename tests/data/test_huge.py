import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import blemish.data.huge as huge_module
from blemish.data.huge import HugePicture, open_by_size, reduced
from blemish.data.images import as_rgb, open_picture
from blemish.errors import PictureError, UsageError

RNG = np.random.default_rng(8)
RGB = cv2.resize(RNG.integers(0, 256, (20, 26, 3), dtype=np.uint8), (130, 99))
GREY = RGB[..., 0].copy()
DEEP = RNG.integers(0, 65536, (99, 130, 3), dtype=np.uint16)
COLOURS = np.arange(768, dtype=np.uint16).reshape(3, 256) * 64
TILES = {"tile": (16, 32)}
RGB_TILES = TILES | {"photometric": "rgb"}
TURNED = [(274, 3, 1, 6, True)]


def write(path: Path, values: NDArray[np.generic], **how: object) -> Path:
    tifffile.imwrite(path, values, **how)
    return path


def rows_of(
    path: Path, box: tuple[int, int, int, int] | None = None, **how: object
) -> NDArray[np.uint8]:
    picture = open_by_size(path, whole_pixels=100, **how)  # type: ignore[arg-type]
    assert isinstance(picture, HugePicture)
    parts = list(picture.rows(box or (0, 0, picture.width, picture.height)))
    return as_rgb(np.concatenate(parts))


KINDS: list[tuple[NDArray[np.generic], dict[str, object]]] = [
    (RGB, {"photometric": "rgb"}),
    (RGB, {"photometric": "rgb", "rowsperstrip": 7}),
    (RGB, RGB_TILES),
    (GREY, TILES),
    (GREY, TILES | {"bigtiff": True}),
    (RGB, RGB_TILES | {"compression": "lzw"}),
    (RGB, RGB_TILES | {"compression": "lzw", "predictor": True}),
    (RGB, RGB_TILES | {"compression": "deflate", "predictor": True}),
    (RGB, RGB_TILES | {"compression": "zstd"}),
    (RGB, RGB_TILES | {"compression": "packbits"}),
    (RGB, RGB_TILES | {"compression": "jpeg"}),
    (GREY, TILES | {"compression": "jpeg"}),
    (RGB, {"photometric": "rgb", "compression": "jpeg", "rowsperstrip": 16}),
    (DEEP, RGB_TILES | {"compression": "zstd", "predictor": True}),
    (DEEP[..., 0], TILES | {"compression": "deflate"}),
    (DEEP[..., 0], TILES | {"byteorder": ">"}),
    (DEEP[..., 0], {"byteorder": ">", "rowsperstrip": 5}),
    (DEEP, {"photometric": "rgb", "compression": "lzw", "rowsperstrip": 10}),
    (np.moveaxis(RGB, -1, 0), {"photometric": "rgb", "planarconfig": "separate"}),
    (np.moveaxis(RGB, -1, 0), RGB_TILES | {"planarconfig": "separate", "compression": "zstd"}),
    (np.moveaxis(DEEP, -1, 0), {"photometric": "rgb", "planarconfig": "separate",
                                "rowsperstrip": 9}),
    (np.dstack([RGB, GREY]), RGB_TILES | {"extrasamples": ["unassalpha"]}),
    (GREY, TILES | {"photometric": "miniswhite"}),
    (GREY, TILES | {"photometric": "palette", "colormap": COLOURS}),
    (GREY > 99, {"photometric": "minisblack"}),
    (GREY > 99, TILES | {"photometric": "minisblack", "compression": "deflate"}),
]  # fmt: skip


@pytest.mark.parametrize(("values", "how"), KINDS)
def test_rows_are_those_of_the_whole_picture(
    tmp_path: Path, values: NDArray[np.generic], how: dict[str, object]
) -> None:
    path = write(tmp_path / "w.tif", values, **how)
    np.testing.assert_array_equal(rows_of(path), open_picture(path))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("how", [TILES | {"compression": "zstd"}, {"rowsperstrip": 7}])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_rectangle_of_a_turned_picture_comes(
    tmp_path: Path, orientation: int, how: dict[str, object], data: st.DataObject
) -> None:
    path = tmp_path / "w.tif"
    write(path, GREY, extratags=[(274, 3, 1, orientation, True)], **how)
    whole = open_picture(path)
    height, width = whole.shape[:2]
    x1, y1 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x2, y2 = data.draw(st.integers(x1 + 1, width)), data.draw(st.integers(y1 + 1, height))
    np.testing.assert_array_equal(rows_of(path, (x1, y1, x2, y2)), whole[y1:y2, x1:x2])


def test_steps_smaller_than_a_strip_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blemish.data.rows.ROWS", 10)
    monkeypatch.setattr("blemish.data.rows.MOST_PIXELS", 1)
    path = write(tmp_path / "w.tif", GREY, compression="lzw", rowsperstrip=64, extratags=TURNED)
    np.testing.assert_array_equal(rows_of(path), open_picture(path))


def test_each_tile_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import blemish.data.segments as segments

    read: list[int] = []
    inner = segments._segment_bytes

    def count(page: object, file: object, index: int, most: int) -> bytes:
        read.append(index)
        return inner(page, file, index, most)  # type: ignore[arg-type]

    monkeypatch.setattr(segments, "_segment_bytes", count)
    rows_of(write(tmp_path / "w.tif", GREY, **TILES))
    assert sorted(read) == list(range(7 * 5))
    read.clear()
    rows_of(tmp_path / "w.tif", (40, 20, 60, 30))  # and only those of the rectangle
    assert read == [6]


def test_a_range_is_the_same_map_for_every_window(tmp_path: Path) -> None:
    path = write(tmp_path / "w.tif", DEEP.astype(np.float32), **RGB_TILES)
    expected = open_picture(path, (1000, 30000))
    np.testing.assert_array_equal(rows_of(path, value_range=(1000, 30000)), expected)
    with pytest.raises(PictureError, match="--range"):
        rows_of(path)
    with pytest.raises(UsageError):
        rows_of(path, value_range=(3, 2))


def test_a_range_of_12_bits_is_told_in_stored_values(tmp_path: Path) -> None:
    values = (DEEP[..., 0] // 16).astype(np.uint16)
    path = write(tmp_path / "w.tif", values, bitspersample=12, rowsperstrip=9)
    expected = np.rint((values.astype(float) - 1000).clip(0, 2000) * 255 / 2000).astype(np.uint8)
    for shown in (rows_of(path, value_range=(1000, 3000)), open_picture(path, (1000, 3000))):
        np.testing.assert_array_equal(shown[..., 0], expected)
    np.testing.assert_array_equal(rows_of(path), open_picture(path))


def test_small_ones_and_other_kinds_are_read_whole(tmp_path: Path) -> None:
    (tmp_path / "w.png").write_bytes(cv2.imencode(".png", RGB)[1].tobytes())
    small = write(tmp_path / "w.tif", RGB, **RGB_TILES)
    coded = write(tmp_path / "c.tif", RGB, compression="jpegxl", **RGB_TILES)
    for path in (tmp_path / "w.png", coded):
        np.testing.assert_array_equal(open_by_size(path, whole_pixels=1), open_picture(path))
    np.testing.assert_array_equal(open_by_size(small), open_picture(small))
    with pytest.raises(PictureError, match="gone"):
        open_by_size(tmp_path / "gone.tif")
    with pytest.raises(PictureError, match="ordinary"):
        open_by_size(tmp_path)


def lost_of(path: Path) -> tuple[list[tuple[tuple[int, ...], str]], NDArray[np.uint8]]:
    picture = open_by_size(path, whole_pixels=100)
    assert isinstance(picture, HugePicture)
    lost: list[tuple[tuple[int, ...], str]] = []
    box = (0, 0, picture.width, picture.height)
    rows = picture.rows(box, lambda place, why: lost.append((place, why)))
    return lost, as_rgb(np.concatenate(list(rows)))


def change_tile(path: Path, index: int, change: Callable[[bytes], bytes]) -> None:
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        place, size = page.dataoffsets[index], page.databytecounts[index]
    content = bytearray(path.read_bytes())
    content[place : place + size] = change(bytes(content[place : place + size]))
    path.write_bytes(content)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("compression", ["deflate", "zstd", "jpeg"])
def test_a_damaged_tile_is_told_with_its_place_and_the_others_come(
    tmp_path: Path, compression: str, orientation: int
) -> None:
    how = TILES | {"compression": compression, "extratags": [(274, 3, 1, orientation, True)]}
    path = write(tmp_path / "w.tif", GREY, **how)
    whole = open_picture(path)
    change_tile(path, 5 + 2, lambda data: b"\x07" * len(data))
    ((place, why),), rows = lost_of(path)
    left, top, right, bottom = place
    assert place == ((64, 16, 96, 32) if orientation == 1 else (99 - 32, 64, 99 - 16, 96))
    assert why
    kept = whole.copy()
    kept[top:bottom, left:right] = 0
    np.testing.assert_array_equal(rows, kept)


@pytest.mark.parametrize("how", [TILES, {"rowsperstrip": 16}, TILES | {"compression": "zstd"}])
def test_the_missing_end_of_a_file_is_lost_and_no_more(
    tmp_path: Path, how: dict[str, object]
) -> None:
    path = write(tmp_path / "w.tif", GREY, **how)
    whole = open_picture(path)
    with tifffile.TiffFile(path) as tiff:
        end = tiff.pages[0].dataoffsets[-1] + 3
    os.truncate(path, end)
    lost, rows = lost_of(path)
    assert [place[1] for place, _ in lost] == [96] if "tile" in how else [0]
    assert all("cut short" in why for _, why in lost)
    if "tile" in how:
        np.testing.assert_array_equal(rows[:96], whole[:96])


def test_a_tile_that_the_file_lacks_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "w.tif"
    tiles = (None if index == 3 else GREY[:16, :32] for index in range(35))
    tifffile.imwrite(path, tiles, shape=GREY.shape, dtype=np.uint8, **TILES)  # type: ignore[arg-type]
    lost, _ = lost_of(path)
    assert lost == [((96, 0, 128, 16), "is missing")]


def test_a_jpeg_tile_that_is_cut_short_is_lost(tmp_path: Path) -> None:
    path = write(tmp_path / "w.tif", RGB, compression="jpeg", **RGB_TILES)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tag = tiff.pages.first.tags["TileByteCounts"]
        tag.overwrite([*tag.value[:7], tag.value[7] * 2 // 3, *tag.value[8:]])
    ((place, why),), rows = lost_of(path)
    assert place == (64, 16, 96, 32)
    assert "cut short" in why
    assert not rows[16:32, 64:96].any()


def test_colours_in_a_tile_of_a_grey_picture_are_lost(tmp_path: Path) -> None:
    jpeg = {"tile": (32, 64), "compression": "jpeg"}
    flat = np.full_like(RGB, 90)
    colours = write(tmp_path / "c.tif", flat, **jpeg, photometric="rgb")
    with tifffile.TiffFile(colours) as tiff:
        begin, size = tiff.pages[0].dataoffsets[0], tiff.pages[0].databytecounts[0]
    coloured = colours.read_bytes()[begin : begin + size]
    path = write(tmp_path / "w.tif", GREY, **jpeg)
    change_tile(path, 4, lambda data: coloured.ljust(len(data), b"\0"))
    ((place, why),), rows = lost_of(path)
    assert place == (64, 32, 128, 64)
    assert why.startswith("cannot be decoded")
    assert rows[32:64, 64:128].max() == 0


def test_grey_rows_have_one_channel(tmp_path: Path) -> None:
    for values, how, channels in ((GREY, TILES, 1), (RGB, RGB_TILES, 3)):
        picture = open_by_size(write(tmp_path / "w.tif", values, **how), whole_pixels=100)
        assert isinstance(picture, HugePicture)
        assert {part.shape[2] for part in picture.rows((0, 0, 130, 99))} == {channels}
        assert picture.overview[0].shape[2] == 3


def test_a_tile_with_numbers_missing_is_lost(tmp_path: Path) -> None:
    values = GREY.astype(np.float32)
    values[20, 40] = np.nan
    path = write(tmp_path / "w.tif", values, **TILES)
    picture = open_by_size(path, (0, 255), whole_pixels=100)
    assert isinstance(picture, HugePicture)
    lost: list[tuple[int, ...]] = []
    list(picture.rows((0, 0, 130, 99), lambda place, why: lost.append(place)))
    assert lost == [(32, 16, 64, 32)]


def test_what_states_too_much_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "w.tif", GREY, compression="deflate", **TILES)
    monkeypatch.setattr(huge_module, "MAX_HUGE_PIXELS", 12_000)
    with pytest.raises(PictureError, match="130 x 99 pixels, above the limit"):
        rows_of(path)
    monkeypatch.undo()
    monkeypatch.setattr(huge_module, "MAX_HUGE_WIDTH", 129)
    with pytest.raises(PictureError, match="129 in width"):
        rows_of(path)
    monkeypatch.undo()
    monkeypatch.setattr("blemish.data.segments.MAX_SEGMENT", 500)
    monkeypatch.setattr(huge_module, "MAX_PIXELS", 500)
    with pytest.raises(PictureError, match="pieces of 32 x 16"):
        rows_of(path)
    monkeypatch.undo()
    bomb = cv2.imencode(".jpg", np.zeros((4000, 4000), np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 1])
    how = TILES | {"compression": "jpeg"}
    path = write(tmp_path / "b.tif", RNG.integers(0, 255, (8000, 64), dtype=np.uint8), **how)
    content = bomb[1].tobytes()
    change_tile(path, 0, lambda data: content[: len(data)])
    lost, _ = lost_of(path)
    assert lost[0][1] == "holds a JPEG larger than itself"


def test_the_overview_is_the_picture_reduced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huge_module, "OVERVIEW_SIDE", 30)
    path = write(tmp_path / "w.tif", RGB, **RGB_TILES)
    picture = open_by_size(path, whole_pixels=100)
    assert isinstance(picture, HugePicture)
    small, factor = picture.overview
    assert (small.shape, factor) == ((19, 26, 3), 5.0)
    exact = RGB[:95, :130].reshape(19, 5, 26, 5, 3).mean(axis=(1, 3))
    assert np.abs(small - exact).max() <= 0.51


@pytest.mark.parametrize("kind", ["sub-pages", "later pages"])
def test_a_level_of_the_pyramid_serves_as_overview(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huge_module, "LEVEL_SIDES", (20, 70))
    half, other = RGB[::2, ::2] // 2, RGB[:40, :40]
    path = tmp_path / "w.tif"
    with tifffile.TiffWriter(path) as tiff:
        inside = kind == "sub-pages"
        tiff.write(RGB, subifds=2 if inside else 0, metadata=None, **RGB_TILES)  # type: ignore[arg-type]
        for level in (other, half):
            tiff.write(level, subfiletype=1, metadata=None, **RGB_TILES)  # type: ignore[arg-type]
    picture = open_by_size(path, whole_pixels=100)
    assert isinstance(picture, HugePicture)
    small, factor = picture.overview
    np.testing.assert_array_equal(small, half)
    assert factor == 2.0


def test_a_damaged_level_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huge_module, "LEVEL_SIDES", (20, 70))
    monkeypatch.setattr(huge_module, "OVERVIEW_SIDE", 65)
    path = tmp_path / "w.tif"
    how = RGB_TILES | {"compression": "deflate", "metadata": None}
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(RGB, **how)  # type: ignore[arg-type]
        tiff.write(RGB[::2, ::2] // 2, subfiletype=1, **how)  # type: ignore[arg-type]
        place = tiff.filehandle.tell()
    os.truncate(path, place - 50)
    picture = open_by_size(path, whole_pixels=100)
    assert isinstance(picture, HugePicture)
    assert picture.overview[0].mean() == pytest.approx(RGB.mean(), abs=1)


@pytest.mark.parametrize("size", [(3, 50), (50, 3), (1, 1)])
def test_what_is_narrower_than_the_factor_keeps_a_pixel(size: tuple[int, int]) -> None:
    pixels = np.full((size[1], size[0], 3), 7, np.uint8)
    small = reduced(iter([pixels[:1], pixels[1:]]), 5)
    assert small.shape == (max(size[1] // 5, 1), max(size[0] // 5, 1), 3)
    assert (small == 7).all()

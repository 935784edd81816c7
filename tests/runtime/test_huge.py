import tracemalloc
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from blemish.core.boxes import box_centres, box_iou
from blemish.core.defects import Defects
from blemish.data.huge import HugePicture, open_by_size
from blemish.data.images import open_picture
from blemish.errors import PictureError
from blemish.runtime.finder import Finder, open_finder
from blemish.runtime.huge import View
from blemish.wafer.outline import Outline
from planted_bundle import TOP_K, blobs, planted_bundle

MOST = TOP_K // 4 - 1  # spots of a window: each gives four candidates


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    """Open a finder whose windows are small, so that small pictures have many."""
    bundle = planted_bundle(tmp_path_factory.mktemp("model") / "planted", window=256, overlap=96)
    return open_finder(bundle.path, region="whole", engine="onnxruntime", threads=1)


def huge(path: Path, values: NDArray[np.generic], **how: object) -> HugePicture:
    how = {"tile": (64, 64), "compression": "zstd", "photometric": "rgb"} | how
    if values.ndim == 2:
        how["photometric"] = "minisblack"
    tifffile.imwrite(path, values, **how)
    picture = open_by_size(path, whole_pixels=0)
    assert isinstance(picture, HugePicture)
    return picture


def grain(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """Draw a ground on which the planted model finds something everywhere."""
    noise = np.random.default_rng(seed).normal(128, 60, (height, width, 3))
    return cv2.GaussianBlur(noise, (0, 0), 2).clip(0, 255).astype(np.uint8)


def assert_same(found: Defects, expected: Defects) -> None:
    np.testing.assert_array_equal(found.boxes, expected.boxes)
    np.testing.assert_array_equal(found.scores, expected.scores)
    np.testing.assert_array_equal(found.labels, expected.labels)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    size=st.tuples(st.integers(1, 700), st.integers(1, 700)),
    tile=st.sampled_from([(16, 16), (64, 128), (512, 16), None]),
    batch=st.integers(1, 4),
)
def test_what_is_found_while_reading_is_what_is_found_in_the_whole(
    finder: Finder,
    tmp_path: Path,
    size: tuple[int, int],
    tile: tuple[int, int] | None,
    batch: int,
) -> None:
    low = replace(finder, min_score=0.05)
    pixels = grain(*size, seed=size[0])
    picture = huge(tmp_path / "w.tif", pixels, tile=tile)
    assert_same(replace(low, batch=batch).look_through(picture).defects, low.look(pixels).defects)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    window=st.sampled_from([160, 256, 416, 1024]),
    batch=st.integers(1, 3),
    spots=st.lists(
        st.tuples(st.integers(1, 34), st.integers(1, 26)), min_size=1, max_size=MOST, unique=True
    ),
)
def test_neither_window_nor_batch_changes_the_answer(
    finder: Finder, tmp_path: Path, window: int, batch: int, spots: list[tuple[int, int]]
) -> None:
    pixels = blobs(700, 540, [(20 * x, 20 * y) for x, y in spots])
    other = replace(finder, bundle=replace(finder.bundle, window=window), batch=batch)
    found = other.look_through(huge(tmp_path / "w.tif", pixels)).defects
    whole = replace(finder, bundle=replace(finder.bundle, window=1024))(pixels)
    np.testing.assert_allclose(
        np.sort(np.column_stack([found.boxes, found.scores]), 0),
        np.sort(np.column_stack([whole.boxes, whole.scores]), 0),
        atol=1e-4,
    )


def soft_marks(side: int, places: list[tuple[int, int]]) -> NDArray[np.uint16]:
    """Draw soft dark spots on a ground of slow colour, in 16 bits."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    ground = np.stack([120 + 20 * np.sin(x / 300), 110 + 15 * np.cos(y / 250), 130 + x / 100], -1)
    for at_x, at_y in places:
        ground -= 35 * np.exp(-((x - at_x) ** 2 + (y - at_y) ** 2) / 60)[..., None]
    ground += np.random.default_rng(2).normal(0, 2, ground.shape)
    return (ground * 257).clip(0, 65535).astype(np.uint16)


def test_the_model_in_the_box_gives_one_answer_for_all_windows(tmp_path: Path) -> None:
    """The stated tolerance: 0.01 in score and 0.2 px in every side of a box."""
    places = [(70, 80), (255, 128), (384, 300), (520, 200), (192, 448), (448, 560), (600, 40)]
    picture = huge(tmp_path / "w.tif", soft_marks(640, places))
    whole = open_finder(region="whole", precision="float32", threads=1)
    expected = whole(open_picture(picture.path))
    assert len(expected) == len(places)
    for window, batch in ((256, 3), (416, 1)):
        bundle = replace(whole.bundle, window=window)
        found = replace(whole, bundle=bundle, batch=batch).look_through(picture).defects
        assert len(found) == len(expected)
        pairs = box_iou(expected.boxes, found.boxes).argmax(axis=1)
        assert len(set(pairs)) == len(places)
        assert np.abs(found.boxes[pairs] - expected.boxes).max() < 0.2
        assert np.abs(found.scores[pairs] - expected.scores).max() < 0.01
    near = np.abs(box_centres(expected.boxes)[:, None] - np.array(places)).max(axis=2).min(axis=0)
    assert near.max() < 4


@pytest.mark.parametrize("place", [(350, 300, 500), (80, 500, 620), (350, 900, 300)])
def test_a_region_restricts_the_windows_and_not_the_finds_on_the_wafer(
    finder: Finder, tmp_path: Path, place: tuple[int, int, int]
) -> None:
    x, y, diameter = place
    disc = Outline((x, y), (diameter / 2, diameter / 2), 0.0)
    pixels = blobs(700, 600, [(20 * a, 20 * b) for a in range(2, 34, 3) for b in range(2, 29, 3)])
    picture = huge(tmp_path / "w.tif", pixels)
    seen: list[tuple[int, int]] = []
    with_disc = replace(finder, region="auto", scale=1.0, outline_of=lambda pixels: disc)
    found = with_disc.look_through(picture, lambda *count: seen.append(count))
    expected = with_disc.look(pixels)
    assert_same(found.defects, expected.defects)
    assert found.outline == expected.outline == disc
    assert found.num_outside <= expected.num_outside
    assert seen == [(number, len(seen)) for number in range(1, len(seen) + 1)]
    assert len(seen) <= 12  # the whole has 16


def test_the_outline_of_the_overview_is_that_of_the_picture(
    finder: Finder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blemish.data.huge.OVERVIEW_SIDE", 400)
    pixels = np.full((1000, 1100, 3), 40, np.uint8)
    cv2.circle(pixels, (540, 490), 430, (150, 110, 120), -1)
    pixels[300:308, 500:508] = 220
    seeing = open_finder(finder.bundle.path, engine="onnxruntime", threads=1)
    found = seeing.look_through(huge(tmp_path / "w.tif", pixels))
    assert found.outline is not None
    assert found.outline.diameter == pytest.approx(860, rel=0.01)
    assert found.outline.centre == pytest.approx((540, 490), abs=4)
    assert found.scale == 1.0  # 860 px is a size the model knows
    assert (np.abs(box_centres(found.defects.boxes) - (504, 304)).max(axis=1) < 3).any()


@pytest.mark.parametrize("scale", [0.5, 0.37, 0.09])
def test_at_a_smaller_scale_it_is_the_same_but_for_rounding(
    finder: Finder, tmp_path: Path, scale: float
) -> None:
    spots = [(40, 60), (180, 200), (360, 100), (520, 300)]
    small = blobs(600, 400, spots)
    size = (round(600 / scale), round(400 / scale))
    pixels = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    scaled = replace(finder, scale=scale)
    found = scaled.look_through(huge(tmp_path / "w.tif", pixels))
    expected = scaled.look(pixels)
    assert found.scale == expected.scale == scale
    assert len(found.defects) == len(expected.defects) == 4
    np.testing.assert_allclose(found.defects.boxes, expected.defects.boxes, atol=0.01)
    np.testing.assert_allclose(found.defects.scores, expected.defects.scores, atol=0.02)


def test_a_huge_picture_is_not_enlarged(finder: Finder, tmp_path: Path) -> None:
    picture = huge(tmp_path / "w.tif", blobs(100, 100, []))
    with pytest.raises(PictureError, match="at most 1"):
        replace(finder, scale=1.5).look_through(picture)


def damage(path: Path, *tiles: int) -> None:
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        places = [(page.dataoffsets[tile], page.databytecounts[tile]) for tile in tiles]
    content = bytearray(path.read_bytes())
    for place, size in places:
        content[place : place + size] = b"\x07" * size
    path.write_bytes(content)


@pytest.mark.parametrize("scale", [None, 0.5])
def test_damaged_windows_are_named_and_the_others_searched(
    finder: Finder, tmp_path: Path, scale: float | None
) -> None:
    factor = int(1 / (scale or 1))
    at = [(40, 40), (600, 60), (320, 300), (100, 500), (600, 520)]
    pixels = blobs(700, 560, at).repeat(factor, axis=0).repeat(factor, axis=1)
    picture = huge(tmp_path / "w.tif", pixels, tile=(64 * factor, 64 * factor))
    scaled = replace(finder, scale=scale)
    whole = scaled.look_through(picture)
    assert (len(whole.defects), whole.note) == (5, "")
    damage(picture.path, 3 * 11)  # at x 0 to 64, y 192 to 256
    found = scaled.look_through(picture)
    kept = {tuple(box) for box in found.defects.boxes.tolist()}
    assert kept < {tuple(box) for box in whole.defects.boxes.tolist()}
    assert found.note.startswith("2 of 12 windows are damaged and were not looked at: x 0 to ")
    assert f"x 0 to {256 * factor}, y 0 to {256 * factor} (cannot be decoded" in found.note
    inside = (whole.defects.boxes[:, 0] < 200 * factor) & (whole.defects.boxes[:, 1] < 200 * factor)
    assert inside.sum() == 1
    assert len(found.defects) == 4


def test_a_picture_of_damaged_windows_only_is_no_clean_one(finder: Finder, tmp_path: Path) -> None:
    picture = huge(tmp_path / "w.tif", blobs(200, 60, []))
    damage(picture.path, *range(4))
    with pytest.raises(PictureError, match="is damaged"):
        finder.look_through(picture)


def test_many_damaged_windows_are_counted(finder: Finder, tmp_path: Path) -> None:
    picture = huge(tmp_path / "w.tif", blobs(700, 700, []))
    damage(picture.path, *range(11 * 6))
    note = finder.look_through(picture).note
    assert note.count(" to ") == 10
    assert "; 7 more; copy" in note


def test_memory_holds_a_row_of_windows_and_not_the_picture(finder: Finder, tmp_path: Path) -> None:
    values = np.zeros((6000, 1600), np.uint16)
    picture = huge(tmp_path / "w.tif", values, tile=(128, 128))

    def engine(windows: NDArray[np.uint8]) -> object:
        return np.zeros((len(windows), 0, 4), np.float32), *(np.zeros((len(windows), 0)),) * 2

    tracemalloc.start()
    try:
        replace(finder, engine=engine).look_through(picture)  # type: ignore[arg-type]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A row of windows is 1.2 MB, twice as it moves on, a row of tiles as much, and 8 windows ahead
    # 2 MB; all: 29 MB.
    assert peak < 10_000_000


@pytest.mark.parametrize(("width", "most"), [(20_000, 2048), (60_000, 1024)])
def test_windows_of_a_wide_picture_are_smaller(finder: Finder, width: int, most: int) -> None:
    bundle = replace(finder.bundle, window=2048)
    view = View.of(HugePicture(Path("wide.tif"), width, 5000), 1.0, None)
    sizes = {window.width for window in view.plan(bundle, None)}
    assert max(sizes) <= most < 1.2 * min(sizes)


def test_a_finder_takes_the_path_of_a_huge_picture(
    finder: Finder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = blobs(400, 300, [(100, 100), (300, 200)])
    picture = huge(tmp_path / "w.tif", pixels)
    looked: list[object] = []
    inner = Finder.look_through

    def note(self: Finder, picture: HugePicture) -> object:
        looked.append(picture)
        return inner(self, picture)

    monkeypatch.setattr(Finder, "look_through", note)
    monkeypatch.setattr("blemish.data.huge.WHOLE_PIXELS", 1)
    assert_same(finder(picture.path), finder(pixels))
    (found,) = finder.stream([str(picture.path)])
    assert_same(found, finder(pixels))
    assert len(looked) == 2

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.data.huge import HugePicture, open_by_size
from blemish.web.tiles import (
    TILE,
    StoppedError,
    cut_tiles,
    halved,
    highest_level,
    make_room,
    num_levels,
)


def go_on(done: float) -> bool:
    return 0 < done <= 1


def smooth(width: int, height: int) -> np.ndarray:
    down, across = np.mgrid[:height, :width].astype(np.float32)
    red, green = across * (250 / width), down * (250 / height)
    return np.rint(np.stack([red, green, (red + green) / 2], 2)).astype(np.uint8)


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def joined(place: Path, level: int) -> np.ndarray:
    """Put the tiles of a level together again."""
    tiles = {}
    for path in (place / str(level)).iterdir():
        x, y = map(int, path.stem.split("_"))
        tiles[y, x] = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    rows, columns = max(y for y, _ in tiles) + 1, max(x for _, x in tiles) + 1
    return np.vstack([np.hstack([tiles[y, x] for x in range(columns)]) for y in range(rows)])


def test_put_together_the_tiles_are_the_picture(tmp_path: Path) -> None:
    pixels = smooth(1301, 1047)
    cut_tiles(pixels, tmp_path / "t", go_on)
    top = highest_level(1301, 1047)
    again = joined(tmp_path / "t", top)
    assert again.shape == pixels.shape
    assert np.abs(again.astype(int) - pixels).max() <= 8
    assert names(tmp_path / "t" / str(top)) == sorted(
        f"{x}_{y}.jpg" for x in range(3) for y in range(3)
    )


def test_each_level_is_half_of_the_one_above_down_to_one_tile(tmp_path: Path) -> None:
    pixels = smooth(2100, 1047)
    cut_tiles(pixels, tmp_path / "t", go_on)
    top, expected = highest_level(2100, 1047), pixels
    assert (top, num_levels(2100, 1047)) == (12, 4)
    for level in range(top, top - 4, -1):
        found = joined(tmp_path / "t", level)
        assert found.shape == expected.shape
        assert np.abs(found.astype(int) - expected).max() <= 10
        expected = halved(expected)
    assert names(tmp_path / "t" / "9") == ["0_0.jpg"]
    assert not (tmp_path / "t" / "8").exists()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_halving_is_the_mean_of_four(width: int, height: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    found = halved(pixels)
    assert found.shape == ((height + 1) // 2, (width + 1) // 2, 3)
    for y in range(found.shape[0]):
        for x in range(found.shape[1]):
            rows = [2 * y, min(2 * y + 1, height - 1)]
            columns = [2 * x, min(2 * x + 1, width - 1)]
            mean = pixels[np.ix_(rows, columns)].astype(float).mean((0, 1))
            assert np.abs(found[y, x] - mean).max() <= 0.5


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_levels_are_those_of_halving(width: int, height: int) -> None:
    count, w, h = 1, width, height
    while max(w, h) > TILE:
        count, w, h = count + 1, -(-w // 2), -(-h // 2)
    assert num_levels(width, height) == count
    assert 2 ** highest_level(width, height) >= max(width, height)


def test_a_picture_read_by_rows_gives_the_same_tiles(tmp_path: Path) -> None:
    pixels = smooth(1100, 1537)
    tifffile.imwrite(tmp_path / "p.tif", pixels, rowsperstrip=100)
    huge = open_by_size(tmp_path / "p.tif", whole_pixels=1)
    assert isinstance(huge, HugePicture)
    cut_tiles(pixels, tmp_path / "whole", go_on)
    cut_tiles(huge, tmp_path / "rows", go_on)
    whole = tmp_path / "whole"
    files = sorted(path.relative_to(whole) for path in whole.rglob("*.jpg"))
    assert len(files) == 12 + 4 + 1
    for file in files:
        assert (whole / file).read_bytes() == (tmp_path / "rows" / file).read_bytes()


@pytest.mark.parametrize("size", [(1, 1), (512, 512), (513, 1), (1, 1024)])
def test_small_and_thin_pictures_have_tiles(tmp_path: Path, size: tuple[int, int]) -> None:
    pixels = smooth(*size)
    cut_tiles(pixels, tmp_path / "t", go_on)
    assert joined(tmp_path / "t", highest_level(*size)).shape == pixels.shape


def test_a_stop_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        cut_tiles(smooth(600, 1200), tmp_path / "t", lambda done: done < 0.5)
    assert not names(tmp_path)


def test_those_not_seen_for_longest_make_room(tmp_path: Path) -> None:
    for number in range(4):
        place = tmp_path / str(number)
        cut_tiles(smooth(600, 600), place, go_on)
        os.utime(place, (number, number))
    size = int((tmp_path / "0" / "num_bytes").read_text())
    make_room(tmp_path, tmp_path / "0", room=2 * size)
    assert names(tmp_path) == ["0", "3"]

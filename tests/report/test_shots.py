import base64

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.report.shots import CROP, LADDER, MOST_CROPS, Jpeg, shoot


def decoded(jpeg: Jpeg) -> NDArray[np.uint8]:
    pixels = cv2.imdecode(np.frombuffer(jpeg.content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (jpeg.height, jpeg.width, 3)
    return np.asarray(pixels[..., ::-1], np.uint8)


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_the_whole_is_reduced_and_keeps_its_shape_and_colours() -> None:
    pixels = np.zeros((1200, 1800, 3), np.uint8)
    pixels[:, :900] = (200, 40, 40)
    view = decoded(shoot(pixels, [], 100_000).view)
    assert view.shape == (600, 900, 3)
    assert np.abs(view[300, 200].astype(int) - (200, 40, 40)).max() < 8
    assert view[300, 700].max() < 8


def test_a_small_picture_is_not_enlarged() -> None:
    assert shoot(noise(50, 70), [], 100_000).view[1:] == (70, 50)


@pytest.mark.parametrize("most", [20_000, 30_000, 60_000, 200_000])
def test_even_noise_keeps_to_its_bytes(most: int) -> None:
    boxes = [(float(at), 100.0, at + 40.0, 140.0) for at in range(0, 800, 40)]
    shot = shoot(noise(900, 900), boxes, most)
    assert len(shot.view.content) + sum(len(crop.content) for crop in shot.crops) <= most
    assert 1 <= len(shot.crops) <= MOST_CROPS


def test_however_little_room_the_whole_and_one_crop_are_there() -> None:
    shot = shoot(noise(900, 900), [(5, 5, 20, 20), (50, 50, 90, 90)], 10)
    assert max(shot.view[1:]) == LADDER[-1][0]
    assert len(shot.crops) == 1


@pytest.mark.parametrize(
    "centre", [(100, 100), (3, 3), (296, 197), (296, 3)], ids=["middle", "left", "right", "top"]
)
def test_a_crop_holds_its_mark_enlarged(centre: tuple[int, int]) -> None:
    x, y = centre
    pixels = np.full((200, 300, 3), 60, np.uint8)
    pixels[max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4] = 250
    (crop,) = shoot(pixels, [(x - 4, y - 4, x + 4, y + 4)], 100_000).crops
    view = decoded(crop)
    assert view.shape == (CROP, CROP, 3)
    bright = view.max(axis=2) > 180
    assert bright.sum() > 0.6 * (pixels.max(axis=2) > 180).sum() * (CROP / 64) ** 2
    if centre == (100, 100):
        assert np.allclose(np.argwhere(bright).mean(axis=0), CROP / 2, atol=3)


def test_a_crop_of_a_strip_and_of_a_box_beyond_the_picture() -> None:
    for box in ((0, 0, 300, 4), (-50, -50, -20, -20), (500, 500, 900, 900)):
        (crop,) = shoot(noise(4, 300), [box], 100_000).crops
        assert max(crop[1:]) == CROP


def test_its_address_is_the_content() -> None:
    view = shoot(noise(8, 8), [], 10_000).view
    kind, content = view.uri.split(",")
    assert kind == "data:image/jpeg;base64"
    assert base64.b64decode(content) == view.content

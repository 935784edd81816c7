import base64

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.report.closeups import CROP
from blemish.report.shots import LADDER, MOST_CROPS, Jpeg, shoot


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
    shot = shoot(noise(900, 900), [noise(CROP, CROP)] * 20, most)
    assert len(shot.view.content) + sum(len(crop.content) for crop in shot.crops) <= most
    assert 1 <= len(shot.crops) <= MOST_CROPS


def test_however_little_room_the_whole_and_one_crop_are_there() -> None:
    shot = shoot(noise(900, 900), [noise(CROP, CROP)] * 2, 10)
    assert max(shot.view[1:]) == LADDER[-1][0]
    assert len(shot.crops) == 1


def test_its_address_is_the_content() -> None:
    view = shoot(noise(8, 8), [], 10_000).view
    kind, content = view.uri.split(",")
    assert kind == "data:image/jpeg;base64"
    assert base64.b64decode(content) == view.content

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blemish.model.prove import VISIBLE
from blemish.training.plan import Fingerprint, choose_batch, choose_crop, choose_epochs, epoch_of


def of(sizes: list[tuple[int, int]], sides: list[float]) -> Fingerprint:
    boxes = np.array([(0, 0, side, side) for side in sides], np.float32).reshape(-1, 4)
    return Fingerprint(tuple(sizes), boxes)


@pytest.mark.parametrize(
    ("sizes", "sides", "crop"),
    [
        ([(900, 900)] * 3, [30, 60], 416),
        ([(900, 900)], [], 416),
        ([(128, 96)], [20], 128),
        ([(100, 90)], [20], 128),
        ([(4000, 3000)], [300] * 10, 608),
        ([(500, 400)], [450], 512),
        ([(900, 900)], [20] * 99 + [500], 416),
        ([(900, 900)], [20] * 99 + [700], 512),
    ],
)
def test_a_crop_shows_nearly_every_box_and_no_more_than_the_picture(
    sizes: list[tuple[int, int]], sides: list[float], crop: int
) -> None:
    assert choose_crop(of(sizes, sides)) == crop


@given(st.integers(4, 3000), st.integers(4, 3000))
def test_the_crop_around_any_box_shows_enough_of_it_to_teach_it(width: int, height: int) -> None:
    boxes = np.array([(0, 0, 20, 20)] * 99 + [(0, 0, width, height)], np.float32)
    crop = choose_crop(Fingerprint(((3000, 3000),), boxes))
    assert min(crop / width, 1) * min(crop / height, 1) > VISIBLE


def test_a_step_looks_at_about_as_many_pixels_whatever_the_crop() -> None:
    assert choose_batch(416) == 8
    assert choose_batch(128) == 84
    assert choose_batch(832) == 2
    assert choose_batch(4000) == 2


def test_an_epoch_covers_every_picture_once() -> None:
    assert epoch_of([(900, 900)] * 280, 416, 8) == 315
    assert epoch_of([(100, 100)], 416, 8) == 1
    assert epoch_of([(416, 417)] * 4, 416, 8) == 1


def test_small_sets_take_more_epochs() -> None:
    assert choose_epochs(315) == 30
    assert choose_epochs(20) == 75

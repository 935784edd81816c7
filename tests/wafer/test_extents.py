"""What is seen of planted marks, whose sizes are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.wafer.extents import mark_extents


def on_wafer(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.hypot(*(points - 200).T) <= 177  # of 180 px


def anywhere(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.ones(len(points), bool)


def wafer(noise: float = 1.5, seed: int = 0) -> NDArray[np.float32]:
    y, x = np.mgrid[:400, :400] + 0.5
    light = 120 + 0.1 * x - 0.05 * y + 2e-4 * (x - 200) * (y - 150)
    light = np.where(np.hypot(x - 200, y - 200) < 180, light, 12)
    grain = np.random.default_rng(seed).normal(0, noise, (400, 400, 3))
    return (light[..., None] * (1, 0.8, 0.6) + grain).astype(np.float32)


def stored(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def around(box: tuple[float, ...], margin: float) -> NDArray[np.float32]:
    x1, y1, x2, y2 = box
    return np.array([[x1 - margin, y1 - margin, x2 + margin, y2 + margin]], np.float32)


@pytest.mark.parametrize("change", [-40, 25, (-30, 5, 20)])
@pytest.mark.parametrize("margin", [1.0, 10.0, 14.0])
@pytest.mark.parametrize("mark", [(150, 160, 153, 163), (210, 90, 235, 98), (60, 230, 100, 262)])
def test_the_size_of_a_mark_does_not_depend_on_the_box(
    mark: tuple[int, ...], margin: float, change: object
) -> None:
    light = wafer()
    x1, y1, x2, y2 = mark
    light[y1:y2, x1:x2] += np.array(change, np.float32)
    found = mark_extents(stored(light), around(mark, margin), on_wafer)[0]
    np.testing.assert_allclose(found, mark, atol=1.01)


def test_the_parts_of_a_mark_belong_together_and_specks_of_grain_do_not() -> None:
    light = wafer()
    light[200:206, 200:206] -= 50
    light[212:217, 214:219] -= 50
    light[190, 221] -= 60  # one pixel
    found = mark_extents(stored(light), around((194, 194, 224, 222), 4), on_wafer)[0]
    np.testing.assert_allclose(found, (200, 200, 219, 217), atol=1.01)


def test_what_lies_beyond_the_rim_is_no_ground_and_no_mark() -> None:
    light = wafer()
    light[196:200, 366:370] -= 45  # at a radius of 168 px
    found = mark_extents(stored(light), around((366, 196, 370, 200), 12), on_wafer)[0]
    np.testing.assert_allclose(found, (366, 196, 370, 200), atol=1.01)


def test_a_mark_that_reaches_into_the_rim_is_not_cut_off() -> None:
    light = wafer()
    light[196:200, 370:380] -= 45  # at radii of 170 to 180 px
    box = around((370, 196, 380, 200), 10)
    np.testing.assert_array_equal(mark_extents(stored(light), box, on_wafer), box)


def test_a_wide_faint_mark_is_seen_in_a_blurred_picture() -> None:
    light = wafer(noise=3.0)
    y, x = np.mgrid[:400, :400] + 0.5
    light -= np.float32(9) * (np.hypot(x - 150, y - 220) < 14)[..., None]
    found = mark_extents(stored(light), around((136, 206, 164, 234), 10), on_wafer)[0]
    np.testing.assert_allclose(found, (136, 206, 164, 234), atol=4)


def test_a_large_mark_is_measured_in_a_reduced_window() -> None:
    rng = np.random.default_rng(0)
    light = np.full((1500, 1500, 3), 120, np.float32) + rng.normal(0, 1.5, (1500, 1500, 3))
    light[300:1150, 200:1250] -= 20
    found = mark_extents(stored(light), around((200, 300, 1250, 1150), 60), anywhere)[0]
    np.testing.assert_allclose(found, (200, 300, 1250, 1150), atol=6.01)


def test_where_nothing_stands_out_it_is_the_box_itself() -> None:
    boxes = np.concatenate((around((200, 200, 210, 210), 10), around((10, 10, 20, 20), 3)))
    np.testing.assert_array_equal(mark_extents(stored(wafer()), boxes, on_wafer), boxes)
    outside = np.array([[-30, -30, -10, -10], [398.5, 398.5, 399, 399]], np.float32)
    np.testing.assert_array_equal(mark_extents(stored(wafer()), outside, on_wafer), outside)
    assert mark_extents(stored(wafer()), np.zeros((0, 4), np.float32), on_wafer).shape == (0, 4)

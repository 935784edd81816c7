from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.core.defects import Defects
from blemish.core.tiles import bring_home, cut, plan_windows

sides = st.integers(1, 400)


@st.composite
def plans(draw: st.DrawFn) -> tuple[int, int, int, int, int]:
    stride = draw(st.sampled_from([1, 4, 8, 32]))
    window = stride * draw(st.integers(1, 12))
    overlap = draw(st.integers(0, window - stride))
    longest = min(600, window + 20 * (window - overlap))
    width, height = draw(st.integers(1, longest)), draw(st.integers(1, longest))
    return width, height, window, overlap, stride


@given(plans())
@settings(max_examples=150, deadline=None)
def test_cores_partition_the_picture_exactly(plan):
    width, height, *rest = plan
    owners = np.zeros((height, width), int)
    for window in plan_windows(width, height, *rest):
        left, top, right, bottom = window.core
        assert left < right
        assert top < bottom
        assert window.x <= left
        assert right <= window.x + window.width
        assert window.y <= top
        assert bottom <= window.y + window.height
        owners[top:bottom, left:right] += 1
    assert (owners == 1).all()


@given(plans())
@settings(max_examples=150, deadline=None)
def test_windows_start_on_the_stride_and_overlap_enough(plan):
    width, height, size, overlap, stride = plan
    windows = plan_windows(width, height, size, overlap, stride)
    assert len({(window.width, window.height) for window in windows}) == 1
    for window in windows:
        assert window.x % stride == window.y % stride == 0
        assert window.width % stride == window.height % stride == 0
        assert window.width <= size
        assert window.height <= size
    starts = sorted({window.x for window in windows})
    assert all(b - a <= windows[0].width - overlap for a, b in pairwise(starts))
    assert 0 <= starts[-1] + windows[-1].width - width < stride


@given(plans())
@settings(max_examples=150, deadline=None)
def test_windows_are_as_few_as_they_can_be_and_no_larger(plan):
    width, _, size, overlap, stride = plan
    windows = plan_windows(width, 1, size, overlap, stride)
    number, wide = len(windows), windows[0].width
    if width <= size:
        assert number == 1
        return
    step = (size - overlap) // stride * stride
    assert number == 1 + next(n for n in range(1, width) if n * step + size >= width)
    smaller = wide - stride
    reach = (number - 1) * ((smaller - overlap) // stride * stride) + smaller
    assert smaller - overlap < stride or reach < width


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (1024, 1024), (1025, 33)])
def test_extreme_sizes(size):
    windows = plan_windows(*size, window=1024, overlap=128, stride=32)
    area = sum((w.core[2] - w.core[0]) * (w.core[3] - w.core[1]) for w in windows)
    assert area == size[0] * size[1]
    if max(size) <= 1024:
        assert len(windows) == 1


def test_a_picture_that_fits_is_one_window_padded_to_the_stride():
    (window,) = plan_windows(900, 70, 1024, 128, 32)
    assert (window.x, window.y, window.width, window.height) == (0, 0, 928, 96)
    assert window.core == (0, 0, 900, 70)


@pytest.mark.parametrize(
    "plan", [(0, 5, 64, 0, 32), (5, 5, 60, 0, 32), (5, 5, 64, 33, 32), (5, 5, 64, -1, 32)]
)
def test_a_plan_that_cannot_be_is_refused(plan):
    with pytest.raises(ValueError, match=r"must|has no"):
        plan_windows(*plan)


@given(plans(), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_planted_marks_come_home_exactly_once(plan, seed):
    width, height, *rest = plan
    rng = np.random.default_rng(seed)
    centres = rng.uniform([0, 0], [width, height], (40, 2))
    centres[:10] = np.minimum(np.floor(centres[:10]) + 0.5, [width - 0.5, height - 0.5])
    reach = rng.uniform(0.1, 0.5, (40, 1)) * np.minimum(
        1, np.minimum(centres, [width, height] - centres).min(axis=1, keepdims=True)
    )
    planted = np.hstack([centres - reach, centres + reach]).astype(np.float32)
    home = []
    for window in plan_windows(width, height, *rest):
        shift = np.array([window.x, window.y, window.x, window.y], np.float32)
        found = Defects.of(planted - shift, labels=np.arange(40))
        home.append(bring_home(found, window))
    labels = np.concatenate([part.labels for part in home])
    # A mark thinner than float32 can tell at its place has no area left after the shift.
    thick = (reach[:, 0] > 0.001).nonzero()[0]
    assert set(thick) <= set(labels)
    assert len(set(labels)) == len(labels)
    boxes = np.concatenate([part.boxes for part in home])
    np.testing.assert_allclose(boxes, planted[labels], atol=1e-3)


def test_planted_pixels_stand_where_the_windows_say():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (301, 477, 3), dtype=np.uint8)
    for window in plan_windows(477, 301, 128, 32, 32):
        part = cut(pixels, window)
        assert part.shape == (window.height, window.width, 3)
        rows = np.minimum(np.arange(window.y, window.y + window.height), 300)
        columns = np.minimum(np.arange(window.x, window.x + window.width), 476)
        np.testing.assert_array_equal(part, pixels[rows[:, None], columns])


def test_a_mark_cut_by_the_edge_is_clipped_and_kept():
    (window,) = plan_windows(100, 100, 128, 0, 32)
    found = Defects.of([[-30, 40, 20, 60], [90, 90, 128, 128], [100, 0, 120, 20]])
    home = bring_home(found, window)
    assert home.boxes.tolist() == [[0, 40, 20, 60], [90, 90, 100, 100]]


def test_nothing_found_stays_nothing():
    (window,) = plan_windows(1, 1, 32, 0, 32)
    assert len(bring_home(Defects.none(), window)) == 0

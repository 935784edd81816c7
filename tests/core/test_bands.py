from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.core.bands import cut_bands
from blemish.core.tiles import plan_windows


@settings(deadline=None, max_examples=60)
@given(
    size=st.tuples(st.integers(1, 90), st.integers(1, 400)),
    plan=st.sampled_from([(64, 0, 32), (64, 32, 32), (96, 40, 8), (32, 28, 4)]),
    pieces=st.lists(st.integers(1, 130), min_size=1, max_size=9),
    left_out=st.sets(st.integers(0, 12)),
)
def test_bands_hold_the_rows_of_their_windows(
    size: tuple[int, int], plan: tuple[int, int, int], pieces: list[int], left_out: set[int]
) -> None:
    width, height = size
    picture = np.arange(width * height, dtype=np.int64).reshape(height, width)
    edges = sorted({*np.cumsum(pieces).clip(0, height).tolist(), 0, height})
    rows = [picture[a:b] for a, b in pairwise(edges)]
    windows = plan_windows(width, height, *plan)
    tops = sorted({window.y for window in windows})
    left_out = {top for number, top in enumerate(tops) if number in left_out}
    windows = [window for window in windows if window.y not in left_out]
    seen = []
    for group, band in cut_bands(rows, windows):
        y = group[0].y
        assert {window.y for window in group} == {y}
        np.testing.assert_array_equal(band, picture[y : y + group[0].height])
        seen += group
    assert seen == windows


def test_rows_that_end_too_early_are_an_error() -> None:
    windows = plan_windows(40, 200, 64, 0, 32)
    with pytest.raises(ValueError, match="end at 100 of 160"):
        list(cut_bands([np.zeros((100, 40))], windows))

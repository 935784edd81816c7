"""Shapes of marks: one where highest, nothing at the edges of their patch."""

import numpy as np
import pytest

from blemish.synth.shapes import AROUND, SHAPES, draw_shape


@pytest.mark.parametrize("longest", [1.0, 6.0, 40.0])
def test_shapes_are_one_where_highest_and_end_inside_their_patch(longest: float) -> None:
    for seed in range(12 * len(SHAPES)):
        shape = draw_shape(longest, np.random.default_rng(seed))
        assert shape.shape == (int(np.ceil(longest)) + 2 * AROUND,) * 2
        assert shape.dtype == np.float32
        assert np.abs(shape).max() == pytest.approx(1)
        assert (
            max(np.abs(one).max() for one in (shape[0], shape[-1], shape[:, 0], shape[:, -1])) == 0
        )


def test_all_shapes_come_and_none_is_like_another() -> None:
    rng = np.random.default_rng(0)
    shapes = [draw_shape(30, rng) for _ in range(40)]
    covered = [float((shape > 0.5).mean()) for shape in shapes]
    assert min(covered) < 0.05 < 0.2 < max(covered)
    assert len({shape.tobytes() for shape in shapes}) == 40

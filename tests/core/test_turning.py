import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.core.turning import to_shown, to_stored
from blemish.data.tiff import upright


@pytest.mark.parametrize("orientation", range(1, 9))
@settings(deadline=None)
@given(data=st.data())
def test_a_rectangle_cut_before_turning_is_the_one_cut_after(
    orientation: int, data: st.DataObject
) -> None:
    stored = np.arange(7 * 11).reshape(7, 11)
    shown = upright(stored, orientation)
    size = (shown.shape[1], shown.shape[0])
    x1, y1 = data.draw(st.integers(0, size[0] - 1)), data.draw(st.integers(0, size[1] - 1))
    x2, y2 = data.draw(st.integers(x1 + 1, size[0])), data.draw(st.integers(y1 + 1, size[1]))
    left, top, right, bottom = to_stored((x1, y1, x2, y2), orientation, size)
    cut = upright(stored[top:bottom, left:right], orientation)
    np.testing.assert_array_equal(cut, shown[y1:y2, x1:x2])
    assert to_shown((left, top, right, bottom), orientation, size) == (x1, y1, x2, y2)

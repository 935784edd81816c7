import cv2
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from blemish.data.shrinking import shrink_rows


@settings(deadline=None, max_examples=60)
@given(
    size=st.tuples(st.integers(1, 60), st.integers(1, 300)),
    shares=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
    piece=st.integers(1, 200),
)
@example(size=(50, 300), shares=(1.0, 1.0), piece=77)
@example(size=(50, 300), shares=(0.1, 0.1), piece=10)
def test_it_is_what_opencv_gives_for_the_whole(
    size: tuple[int, int], shares: tuple[float, float], piece: int
) -> None:
    pixels = np.random.default_rng(size).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    smaller = tuple(max(round(side * share), 1) for side, share in zip(size, shares, strict=True))
    rows = [pixels[top : top + piece] for top in range(0, size[1], piece)]
    small = np.concatenate(list(shrink_rows(rows, (smaller[0], smaller[1]), size[1])))
    expected = cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA)
    assert small.shape == (smaller[1], smaller[0], 3)
    assert np.abs(small.astype(int) - expected).max() <= 1

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.core.froc import Froc, froc
from blemish.report.curve import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, draw_froc


def drawn(*curves: Froc, threshold: float = 2.0) -> NDArray[np.uint8]:
    names = ("all", "spot", "긁힘", *"defghijklmnop")
    content = draw_froc(dict(zip(names, curves, strict=False)), threshold)
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)


def curve(*points: tuple[float, float, float]) -> Froc:
    rows = np.array(points, np.float64).reshape(-1, 3)
    return Froc(rows[:, 0].astype(np.float32), rows[:, 1], rows[:, 2], 10, 10)


def height_at(pixels: NDArray[np.uint8], share: float) -> float:
    """Give the recall of the dark line at a share of the axis' length."""
    x = round(LEFT + share * (WIDTH - LEFT - RIGHT))
    dark = np.flatnonzero((pixels[:, x - 1 : x + 2] < 90).all(axis=(1, 2)))
    inside = dark[(dark >= TOP - 2) & (dark <= HEIGHT - BOTTOM + 2)]
    return float((HEIGHT - BOTTOM - inside.mean()) / (HEIGHT - TOP - BOTTOM))


def test_the_line_is_as_high_as_the_recall() -> None:
    # Axis from 0.01 to 10: a rate of 0.1 is at a third, 1 at two thirds.
    pixels = drawn(curve((0.9, 0, 0.2), (0.5, 0.1, 0.6), (0.2, 1, 0.8)))
    for share, recall in ((0.2, 0.2), (0.5, 0.6), (0.66, 0.6), (0.72, 0.8)):
        assert height_at(pixels, share) == pytest.approx(recall, abs=0.01)


def test_a_ring_marks_the_threshold() -> None:
    points = curve((0.9, 0.02, 0.2), (0.5, 0.1, 0.6), (0.2, 1, 0.8))
    without, kept = drawn(points), drawn(points, threshold=0.5)
    ys, xs = np.nonzero((without != kept).any(axis=2))
    x, y = (xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2
    assert x == pytest.approx(LEFT + (WIDTH - LEFT - RIGHT) / 3, abs=2)
    assert y == pytest.approx(HEIGHT - BOTTOM - 0.6 * (HEIGHT - TOP - BOTTOM), abs=2)


def test_lines_differ_by_their_dashes() -> None:
    flat = curve((0.9, 0, 0.5))
    parts = []
    for number in (1, 2):
        pixels = drawn(*[curve()] * (number - 1), flat)
        y = round(HEIGHT - BOTTOM - 0.5 * (HEIGHT - TOP - BOTTOM))
        row = pixels[y, LEFT + 5 : WIDTH - RIGHT - 5].min(axis=1) < 190
        parts.append(int(np.diff(row.astype(int)).clip(0).sum()))
    assert parts[0] <= 1
    assert parts[1] > 20


def test_no_finds_no_labels_and_many_classes_are_drawn() -> None:
    nothing = froc([(Defects.none(), Defects.none(), np.zeros(0, bool))])
    assert drawn(nothing).shape == (HEIGHT, WIDTH, 3)
    assert drawn(*[curve((0.9, 0, 0.5))] * 14).shape == (HEIGHT, WIDTH, 3)

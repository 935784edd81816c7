"""A second wafer is told from rings and holders."""

import cv2
import numpy as np
import pytest

from blemish.wafer.others import shows_another
from blemish.wafer.outline import RimMark, find_outline
from planted_wafers import Wafer, draw

FIRST = Wafer((260.0, 290.0), 230.0, mark="none")


@pytest.mark.parametrize("second", [
    Wafer((760.0, 300.0), 230.0, mark="none"),
    Wafer((780.0, 380.0), 200.0, turn=200.0),
    Wafer((830.0, 300.0), 240.0, mark="none"),
])  # fmt: skip
def test_two_wafers(second: Wafer) -> None:
    pixels = draw(FIRST, second, size=(1000, 600))
    outline = find_outline(pixels)
    assert outline is not None
    assert shows_another(pixels, outline)


def test_one_wafer_with_rings_and_pads() -> None:
    pixels = np.ascontiguousarray(draw(FIRST, size=(1000, 600)))
    cv2.circle(pixels, (260, 290), 250, (200, 200, 200), 3, cv2.LINE_AA)
    for x, y in ((700, 100), (800, 500), (620, 380)):
        cv2.circle(pixels, (x, y), 30, (230, 230, 230), -1, cv2.LINE_AA)
    cv2.rectangle(pixels, (600, 20), (980, 60), (250, 250, 250), -1)
    outline = find_outline(draw(FIRST, size=(1000, 600)))
    assert outline is not None
    assert outline.mark == RimMark()
    assert not shows_another(pixels, outline)

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.training.calibrate import calibrate

BOX = [10, 10, 40, 40]
FAR = [100, 100, 130, 130]


def picture(finds: list[tuple[list[int], float]], strength: float = 50.0):
    found = Defects.of([box for box, _ in finds], scores=[score for _, score in finds])
    return found, Defects.of([BOX]), np.array([strength], np.float32)


def test_the_threshold_is_the_lowest_that_keeps_false_finds_rare() -> None:
    rows = [picture([(BOX, 0.9)])] * 18
    rows += [picture([(BOX, 0.41), (FAR, 0.6)]), picture([(BOX, 0.32), (FAR, 0.5)])]
    rows += [picture([(BOX, 0.31), (FAR, 0.3)])]
    result = calibrate(rows)
    # 21 pictures may have two false finds: the third scores 0.3, the last hit above it 0.31.
    assert result.threshold == pytest.approx(0.31, abs=2e-4)
    assert result.threshold >= np.float32(0.31)
    assert result.false_per_picture == pytest.approx(2 / 21)
    assert result.recall == 1
    assert (result.pictures, result.labels) == (21, 21)


def test_faint_marks_are_neither_asked_for_nor_held_against() -> None:
    rows = [picture([(BOX, 0.9)], strength=3.0), picture([(BOX, 0.8)], strength=7.0)]
    result = calibrate(rows)
    assert result.labels == 1
    assert result.false_per_picture == 0
    assert result.ap50 == pytest.approx(1.0)
    assert np.isnan(result.ap50_clear)
    assert "ap50_clear" not in result.facts()


def test_nothing_found_lets_nothing_pass() -> None:
    result = calibrate([picture([])])
    assert result.threshold == 1.0
    assert result.recall == 0

import math

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.core.exact import share_interval
from blemish.core.screening import area_under_roc, screen

MARK = Defects.of([[0, 0, 9, 9]])
CLEAN = Defects.none()


def finds(*scores):
    return Defects.of([[0, 0, 9, 9]] * len(scores), None, scores)


def test_pictures_are_sorted_by_whether_anything_is_found():
    keep, ignore, no = np.zeros(1, bool), np.ones(1, bool), np.zeros(0, bool)
    pictures = [
        (finds(0.9, 0.1), MARK, keep),
        (finds(0.3), MARK, keep),
        (finds(), MARK, keep),
        (finds(0.4), CLEAN, no),
        (finds(0.2), CLEAN, no),
        (finds(), CLEAN, no),
        (finds(0.9), MARK, ignore),
    ]
    sorted_ = screen(pictures, 0.3)
    assert (sorted_.num_caught, sorted_.num_defective) == (2, 3)
    assert (sorted_.num_passed, sorted_.num_clean) == (2, 3)
    assert sorted_.sensitivity == sorted_.specificity == 2 / 3
    assert sorted_.sensitivity_interval == share_interval(2, 3)
    assert sorted_.specificity_interval == share_interval(2, 3)
    # Of nine pairs: 0.9 above all, 0.3 above two, nothing equal to the one without finds.
    assert sorted_.area == pytest.approx((3 + 2 + 0.5) / 9)


def test_the_area_is_that_of_comparing_every_pair():
    rng = np.random.default_rng(0)
    high, low = rng.integers(2, 9, 40) / 9, rng.integers(0, 7, 30) / 9
    pairs = [(a > b) + (a == b) / 2 for a in high for b in low]
    assert area_under_roc(high, low) == pytest.approx(np.mean(pairs))


def test_without_pictures_of_a_kind_nothing_is_known():
    none = screen([], 0.5)
    assert all(map(math.isnan, (none.sensitivity, none.specificity, none.area)))
    assert math.isnan(none.sensitivity_interval[0])

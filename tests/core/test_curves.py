import numpy as np
import pytest

from blemish.core.curves import RATES, RECALLS, banded, precision_at, recall_at
from blemish.core.froc import froc_of
from blemish.core.intervals import Resamples
from blemish.core.matching import match_centre
from blemish.core.metrics import Judged, at_101_recalls, by_iou, judge
from blemish.core.resampling import each_alone
from planted_finds import draw_pictures


def ones(judged: Judged) -> np.ndarray:
    return np.ones((1, judged.num_pictures), np.int64)


@pytest.mark.parametrize("seed", range(12))
def test_the_mean_of_the_precisions_is_cocos_average(seed: int) -> None:
    judged = judge(draw_pictures(seed), by_iou(0.5))
    values = precision_at(judged, ones(judged), RECALLS)[0]
    assert np.isclose(values.mean(), at_101_recalls(judged.hit, len(judged.true_labels)))


@pytest.mark.parametrize("seed", range(12))
def test_the_recalls_are_those_of_the_froc_curve(seed: int) -> None:
    judged = judge(draw_pictures(seed), match_centre)
    curve = froc_of(judged)
    rates = np.array([0.0, 1 / 12, 0.25, 0.5, 1.0, 3.0])
    expected = [curve.recall_at(rate) for rate in rates]
    assert np.allclose(recall_at(judged, ones(judged), rates)[0], expected)


@pytest.mark.parametrize("seed", range(6))
def test_a_draw_is_the_pictures_repeated(seed: int) -> None:
    pictures = draw_pictures(seed)
    weights = np.random.default_rng(seed).integers(0, 4, (1, len(pictures)))
    repeated = [one for one, times in zip(pictures, weights[0], strict=True) for _ in range(times)]
    many = judge(repeated, match_centre)
    once = judge(pictures, match_centre)
    assert np.allclose(recall_at(once, weights, RATES), recall_at(many, ones(many), RATES))


def test_the_band_holds_the_value_and_narrows_with_more_pictures() -> None:
    widths = []
    for number in (12, 300):
        judged = judge(draw_pictures(1, num_pictures=number), by_iou(0.5))
        resamples = Resamples.of(each_alone(number), np.random.default_rng(0))
        rows = banded(precision_at, judged, RECALLS, resamples)
        assert rows.shape == (101, 4)
        assert (rows[:, 2] <= rows[:, 3]).all()
        inside = (rows[:, 2] - 1e-9 <= rows[:, 1]) & (rows[:, 1] <= rows[:, 3] + 1e-9)
        assert inside.mean() > 0.9
        widths.append(float((rows[:, 3] - rows[:, 2])[10:60].mean()))
    assert widths[1] < widths[0] / 2


def test_nothing_true_gives_no_curve_and_nothing_found_none_above_zero() -> None:
    generator = np.random.default_rng(0)
    empty = judge([], match_centre)
    assert banded(recall_at, empty, RATES, Resamples.of(each_alone(0), generator)).shape == (0, 4)
    pictures = [(found.take(np.zeros(0, np.intp)), true, ignore & False)
                for found, true, ignore in draw_pictures(3)]  # fmt: skip
    judged = judge(pictures, match_centre)
    resamples = Resamples.of(each_alone(len(pictures)), generator)
    for curve, places in ((recall_at, RATES), (precision_at, RECALLS)):
        rows = banded(curve, judged, places, resamples)
        assert (rows[:, 1:] == 0).all() or curve is precision_at
        assert (rows[1:, 1:] == 0).all()

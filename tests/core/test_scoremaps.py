import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from blemish.core.scoremaps import (
    FITS,
    TILT,
    AsItIs,
    Isotonic,
    Platt,
    fit_isotonic,
    fit_platt,
    read_map,
)


def draw_finds(seed, number=60, steps=1000):
    """Finds whose chance of being a hit rises with the score; few steps give equal scores."""
    rng = np.random.default_rng(seed)
    scores = (rng.integers(1, steps, number) / steps).astype(np.float32)
    return scores, rng.random(number) < scores**2


def slow_isotonic(scores, hit):
    """The rising fit with the least squares, by the formula of largest smallest means."""
    values = np.unique(scores)
    means = [
        [hit[(low <= scores) & (scores <= high)].mean() if low <= high else np.nan
         for high in values] for low in values
    ]  # fmt: skip
    return {
        float(value): max(min(means[low][high] for high in range(at, len(values)))
                          for low in range(at + 1))
        for at, value in enumerate(values)
    }  # fmt: skip


@pytest.mark.parametrize("steps", [6, 20, 1000])
def test_joined_blocks_are_the_rising_fit_with_the_least_squares(steps):
    for seed in range(8):
        scores, hit = draw_finds(seed, 40, steps)
        if hit.all() or not hit.any():
            continue
        points = fit_isotonic(scores, hit)
        slow = slow_isotonic(scores, hit)
        assert points.chances == pytest.approx(sorted(set(slow.values())))
        for middle, chance in zip(points.scores, points.chances, strict=True):
            block = [score for score in scores if slow[float(score)] == pytest.approx(chance)]
            assert middle == pytest.approx(np.mean(block))


@pytest.mark.parametrize("seed", range(4))
def test_no_other_line_is_likelier_than_platts(seed):
    scores, hit = draw_finds(seed, 300)
    line = fit_platt(scores, hit)
    num_hits = hit.sum()
    target = np.where(hit, (num_hits + 1) / (num_hits + 2), 1 / (300 - num_hits + 2))
    logit = np.log(scores.astype(float) / (1 - scores.astype(float)))

    def likelihood(slope, offset):
        chance = 1 / (1 + np.exp(-(slope * logit + offset)))
        return np.sum(target * np.log(chance) + (1 - target) * np.log(1 - chance))

    best = likelihood(line.slope, line.offset)
    for away in (1e-3, 1e-2, 0.3):
        for up, along in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1)):
            assert likelihood(line.slope + up * away, line.offset + along * away) < best


@pytest.mark.parametrize("kind", ["isotonic", "platt"])
def test_a_map_mends_scores_that_are_no_chances(kind):
    rng = np.random.default_rng(0)
    scores = rng.random(20_000).astype(np.float32)
    logit = np.log(scores / (1 - scores))
    chance = 1 / (1 + np.exp(-(0.6 * logit - 1)))
    fitted = FITS[kind](scores, rng.random(20_000) < chance)
    inside = (scores > 0.02) & (scores < 0.98)
    assert np.abs(fitted(scores) - chance)[inside].max() < 0.06


@settings(deadline=None)
@given(some.data())
def test_maps_rise_and_stay_between_0_and_1(data):
    scores, hit = draw_finds(data.draw(some.integers(0, 10**6)), data.draw(some.integers(5, 80)))
    ladder = np.linspace(0, 1, 301, dtype=np.float32)
    for fit in (fit_isotonic, fit_platt):
        try:
            fitted = fit(scores, hit)
        except ValueError:
            continue
        chances = fitted(ladder)
        assert chances.dtype == np.float32
        assert chances.min() >= 0
        assert chances.max() <= 1
        inner = chances[1:-1]  # the logit of 0 and 1 is cut off
        if not isinstance(fitted, Platt) or fitted.slope > 0.1:
            apart = inner[(inner > 1e-6) & (inner < 1 - 1e-6)]
            assert (np.diff(apart) > 0).all()
        assert (np.diff(chances) >= 0).all()
        again = read_map(json.loads(json.dumps(fitted.facts())))
        assert again == fitted


def test_finds_of_one_chance_keep_their_order():
    points = Isotonic((0.2, 0.6), (0.1, 0.9))
    assert points(np.float32([0.6])) == pytest.approx(0.9 + TILT * (0.6 - 0.9))
    high, higher = points(np.float32([0.8, 0.81]))
    assert high < higher < 0.9 + TILT


def test_what_cannot_be_fitted_is_said():
    scores = np.float32([0.1, 0.5, 0.9])
    for fit in (fit_isotonic, fit_platt):
        with pytest.raises(ValueError, match="3 hits and 0 false finds"):
            fit(scores, np.ones(3, bool))
        with pytest.raises(ValueError, match="0 hits and 0 false finds"):
            fit(scores[:0], np.zeros(0, bool))
    with pytest.raises(ValueError, match="no likelier"):
        fit_platt(np.float32([0.1, 0.2, 0.8, 0.9] * 9), np.array([True, True, False, False] * 9))


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "platt"},
        {"kind": "platt", "slope": -1, "offset": 0},
        {"kind": "platt", "slope": float("nan"), "offset": 0},
        {"kind": "platt", "slope": 1, "offset": float("inf")},
        {"kind": "platt", "slope": [], "offset": 0},
        {"kind": "isotonic", "scores": [], "chances": []},
        {"kind": "isotonic", "scores": [0.1, 0.2], "chances": [0.1]},
        {"kind": "isotonic", "scores": [0.2, 0.1], "chances": [0.1, 0.2]},
        {"kind": "isotonic", "scores": [0.1, 0.2], "chances": [0.1, float("nan")]},
        {"kind": "isotonic", "scores": [0.1, 0.2], "chances": [0.1, 2]},
        {"kind": "isotonic", "scores": 3, "chances": 4},
        {"kind": "pickle"},
        {"slope": 1},
        ["kind"],
    ],
)
def test_facts_that_tell_of_no_map_are_refused(facts):
    with pytest.raises(ValueError, match="score map"):
        read_map(facts)


def test_no_facts_change_nothing():
    scores = np.float32([0, 0.3, 1])
    assert read_map({}) == AsItIs()
    assert read_map(AsItIs().facts())(scores) is scores

"""A mark's strength: the textbook value in white noise, and what hides a mark lowers it."""

import numpy as np
import pytest

from blemish.synth import strength
from blemish.synth.marks import visible_extent
from blemish.synth.strength import LABEL_STRENGTH, mark_strength


def a_bump(side: int, peak: float, width: float) -> np.ndarray:
    y, x = np.mgrid[-side // 2 : side // 2, -side // 2 : side // 2]
    bump = peak * np.exp(-(x**2 + y**2) / (2 * width**2))
    return bump[..., None].repeat(3, axis=2).astype(np.float32)


def test_strength_is_the_textbook_value_in_white_noise() -> None:
    rng = np.random.default_rng(1)
    signal, sigma = a_bump(96, 6, 4), 2.0
    extent = visible_extent(signal)
    x1, y1, x2, y2 = strength._grown(extent, signal.shape)
    part = (slice(y1, y2), slice(x1, x2))
    y, x = np.mgrid[part]
    surfaces = np.stack([x**0, x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6).astype(float)
    wanted = signal[part].reshape(-1, 3)
    left = wanted - surfaces @ np.linalg.lstsq(surfaces, wanted, rcond=None)[0]
    textbook = np.sqrt((left**2).sum()) / sigma
    backdrops = [rng.normal(120, sigma, signal.shape).astype(np.float32) for _ in range(60)]
    measured = [mark_strength(signal, backdrop, extent) for backdrop in backdrops]
    assert np.median(measured) == pytest.approx(textbook, rel=0.15)


def test_a_slow_backdrop_costs_nothing() -> None:
    signal = a_bump(96, 6, 4)
    y, x = np.mgrid[0:96, 0:96]
    slow = (90 + 0.5 * x - 0.02 * (y - 40) ** 2)[..., None].repeat(3, axis=2)
    noise = np.random.default_rng(3).normal(0, 2, signal.shape)
    extent = visible_extent(signal)
    flat = mark_strength(signal, (120 + noise).astype(np.float32), extent)
    assert mark_strength(signal, (slow + noise).astype(np.float32), extent) == pytest.approx(
        flat, 0.01
    )


def test_no_signal_has_no_strength() -> None:
    flat = np.zeros((30, 30, 3), np.float32)
    assert mark_strength(flat, flat + 9, visible_extent(flat)) == 0


def test_grain_that_the_filter_sees_lowers_themark_strength() -> None:
    rng = np.random.default_rng(2)
    signal = a_bump(96, 5, 5)
    white = rng.normal(0, 2, signal.shape)
    coarse = np.kron(rng.normal(0, 2, (12, 12, 3)), np.ones((8, 8, 1)))
    extent = visible_extent(signal)
    strengths = [
        mark_strength(signal, (120 + noise).astype(np.float32), extent) for noise in (white, coarse)
    ]
    assert strengths[1] < 0.5 * strengths[0]


def test_a_mark_on_an_edge_of_the_backdrop_is_no_label() -> None:
    signal = a_bump(96, 8, 4)
    noise = np.random.default_rng(4).normal(0, 1, signal.shape)
    edge = noise + 120
    edge[:, 50:] += 60
    extent = visible_extent(signal)
    assert mark_strength(signal, (noise + 120).astype(np.float32), extent) > 30
    assert mark_strength(signal, edge.astype(np.float32), extent) < LABEL_STRENGTH

"""The notch in a wafer's rim, by the shapes that a notch can have.

A notch is 2 to 10 px deep in a picture of a whole wafer, so the picture is sampled in strips along
the fitted rim, and the colour of what lies outside is looked for inside. SEMI M1 has a notch of
1 to 1.25 mm with sides at 90 degrees and a round tip: 0.007 to 0.0125 radii of wafers of 200 and
300 mm. Directions are in radians in the frame in which the rim is the unit circle, depths in radii.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.wafer.edges import Floats, Pixels
from blemish.wafer.orientation import Found
from blemish.wafer.strips import Doubles

NUM_ANGLES = 2160
LEVELS = np.arange(0.966, 1.0295, 0.001)
"""Radii that are sampled."""
OUTSIDE = (LEVELS > 1.012) & (LEVELS < 1.025)
INSIDE = LEVELS < 0.975
LOOKED = LEVELS < 1.004
"""Where a notch is told from plain rim."""
DEPTHS = (0.008, 0.011, 0.015, 0.02)
USUAL = 121
"""Angles whose median is what a place usually looks like, 20 degrees: a notch is a tenth of it."""
LEAST_CONTRAST = 15
"""Grey levels between inside and outside, under which there is no rim to be seen."""
MOST_AROUND = 0.4
"""Share of that contrast by which what lies outside and deep inside may differ at a notch."""
LEAST_LIKE = 0.6
"""Share of a notch's square that its shape must explain."""
LEAST_LEAD = 0.2
"""By how much it must do so better than at any other place of the rim: there is one notch."""
APART = 36
"""Angles from which on a place is another one, 6 degrees."""
SOFT = 1.2
"""Standard deviation in samples of what lens and sensor make of a sharp border."""


def find_notch(pixels: Pixels, centre: Doubles, matrix: Doubles) -> Found | None:
    """Find the one notch in a rim; None if there is none, or if several places look like one.

    Args:
        pixels: (H, W, 3).
        centre: (2,) of the rim's ellipse in pixels.
        matrix: (2, 2), the symmetric image of the unit circle in pixels.
    """
    angles = np.arange(NUM_ANGLES) * (2 * np.pi / NUM_ANGLES)
    rim = matrix @ np.stack([np.cos(angles), np.sin(angles)])
    x, y = (
        (LEVELS[:, None] * rim[axis] + centre[axis] - 0.5).astype(np.float32) for axis in (0, 1)
    )
    rings = np.asarray(cv2.remap(pixels, x, y, cv2.INTER_LINEAR), np.float32)
    within = (x > 0) & (y > 0) & (x < pixels.shape[1] - 1) & (y < pixels.shape[0] - 1)
    reach, contrast, around = _outsideness(rings)
    clear = within.all(axis=0) & (contrast > LEAST_CONTRAST)
    templates = [(depth, shape) for depth in DEPTHS for shape in _shapes(depth)]
    likes = np.stack([_likeness(reach[LOOKED], shape) for _, shape in templates])
    likes[:, ~clear] = -np.inf
    best, place = np.unravel_index(int(likes.argmax()), likes.shape)
    away = np.abs((np.arange(NUM_ANGLES) - place + NUM_ANGLES // 2) % NUM_ANGLES - NUM_ANGLES // 2)
    top, second = float(likes[best, place]), float(likes[:, away > APART].max())
    if top < LEAST_LIKE or top - second < LEAST_LEAD or around[place] > MOST_AROUND:
        return None
    before, after = (float(likes[best, (place + step) % NUM_ANGLES]) for step in (-1, 1))
    turn = (place + _peak(before, top, after)) * 2 * np.pi / NUM_ANGLES
    return Found(float(turn), templates[best][0])


def _outsideness(rings: Floats) -> tuple[Floats, Floats, Floats]:
    """Say how much each sample looks like the outside, and how much that differs from the inside.

    ``rings`` are colours (L, N, 3). Given are 0 for what the level usually shows and 1 for what
    lies outside, within -1 and 1.5, (L, N); the difference in grey levels, (N,); and how far
    outside and inside are from what they usually are, in shares of it, (N,).
    """
    means = [rings[part].mean(axis=0) for part in (OUTSIDE, INSIDE)]
    outside, inside = (_usual(mean) for mean in means)
    step = outside - inside
    square = (step * step).sum(axis=1)
    odd = [
        np.sqrt(((mean - usual) ** 2).sum(axis=1) / (square + 1e-3))
        for mean, usual in zip(means, (outside, inside), strict=True)
    ]
    unusual = rings - np.stack([_usual(ring) for ring in rings])
    reach = (unusual * step).sum(axis=2) / (square + 1e-3)
    return np.asarray(reach.clip(-1, 1.5), np.float32), np.sqrt(square), np.maximum(*odd)


def _usual(colours: Floats) -> Floats:
    """Give the median of each channel over `USUAL` neighbours around the circle, (N, 3)."""
    half = USUAL // 2
    strip = np.pad(np.rint(colours).astype(np.uint8), ((half, half), (0, 0)), mode="wrap")
    return np.asarray(cv2.medianBlur(strip[None], USUAL), np.float32)[0, half:-half]


def _shapes(depth: float) -> list[NDArray[np.float32]]:
    """Give a round and a pointed notch of a depth in radii, (looked levels, angles around it)."""
    step = 2 * np.pi / NUM_ANGLES
    half = int(np.ceil(1.6 * depth / step)) + 2
    aside = np.arange(-half, half + 1) * step
    levels = LEVELS[LOOKED, None]
    round_one = np.hypot(levels * np.cos(aside) - 1, levels * np.sin(aside)) < depth
    pointed = (1 - levels) < depth - np.abs(aside)
    sharp = ((shape & (levels < 1)).astype(np.float32) for shape in (round_one, pointed))
    return [np.asarray(cv2.GaussianBlur(shape, (5, 5), SOFT), np.float32) for shape in sharp]


def _likeness(reach: Floats, shape: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the share of a shape's square that is explained with it around each angle, (N,)."""
    half = shape.shape[1] // 2
    wrapped = np.pad(reach, ((0, 0), (half, half)), mode="wrap")
    left = cv2.matchTemplate(wrapped, shape, cv2.TM_SQDIFF)[0]
    return np.asarray(1 - left / (shape * shape).sum(), np.float32)


def _peak(before: float, top: float, after: float) -> float:
    """Give the place of a parabola's peak between three samples, from the middle one."""
    bend = before - 2 * top + after
    return 0.0 if not np.isfinite(bend) or bend >= 0 else 0.5 * (before - after) / bend

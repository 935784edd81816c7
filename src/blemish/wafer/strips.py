"""Edges along the normals of a border, and the border fitted to them: to a part of a pixel.

Offsets are in radii of the wafer, positive outside.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.wafer.edges import Pixels

Doubles = NDArray[np.float64]

REACH = 0.035
"""How far from the first fit a border is looked for: that fit is off by 0.02 at most."""
STEP = 0.00125
"""Distance of samples: half a pixel of a wafer of 800 px."""
CLOSE = 1.5 * STEP
"""An edge as near as this supports a border."""
MOST_EDGES = 4
"""Edges kept on each normal, the steepest."""
BANDS = tuple(band * STEP for band in (12.0, 8.0, 6.0, 5.0, 4.0, 4.0))
"""Half-widths of what has a say in each step of the fit."""
NEARLY = 0.8
"""An outer border with this share of the best one's support is the rim: rings lie inside."""


@dataclass(frozen=True, eq=False)
class Strip:
    """Edges on normals of a border.

    Attributes:
        offsets: (N, K) of each normal's edges, NaN where it has fewer.
        seen: (N,) which normals lie in the picture.
    """

    offsets: Doubles
    seen: NDArray[np.bool_]

    def nearest(self, border: Doubles) -> Doubles:
        """Give how far each normal's nearest edge is off a border (N,); NaN for none."""
        off = self.offsets - border[:, None]
        best = np.where(np.isnan(off), np.inf, np.abs(off)).argmin(axis=1)
        return np.asarray(off[np.arange(len(off)), best], np.float64)

    def held(self, border: Doubles) -> NDArray[np.bool_]:
        """Tell which normals in view have an edge at the border (N,)."""
        return np.asarray(self.seen & (np.abs(self.nearest(border)) < CLOSE), np.bool_)


def cut_strip(pixels: Pixels, starts: Doubles, normals: Doubles) -> Strip:
    """Find the edges on normals within `REACH` of a border.

    Args:
        pixels: (H, W, 3).
        starts: points (N, 2) of the border in pixels, in their order along it.
        normals: (N, 2), one radius along each normal in pixels.
    """
    num_steps = round(REACH / STEP)
    steps: Doubles = np.arange(-num_steps, num_steps + 1, dtype=np.float64) * STEP
    places = starts[:, None] + normals[:, None] * steps[:, None]
    x, y = (np.ascontiguousarray(places[..., i] - 0.5, np.float32) for i in (0, 1))
    inside = (x > -1) & (y > -1) & (x < pixels.shape[1]) & (y < pixels.shape[0])
    levels = cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # A few neighbours along the border and a pixel across it: noise goes, a rim stays.
    smooth = cv2.GaussianBlur(levels.astype(np.float32), (9, 5), 1.6, sigmaY=1.0)
    slopes = np.diff(np.asarray(smooth, np.float64), axis=1)
    steep = np.asarray(np.sqrt((slopes**2).sum(axis=2)), np.float64)
    return Strip(_peaks(steep, steps[:-1] + STEP / 2), inside.mean(axis=1) > 0.9)


def _peaks(steep: Doubles, offsets: Doubles) -> Doubles:
    """Give the offsets (N, `MOST_EDGES`) of the steepest local maxima, to a part of a step."""
    before, here, after = steep[:, :-2], steep[:, 1:-1], steep[:, 2:]
    usual = np.median(steep, axis=1, keepdims=True)
    floor = np.maximum(3 * usual, 0.25 * here.max(axis=1, keepdims=True))
    strength = np.where((here > before) & (here >= after) & (here > floor), here, 0)
    order = np.argsort(-strength, axis=1, kind="stable")[:, :MOST_EDGES]
    rows = np.arange(len(steep))[:, None]
    bend = before + after - 2 * here
    # The top of the parabola through three samples.
    shift = np.clip((before - after) / np.where(bend == 0, -1, 2 * bend), -0.5, 0.5)
    found = offsets[1:-1][order] + shift[rows, order] * STEP
    return np.where(strength[rows, order] > 0, found, np.nan)


def fit_border(strip: Strip, design: Doubles, starts: Doubles) -> tuple[Doubles, float]:
    """Fit offsets = design (N, M) · change (M,), whose first term is constant, to the edges.

    Iterated closest points (Besl and McKay 1992) from several constant offsets ``starts``; of
    the fits that are about as good as the best, the outermost is taken.

    Returns:
        The change, and the share of the normals in view that hold it.
    """
    fits = [_closest(strip, design, float(start)) for start in starts]
    best = max(support for _, support in fits)
    good = [fit for fit in fits if fit[1] >= NEARLY * best]
    return max(good, key=lambda fit: float((design @ fit[0]).mean()))


def _closest(strip: Strip, design: Doubles, start: float) -> tuple[Doubles, float]:
    change = np.zeros(design.shape[1])
    change[0] = start
    ridge = 1e-4 * np.eye(design.shape[1])
    for band in BANDS:
        off = strip.nearest(design @ change)
        weight = np.where(strip.seen, np.nan_to_num(1 - (off / band) ** 2, nan=0).clip(0), 0)
        weighted = design * weight[:, None]
        step = weighted.T @ np.where(weight > 0, off, 0)
        change = change + np.linalg.solve(weighted.T @ design + ridge, step)
    held = strip.held(design @ change).sum() / max(int(strip.seen.sum()), 1)
    return change, float(held)

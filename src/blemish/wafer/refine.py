"""The rim, the flat and the notch as exactly as the picture shows them: for millimetres.

The search for the disc works on a picture of 320 px and is good to a few pixels, which is all
that finding needs. Here the whole picture is sampled along the normals of what it found.
Directions are in radians in the frame in which the rim is the unit circle, depths in radii.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from blemish.wafer.edges import CLEAR, WEAKER, Pixels, edges_of, measure_slopes, reduce_picture
from blemish.wafer.ellipse import Shape
from blemish.wafer.notch import find_notch
from blemish.wafer.orientation import FLAT_DEPTHS, Found, find_flat
from blemish.wafer.outline import Outline, RimMark
from blemish.wafer.strips import REACH, Doubles, Strip, cut_strip, fit_border

NUM_ANGLES = 720
RIM_STARTS = np.linspace(-0.016, 0.016, 9)
FLAT_STARTS = np.linspace(-0.01, 0.01, 5)
MOST_MOVED = 0.05
"""A rim that moves farther in radii than this was not the rim that the search found."""
LEAST_HELD = 0.3
"""Share of the rim that edges must hold: in clutter chance alone gives 0.1."""
FLAT_HELD = 0.6
"""Share of a chord that edges must hold to be taken for a flat when the search saw none."""
LEAST_PRIMARY = 0.03
"""A shallower chord is no primary flat of SEMI M1: a clear notch is rather to be believed."""
ALONG = 0.88
"""Share of a flat that is looked at: its ends are round."""


@dataclass(frozen=True, eq=False)
class Refined:
    """A rim with its mark, fitted in the whole picture.

    Attributes:
        outline: the rim; its mark is already looked for.
        held: the share of the rim in view at which there is an edge.
        in_view: the share of the rim that lies in the picture.
    """

    outline: Outline
    held: float
    in_view: float

    @property
    def clear(self) -> bool:
        """Tell whether enough of the rim was seen to trust it to a part of a pixel."""
        return self.held >= LEAST_HELD


@dataclass(frozen=True, eq=False)
class _Rim:
    """An ellipse in pixels: the centre (2,) and the symmetric image (2, 2) of the unit circle."""

    centre: Doubles
    matrix: Doubles

    def place(self, unit: Doubles) -> Doubles:
        return np.asarray(unit @ self.matrix + self.centre, np.float64)

    def shape(self, factor: float = 1.0) -> Shape:
        return Shape(
            (self.centre / factor).astype(np.float32), (self.matrix / factor).astype(np.float32)
        )


def refine_outline(pixels: Pixels, outline: Outline) -> Refined:
    """Fit the rim and its mark again in the whole picture (H, W, 3).

    Where no rim is held well enough the outline comes back as it was, not `clear`.
    """
    first = _Rim(np.array(outline.centre), outline.matrix)
    rim, strip, held = _fit_rim(pixels, first)
    in_view = float(strip.seen.mean())
    if held < LEAST_HELD:
        return Refined(outline, held, in_view)
    mark = _find_mark(pixels, rim, strip)
    frame, axes, _ = np.linalg.svd(rim.matrix)
    better = replace(
        outline,
        centre=(float(rim.centre[0]), float(rim.centre[1])),
        axes=(float(axes[0]), float(axes[1])),
        angle=float(np.rad2deg(np.arctan2(frame[1, 0], frame[0, 0])) % 180),
        look=lambda: mark,
    )
    return Refined(better, held, in_view)


def _fit_rim(pixels: Pixels, rim: _Rim) -> tuple[_Rim, Strip, float]:
    """Fit the rim twice, the second time along its own normals; gives what holds it as well."""
    first, angles = rim, np.arange(NUM_ANGLES) * (2 * np.pi / NUM_ANGLES)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    twice = np.stack([np.cos(2 * angles), np.sin(2 * angles)], axis=1)
    design = np.column_stack([np.ones(NUM_ANGLES), circle, twice])
    for starts in (RIM_STARTS, np.zeros(1)):
        strip = cut_strip(pixels, rim.place(circle), circle @ rim.matrix)
        change, held = fit_border(strip, design, starts)
        if np.abs(change).max() > MOST_MOVED:
            return first, strip, 0.0
        rim = _moved(rim, change)
    return rim, Strip(strip.offsets - (design @ change)[:, None], strip.seen), held


def _moved(rim: _Rim, change: Doubles) -> _Rim:
    """Move the rim by harmonics: growth, right, down, stretch and skew, in radii."""
    grow, right, down, stretch, skew = change
    factor = np.array([[1 + grow + stretch, skew], [skew, 1 + grow - stretch]])
    turn, axes, _ = np.linalg.svd(rim.matrix @ factor)
    return _Rim(rim.centre + rim.matrix @ np.array([right, down]), turn @ np.diag(axes) @ turn.T)


def _find_mark(pixels: Pixels, rim: _Rim, strip: Strip) -> RimMark:
    """Find the flat, else the notch; a flat that the search missed shows by the rim's gap."""
    flat = _find_flat(pixels, rim) or _flat_in_gap(pixels, rim, strip)
    if flat is None or flat.depth < LEAST_PRIMARY:
        notch = find_notch(pixels, rim.centre, rim.matrix)
        if notch is not None:
            return _as_mark(rim, "notch", notch)
    return RimMark() if flat is None else _as_mark(rim, "flat", flat)


def _as_mark(rim: _Rim, kind: str, found: Found) -> RimMark:
    toward = rim.matrix @ _direction(found.turn)
    angle = float(np.rad2deg(np.arctan2(toward[1], toward[0])) % 360)
    return RimMark("flat" if kind == "flat" else "notch", angle, found.depth)


def _direction(turn: float) -> Doubles:
    return np.array([math.cos(turn), math.sin(turn)])


def _find_flat(pixels: Pixels, rim: _Rim) -> Found | None:
    """Find a flat as the search does, with the better rim, and fit it."""
    small, factor = reduce_picture(pixels)
    slopes = measure_slopes(small)
    for times in (CLEAR, WEAKER):
        found = find_flat(edges_of(slopes, times), rim.shape(factor))
        if found is not None:
            return _fit_flat(pixels, rim, found)[0]
    return None


def _fit_flat(pixels: Pixels, rim: _Rim, flat: Found) -> tuple[Found | None, float]:
    """Fit the chord three times, each along its own normals; gives what holds it as well."""
    turn, depth, held = flat.turn, flat.depth, 0.0
    share = np.linspace(-ALONG, ALONG, 161)
    design = np.column_stack([np.ones(len(share)), share])
    for starts in (FLAT_STARTS, np.zeros(1), np.zeros(1)):
        out, reach = _direction(turn), math.sqrt(2 * depth - depth**2)
        chord = out * (1 - depth) + (share * reach)[:, None] * np.array([-out[1], out[0]])
        normals = np.broadcast_to(out @ rim.matrix, chord.shape)
        (level, slope), held = fit_border(
            cut_strip(pixels, rim.place(chord), normals), design, starts
        )
        lean = math.atan(slope / reach)
        turn, depth = turn - lean, 1 - (1 - depth + level) * math.cos(lean)
        if not FLAT_DEPTHS[0] <= depth <= FLAT_DEPTHS[1] or abs(turn - flat.turn) > 0.06:
            return None, 0.0
    return Found(turn, depth), held


def _flat_in_gap(pixels: Pixels, rim: _Rim, strip: Strip) -> Found | None:
    """Find a flat as a straight border across the rim's widest gap."""
    held = strip.held(np.zeros(NUM_ANGLES)) | ~strip.seen
    start, length = _widest_gap(held)
    half = length * np.pi / NUM_ANGLES
    depth = 1 - math.cos(half)
    if not FLAT_DEPTHS[0] <= depth <= FLAT_DEPTHS[1]:
        return None
    found, support = _fit_flat(
        pixels, rim, Found((start + (length - 1) / 2) * 2 * np.pi / NUM_ANGLES, depth)
    )
    if found is None or support < FLAT_HELD or abs(found.depth - depth) > REACH / 2:
        return None
    return found


def _widest_gap(held: NDArray[np.bool_]) -> tuple[int, int]:
    """Give start and length of the longest stretch around the circle that is hardly held.

    Single edges in it that chance to lie at the rim do not end it.
    """
    ring = np.concatenate([held[-4:], held, held[:4]]).astype(np.float64)
    thick = np.convolve(ring, np.ones(9), "valid") > 4
    where = np.flatnonzero(thick)
    if len(where) == 0:
        return 0, 0
    gaps = np.diff(np.append(where, where[0] + NUM_ANGLES)) - 1
    widest = int(gaps.argmax())
    return int(where[widest]) + 1, int(gaps[widest])

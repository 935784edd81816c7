"""The wafer in a photograph: its disc and its flat or notch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.wafer.edges import (
    CLEAR,
    LEAST_SHARE,
    MOST_SHARE,
    NUM_SECTORS,
    WEAKER,
    Edges,
    Pixels,
    best_radii,
    edges_of,
    measure_slopes,
    reduce_picture,
    vote_centres,
)
from blemish.wafer.ellipse import (
    Shape,
    Support,
    fit_ellipse,
    measure_support,
    outer_border,
)
from blemish.wafer.orientation import FLAT_DEPTHS, Mark, find_flat

LEAST_SIDE = 24
"""Shortest side of a picture in pixels, reduced or not, in which a wafer is looked for."""
LEAST_ARC = 0.13
"""Share of the whole circle that edges must support; less does not hold the centre."""
MANY_EDGES = 4000
"""From here on, a rim that was not found is not for want of weaker edges."""
NUM_GUESSES = 3
LEAST_GUESS = 0.25
"""Support that a circle needs to be looked at closer; of drawn wafers' rims the least has 0.5."""
CLEAR_SCORE, CLEAR_ARC = 0.8, 0.5
"""Support in view and of the whole circle from which no other guess is tried."""


class RimMark(NamedTuple):
    """What was found on a rim with certainty.

    Attributes:
        kind: flat, notch or none.
        angle: direction from the centre to its middle in degrees, from x towards y, in [0, 360);
            0 without a mark.
        depth: how far it cuts into the disc, in radii; 0 without a mark.
    """

    kind: Mark = "none"
    angle: float = 0.0
    depth: float = 0.0


@dataclass(frozen=True)
class Outline:
    """A wafer's rim: an ellipse in pixels of the picture, y down, and its flat or notch.

    Attributes:
        centre: x, y.
        axes: semi-axes a >= b.
        angle: direction of a in degrees, from x towards y (clockwise as seen), in [0, 180).
        look: finds the mark; a fifth of the work, and most pictures have nothing near their rim.
    """

    centre: tuple[float, float]
    axes: tuple[float, float]
    angle: float
    look: Callable[[], RimMark] = field(default=RimMark, repr=False, compare=False)

    @cached_property
    def mark(self) -> RimMark:
        """The flat or notch, looked for when it is first asked for."""
        return self.look()

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The symmetric matrix (2, 2) that maps the unit circle to the rim, centred."""
        return _matrix(self.axes, self.angle)

    @property
    def diameter(self) -> float:
        """Twice the geometric mean of the semi-axes, in pixels."""
        return 2 * float(np.sqrt(self.axes[0] * self.axes[1]))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """The smallest upright box around the ellipse: x1, y1, x2, y2 in pixels."""
        turn = np.deg2rad(self.angle)
        a, b = self.axes
        across = float(np.hypot(a * np.cos(turn), b * np.sin(turn)))
        down = float(np.hypot(a * np.sin(turn), b * np.cos(turn)))
        x, y = self.centre
        return x - across, y - down, x + across, y + down

    def enlarged(self, factor: float) -> "Outline":
        """Give the outline in a copy of the picture that is larger by a factor."""
        x, y = self.centre
        axes = (self.axes[0] * factor, self.axes[1] * factor)
        return replace(self, centre=(x * factor, y * factor), axes=axes)

    def to_unit(self, points: ArrayLike) -> NDArray[np.float64]:
        """Give points (N, 2) in the frame where the ellipse is the unit circle, not turned."""
        away = np.asarray(points, np.float64).reshape(-1, 2) - self.centre
        return np.asarray(away @ np.linalg.inv(self.matrix), np.float64)

    def contains(self, points: ArrayLike, margin: float = 0.0) -> NDArray[np.bool_]:
        """Tell which points (N, 2) lie on the wafer or at most ``margin`` pixels outside it.

        A flat cuts the disc off; a notch, smaller than the margin anyone needs, does not.
        """
        unit = self.to_unit(points)
        reach = 1 + 2 * margin / self.diameter
        away = np.hypot(unit[:, 0], unit[:, 1])
        inside = away <= reach
        if (inside & (away > reach - FLAT_DEPTHS[1])).any() and self.mark.kind == "flat":
            inside &= unit @ self.mark_direction() <= reach - self.mark.depth
        return np.asarray(inside, np.bool_)

    def mark_direction(self) -> NDArray[np.float64]:
        """Give the unit vector (2,) from the centre to the mark in the frame of `to_unit`."""
        turn = np.deg2rad(self.mark.angle)
        direction = np.array([[np.cos(turn), np.sin(turn)]])
        unit = self.to_unit(direction + self.centre)[0]
        return np.asarray(unit / np.hypot(*unit), np.float64)


def _matrix(axes: tuple[float, float], angle: float) -> NDArray[np.float64]:
    turn = np.deg2rad(angle)
    frame = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray(frame @ np.diag(axes) @ frame.T, np.float64)


def find_outline(pixels: Pixels) -> Outline | None:
    """Find the wafer's disc in a picture (H, W, 3); None if no rim is seen well enough.

    The outermost of concentric borders is taken, so an edge ring belongs to the wafer. Of marks
    only flats are looked for, which decide what lies on the wafer; see `refine` for notches.
    """
    if min(pixels.shape[:2]) < LEAST_SIDE:
        return None
    small, factor = reduce_picture(pixels)
    if min(small.shape[:2]) < LEAST_SIDE:
        return None
    slopes = measure_slopes(small)
    edges = edges_of(slopes, CLEAR)
    shape = find_shape(edges)
    weaker = slopes.threshold(WEAKER) < slopes.threshold(CLEAR)
    if shape is None and weaker and len(edges.points) <= MANY_EDGES:
        # The second look, at weaker edges, is for a rim that hardly differs from the rig.
        edges = edges_of(slopes, WEAKER)
        shape = find_shape(edges)
    if shape is None:
        return None
    frame, axes, _ = np.linalg.svd(shape.matrix.astype(np.float64) * factor)
    return Outline(
        centre=(float(shape.centre[0] * factor), float(shape.centre[1] * factor)),
        axes=(float(axes[0]), float(axes[1])),
        angle=float(np.rad2deg(np.arctan2(frame[1, 0], frame[0, 0])) % 180),
        look=partial(_find_mark, edges, shape),
    )


def _find_mark(edges: Edges, shape: Shape) -> RimMark:
    """Find a flat among the edges."""
    found = find_flat(edges, shape)
    if found is None:
        return RimMark()
    toward = shape.matrix @ np.array([np.cos(found.turn), np.sin(found.turn)])
    return RimMark("flat", float(np.rad2deg(np.arctan2(*toward[::-1])) % 360), found.depth)


def find_shape(edges: Edges) -> Shape | None:
    """Find the ellipse of the wafer's outer border among the edges."""
    if len(edges.points) < NUM_SECTORS // 2:
        return None
    some = edges.thinned(1500)
    guesses = best_radii(some, vote_centres(some, 4), 2)
    guesses.sort(key=lambda guess: -guess[0])
    best_worth, best = 0.0, None
    for guess, radius, centre in guesses[:NUM_GUESSES]:
        if guess < LEAST_GUESS:
            break
        for shape in _refined(edges, Shape(centre, radius * np.eye(2, dtype=np.float32))):
            support = measure_support(edges, shape)
            score = _score(support, edges.size, shape.radius)
            if score > CLEAR_SCORE and support.arc > CLEAR_ARC:
                return shape
            # A larger shape wins over one in it that is a little clearer: rings lie inside.
            worth = support.arc**2 * shape.radius if score > 0 else 0.0
            if worth > best_worth:
                best_worth, best = worth, shape
    return best


def _refined(edges: Edges, circle: Shape) -> Iterator[Shape]:
    """Give the outermost border near the circle, then the one that simply has most edges.

    The second is for noise and clutter so thick outside that few outermost edges are the rim's.
    """
    rough = fit_ellipse(edges, circle, (10, 6))
    yield outer_border(edges, outer_border(edges, rough, 7), 4)
    yield fit_ellipse(edges, rough, (5, 3, 2, 1.2))


def _score(support: Support, size: tuple[int, int], radius: float) -> float:
    """Give the share of the rim in view that edges support beyond chance; 0 for no wafer."""
    score = (support.share - support.chance) / (1 - support.chance + 1e-6)
    fits = LEAST_SHARE * min(size) <= radius <= MOST_SHARE * max(size)
    # Short arcs occur by chance on boards and fabrics, so they have to be seen more fully.
    needed = 0.5 + 0.6 * max(0.5 - support.arc, 0)
    return score if fits and support.arc >= LEAST_ARC and score >= needed else 0.0

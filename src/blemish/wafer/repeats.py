"""Where finds come back on wafer after wafer, or in die after die, and how finds are spread."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.core.crowds import crowd_weights
from blemish.core.density import smooth_density
from blemish.core.exact import LEVEL, count_interval
from blemish.core.intervals import Resamples
from blemish.core.resampling import Values, Weights, each_alone
from blemish.core.scan import Meeting, Scan, find_meetings
from blemish.core.trend import Trend, find_trend
from blemish.wafer.coordinates import polar
from blemish.wafer.dies import DieGrid
from blemish.wafer.stack import Stack

REACH = 0.02
"""Of the diameter: how far the finds of one place lie from its middle at most, if not told."""
NUM_RINGS, NUM_SECTORS = 10, 12


@dataclass(frozen=True)
class RepeatWishes:
    """What counts as a repeat.

    Attributes:
        within: mm, the farthest that finds of one place lie from its middle; None for `REACH`.
        least: the fewest wafers, or dies.
        rate: repeats that chance may make in the mean, where there are none.
    """

    within: float | None = None
    least: int = 3
    rate: float = 0.05

    def reach(self, diameter: float) -> float:
        """Give ``within``, or what it is on wafers of this diameter."""
        return REACH * diameter if self.within is None else self.within


@dataclass(frozen=True)
class Band:
    """A ring or a sector of the stacked wafers.

    Attributes:
        start, end: mm from the centre, or degrees counter-clockwise from x.
        finds: of all wafers.
        density: finds a wafer and cm².
        interval: of the density; those of all rings, or all sectors, hold at once with 95 %.
        uniform: finds that it would hold if all were spread evenly.
    """

    start: float
    end: float
    finds: int
    density: float
    interval: tuple[float, float]
    uniform: float


@dataclass(frozen=True, eq=False)
class Study:
    """What is learnt of a stack.

    Attributes:
        repeats: on the wafer, the most striking first.
        die_repeats: in the die; empty where no dies are told.
        dies: (N, 2) of the finds; None where no dies are told.
        rings, sectors: how finds are spread.
        trend: of finds a wafer; None of too few wafers.
    """

    repeats: list[Meeting]
    die_repeats: list[Meeting]
    dies: NDArray[np.int64] | None
    rings: list[Band]
    sectors: list[Band]
    trend: Trend | None


def study(stack: Stack, grid: DieGrid | None, wishes: RepeatWishes) -> Study:
    """Look for repeats on the wafer and, with a grid, in the die; tell density and trend."""
    die_repeats: list[Meeting] = []
    dies = None
    if grid is not None:
        die_repeats, dies = find_die_repeats(stack, grid, wishes)
    return Study(
        *(find_repeats(stack, wishes), die_repeats, dies, rings(stack), sectors(stack)),
        find_trend(stack.counts.tolist()),
    )


def find_repeats(stack: Stack, wishes: RepeatWishes) -> list[Meeting]:
    """Give the places where finds come back on more wafers than chance allows; see `core.scan`.

    The density that chance follows is smooth in the area within a radius and in the angle.
    """
    radius = stack.diameter / 2
    away, angle = polar(stack.points)
    unit = np.stack([(away / radius) ** 2, angle / 360], axis=1).clip(0, 1)
    reach = wishes.reach(stack.diameter)
    weights = crowd_weights(stack.points, stack.owners, reach)
    scan = Scan(stack.points, stack.owners, math.pi * radius**2, reach, wishes.least)

    def density(left_out: NDArray[np.bool_]) -> NDArray[np.float64]:
        return smooth_density(unit, stack.owners, weights * ~left_out, (False, True))

    return find_meetings(scan, density, wishes.rate)


def find_die_repeats(
    stack: Stack, grid: DieGrid, wishes: RepeatWishes
) -> tuple[list[Meeting], NDArray[np.int64]]:
    """Give the places in the die where finds come back in more dies, and each find's die (N, 2).

    A die counts once at each place, on however many wafers: one place on all wafers lies in one
    die and is no repeat here. Places are mm from the die's lower left corner.
    """
    dies, inside = grid.locate(stack.points)
    if not len(dies):
        return [], dies
    _, owners = np.unique(dies, axis=0, return_inverse=True)
    owners = owners.reshape(-1)
    unit = inside / grid.pitch
    reach = min(wishes.reach(stack.diameter), min(grid.pitch) / 4)
    weights = crowd_weights(inside, owners, reach)
    scan = Scan(inside, owners, math.prod(grid.pitch), reach, wishes.least)

    def density(left_out: NDArray[np.bool_]) -> NDArray[np.float64]:
        return smooth_density(unit, owners, weights * ~left_out, (False, False))

    return find_meetings(scan, density, wishes.rate), dies


def rings(stack: Stack) -> list[Band]:
    """Give rings of equal area from the centre to the rim."""
    edges = stack.diameter / 2 * np.sqrt(np.linspace(0, 1, NUM_RINGS + 1))
    away, _ = polar(stack.points)
    return _bands(stack, away.clip(0, stack.diameter / 2), edges)


def sectors(stack: Stack) -> list[Band]:
    """Give sectors of equal angle, counter-clockwise from x."""
    _, angle = polar(stack.points)
    return _bands(stack, angle, np.linspace(0, 360, NUM_SECTORS + 1))


def _bands(stack: Stack, values: Sequence[float] | Values, edges: Values) -> list[Band]:
    """Give bands of equal area between edges."""
    num_bands, num_wafers = len(edges) - 1, len(stack.wafers)
    area = math.pi * (stack.diameter / 20) ** 2 / num_bands  # cm²
    which = (np.searchsorted(edges, values, "right") - 1).clip(0, num_bands - 1)
    counts = np.zeros((num_bands, num_wafers))
    np.add.at(counts, (which, stack.owners), 1)
    level = 1 - (1 - LEVEL) / num_bands  # Bonferroni: that all hold
    resamples = Resamples.of(each_alone(num_wafers), np.random.default_rng(0))
    bands = []
    for at, row in enumerate(counts):
        total = int(row.sum())
        low, high = count_interval(total, level)
        if num_wafers > 1 and total:
            drawn = resamples.interval(_mean_of(row), level)
            low, high = min(low, drawn[0] * num_wafers), max(high, drawn[1] * num_wafers)
        whole = area * num_wafers
        bands.append(
            Band(
                *(float(edges[at]), float(edges[at + 1]), total, total / whole),
                *((low / whole, high / whole), len(values) / num_bands),
            )
        )
    return bands


def _mean_of(counts: Values) -> Callable[[Weights], Values]:
    return lambda weights: np.asarray((weights @ counts) / weights.sum(axis=1), np.float64)

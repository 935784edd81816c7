"""How much of a crowd of points counts, where what matters is whether one of them is near."""

import math

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]

SAMPLES = 32
"""Of each disc, laid like the seeds of a sunflower, so evenly."""
MOST_DISCS = 200
"""Of more points the discs of so many, evenly taken, stand for all."""
CROWDED = 2.0
_GOLDEN = math.pi * (3 - math.sqrt(5))


def crowd_weights(points: Doubles, groups: Whole, radius: float) -> Doubles:
    """Give what each of the points (N, 2) counts for beside those of other groups (N,).

    Points of one group within the radius share one vote, and a group with more than `CROWDED`
    medians of votes has that many.
    """
    weights = np.ones(len(points))
    votes = []
    members = [np.flatnonzero(groups == one) for one in np.unique(groups)]
    for inside in members:
        own = points[inside]
        many = [(np.hypot(*(own - point).T) <= radius).sum() for point in own]
        weights[inside] = 1 / np.array(many)
        votes.append(float(weights[inside].sum()))
    most = CROWDED * float(np.median(votes)) if votes else 0.0
    for inside, cast in zip(members, votes, strict=True):
        weights[inside] *= min(most / cast, 1.0)
    return weights


def discs_apart(points: Doubles, radius: float) -> float:
    """Give how many discs that do not overlap cover as much as those around points (N, 2).

    From 1, where all points are one, to N, where no two are within two radii: a point thrown
    anywhere is near to one of them with that many times the chance for a single one. The area of
    a union is the sum over its discs of the mean share that each part has of them.
    """
    taken = np.unique(np.linspace(0, len(points) - 1, MOST_DISCS).round().astype(np.int64))
    if len(points) < 2:
        return float(len(points))
    reach = radius * np.sqrt((np.arange(SAMPLES) + 0.5) / SAMPLES)
    turn = np.arange(SAMPLES) * _GOLDEN
    seeds = np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)
    shares = 0.0
    for at in taken.tolist():
        near = points[np.hypot(*(points - points[at]).T) <= 2 * radius]
        away = np.hypot(*((points[at] + seeds)[:, None] - near[None]).transpose(2, 0, 1))
        shares += float((1 / (away <= radius).sum(axis=1)).mean())
    return shares / len(taken) * len(points)

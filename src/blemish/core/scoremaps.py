"""From a score to the chance that a find is a defect: fitted maps, and what they are kept as.

Both rise everywhere, so that they change no order beyond float32's last digits: average precision
and suppression stay as they are, and a threshold can be carried over.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from blemish.core.matching import Mask

Scores = NDArray[np.float32]

# A hair of the score itself, so that finds that PAV gives one chance keep their order.
TILT = 1e-3

_NEAREST = 1e-6  # of a logit to a score of 0 or 1
_STEPS = 100


class ScoreMap(Protocol):
    """A map of scores in [0, 1] to chances in [0, 1] of the same shape."""

    def __call__(self, scores: Scores) -> Scores:
        """Give the chances."""

    def facts(self) -> dict[str, Any]:
        """Give the map as plain values, for `read_map`."""


@dataclass(frozen=True)
class Isotonic:
    """A line through points that rise in both; level beyond the first and last, then tilted.

    Attributes:
        scores: the middle of each block of finds that share a chance, rising.
        chances: that chance, rising.
    """

    scores: tuple[float, ...]
    chances: tuple[float, ...]

    def __call__(self, scores: Scores) -> Scores:
        """Give the chances."""
        level = np.interp(scores.astype(np.float64), self.scores, self.chances)
        return np.asarray((1 - TILT) * level + TILT * scores, np.float32)

    def facts(self) -> dict[str, Any]:
        """Give the map as plain values."""
        return {"kind": "isotonic", "scores": list(self.scores), "chances": list(self.chances)}


@dataclass(frozen=True)
class Platt:
    """A line on the scale of logits.

    Attributes:
        slope: above 0.
        offset: what a score of one half comes to.
    """

    slope: float
    offset: float

    def __call__(self, scores: Scores) -> Scores:
        """Give the chances."""
        return np.asarray(_chance(self.slope * _logit(scores) + self.offset), np.float32)

    def facts(self) -> dict[str, Any]:
        """Give the map as plain values."""
        return {"kind": "platt", "slope": self.slope, "offset": self.offset}


@dataclass(frozen=True)
class AsItIs:
    """The map that changes nothing."""

    def __call__(self, scores: Scores) -> Scores:
        """Give the scores."""
        return scores

    def facts(self) -> dict[str, Any]:
        """Give nothing: that is how no map is kept."""
        return {}


def map_one(score_map: ScoreMap, score: float) -> float:
    """Give the chance of one score."""
    return float(score_map(np.array([score], np.float32))[0])


def read_map(facts: Mapping[str, Any]) -> ScoreMap:
    """Give the map that the facts tell of; of none the one that changes nothing.

    Raises:
        ValueError: they tell of no rising map of [0, 1] into itself.
    """
    if not facts:
        return AsItIs()
    try:
        if facts["kind"] == "platt":
            return _checked_line(float(facts["slope"]), float(facts["offset"]))
        if facts["kind"] == "isotonic":
            rows = (tuple(map(float, facts[name])) for name in ("scores", "chances"))
            return _checked_points(Isotonic(*rows))
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"score map: {error!r} is not understood") from error
    raise ValueError(f"score map: kind {facts['kind']!r} is neither isotonic nor platt")


def fit_isotonic(scores: Scores, hit: Mask) -> Isotonic:
    """Fit the rising map with the least squared error, by joining neighbours that fall.

    Pool adjacent violators (Ayer, Brunk, Ewing, Reid & Silverman, Annals of Mathematical
    Statistics 26, 1955); between the middles of the blocks it is a line (centred isotonic
    regression: Oron & Flournoy, Statistics in Biopharmaceutical Research 9, 2017). Equal scores
    are one block.

    Raises:
        ValueError: there are no finds, or they are all hits or all false.
    """
    _check_both(hit)
    values, inverse, counts = np.unique(
        scores.astype(np.float64), return_inverse=True, return_counts=True
    )
    hits = np.bincount(inverse, weights=hit.astype(np.float64))
    # Each block: the number of finds, of hits, and the sum of scores.
    blocks: list[tuple[float, float, float]] = []
    for number, num_hits, value in zip(
        counts.tolist(), hits.tolist(), values.tolist(), strict=True
    ):
        block = (number, num_hits, number * value)
        while blocks and blocks[-1][1] * block[0] >= block[1] * blocks[-1][0]:
            before = blocks.pop()
            block = (before[0] + block[0], before[1] + block[1], before[2] + block[2])
        blocks.append(block)
    middles = tuple(total / number for number, _, total in blocks)
    return Isotonic(middles, tuple(num_hits / number for number, num_hits, _ in blocks))


def fit_platt(scores: Scores, hit: Mask) -> Platt:
    """Fit a line on logits by the greatest likelihood, with Platt's targets just inside 0 and 1.

    Platt, Advances in Large Margin Classifiers, 1999; Newton's steps with halving as by Lin, Lin &
    Weng (Machine Learning 68, 2007).

    Raises:
        ValueError: there are no finds, they are all hits or all false, or better scores are no
            likelier hits.
    """
    _check_both(hit)
    num_hits = int(hit.sum())
    target = np.where(hit, (num_hits + 1) / (num_hits + 2), 1 / (len(hit) - num_hits + 2))
    rows = np.stack([_logit(scores), np.ones(len(scores))])

    def loss(line: NDArray[np.float64]) -> float:
        return float(np.sum(np.logaddexp(0, line @ rows) - target * (line @ rows)))

    line = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        chance = _chance(line @ rows)
        slope = rows @ (chance - target)
        bend = (rows * (chance * (1 - chance))) @ rows.T + 1e-12 * np.eye(2)
        step, share = np.linalg.solve(bend, slope), 1.0
        while share > 1e-10 and loss(line - share * step) > loss(line):
            share /= 2
        line = line - share * step
        if np.abs(share * step).max() < 1e-10:
            break
    if not line[0] > 1e-6:
        raise ValueError("better scores are no likelier hits, so no map can be fitted")
    return Platt(float(line[0]), float(line[1]))


FITS: Mapping[str, Callable[[Scores, Mask], ScoreMap]] = {
    "isotonic": fit_isotonic,
    "platt": fit_platt,
    "none": lambda scores, hit: AsItIs(),
}


def _check_both(hit: Mask) -> None:
    if not 0 < int(hit.sum()) < len(hit):
        raise ValueError(
            f"{int(hit.sum())} hits and {int((~hit).sum())} false finds: a map needs both"
        )


def _logit(scores: Scores) -> NDArray[np.float64]:
    inside = np.clip(scores.astype(np.float64), _NEAREST, 1 - _NEAREST)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)


def _chance(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.exp(-np.logaddexp(0, -logits)), np.float64)


def _checked_line(slope: float, offset: float) -> Platt:
    if not (0 < slope < math.inf and math.isfinite(offset)):
        raise ValueError(f"score map: slope {slope} and offset {offset} make no rising line")
    return Platt(slope, offset)


def _checked_points(points: Isotonic) -> Isotonic:
    for name, row in points.facts().items():
        if name == "kind":
            continue
        rises = all(first < second for first, second in itertools.pairwise(row))
        if not row or not rises or not (row[0] >= 0 and row[-1] <= 1):
            raise ValueError(f"score map: {name} do not rise from 0 to 1")
    if len(points.scores) != len(points.chances):
        raise ValueError("score map: scores and chances are not equally many")
    return points

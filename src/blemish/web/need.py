"""How much a picture needs a person, and why: answers from 0 to 1; the largest counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.core.matching import match_centre
from blemish.data.images import Pixels

Reason = Literal["", "near", "rare", "disagreement", "partial"]
Smalls = NDArray[np.uint8]

SIDE = 8  # of the small picture by which pictures are compared
LEAST_KNOWN = 8  # pictures, with fewer of which nothing can be called unusual
LEAST_USUAL = 2.0  # grey levels; nearer pictures are alike, see `blemish.data.likeness`
TOLD_FROM: Mapping[Reason, float] = {"disagreement": 0.5, "rare": 0.5, "near": 0.8}
"""Need from which on a reason is told: nearly every picture has a score at half the distance."""


@dataclass(frozen=True)
class Need:
    """Why a picture needs a person, each from 0 to 1.

    Attributes:
        near: a candidate's score is near the threshold.
        rare: it looks unlike the pictures that were known before.
        disagreement: its finds differ from what another model found or a person decided.
        is_partial: not all of it could be looked at.
    """

    near: float = 0.0
    rare: float = 0.0
    disagreement: float = 0.0
    is_partial: bool = False

    @property
    def total(self) -> float:
        """The largest; 1 where not all could be looked at."""
        return 1.0 if self.is_partial else max(self.near, self.rare, self.disagreement)

    @property
    def reason(self) -> Reason:
        """Which one that is; empty where it is too small to be told."""
        if self.is_partial:
            return "partial"
        parts: dict[Reason, float] = {
            "disagreement": self.disagreement,
            "rare": self.rare,
            "near": self.near,
        }
        largest = max(parts, key=lambda key: parts[key])
        return largest if parts[largest] >= TOLD_FROM[largest] else ""


def nearness(scores: Sequence[float], threshold: float) -> float:
    """Give 1 for a score at the threshold, less the further all are from it, 0 without any."""
    far = max(threshold, 1 - threshold)
    return round(max((1 - abs(score - threshold) / far for score in scores), default=0.0), 4)


def small_of(pixels: Pixels) -> bytes:
    """Give what is remembered of a picture's look: `SIDE` x `SIDE` RGB pixels."""
    small = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8).tobytes()


def rareness(small: bytes, known: Sequence[bytes]) -> float:
    """Tell how unlike a picture is to those known: 0 where it is as near as they are, towards 1.

    With the distance to the nearest known one, root mean square in grey levels, that is one minus
    the usual distance (the median of those from each known one to its nearest) over it.
    """
    rows = [one for one in known if len(one) == len(small)]
    if not small or len(rows) < LEAST_KNOWN:
        return 0.0
    others = _as_rows(rows)
    between = _distances(others, others)
    np.fill_diagonal(between, np.inf)
    usual = max(float(np.median(between.min(axis=1))), LEAST_USUAL)
    nearest = float(_distances(_as_rows([small]), others).min())
    return round(max(1 - usual / nearest, 0.0), 4) if nearest > 0 else 0.0


def _as_rows(smalls: Sequence[bytes]) -> NDArray[np.float64]:
    return np.stack([np.frombuffer(one, np.uint8) for one in smalls]).astype(np.float64)


def _distances(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.asarray(np.sqrt(np.maximum(squares, 0) / one.shape[1]))


def disagreement(now: Defects, before: Defects) -> float:
    """Give the surest mark that only one side has; 0 where each has its partner.

    Scores say how sure a mark is. Two marks are partners if the middle of one lies in the other.
    """
    forth = match_centre(now, before, np.zeros(len(before), bool)).partner
    back = match_centre(before, now, np.zeros(len(now), bool)).partner
    paired = np.zeros(len(now), bool)
    paired[forth >= 0] = paired[back[back >= 0]] = True
    met = np.zeros(len(before), bool)
    met[back >= 0] = met[forth[forth >= 0]] = True
    alone = [*now.scores[~paired].tolist(), *before.scores[~met].tolist()]
    return round(max(alone, default=0.0), 4)


def sureness(score: float, threshold: float) -> float:
    """Give how sure a find is: a half at the threshold, 1 at a score of 1."""
    return min(max(0.5 + 0.5 * (score - threshold) / max(1 - threshold, 1e-6), 0.0), 1.0)

"""A score threshold from what is promised: so many false finds at most, or so few misses.

The threshold is the score of a labelled defect or just above that of a false find, and which of
them (the k-th from below of n) is decided by n and the promise alone. The true miss rate at the
k-th lowest score of n independent ones is distributed as Beta(k, n - k + 1) whatever the scores
are (Wilks, Annals of Mathematical Statistics 12, 1941), so the exact bound on k - 1 misses of n
holds for a threshold that was chosen on the same defects.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.core.exact import fewest_for, most_under, rate_bound, share_bound
from blemish.core.matching import match_centre
from blemish.core.metrics import Judged, Scored, judge

MIN_RECALL, MAX_FALSE = "min-recall", "max-false-per-image"
KINDS = (MIN_RECALL, MAX_FALSE)


class PromiseError(ValueError):
    """The pictures do not support the promise; the text says why and what would."""


@dataclass(frozen=True)
class Promise:
    """What a threshold is to keep.

    Attributes:
        kind: `min-recall`, the least share of the labels hit by their centre, or
            `max-false-per-image`, the most false finds a picture.
        limit: of it.
        sure: whether the 95 % bound must keep it and not only what was counted.
    """

    kind: str
    limit: float
    sure: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be promised.

        Raises:
            ValueError: there is no such kind, or no such share or rate.
        """
        if self.kind not in KINDS:
            raise ValueError(f"promise {self.kind!r} is not one of {', '.join(KINDS)}")
        most = 1.0 if self.kind == MIN_RECALL else 1e6
        if not 0 <= self.limit <= most:
            raise ValueError(f"--{self.kind} {self.limit:g} is not from 0 to {most:g}")


@dataclass(frozen=True)
class Kept:
    """What was counted at a threshold, and what so many pictures can say of others.

    Attributes:
        threshold: finds of this score and above count.
        num_true, num_missed: labels, and those that no find hits.
        num_false, num_pictures: false finds, and pictures.
    """

    threshold: float
    num_true: int
    num_missed: int
    num_false: int
    num_pictures: int

    @property
    def recall(self) -> float:
        """The share of the labels that are hit; nan without any."""
        return 1 - self.num_missed / self.num_true if self.num_true else math.nan

    @property
    def miss_bound(self) -> float:
        """The share of defects that is missed at most, 95 % sure; 1 without labels."""
        return share_bound(self.num_missed, self.num_true)

    @property
    def false_per_picture(self) -> float:
        """The number of false finds a picture; nan without pictures."""
        return self.num_false / self.num_pictures if self.num_pictures else math.nan

    @property
    def false_bound(self) -> float:
        """The mean number of false finds a picture at most, 95 % sure, if they come singly."""
        return rate_bound(self.num_false, self.num_pictures)


def keep_promise(pictures: Sequence[Scored], promise: Promise) -> Kept:
    """Choose the threshold that keeps a promise on finds of any score, and count there.

    For the least recall it is the highest that keeps it, for the most false finds the lowest:
    what is not promised is as good as it can be.

    Raises:
        PromiseError: no threshold keeps it.
    """
    judged = judge(pictures, match_centre)
    choose = {MIN_RECALL: _at_recall, MAX_FALSE: _at_false}[promise.kind]
    return count_at(judged, choose(judged, promise))


def count_at(judged: Judged, threshold: float) -> Kept:
    """Count at a threshold."""
    taken = judged.scores >= threshold
    num_true, num_hits = len(judged.true_labels), int(judged.hit[taken].sum())
    num_false = int(taken.sum()) - num_hits
    return Kept(threshold, num_true, num_true - num_hits, num_false, judged.num_pictures)


def _at_recall(judged: Judged, promise: Promise) -> float:
    number, most = len(judged.true_labels), 1 - promise.limit
    if not number:
        raise PromiseError("no labelled defect in these pictures, so no recall can be promised")
    missed: int | None = math.floor(most * number + 1e-9)
    if promise.sure:
        missed = most_under(lambda count: share_bound(count, number), most, number)
    if missed is None:
        raise PromiseError(_too_few_labels(number, promise.limit))
    scores = judged.scores[judged.hit]
    if len(scores) < number - missed:
        how = " with --sure" if promise.sure else ""
        less = "promise less, leave --sure out" if promise.sure else "promise less"
        raise PromiseError(
            f"of {number} labelled defects {len(scores)} are found at any score, but a recall of "
            f"{promise.limit:g}{how} needs {number - missed}; {less}, or teach the model more"
        )
    if missed >= number:
        return 1.0
    return float(scores[number - missed - 1])


def _at_false(judged: Judged, promise: Promise) -> float:
    number = judged.num_pictures
    if not number:
        raise PromiseError("no pictures, so nothing can be promised")
    allowed: int | None = math.floor(promise.limit * number + 1e-9)
    if promise.sure:
        most = int((~judged.hit).sum())
        allowed = most_under(lambda count: rate_bound(count, number), promise.limit, most)
    if allowed is None:
        raise PromiseError(_too_few_pictures(number, promise.limit))
    return _lowest(judged.scores, judged.hit, allowed)


def _lowest(scores: NDArray[np.float32], hit: NDArray[np.bool_], allowed: int) -> float:
    """Give the lowest threshold that lets so many false finds pass: just above the next one."""
    false = scores[~hit]
    if len(false) <= allowed:
        return float(scores[-1]) if len(scores) else 1.0
    above = scores[scores > false[allowed]]
    return float(above[-1]) if len(above) else float(np.nextafter(scores[0], np.float32(np.inf)))


def _too_few_labels(number: int, recall: float) -> str:
    needed = (
        f"at least {fewest_for(1 - recall)} are needed" if recall < 1 else "no number is enough"
    )
    return (
        f"{number} labelled defects cannot support a recall of {recall:g}: even with all of them "
        f"found up to {share_bound(0, number):.2%} of others may be missed (rule of three: about "
        f"3 / {number}); {needed}"
    )


def _too_few_pictures(number: int, rate: float) -> str:
    needed = "no number is enough"
    if rate > 0:
        needed = f"at least {math.ceil(rate_bound(0, 1) / rate)} pictures are needed"
    return (
        f"{number} pictures cannot support {rate:g} false finds a picture: even without any, "
        f"others may have {rate_bound(0, number):.3g} (rule of three: about 3 / {number}); {needed}"
    )

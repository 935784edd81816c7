"""What of a result stands on its page: which pictures in which order, and how many of what.

All lists are bounded, so that a page stays small whatever it is of; what is left out is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from blemish.report.result import Mark, Picture, Result
from blemish.report.shots import MOST_CROPS

MOST_CARDS, MOST_QUIET, MOST_NEXT, MOST_WORST = 500, 500, 12, 24
CARD_BYTES, CARDS_BYTES, QUIET_BYTES = 220_000, 14_000_000, 3_000
"""Of one picture with its crops, of all of them, of a picture without; with 500 of each and base64
the page stays under 25 MB."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The pictures of a page.

    Attributes:
        result: what they are of.
        cards: those with something to show, worst first.
        quiet: those without.
        problems: those that failed or are partial.
        num_noisy, num_quiet: how many there are, shown or not.
    """

    result: Result
    cards: tuple[Picture, ...]
    quiet: tuple[Picture, ...]
    problems: tuple[Picture, ...]
    num_noisy: int
    num_quiet: int

    @property
    def card_bytes(self) -> int:
        """How many bytes the pictures of one card may take."""
        return min(CARD_BYTES, CARDS_BYTES // max(len(self.cards), 1))


def plan_of(result: Result) -> Plan:
    """Sort the pictures of a result: those with finds, or errors where there were labels."""
    looked = [one for one in result.pictures if one.status != "failed"]
    noisy = [one for one in looked if (one.num_wrong if result.judged else one.marks)]
    quiet = [one for one in looked if not (one.num_wrong if result.judged else one.marks)]
    worst = sorted(noisy, key=_badness, reverse=True)
    problems = [one for one in result.pictures if one.status in {"failed", "partial"}]
    return Plan(
        result,
        tuple(worst[:MOST_CARDS]),
        tuple(quiet[:MOST_QUIET]),
        tuple(problems),
        len(noisy),
        len(quiet),
    )


def _badness(picture: Picture) -> tuple[int, int, float]:
    return picture.num_wrong, len(picture.marks), picture.best


def shown_marks(picture: Picture) -> list[Mark]:
    """Give the marks that are enlarged, in order: what is wrong where there were labels."""
    found, missed, false = (picture.of_kind(kind) for kind in ("found", "missed", "false"))
    found.sort(key=lambda mark: -(mark.score or 0.0))
    return found + worst_misses(missed) + worst_false(false)


def worst_misses(marks: Sequence[Mark]) -> list[Mark]:
    """Order missed labels: first where nothing was seen, then by area."""
    return sorted(marks, key=lambda mark: (mark.score or 0.0, -area(mark)))


def worst_false(marks: Sequence[Mark]) -> list[Mark]:
    """Order false finds: the most certain first."""
    return sorted(marks, key=lambda mark: -(mark.score or 0.0))


def enlarged(picture: Picture) -> list[Mark]:
    """Give the marks of which there may be a crop."""
    return shown_marks(picture)[:MOST_CROPS]


def area(mark: Mark) -> float:
    """Give the area of a mark's box."""
    x1, y1, x2, y2 = mark.box
    return (x2 - x1) * (y2 - y1)


def to_label_next(result: Result) -> list[tuple[Picture, float]]:
    """Give pictures that teach most, with the score that is nearest the threshold."""
    threshold = result.threshold
    near = [(one, _nearest(one, threshold)) for one in result.pictures]
    known = [(one, score) for one, score in near if score is not None]
    return sorted(known, key=lambda pair: (-pair[0].num_wrong, abs(pair[1] - threshold)))[
        :MOST_NEXT
    ]


def _nearest(picture: Picture, threshold: float) -> float | None:
    if picture.nearest is not None:
        return picture.nearest
    scores = [mark.score for mark in picture.marks if mark.score is not None]
    return min(scores, key=lambda score: abs(score - threshold), default=None)

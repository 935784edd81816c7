"""The proof, for a whole data set, that no box is left to the background.

It cuts training's crops around the boxes and asks the net's own assignment for the positives of
each: what it counts is what training does, not what it should do.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from blemish.model.anchor_assign import ASSIGNERS, assign_anchors
from blemish.model.anchors import lay_anchors
from blemish.model.assign import Truth, assign_one
from blemish.model.centernet import CELL
from blemish.model.claims import Sight

LEAST_SIDE = 4.0  # px; a smaller box is counted apart
VISIBLE = 0.4  # a crop that shows less of a box than this share does not teach it
MOST_NAMED = 5  # boxes named in the words of a proof

Count = Callable[[Truth, int], Tensor]
Place = Callable[[int, int], str]


@dataclass(frozen=True)
class LeftBehind:
    """A box that teaches nothing.

    Attributes:
        picture: its picture's place in the data set.
        box: its place among the picture's boxes.
        place: where its label stands, in words.
        reason: why.
    """

    picture: int
    box: int
    place: str
    reason: str


@dataclass(frozen=True)
class Proof:
    """What was proved.

    Attributes:
        boxes: boxes of at least `LEAST_SIDE` px that were looked at.
        positives: cells or anchors that answer for them, in all.
        least: fewest that answer for one of them; 0 without boxes.
        left: those for which none does.
        small: boxes with a shorter side, which are not promised anything.
        small_left: those of them for which none answers.
    """

    boxes: int
    positives: int
    least: int
    left: tuple[LeftBehind, ...]
    small: int
    small_left: tuple[LeftBehind, ...]

    def __str__(self) -> str:
        """Give the proof in words."""
        words = (
            f"{self.boxes} boxes of at least {LEAST_SIDE:g} px: {len(self.left)} left behind, "
            f"each of the others with {self.positives / max(self.boxes, 1):.1f} positives on "
            f"average; {self.small} smaller boxes, {len(self.small_left)} of them left behind"
        )
        few = [f"{one.place} ({one.reason})" for one in self.left]
        more = [] if len(few) <= MOST_NAMED else [f"{len(few) - MOST_NAMED} more"]
        return ": ".join([words, *filter(None, ["; ".join(few[:MOST_NAMED] + more)])])


def prove(
    pictures: Iterable[Tensor],
    net: Mapping[str, Any],
    crop: int,
    scale: float = 1.0,
    place: Place = "picture {}: box {}".format,
) -> Proof:
    """Count the positives of every box of a data set, and tell which boxes have none.

    Each box is looked at in the crop around it, or in one around a neighbour that shows it whole,
    together with all that this crop shows. A box that is larger than the crop is left behind if
    the crop shows too little of it.

    Args:
        pictures: (N, 4) float32 xyxy px, the boxes of each picture.
        net: the architecture; of a point net and one of anchors alike.
        crop: side of training's crops in px, a multiple of 32.
        scale: crop pixels a picture pixel.
        place: tells where a box stands, by its picture's place and its own.
    """
    count = counter_of(net)
    rows: list[tuple[LeftBehind, float, int]] = []
    for picture, boxes in enumerate(pictures):
        moved = boxes.float() * scale
        sides = (boxes[:, 2:] - boxes[:, :2]).min(dim=1).values.tolist()
        for box, number, reason in _look(moved, crop, count):
            left = LeftBehind(picture, box, place(picture, box), reason)
            rows.append((left, sides[box], number))
    usual = [row for row in rows if row[1] >= LEAST_SIDE]
    small = [row for row in rows if row[1] < LEAST_SIDE]
    numbers = [number for _, _, number in usual]
    return Proof(
        boxes=len(usual),
        positives=sum(numbers),
        least=min(numbers, default=0),
        left=tuple(one for one, _, number in usual if number == 0),
        small=len(small),
        small_left=tuple(one for one, _, number in small if number == 0),
    )


def _look(boxes: Tensor, crop: int, count: Count) -> Iterator[tuple[int, int, str]]:
    """Yield each box's place, its number of positives, and the reason if it has none."""
    waiting = dict.fromkeys(range(len(boxes)))
    while waiting:
        first = next(iter(waiting))
        middle = (boxes[first, :2] + boxes[first, 2:]) / 2
        moved = boxes - (middle - crop / 2).round().repeat(2)
        seen = moved.clamp(0, crop)
        share = _area(seen) / _area(moved).clamp(min=1e-6)
        shown = (share >= VISIBLE).nonzero().flatten()
        truth = Truth(seen[shown], torch.zeros_like(shown), seen[(share > 0) & (share < VISIBLE)])
        numbers = dict(zip(shown.tolist(), count(truth, crop).tolist(), strict=True))
        for place in [first, *(p for p in numbers if share[p] == 1 and p != first)]:
            if place in waiting:
                del waiting[place]
                reason = (
                    "no cell answers for it" if place in numbers else "the crop shows too little"
                )
                yield place, int(numbers.get(place, 0)), reason


def _area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1)


def counter_of(net: Mapping[str, Any]) -> Count:
    """Give the function from a crop's boxes and its side to the positives of each box, (M,)."""
    return {"centernet": point_counter, "retinanet": anchor_counter}[net["kind"]](net)


def point_counter(net: Mapping[str, Any]) -> Count:
    """Count the cells of a point net whose sides answer for a box, or for one just the same."""

    def count(truth: Truth, crop: int) -> Tensor:
        targets = assign_one(truth, 1, crop // CELL, crop // CELL)
        owned = targets.boxes[targets.shares > 0]
        return (owned[None] == truth.boxes[:, None]).all(dim=2).sum(dim=1)

    return count


def anchor_counter(net: Mapping[str, Any]) -> Count:
    """Count the anchors that answer for a box, for a net that as yet says its anchors."""
    shapes = torch.tensor(net["shapes"], dtype=torch.float32)
    assigner = ASSIGNERS[net["assign"]]

    def count(truth: Truth, crop: int) -> Tensor:
        sides = {level: -(-crop // 2**level) for level in net["levels"]}
        levels = [lay_anchors(shapes, level, side, side) for level, side in sides.items()]
        anchors = torch.cat(levels)
        sight = Sight(
            anchors,
            tuple(len(level) for level in levels),
            len(shapes),
            anchors,
            torch.full((len(anchors), 1), 0.01),
        )
        assigned = assign_anchors(assigner, sight, truth)
        owner = assigned.owner[assigned.quality > 0]
        return torch.bincount(owner, minlength=len(truth.boxes))

    return count

"""Which marks a wafer bears and where: each alone, or one of a group that touches."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from blemish.synth.fields import Field
from blemish.synth.marks import HELD_BACK_KINDS, KINDS, Mark, draw_mark, log_uniform, size_range

SIDE = 900  # px; sizes of marks are meant for this
CLEAN_SHARE = 0.12
MANY = 0.24  # of a geometric number: the share of wafers with marks that bear no further one
MOST = 14  # marks or groups besides the first
# A person boxes marks that touch as one, and marks with room between them one by one. What lies
# between is a matter of taste, which nothing can learn and nobody can judge; it is not drawn.
APART = 20.0  # px that are left between the circles of marks that do not touch

_KIND_SHARES = (0.29, 0.16, 0.16, 0.25, 0.14)


def draw_marks(
    rng: np.random.Generator, depth: Field, held_back: bool, number: float | None = None
) -> list[Mark]:
    """Draw the marks of one wafer: none on a clean one, each alone or one of a touching group.

    ``number`` is how many marks or groups a wafer that is not clean bears in the mean, from 1 on;
    None for the usual five.
    """
    if rng.random() < CLEAN_SHARE:
        return []
    marks: list[Mark] = []
    taken: list[Circle] = []
    if number is None:
        several = 1 + min(int(rng.geometric(MANY)), MOST)
    else:
        several = min(int(rng.geometric(1 / number)), 1 + MOST)
    for _ in range(several):
        kind = str(rng.choice(KINDS, p=_KIND_SHARES))
        if held_back and rng.random() < 0.4:
            kind = HELD_BACK_KINDS[0]
        first = draw_place(rng, depth, log_uniform(rng, *size_range(kind)) / 2, taken)
        if first is None:
            continue
        group = [first]
        if kind != "smear" and rng.random() < 0.12:
            group += draw_neighbours(rng, depth, first, size_range(kind), taken)
        marks += draw_group(rng, kind, group)
        taken += group
    return [mark for mark in marks if _fits(mark)]


def _fits(mark: Mark) -> bool:
    """Tell whether a mark's patch lies wholly in the picture."""
    rows, columns = mark.window
    return bool(min(rows.start, columns.start) >= 0 and max(rows.stop, columns.stop) <= SIDE)


class Circle(NamedTuple):
    """Where a mark is to come: its middle and half its size, px."""

    x: float
    y: float
    radius: float

    def is_free(self, depth: Field, taken: list["Circle"]) -> bool:
        """Tell whether it lies on the wafer and clearly apart from what is taken."""
        if not (12 < self.x < SIDE - 12 and 12 < self.y < SIDE - 12):
            return False
        return bool(depth[int(self.y), int(self.x)] > 5) and all(
            np.hypot(self.x - other.x, self.y - other.y) > self.radius + other.radius + APART
            for other in taken
        )


def draw_place(
    rng: np.random.Generator, depth: Field, radius: float, taken: list[Circle]
) -> Circle | None:
    """Draw a free place, one in six near the rim; None if there is too little room."""
    near_rim = rng.random() < 0.16
    for _ in range(60):
        x, y = rng.uniform(12, SIDE - 12, 2)
        circle = Circle(float(x), float(y), radius)
        if circle.is_free(depth, taken) and (not near_rim or depth[int(y), int(x)] < 45):
            return circle
        near_rim = near_rim and rng.random() > 0.03
    return None


def draw_neighbours(
    rng: np.random.Generator,
    depth: Field,
    first: Circle,
    sizes: tuple[float, float],
    taken: list[Circle],
) -> list[Circle]:
    """Draw a chain of places, each of which touches the one before or all but touches it."""
    chain = [first]
    for _ in range(int(rng.integers(1, 6))):
        last, radius = chain[-1], log_uniform(rng, *sizes) / 2
        angle = rng.uniform(0, 2 * np.pi)
        reach = (last.radius + radius) * rng.uniform(0.6, 1) + rng.uniform(0, 2)
        x, y = last.x + reach * np.cos(angle), last.y + reach * np.sin(angle)
        circle = Circle(float(x), float(y), radius)
        if circle.is_free(depth, taken):
            chain.append(circle)
    return chain[1:]


def draw_group(rng: np.random.Generator, kind: str, group: list[Circle]) -> list[Mark]:
    """Draw the marks of a group: of one stuff, so about as strong as each other."""
    marks = [draw_mark(rng, kind, (x, y), 2 * radius) for x, y, radius in group]
    first = marks[0]
    return [first] + [
        replace(
            mark,
            effect=first.effect,
            tint=first.tint,
            sign=first.sign,
            contrast=first.contrast * float(np.exp(rng.normal(0, 0.25))),
        )
        for mark in marks[1:]
    ]

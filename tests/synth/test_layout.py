"""Where marks lie: alone, or touching others of their own stuff."""

from itertools import pairwise

import numpy as np

from blemish.synth.layout import (
    APART,
    SIDE,
    Circle,
    draw_group,
    draw_marks,
    draw_neighbours,
    draw_place,
)


def test_marks_of_a_group_touch_and_others_keep_apart() -> None:
    depth = np.full((SIDE, SIDE), 300, np.float32)
    rng = np.random.default_rng(4)
    first = Circle(450, 450, 10)
    chain = [first, *draw_neighbours(rng, depth, first, (10, 30), [])]
    assert len(chain) > 1
    for one, other in pairwise(chain):
        gap = np.hypot(one.x - other.x, one.y - other.y) - one.radius - other.radius
        assert -2 * min(one.radius, other.radius) < gap <= 2
    taken = list(chain)
    for _ in range(60):
        place = draw_place(rng, depth, 12, taken)
        if place is None:  # asked for near a rim, which this surface has not
            continue
        away = [np.hypot(place.x - o.x, place.y - o.y) - 12 - o.radius for o in taken]
        assert min(away) > APART
        taken.append(place)
    assert len(taken) > 30
    assert draw_neighbours(rng, depth, first, (10, 30), [first]) == []


def test_a_group_is_of_one_stuff() -> None:
    circles = [Circle(400 + 12 * i, 300, 6) for i in range(4)]
    marks = draw_group(np.random.default_rng(2), "spot", circles)
    assert len({(mark.kind, mark.effect, mark.sign, mark.tint.tobytes()) for mark in marks}) == 1
    contrasts = [mark.contrast for mark in marks]
    assert len(set(contrasts)) == 4
    assert max(contrasts) < 4 * min(contrasts)


def test_the_number_of_marks_is_as_wished_in_the_mean() -> None:
    depth = np.full((SIDE, SIDE), 300, np.float32)

    def number(wish: float | None) -> float:
        marked = (draw_marks(np.random.default_rng(n), depth, False, wish) for n in range(60))
        return float(np.mean([len(marks) for marks in marked if marks]))

    # One in eight is a group of up to six, and a place near a rim is not found here.
    assert 0.8 < number(1) < 1.6
    assert 1.7 * number(1) < number(2.5) < number(None)

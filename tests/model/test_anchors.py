import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.model.anchors import (
    CLASSIC_ANCHORS,
    choose_levels,
    cover,
    fit_anchors,
    lay_anchors,
)
from blemish.model.fpn import check_levels

sides = st.lists(st.tuples(st.floats(1, 900), st.floats(1, 900)), min_size=1, max_size=30)


def slow_best_iou(box: list[float], levels: list[int], shapes: list[list[float]]) -> float:
    best = 0.0
    for level in levels:
        for shape in shapes:
            w, h = shape[0] * 2**level, shape[1] * 2**level
            shared = min(box[0], w) * min(box[1], h)
            best = max(best, shared / (box[0] * box[1] + w * h - shared))
    return best


@settings(deadline=None, max_examples=60)
@given(sides)
def test_any_boxes_give_levels_and_anchors_that_a_net_can_have(
    rows: list[tuple[float, float]],
) -> None:
    given_sides = torch.tensor(rows)
    anchors = fit_anchors(given_sides, choose_levels(given_sides))
    assert check_levels(anchors["levels"]) == anchors["levels"]
    assert len(anchors["shapes"]) == 3
    assert all(side > 0 for shape in anchors["shapes"] for side in shape)
    found = cover(given_sides, anchors)
    slow = [slow_best_iou(list(row), **anchors) for row in given_sides.tolist()]
    assert found.mean == pytest.approx(sum(slow) / len(slow), abs=1e-4)
    assert found.least == pytest.approx(min(slow), abs=1e-4)
    assert found.good == pytest.approx(sum(v >= 0.5 for v in slow) / len(slow), abs=0.05)


def test_planted_shapes_are_found_again() -> None:
    planted = torch.tensor([[40.0, 12], [12, 40], [20, 20]]).repeat(20, 1)
    doubled = torch.cat((planted, 2 * planted))  # the next level has the same shapes
    anchors = fit_anchors(doubled, [2, 3, 4])
    assert cover(doubled, anchors).least > 0.99
    assert "99" in str(cover(doubled, anchors)) or "1.00" in str(cover(doubled, anchors))


def test_fitted_anchors_are_better_than_fixed_ones() -> None:
    generator = torch.Generator().manual_seed(0)
    small = torch.rand(300, 2, generator=generator) * 36 + 4
    fitted = cover(small, fit_anchors(small, choose_levels(small)))
    assert fitted.good > 0.9
    assert cover(small, CLASSIC_ANCHORS).good < 0.5
    more = cover(small, fit_anchors(small, choose_levels(small), 6))
    assert more.mean > fitted.mean


@pytest.mark.parametrize(
    ("size", "levels"),
    [(4, [2, 3]), (16, [2, 3]), (40, [3, 4]), (200, [5, 6]), (900, [5, 6, 7]), (5000, [5, 6, 7])],
)
def test_levels_follow_the_size(size: int, levels: list[int]) -> None:
    assert choose_levels(torch.full((9, 2), float(size))) == levels


def test_a_few_giants_do_not_decide() -> None:
    usual = torch.full((99, 2), 20.0)
    assert choose_levels(torch.cat((usual, torch.full((1, 2), 800.0)))) == choose_levels(usual)


def test_no_boxes_give_something_to_begin_with() -> None:
    none = torch.zeros(0, 2)
    assert choose_levels(none) == [2, 3, 4, 5]
    assert len(fit_anchors(none, [2, 3])["shapes"]) == 3
    assert cover(none, CLASSIC_ANCHORS).least == 1
    with pytest.raises(ValueError, match="at least one anchor"):
        fit_anchors(none, [2, 3], 0)


def test_anchors_stand_around_the_centres_of_cells() -> None:
    laid = lay_anchors(torch.tensor([[1.0, 2.0], [4.0, 4.0]]), 3, 2, 3)
    assert laid.shape == (12, 4)
    rows = [
        [(x + 0.5) * 8 - w * 4, (y + 0.5) * 8 - h * 4, (x + 0.5) * 8 + w * 4, (y + 0.5) * 8 + h * 4]
        for y in range(2)
        for x in range(3)
        for w, h in ((1, 2), (4, 4))
    ]
    assert laid.tolist() == rows


def test_classic_anchors_are_the_original_ones() -> None:
    """The table that keras-retinanet's own `generate_anchors(32)` prints."""
    half = [
        (22.627417, 11.3137085), (28.50875898, 14.25437949), (35.91878555, 17.95939277),
        (16.0, 16.0), (20.1587368, 20.1587368), (25.39841683, 25.39841683),
        (11.3137085, 22.627417), (14.25437949, 28.50875898), (17.95939277, 35.91878555),
    ]  # fmt: skip
    laid = lay_anchors(torch.tensor(CLASSIC_ANCHORS["shapes"]), 3, 1, 1)
    torch.testing.assert_close(laid[:, 2:] - 4, torch.tensor(half), atol=1e-3, rtol=1e-5)

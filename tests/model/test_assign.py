import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.model.assign import REGION, Truth, assign, assign_one
from blemish.model.centernet import CELL

NONE = torch.zeros(0, 4)


def truth(boxes: list[list[float]], labels: list[int] | None = None, ignored=NONE) -> Truth:
    rows = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return Truth(rows, torch.tensor(labels or [0] * len(boxes), dtype=torch.int64), ignored)


def test_nothing_to_find_is_all_background() -> None:
    targets = assign([truth([])], 2, 8, 8)
    assert targets.num_boxes == 0
    assert targets.heat.shape == (1, 2, 8, 8)
    assert float(targets.heat.sum()) == 0
    assert float(targets.shares.sum()) == 0
    assert bool((targets.care == 1).all())


sides = st.floats(0.25, 90)
centres = st.floats(0, 127.9)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(centres, centres, sides, sides), min_size=1, max_size=6))
def test_every_box_however_small_has_a_positive_cell(
    rows: list[tuple[float, float, float, float]],
) -> None:
    boxes = [[x - w / 2, y - h / 2, x + w / 2, y + h / 2] for x, y, w, h in rows]
    targets = assign_one(truth(boxes), 1, 32, 32)
    # The target's own arithmetic, in float32, decides a centre on the border of two cells.
    exact = np.array(boxes, np.float32)
    cells = np.clip((exact[:, :2] + exact[:, 2:]) // (2 * CELL), 0, 31).astype(int)
    for column, row in cells:
        assert targets.heat[0, row, column] == 1
        assert targets.care[0, row, column] == 1
        assert targets.shares[row, column] > 0


def test_the_cells_of_a_box_share_one_vote() -> None:
    targets = assign_one(truth([[10, 10, 60, 60], [80, 20, 84, 24]]), 1, 32, 32)
    first = (targets.boxes == torch.tensor([10.0, 10, 60, 60])).all(dim=2)
    torch.testing.assert_close(targets.shares[first].sum(), torch.tensor(1.0))
    torch.testing.assert_close(targets.shares.sum(), torch.tensor(2.0))
    assert bool((targets.heat[0][targets.shares > 0] >= REGION).all())


def test_a_class_lights_its_own_map() -> None:
    targets = assign_one(truth([[10, 10, 40, 40]], [1]), 2, 16, 16)
    assert float(targets.heat[0].max()) == 0
    assert float(targets.heat[1].max()) == 1


def test_an_ignored_area_is_not_learned_but_a_box_in_it_is() -> None:
    ignored = torch.tensor([[0.0, 0.0, 64.0, 64.0]])
    targets = assign_one(truth([[20, 20, 40, 40]], ignored=ignored), 1, 32, 32)
    assert targets.care[0, 0, 0] == 0
    assert targets.care[0, 7, 7] == 1
    assert targets.care[0, 20, 20] == 1
    assert bool((targets.care[0, :16, :16] == 0).any())
    assert bool((targets.care[0, 16:, 16:] == 1).all())

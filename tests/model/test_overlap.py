import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.core.boxes import box_iou
from blemish.model.overlap import all_diou, all_iou, paired_iou

side = st.one_of(st.just(0.0), st.floats(0.01, 60))
box = st.tuples(st.floats(-9, 99), st.floats(-9, 99), side, side)
rows = st.lists(box, max_size=6)


def boxes(values: list[tuple[float, ...]]) -> torch.Tensor:
    flat = [(x, y, x + w, y + h) for x, y, w, h in values]
    return torch.tensor(flat, dtype=torch.float32).reshape(-1, 4)


@settings(deadline=None, max_examples=80)
@given(rows, rows)
def test_iou_is_that_of_the_other_rooms(
    first: list[tuple[float, ...]], second: list[tuple[float, ...]]
) -> None:
    one, other = boxes(first), boxes(second)
    expected = box_iou(one.numpy(), other.numpy())
    np.testing.assert_allclose(all_iou(one, other).numpy(), expected, atol=1e-4)
    number = min(len(one), len(other))
    paired = paired_iou(one[:number], other[:number]).numpy()
    np.testing.assert_allclose(paired, np.diagonal(expected), atol=1e-4)
    both = all_diou(one, other)
    assert bool((both <= all_iou(one, other) + 1e-6).all())
    assert bool((both >= -1).all())


def test_distance_orders_boxes_that_do_not_meet() -> None:
    one = torch.tensor([[0.0, 0, 10, 10]])
    others = torch.tensor([[0.0, 0, 10, 10], [5, 0, 15, 10], [20, 0, 30, 10], [90, 0, 100, 10]])
    values = all_diou(one, others)[0]
    assert values.tolist() == sorted(values.tolist(), reverse=True)
    # Centres 5 px apart, hull of 15 x 10 px.
    torch.testing.assert_close(values[:2], torch.tensor([1.0, 1 / 3 - 25 / 325]))

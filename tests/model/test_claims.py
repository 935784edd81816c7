import pytest
import torch

from blemish.core.boxes import box_iou
from blemish.model.anchors import lay_anchors
from blemish.model.claims import (
    CHOSEN,
    NEAREST,
    Sight,
    claim_aligned,
    claim_atss,
    claim_overlapping,
)

SHAPES = torch.tensor([[4.0, 4.0], [6.0, 3.0]])
BOXES = torch.tensor([[3.0, 5, 40, 30], [50, 60, 56, 66], [20, 20, 90, 90]])
LABELS = torch.tensor([0, 1, 1])


def sight(size: int = 96, levels: tuple[int, ...] = (2, 3, 4)) -> Sight:
    """A crop whose anchors say something, near themselves, with any score."""
    generator = torch.Generator().manual_seed(5)
    laid = [lay_anchors(SHAPES, level, size >> level, size >> level) for level in levels]
    anchors = torch.cat(laid)
    found = anchors + torch.randn(anchors.shape, generator=generator) * 2
    scores = torch.rand(len(anchors), 2, generator=generator)
    return Sight(anchors, tuple(map(len, laid)), len(SHAPES), found, scores)


def holds(box: list[float], anchor: list[float]) -> bool:
    x, y = (anchor[0] + anchor[2]) / 2, (anchor[1] + anchor[3]) / 2
    return box[0] <= x < box[2] and box[1] <= y < box[3]


def slow_atss(look: Sight, box: list[float]) -> set[int]:
    anchors = look.anchors.tolist()
    iou = box_iou(torch.tensor([box]).numpy(), look.anchors.numpy())[0]
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    near: list[int] = []
    start = 0
    for count in look.counts:
        places = range(start, start + count)
        apart = {
            p: ((anchors[p][0] + anchors[p][2]) / 2 - middle[0]) ** 2
            + ((anchors[p][1] + anchors[p][3]) / 2 - middle[1]) ** 2
            for p in places
        }
        near += sorted(places, key=lambda p: apart[p])[: NEAREST * look.num_shapes]
        start += count
    some = [float(iou[p]) for p in near]
    mean = sum(some) / len(some)
    spread = (sum((v - mean) ** 2 for v in some) / (len(some) - 1)) ** 0.5
    return {p for p in near if iou[p] >= mean + spread and holds(box, anchors[p])}


def test_atss_claims_what_a_slow_reading_of_the_paper_claims() -> None:
    look = sight()
    # Off the grid, so that no two cells are equally near.
    boxes = BOXES + torch.tensor([0.31, 0.73, 0.31, 0.73])
    wanted, neutral = claim_atss(look, boxes, LABELS)
    for row, box in zip(wanted, boxes.tolist(), strict=True):
        assert set(row.nonzero().flatten().tolist()) == slow_atss(look, box)
    assert not bool(neutral.any())


def test_tood_claims_what_a_slow_reading_of_the_paper_claims() -> None:
    look = sight()
    wanted, neutral = claim_aligned(look, BOXES, LABELS)
    for row, box, label in zip(wanted, BOXES.tolist(), LABELS.tolist(), strict=True):
        iou = box_iou(torch.tensor([box]).numpy(), look.found.numpy())[0]
        inside = [p for p, a in enumerate(look.anchors.tolist()) if holds(box, a)]
        worth = {p: float(look.scores[p, label]) * float(iou[p]) ** 6 for p in inside}
        best = sorted((p for p in inside if worth[p] > 0), key=lambda p: -worth[p])[:CHOSEN]
        assert set(row.nonzero().flatten().tolist()) == set(best)
        for place in best:
            assert float(row[place]) == pytest.approx(float(iou[place]), abs=1e-5)
    assert not bool(neutral.any())


def test_overlap_claims_from_a_half_and_leaves_the_doubtful_alone() -> None:
    look = sight()
    wanted, neutral = claim_overlapping(look, BOXES, LABELS)
    iou = torch.from_numpy(box_iou(BOXES.numpy(), look.anchors.numpy()))
    assert torch.equal(wanted > 0, iou >= 0.5)
    assert torch.equal(neutral, (iou > 0.4).any(dim=0))
    assert bool((wanted > 0).any())

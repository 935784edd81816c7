import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.model import anchor_assign
from blemish.model.anchor_assign import ASSIGNERS, Assigned, assign_anchors, pin_anchors
from blemish.model.anchors import CLASSIC_ANCHORS, fit_anchors, lay_anchors
from blemish.model.assign import Truth
from blemish.model.claims import Sight
from blemish.model.overlap import all_diou, all_iou

SIZE = 128
NONE = torch.zeros(0, 4)
PINNED = [name for name, one in ASSIGNERS.items() if one.pinned]


def truth(rows: list[list[float]], labels: list[int] | None = None, ignored=NONE) -> Truth:
    boxes = torch.tensor(rows, dtype=torch.float32).reshape(-1, 4)
    return Truth(boxes, torch.tensor(labels or [0] * len(rows), dtype=torch.int64), ignored)


def sight(anchors: dict | None = None, size: int = SIZE, seed: int | None = None) -> Sight:
    """A crop that a net looks at which says its anchors, or with a seed anything at all."""
    plan = anchors or {"levels": [2, 3, 4, 5], "shapes": [[4.0, 4.0], [2.0, 6.0]]}
    shapes = torch.tensor(plan["shapes"], dtype=torch.float32)
    laid = [lay_anchors(shapes, n, size >> n, size >> n) for n in plan["levels"]]
    every = torch.cat(laid)
    found, scores = every, torch.full((len(every), 2), 0.01)
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        found = every + torch.randn(every.shape, generator=generator) * 30
        scores = torch.rand(scores.shape, generator=generator) ** 8
    return Sight(every, tuple(map(len, laid)), len(shapes), found, scores)


SIGHT = sight()


def positives(assigned: Assigned, number: int) -> list[int]:
    taught = assigned.owner[(assigned.quality > 0) & assigned.care]
    return torch.bincount(taught[taught >= 0], minlength=number).tolist()


@st.composite
def crowded(draw: st.DrawFn) -> list[list[float]]:
    """Boxes from 4 px to the crop's size, at its edges, close together, and the same twice."""
    rows: list[list[float]] = []
    for _ in range(draw(st.integers(1, 12))):
        if rows and draw(st.booleans()):
            x1, y1, x2, y2 = rows[-1]
            dx, dy = draw(st.sampled_from([(0.0, 0.0), (1.0, 0.0), (2.5, -1.5), (4.0, 4.0)]))
            moved = [min(max(x1 + dx, 0), SIZE - (x2 - x1)), min(max(y1 + dy, 0), SIZE - (y2 - y1))]
            rows.append([*moved, moved[0] + x2 - x1, moved[1] + y2 - y1])
            continue
        w, h = (draw(st.one_of(st.floats(4, 12), st.floats(4, SIZE))) for _ in range(2))
        x = draw(st.one_of(st.just(0.0), st.just(SIZE - w), st.floats(0, SIZE - w)))
        y = draw(st.one_of(st.just(0.0), st.just(SIZE - h), st.floats(0, SIZE - h)))
        rows.append([x, y, x + w, y + h])
    return rows


@pytest.mark.parametrize("name", PINNED)
@settings(deadline=None, max_examples=150)
@given(rows=crowded(), seed=st.one_of(st.none(), st.integers(0, 50)))
def test_no_box_is_left_behind(name: str, rows: list[list[float]], seed: int | None) -> None:
    assigned = assign_anchors(ASSIGNERS[name], sight(seed=seed), truth(rows))
    assert min(positives(assigned, len(rows))) > 0


@pytest.mark.parametrize("name", PINNED)
def test_not_even_in_a_dense_heap(name: str) -> None:
    heap = [[60.0, 60, 64, 64]] * 40 + [[60.0 + n / 8, 60, 66 + n / 8, 66] for n in range(40)]
    assigned = assign_anchors(ASSIGNERS[name], SIGHT, truth(heap))
    assert min(positives(assigned, len(heap))) > 0


@pytest.mark.parametrize("name", PINNED)
def test_not_even_with_anchors_that_do_not_fit(name: str) -> None:
    assigned = assign_anchors(
        ASSIGNERS[name],
        sight({"levels": [5], "shapes": [[8.0, 8.0]]}),
        truth([[3.0, 3, 7, 7], [9, 3, 13, 7], [120, 120, 124, 128]]),
    )
    assert min(positives(assigned, 3)) > 0


@pytest.mark.parametrize("x", [0.0, 3.7, 54.0])
def test_the_original_teaches_a_box_of_20_px_as_background(x: float) -> None:
    """Its smallest anchors have 32² px²: the IoU stays under 400 / 1024, and none is forced."""
    classic = sight(dict(CLASSIC_ANCHORS))
    small = truth([[x, 40.0, x + 20, 60.0]])
    assigned = assign_anchors(ASSIGNERS["classic"], classic, small)
    assert positives(assigned, 1) == [0]
    # Not even left alone: the anchor on top of it is told that nothing is there.
    best = all_iou(small.boxes, classic.anchors)[0].argmax()
    assert bool(assigned.care[best])
    assert positives(assign_anchors(ASSIGNERS["best"], classic, small), 1) == [1]
    large = assign_anchors(ASSIGNERS["classic"], classic, truth([[x, 40.0, x + 40, 80.0]]))
    assert positives(large, 1)[0] > 0


@settings(deadline=None, max_examples=60)
@given(crowded())
def test_pins_are_different_and_the_best_box_has_its_best_anchor(rows: list[list[float]]) -> None:
    boxes = truth(rows).boxes
    pins = pin_anchors(SIGHT.anchors, boxes)
    assert len(set(pins.tolist())) == len(rows)
    worth = all_diou(boxes, SIGHT.anchors)
    mine = worth[torch.arange(len(rows)), pins]
    assert float(mine.max()) == float(worth.max())
    # No box would rather have an anchor that nobody has.
    free = torch.ones(len(SIGHT.anchors), dtype=torch.bool)
    free[pins] = False
    assert not bool(((worth > mine[:, None]) & free).any())


def test_more_boxes_than_anchors_are_refused() -> None:
    tiny = sight({"levels": [5], "shapes": [[4.0, 4.0]]}, 32)
    with pytest.raises(ValueError, match="2 boxes cannot share 1 anchors"):
        pin_anchors(tiny.anchors, truth([[0, 0, 4, 4], [8, 8, 12, 12]]).boxes)


@pytest.mark.parametrize("name", ASSIGNERS)
def test_nothing_to_find_is_all_background(name: str) -> None:
    assigned = assign_anchors(ASSIGNERS[name], SIGHT, truth([]))
    assert bool((assigned.owner == -1).all())
    assert float(assigned.quality.sum()) == 0
    assert bool(assigned.care.all())


@pytest.mark.parametrize("name", ASSIGNERS)
def test_ignored_areas_teach_nothing_but_boxes_in_them_do(name: str) -> None:
    area = torch.tensor([[0.0, 0, 64, 64]])
    fitted = sight(fit_anchors(torch.tensor([[24.0, 24]]), [2, 3, 4, 5]))
    assigned = assign_anchors(ASSIGNERS[name], fitted, truth([[20.0, 20, 44, 44]], ignored=area))
    centres = (fitted.anchors[:, :2] + fitted.anchors[:, 2:]) / 2
    inside = (centres < 64).all(dim=1)
    taught = assigned.care & inside
    assert bool(taught.any())
    assert torch.equal(taught, (assigned.owner == 0) & inside)
    far = (fitted.anchors[:, :2] > 66).all(dim=1)
    assert bool(assigned.care[far].all())


def test_an_ignored_speck_between_cells_is_not_taught_as_background() -> None:
    """No centre lies in it, but an anchor that looks like it would otherwise learn the wrong."""
    like = sight({"levels": [5], "shapes": [[0.5, 0.5]]})
    area = torch.tensor([[16.5, 8, 24, 24]])
    free = sight({"levels": [5], "shapes": [[1.0, 1.0]]})
    assert not bool(assign_anchors(ASSIGNERS["atss"], like, truth([], ignored=area)).care[0])
    assert bool(assign_anchors(ASSIGNERS["atss"], free, truth([], ignored=area)).care[0])


@pytest.mark.parametrize("name", ASSIGNERS)
def test_groups_of_boxes_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(3)
    corners = torch.rand(20, 2, generator=generator) * 90
    rows = torch.cat((corners, corners + torch.rand(20, 2, generator=generator) * 34 + 4), dim=1)
    look, what = sight(seed=1), truth(rows.tolist(), [0, 1] * 10)
    whole = assign_anchors(ASSIGNERS[name], look, what)
    monkeypatch.setattr(anchor_assign, "MAX_PAIRS", 3 * len(look.anchors))
    parts = assign_anchors(ASSIGNERS[name], look, what)
    assert torch.equal(whole.owner, parts.owner)
    assert torch.equal(whole.care, parts.care)
    torch.testing.assert_close(whole.quality, parts.quality)


def test_the_best_answer_of_a_box_should_score_its_iou() -> None:
    look = sight(seed=4)
    look.found[:] = look.anchors + 1.5
    boxes = [[20.0, 20, 50, 44], [70, 70, 90, 110]]
    assigned = assign_anchors(ASSIGNERS["aligned"], look, truth(boxes))
    for number, box in enumerate(boxes):
        mine = assigned.owner == number
        best = all_iou(torch.tensor([box]), look.found[mine])[0].max()
        torch.testing.assert_close(assigned.quality[mine].max(), best)
    assert float(assigned.quality.max()) <= 1


def test_a_box_where_the_net_says_nothing_near_is_still_asked_for() -> None:
    look = sight()
    look.found[:] = torch.tensor([500.0, 500, 510, 510])
    assigned = assign_anchors(ASSIGNERS["aligned"], look, truth([[20.0, 20, 50, 44]]))
    assert float(assigned.quality.sum()) == pytest.approx(anchor_assign.LEAST_QUALITY)

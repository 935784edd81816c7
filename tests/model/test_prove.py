import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.model.prove import VISIBLE, LeftBehind, prove
from blemish.model.retinanet import CLASSIC_RETINANET, DEFAULT_RETINANET
from blemish.training import augment
from planted import TINY_NET

NETS = {
    "centernet": TINY_NET,
    **{name: {**DEFAULT_RETINANET, "assign": name} for name in ("best", "atss", "aligned")},
}
PICTURES = [
    torch.tensor([[10.0, 10, 14, 14], [900, 20, 930, 60], [904, 20, 908, 26]]),
    torch.zeros(0, 4),
    torch.tensor([[0.0, 0, 100, 60], [500, 500, 503, 520]]),
]


@pytest.mark.parametrize("name", NETS)
def test_every_box_of_a_data_set_is_counted_once(name: str) -> None:
    proof = prove(PICTURES, NETS[name], 128)
    assert (proof.boxes, proof.small) == (4, 1)
    assert proof.left == proof.small_left == ()
    assert proof.least >= 1
    assert proof.positives >= proof.boxes
    assert "4 boxes of at least 4 px: 0 left behind" in str(proof)


side = st.one_of(st.floats(4, 12), st.floats(4, 120))
boxes = st.tuples(st.floats(0, 400), st.floats(0, 400), side, side)


@pytest.mark.parametrize("name", ["best", "atss", "aligned"])
@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(boxes, max_size=8), max_size=3))
def test_none_is_left_behind_in_any_data_set(
    name: str, pictures: list[list[tuple[float, ...]]]
) -> None:
    rows = [
        torch.tensor([[x, y, x + w, y + h] for x, y, w, h in one]).reshape(-1, 4)
        for one in pictures
    ]
    proof = prove(rows, NETS[name], 128)
    assert proof.left == ()
    assert proof.boxes + proof.small == sum(map(len, rows))


def test_the_original_leaves_small_boxes_behind_and_they_are_named() -> None:
    pictures = [torch.zeros(0, 4), torch.tensor([[10.0, 10, 50, 50], [70, 70, 90, 90]])]
    proof = prove(pictures, CLASSIC_RETINANET, 128)
    assert proof.left == (LeftBehind(1, 1, "picture 1: box 1", "no cell answers for it"),)
    assert proof.least == 0
    assert "1 left behind" in str(proof)
    assert "picture 1: box 1 (no cell answers for it)" in str(proof)
    named = prove(pictures, CLASSIC_RETINANET, 128, place="{}.xml: object {}".format)
    assert "1.xml: object 1 (no cell answers for it)" in str(named)
    assert prove(pictures, CLASSIC_RETINANET, 256, scale=2.0).left == ()


def test_a_box_that_no_crop_shows_is_named() -> None:
    proof = prove([torch.tensor([[0.0, 0, 600, 600]])], NETS["atss"], 128)
    assert [one.reason for one in proof.left] == ["the crop shows too little"]
    assert prove([torch.tensor([[0.0, 0, 600, 600]])], NETS["atss"], 128, 0.2).left == ()


def test_what_a_crop_shows_is_judged_as_training_does() -> None:
    assert VISIBLE == augment.VISIBLE


def test_no_boxes_are_no_fault() -> None:
    proof = prove([torch.zeros(0, 4)], NETS["atss"], 128)
    assert (proof.boxes, proof.least, proof.left) == (0, 0, ())


def test_of_many_only_a_few_are_named() -> None:
    specks = torch.tensor([[x, 10.0, x + 8, 18] for x in range(0, 900, 40)])
    words = str(prove([specks], CLASSIC_RETINANET, 128))
    assert words.count("(no cell") == 5
    assert words.endswith("18 more")

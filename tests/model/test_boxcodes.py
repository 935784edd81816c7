import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.model.boxcodes import CODES

box = st.tuples(st.floats(-50, 900), st.floats(-50, 900), st.floats(4, 200), st.floats(4, 200))


@pytest.mark.parametrize("name", CODES)
@settings(deadline=None, max_examples=80)
@given(anchor=box, wanted=box)
def test_what_is_encoded_decodes(name: str, anchor: tuple[float, ...], wanted: tuple[float, ...]):
    around, boxes = (
        torch.tensor([[x, y, x + w, y + h]], dtype=torch.float32) for x, y, w, h in (anchor, wanted)
    )
    code = CODES[name]
    torch.testing.assert_close(
        code.decode(around, code.encode(around, boxes)), boxes, atol=2e-2, rtol=1e-4
    )


@pytest.mark.parametrize("name", CODES)
def test_nothing_said_is_the_anchor_itself(name: str) -> None:
    around = torch.tensor([[10.0, 20, 42, 36]])
    torch.testing.assert_close(CODES[name].decode(around, torch.zeros(1, 4)), around)


def test_the_originals_offsets() -> None:
    around, boxes = torch.tensor([[0.0, 0, 10, 20]]), torch.tensor([[1.0, 2, 12, 18]])
    assert CODES["corners"].encode(around, boxes).tolist() == [pytest.approx([0.5, 0.5, 1, -0.5])]


def test_a_young_net_does_not_overflow() -> None:
    around = torch.tensor([[0.0, 0, 10, 20]])
    assert bool(CODES["deltas"].decode(around, torch.full((1, 4), 1e4)).isfinite().all())

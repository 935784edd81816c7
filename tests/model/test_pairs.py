import pytest
import torch
from torch import nn

from blemish.model.pairs import Pairs, Planes, pair_columns


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("bias", [False, True])
def test_pairs_answer_as_pixels(kernel: int, bias: bool) -> None:
    torch.manual_seed(kernel)
    images = torch.randint(0, 256, (2, 12, 16, 3), dtype=torch.uint8)
    conv = nn.Conv2d(3, 5, kernel, stride=2, padding=kernel // 2, bias=bias).double()
    expected = conv(Planes()(images).double())
    torch.testing.assert_close(pair_columns(conv)(Pairs()(images).double()), expected)


def test_planes_are_exact_in_the_type_that_convolutions_take() -> None:
    images = torch.arange(256, dtype=torch.uint8).repeat(3).reshape(1, 16, 16, 3)
    with torch.autocast("cpu", torch.bfloat16):
        short = Planes()(images)
    assert short.dtype == torch.bfloat16
    assert Planes()(images).dtype == torch.float32
    assert torch.equal(short.float(), Planes()(images))
    assert short.is_contiguous(memory_format=torch.channels_last)


def test_two_pixels_of_a_row_are_six_channels() -> None:
    images = torch.arange(24, dtype=torch.uint8).reshape(1, 2, 4, 3)
    pairs = Pairs()(images)
    assert pairs.shape == (1, 6, 2, 2)
    assert pairs[0, :, 1, 0].tolist() == [12, 13, 14, 15, 16, 17]


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(3, 4, 3, stride=1, padding=1),
        nn.Conv2d(3, 4, 3, stride=2, padding=0),
        nn.Conv2d(4, 4, 3, stride=2, padding=1),
        nn.Conv2d(3, 3, 3, stride=2, padding=1, groups=3),
        nn.Conv2d(3, 4, 4, stride=2, padding=2),
        nn.Conv2d(3, 4, 3, stride=2, padding=1, dilation=2),
    ],
)
def test_other_convolutions_are_refused(conv: nn.Conv2d) -> None:
    with pytest.raises(ValueError, match="stride 2"):
        pair_columns(conv)

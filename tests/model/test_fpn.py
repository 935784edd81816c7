import pytest
import torch

from blemish.model.fpn import FeaturePyramid, check_levels, stride_of

WIDTHS = [8, 16, 24, 32]


def body_levels(size: int = 128) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    sides = [size // stride for stride in (4, 8, 16, 32)]
    return [
        torch.randn(2, width, side, side, generator=generator)
        for width, side in zip(WIDTHS, sides, strict=True)
    ]


@pytest.mark.parametrize("levels", [[2], [2, 3, 4, 5], [3, 4, 5, 6, 7], [5, 6], [2, 3, 4, 5, 6, 7]])
@pytest.mark.parametrize("norms", [True, False])
def test_each_level_has_its_stride(levels: list[int], norms: bool) -> None:
    pyramid = FeaturePyramid(WIDTHS, 12, levels, norms).eval()
    maps = pyramid(body_levels())
    assert [tuple(level.shape) for level in maps] == [(2, 12, 128 >> n, 128 >> n) for n in levels]


def test_the_finest_level_knows_the_coarsest() -> None:
    pyramid = FeaturePyramid(WIDTHS, 12, [2, 3], norms=False)
    levels = body_levels()
    before = pyramid(levels)[0]
    levels[3] = levels[3] + 1
    assert float((pyramid(levels)[0] - before).detach().abs().max()) > 1e-3


def test_levels_above_the_body_come_from_its_last() -> None:
    pyramid = FeaturePyramid(WIDTHS, 12, [5, 6, 7], norms=False)
    levels = body_levels()
    maps = pyramid(levels)
    six = pyramid.halvings[0](levels[3])
    torch.testing.assert_close(maps[1], six)
    torch.testing.assert_close(maps[2], pyramid.halvings[1](six.relu()))


@pytest.mark.parametrize("levels", [[], [1, 2], [2, 4], [4, 3], [6, 7], [5, 6, 7, 8], [3, 3]])
def test_levels_that_cannot_be_built_are_named(levels: list[int]) -> None:
    with pytest.raises(ValueError, match="neighbours in rising order"):
        check_levels(levels)


@pytest.mark.parametrize(("levels", "stride"), [([2, 3], 32), ([2, 3, 4, 5, 6], 64), ([3, 7], 128)])
def test_windows_keep_to_the_coarsest_level(levels: list[int], stride: int) -> None:
    assert stride_of(levels) == stride

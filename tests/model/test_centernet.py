import pytest
import torch

from blemish.model.backbones import num_parameters
from blemish.model.centernet import (
    DEFAULT_NET,
    SIDE,
    build_net,
    cell_centres,
    sides_to_boxes,
)
from planted import TINY_NET


def pixels(number: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(number)
    return torch.randint(0, 256, (number, 64, 96, 3), dtype=torch.uint8, generator=generator)


def test_a_batch_gives_what_each_picture_gives_alone() -> None:
    net = build_net(TINY_NET, 2).eval()
    images = pixels(3)
    heat, sides = net(images)
    assert (heat.shape, sides.shape) == ((3, 2, 16, 24), (3, 4, 16, 24))
    for index in range(3):
        alone = net(images[index : index + 1])
        torch.testing.assert_close(heat[index : index + 1], alone[0], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(sides[index : index + 1], alone[1], atol=1e-5, rtol=1e-5)


def test_a_fresh_net_expects_almost_nothing() -> None:
    heat, _ = build_net(DEFAULT_NET, 1)(pixels(2))
    assert heat.sigmoid().mean().item() == pytest.approx(0.01, abs=0.005)


def test_the_default_net_is_small() -> None:
    assert 0.5e6 < num_parameters(build_net(DEFAULT_NET, 1)) < 1.5e6


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="retina"):
        build_net({"kind": "retina"}, 1)


def test_sides_become_boxes_around_the_cell() -> None:
    centres = cell_centres(2, 3)
    assert centres.tolist()[:4] == [[2, 2], [6, 2], [10, 2], [2, 6]]
    raw = torch.log(torch.tensor([[4.0, 8.0, 16.0, 32.0]]) / SIDE)
    boxes = sides_to_boxes(centres[1:2], raw)
    torch.testing.assert_close(boxes, torch.tensor([[2.0, -6.0, 22.0, 34.0]]))
    assert bool(sides_to_boxes(centres[:1], torch.full((1, 4), 1e6)).isfinite().all())

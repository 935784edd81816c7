import pytest
import torch
import torchvision
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

from blemish.model.resnet import BODIES, MEAN, SPREAD, Body, take_body


def lived_in(net: nn.Module) -> nn.Module:
    """Give every norm statistics and a scale of its own, as training does."""
    generator = torch.Generator().manual_seed(1)
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            for tensor, least in ((part.running_var, 0.5), (part.weight.data, 0.5)):
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + least)
            for tensor in (part.running_mean, part.bias.data):
                tensor.copy_(torch.randn(tensor.shape, generator=generator) / 4)
    return net


def images(number: int = 1, height: int = 64, width: int = 96) -> torch.Tensor:
    generator = torch.Generator().manual_seed(number)
    shape = (number, height, width, 3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


@pytest.fixture(scope="module")
def classifier() -> nn.Module:
    torch.manual_seed(2)
    return lived_in(torchvision.models.resnet18(weights=None)).eval()


def their_levels(classifier: nn.Module, pixels: torch.Tensor) -> list[torch.Tensor]:
    names = ["layer1", "layer2", "layer3", "layer4"]
    extract = create_feature_extractor(classifier, names)
    return list(extract(pixels).values())


@pytest.mark.parametrize("norms", ["batch", "fixed"])
def test_the_levels_are_those_of_torchvision(classifier: nn.Module, norms: str) -> None:
    body = Body("resnet18", norms).eval()
    take_body(body, classifier.state_dict())
    pixels = images()
    mean, spread = (torch.tensor(values).reshape(3, 1, 1) for values in (MEAN, SPREAD))
    normalised = (pixels.permute(0, 3, 1, 2) - mean) / spread
    for ours, theirs in zip(body(pixels), their_levels(classifier, normalised), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-4)


def test_pixels_lose_nothing_in_bfloat16() -> None:
    levels = torch.arange(256).reshape(1, 16, 16, 1).expand(-1, -1, -1, 3).to(torch.uint8)
    body = Body("resnet18", "batch")
    seen: list[torch.Tensor] = []
    body.conv1.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    body(levels.repeat(1, 4, 4, 1))
    torch.testing.assert_close(seen[0].bfloat16().float(), seen[0], atol=0, rtol=0)
    assert len(seen[0][0, 0].unique()) == 256


def test_the_shift_is_within_half_a_grey_level_of_imagenet() -> None:
    exact = torch.tensor([0.485, 0.456, 0.406]) * 255
    assert float((torch.tensor(MEAN) - exact).abs().max()) <= 0.5


@pytest.mark.parametrize(("norms", "moves"), [("batch", True), ("fixed", False)])
def test_only_batch_norms_move_while_training(norms: str, moves: bool) -> None:
    body = Body("resnet18", norms).train()
    before = {name: value.clone() for name, value in body.named_buffers()}
    body(images(2))
    moved = [n for n, value in body.named_buffers() if not torch.equal(value, before[n])]
    assert bool(moved) == moves
    assert body.bn1.weight.requires_grad


def test_every_depth_gives_its_widths() -> None:
    assert Body("resnet18", "batch").widths == [64, 128, 256, 512]
    body = Body("resnet50", "batch").eval()
    assert body.widths == [256, 512, 1024, 2048]
    shapes = [tuple(level.shape) for level in body(images())]
    assert shapes == [(1, 256, 16, 24), (1, 512, 8, 12), (1, 1024, 4, 6), (1, 2048, 2, 3)]
    assert len(BODIES) == 5


def test_weights_of_another_net_are_refused_and_nothing_changes(classifier: nn.Module) -> None:
    body = Body("resnet18", "batch")
    before = {name: value.clone() for name, value in body.state_dict().items()}
    state = classifier.state_dict()
    with pytest.raises(ValueError, match=r"lack bn1\.weight"):
        take_body(body, {name: v for name, v in state.items() if name != "bn1.weight"})
    wrong = {**state, "layer4.1.conv2.weight": torch.zeros(3, 3)}
    with pytest.raises(ValueError, match=r"layer4\.1\.conv2\.weight has shape \(3, 3\)"):
        take_body(body, wrong)
    assert all(torch.equal(value, before[name]) for name, value in body.state_dict().items())
    take_body(body, {n: v for n, v in state.items() if "num_batches" not in n})
    assert torch.equal(body.bn1.running_mean, state["bn1.running_mean"])


@pytest.mark.parametrize(
    ("backbone", "norms", "words"),
    [("vgg16", "batch", "no backbone 'vgg16'"), ("resnet18", "group", "norms are batch or fixed")],
)
def test_what_cannot_be_built_is_named(backbone: str, norms: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Body(backbone, norms)

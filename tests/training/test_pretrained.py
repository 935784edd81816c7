import pickle
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from blemish.errors import TrainingError
from blemish.model.resnet import Body
from blemish.training.pretrained import imagenet_file, load_body, start_body

NAME = "resnet18-f37072fd.pth"


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return dict(torchvision.models.resnet18(weights=None).state_dict())


@pytest.mark.parametrize("name", ["some.pth", "some.pt", "some.safetensors"])
def test_a_body_starts_from_a_file(
    tmp_path: Path, weights: dict[str, torch.Tensor], name: str
) -> None:
    file = tmp_path / name
    save_file(weights, file) if name.endswith("safetensors") else torch.save(weights, file)
    body = Body("resnet18", "fixed")
    start_body(body, file)
    assert torch.equal(body.layer3[0].conv1.weight, weights["layer3.0.conv1.weight"])
    with pytest.raises(TrainingError, match=r"some\..*do not fit.*same backbone|lack"):
        start_body(Body("resnet50", "fixed"), file)


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.mark,))


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    file, mark = tmp_path / "trap.pth", tmp_path / "mark"
    torch.save({"conv1.weight": Trap(mark)}, file)
    with pytest.raises(TrainingError, match=r"trap\.pth: holds no weights"):
        load_body(file)
    file.write_bytes(pickle.dumps(Trap(mark)))
    with pytest.raises(TrainingError, match=r"trap\.pth: holds no weights"):
        load_body(file)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["x.pth", "x.safetensors"])
def test_what_is_no_state_dict_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    with pytest.raises(TrainingError, match=r"x\..*(no weights there)"):
        load_body(file)
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(TrainingError, match=r"x\..*holds no weights") as caught:
        load_body(file)
    assert "\n" not in str(caught.value)
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(TrainingError, match="is no state dict"):
        load_body(tmp_path / "list.pth")


def test_imagenet_weights_are_fetched_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def download(address: str, name: str) -> None:
        asked.append(address)
        Path(name).write_bytes(b"weights")

    cache = tmp_path / "cache"
    assert imagenet_file("resnet18", cache, download) == cache / NAME
    assert imagenet_file("resnet18", cache, download).read_bytes() == b"weights"
    assert asked == [f"https://download.pytorch.org/models/{NAME}"]


def test_without_a_network_it_says_what_it_wants(tmp_path: Path) -> None:
    def download(address: str, name: str) -> None:
        raise OSError("no route to host")

    with pytest.raises(TrainingError, match=rf"no route to host.*--from {NAME}"):
        imagenet_file("resnet18", tmp_path, download)
    with pytest.raises(TrainingError, match="no ImageNet weights of 'vgg16'"):
        imagenet_file("vgg16", tmp_path, download)

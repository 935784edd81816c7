"""Where a body's first weights come from: a file that the user has, or ImageNet's."""

from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
from safetensors.torch import load_file
from torch import Tensor

from blemish.errors import TrainingError
from blemish.model.resnet import BODIES, Body, take_body

Download = Callable[[str, str], object]


def load_body(path: Path) -> dict[str, Tensor]:
    """Read the state dict of a classifier, ``.safetensors`` or torch's ``.pth``; no code is run.

    Raises:
        TrainingError: it cannot be read, or holds something else.
    """
    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"{path}: no weights there; give a .safetensors or .pth file") from None
    except Exception as error:
        # torch's own words are a page, and advise to trust the file.
        raise TrainingError(
            f"{path}: holds no weights that can be read without running code from it; give a "
            "state dict as .safetensors or .pth"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise TrainingError(f"{path}: is no state dict (names and tensors); save one and give that")
    return state


def start_body(body: Body, path: Path) -> None:
    """Put the weights of a file into a body.

    Raises:
        TrainingError: the file cannot be read, or its weights are those of another net.
    """
    try:
        take_body(body, load_body(path))
    except ValueError as error:
        raise TrainingError(f"{path}: the weights do not fit; {error}") from error


def imagenet_file(backbone: str, cache: Path, download: Download | None = None) -> Path:
    """Give torchvision's ImageNet weights of a backbone as a file, fetched once.

    The first ones of each depth (IMAGENET1K_V1), which detectors with kept statistics start from.

    Args:
        backbone: one of `BODIES`.
        cache: folder that keeps them, such as that of `torch.hub`.
        download: from address to file name; torch's own, which checks the file's hash, if None.

    Raises:
        TrainingError: there is no such backbone, or no network.
    """
    if backbone not in BODIES:
        raise TrainingError(f"no ImageNet weights of {backbone!r}, only of {', '.join(BODIES)}")
    address = str(torchvision.models.get_model_weights(backbone).IMAGENET1K_V1.url)
    file = cache / address.rsplit("/", 1)[1]
    if file.is_file():
        return file
    try:
        cache.mkdir(parents=True, exist_ok=True)
        (download or _download)(address, str(file))
    except OSError as error:  # what urllib raises is one
        raise TrainingError(
            f"cannot fetch {address} ({error}); fetch it on a machine with a network and give the "
            f"file with --from {file.name}, or put it into {cache}"
        ) from error
    return file


def _download(address: str, name: str) -> None:
    prefix = Path(address).stem.rsplit("-", 1)[1]
    torch.hub.download_url_to_file(address, name, hash_prefix=prefix, progress=False)

"""By the names that a user gives: the net, and the weights it begins with."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from blemish.errors import TrainingError, UsageError
from blemish.model.centernet import DEFAULT_NET
from blemish.model.nets import Detector
from blemish.model.resnet import BODIES, take_body
from blemish.model.retinanet import CLASSIC_RETINANET, DEFAULT_RETINANET, RetinaNet
from blemish.runtime.bundle import default_bundle
from blemish.training.checkpoint import load_weights

DEFAULT, IMAGENET, NOTHING = "default", "imagenet", "nothing"
ANSWERS = ("heat.", "classes.", "class_tower.")  # the parts that know the classes


def start_of(kind: str, drawn: bool) -> str:
    """Give what a net starts from when nobody said: for labelled pictures the model in the box."""
    return NOTHING if drawn or kind != "centernet" else DEFAULT


def net_of(kind: str, backbone: str, recipe: str, start: str) -> dict[str, Any]:
    """Give the architecture that is asked for by name.

    Raises:
        UsageError: a name is not known, or the recipe is for the other net.
    """
    nets = {
        ("centernet", "own"): DEFAULT_NET,
        ("retinanet", "own"): DEFAULT_RETINANET,
        ("retinanet", "classic"): CLASSIC_RETINANET,
    }
    if (kind, recipe) not in nets:
        choices = ", ".join(f"--net {name} --recipe {how}" for name, how in nets)
        raise UsageError(f"--net {kind} --recipe {recipe} is not one of {choices}")
    net = dict(nets[kind, recipe])
    if kind == "retinanet":
        if backbone not in BODIES:
            raise UsageError(f"--backbone {backbone} is not one of {', '.join(BODIES)}")
        net |= {"backbone": backbone, "norms": "batch" if start == NOTHING else "fixed"}
    return net


def take_start(net: Detector, start: str) -> str:
    """Put the weights that are named into the net, and say in a few words what was taken.

    Args:
        net: changed in place.
        start: `default` (the model in the box), `imagenet` (torchvision's, a download unless they
            lie in its cache), `nothing`, or a bundle, run, safetensors file or .pth file.

    Raises:
        TrainingError: they cannot be had, or are those of another net.
    """
    if start == NOTHING:
        return "from nothing"
    path = default_bundle() if start == DEFAULT else Path(start)
    if start != IMAGENET and path.suffix != ".pth":
        return _take(net, load_weights(path), path)
    if not isinstance(net, RetinaNet):
        raise TrainingError(
            "--from imagenet and .pth files are for ResNet bodies; add --net retinanet"
        )
    try:
        take_body(net.body, _fetch(net) if start == IMAGENET else _read_pth(path))
    except ValueError as error:
        raise TrainingError(f"the weights do not fit the backbone: {error}") from error
    return "with the body from ImageNet"


def _take(net: Detector, weights: dict[str, Tensor], path: Path) -> str:
    """Take weights of the same net; what knows the classes may differ and then starts anew."""
    mine = net.state_dict()
    anew = [
        name
        for name, value in mine.items()
        if name.startswith(ANSWERS) and name in weights and weights[name].shape != value.shape
    ]
    kept = {name: value for name, value in weights.items() if name not in anew}
    try:
        missing, unknown = net.load_state_dict(kept, strict=False)
    except RuntimeError as error:
        raise _unfit(path, str(error).splitlines()[1].strip()) from error
    if lacking := [name for name in missing if name not in anew]:
        raise _unfit(path, f"they lack {lacking[0]}")
    if unknown:
        raise _unfit(path, f"this net has no {unknown[0]}")
    return f"from {path.name}" + (", its classes learned anew" if anew else "")


def _fetch(net: RetinaNet) -> dict[str, Tensor]:
    """Give torchvision's ImageNet weights from its cache, or from the network."""
    from torchvision.models import get_model_weights

    backbone = str(net.architecture["backbone"])
    chosen: Any = next(iter(get_model_weights(backbone)))
    file = chosen.url.rsplit("/", 1)[-1]
    try:
        return dict(chosen.get_state_dict(progress=False, check_hash=True))
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise TrainingError(
            f"ImageNet weights for {backbone} cannot be fetched ({reason}); put {file} of "
            "torchvision on this machine and give it by --from FILE"
        ) from error


def _read_pth(path: Path) -> dict[str, Tensor]:
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except FileNotFoundError:
        raise TrainingError(f"{path}: is not there; check the path") from None
    except Exception as error:  # torch's own words advise to trust the file
        raise TrainingError(f"{path}: is no file of weights alone; use safetensors") from error


def _unfit(path: Path, reason: str) -> TrainingError:
    return TrainingError(f"the weights of {path} do not fit this net: {' '.join(reason.split())}")

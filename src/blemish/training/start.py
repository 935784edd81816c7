"""By the names that a user gives: the net, and the weights it begins with."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from blemish.errors import TrainingError, UsageError
from blemish.model.nets import Detector
from blemish.model.resnet import BODIES
from blemish.model.retinanet import RetinaNet
from blemish.runtime.bundle import ABOUT, default_bundle, read_bundle, surfaces_start
from blemish.training.checkpoint import load_weights
from blemish.training.pretrained import imagenet_file, start_body
from blemish.training.recipes import RECIPES
from blemish.training.records import SETTINGS, read_record

DEFAULT, IMAGENET, NOTHING = "default", "imagenet", "nothing"
# What `default` chooses from, the one that knows more last.
BOXED: Mapping[str, Callable[[], Path]] = {
    "default-wafers": default_bundle,
    "default-surfaces": surfaces_start,
}
ANSWERS = ("heat.", "classes.", "class_tower.")  # the parts that know the classes


def start_of(kind: str, drawn: bool) -> str:
    """Give what a net starts from when nobody said: for labelled pictures the model in the box."""
    return NOTHING if drawn or kind != "centernet" else DEFAULT


def net_of(kind: str, backbone: str | None, recipe: str, start: str) -> dict[str, Any]:
    """Give the architecture that is asked for by name; that of a bundle or run to start from.

    The backbone is the recipe's where none is named.

    Raises:
        UsageError: a name is not known, or the recipe is for the other net.
    """
    known = None if start in (NOTHING, IMAGENET) else _recorded_net(start)
    if known is not None and recipe == "own" and known.get("kind") == kind:
        return dict(known)
    if recipe not in RECIPES or kind not in RECIPES[recipe].nets:
        pairs = [(name, how) for how, one in RECIPES.items() for name in one.nets]
        choices = ", ".join(f"--net {name} --recipe {how}" for name, how in pairs)
        raise UsageError(f"--net {kind} --recipe {recipe} is not one of {choices}")
    net = dict(RECIPES[recipe].nets[kind])
    if kind == "retinanet":
        backbone = backbone or RECIPES[recipe].backbone
        if backbone not in BODIES:
            raise UsageError(f"--backbone {backbone} is not one of {', '.join(BODIES)}")
        net |= {"backbone": backbone, "norms": "batch" if start == NOTHING else "fixed"}
    return net


def _recorded_net(start: str) -> Mapping[str, Any] | None:
    """Give the architecture that a bundle or run tells of; None for a file of weights alone."""
    path = default_bundle() if start == DEFAULT or start in BOXED else Path(start)
    if (path / ABOUT).is_file():
        return read_bundle(path).net
    if (path / SETTINGS).is_file():
        return dict(read_record(path).settings["net"])
    return None


def take_start(net: Detector, start: str) -> str:
    """Put the weights that are named into the net, and say in a few words what was taken.

    Args:
        net: changed in place.
        start: one of `BOXED`, `default` (the first of them), `imagenet` (torchvision's, a download
            unless they lie in its cache), `nothing`, or a bundle, run, safetensors or .pth file.

    Raises:
        TrainingError: they cannot be had, or are those of another net.
    """
    if start == NOTHING:
        return "from nothing"
    if start == DEFAULT or start in BOXED:
        return _take(net, load_weights(BOXED.get(start, default_bundle)()), Path(start))
    path = Path(start)
    if start != IMAGENET and path.suffix != ".pth":
        return _take(net, load_weights(path), path)
    if not isinstance(net, RetinaNet):
        raise TrainingError(
            "--from imagenet and .pth files are for ResNet bodies; add --net retinanet"
        )
    if start == IMAGENET:
        path = imagenet_file(net.architecture["backbone"], Path(torch.hub.get_dir(), "checkpoints"))
    start_body(net.body, path)
    return f"with the body of {path.name}"


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


def _unfit(path: Path, reason: str) -> TrainingError:
    return TrainingError(f"the weights of {path} do not fit this net: {' '.join(reason.split())}")

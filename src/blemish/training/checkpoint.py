"""What a run keeps on disk: checkpoints to go on from, weights to build on."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from blemish.errors import TrainingError

FORMAT = 1


def write_beside(path: Path, write: Callable[[Path], object]) -> None:
    """Write to a temporary name beside ``path`` and then put it there in one move."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write a checkpoint of tensors, numbers and strings."""
    write_beside(path, lambda name: torch.save({"format": FORMAT, **state}, name))


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; nothing in it is run.

    Raises:
        TrainingError: it is missing, damaged or of another format.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"{path}: no checkpoint there") from None
    except Exception as error:
        # torch's own words are a page, and advise to trust the file.
        raise TrainingError(f"{path}: is not a checkpoint of blemish, or damaged") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise TrainingError(f"{path}: is not a checkpoint of format {FORMAT}")
    return state


def save_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write weights as safetensors."""
    tensors = {name: value.detach().contiguous() for name, value in weights.items()}
    # Not save_file: what it writes nobody else can read.
    write_beside(path, lambda name: name.write_bytes(save(tensors)))


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read weights from a bundle folder, a safetensors file, a run or a checkpoint.

    Of a checkpoint the averaged weights are taken.

    Raises:
        TrainingError: there are none.
    """
    if path.is_dir():
        names = ("weights.safetensors", "last.safetensors", "best.safetensors")
        found = [path / name for name in names if (path / name).is_file()]
        if not found:
            raise TrainingError(f"{path}: holds no weights ({', '.join(names)})")
        path = found[0]
    if path.suffix != ".safetensors":
        return dict(load_checkpoint(path)["average"])
    try:
        return dict(load_file(path))
    except Exception as error:
        reason = " ".join(str(error).split())
        raise TrainingError(f"{path}: cannot read weights from it ({reason})") from error

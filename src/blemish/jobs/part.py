"""Which pictures of a data set a model is scored on."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blemish.core.defects import Defects
from blemish.data.dataset import (
    Dataset,
    Sample,
    refuse_broken,
    survey_dataset,
)
from blemish.data.folds import Split, choose_split
from blemish.data.held import HELD_SHARE, SEED
from blemish.data.images import Listed, shown
from blemish.errors import UsageError
from blemish.runtime.bundle import Bundle

PARTS = ("val", "train", "all")


@dataclass(frozen=True, eq=False)
class Part:
    """The part of a data set that is looked at.

    Attributes:
        dataset: the part.
        listed: its pictures, with their names in the result.
        num_all: pictures in the whole data set.
        num_unlabelled: pictures beside them that nobody has labelled.
        share, seed: of the split.
    """

    dataset: Dataset
    listed: list[Listed]
    num_all: int
    num_unlabelled: int
    share: float
    seed: int


def choose_part(
    data: Path, name: str, share: float | None, seed: int | None, bundle: Bundle
) -> Part:
    """Read the data set and take the part of it that is asked for.

    ``name`` is one of `PARTS`. Without a share or a seed it is split as the model's own training
    split it, so that validation pictures are those that it never learned from.

    Pictures that cannot be read come last, without labels, to be named and not scored. A split
    of the data set's own, say by folders named `train` and `val`, is taken as it is.

    Raises:
        UsageError: the part is empty.
        LabelError: a label cannot be used, or its picture is not there.
    """
    then = bundle.training.get("settings", {})
    then = then if isinstance(then, Mapping) and then.get("data") else {}
    share = then.get("held_share", HELD_SHARE) if share is None else share
    seed = then.get("seed", SEED) if seed is None else seed
    whole = survey_dataset(data)
    refuse_broken(whole, unreadable=False)
    part = whole
    if name != "all":
        names = ("group", "folds", "fold")
        wish = Split(share, seed, **{name: then[name] for name in names if name in then})
        learned, held = choose_split(whole, data, wish)
        part = held if name == "val" else learned
    lost = tuple(Sample(path, Defects.none(), np.zeros(0, np.float32)) for path in whole.unreadable)
    part = replace(part, samples=part.samples + lost)
    if not len(part):
        raise UsageError(
            f"{shown(data)}: its part {name!r} holds no picture, of "
            f"{len(whole)} in all; take --split all"
        )
    listed = _list(part.samples, data)
    return Part(part, listed, len(whole), len(whole.unlabelled), share, seed)


def _list(samples: Sequence[Sample], data: Path) -> list[Listed]:
    """Give the pictures with names relative to the data set, each its own."""
    root = data if data.is_dir() else data.parent
    listed: list[Listed] = []
    taken: dict[str, int] = {}
    for path in (sample.path for sample in samples):
        inner = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
        name = shown(Path(path.name) if ".." in inner.parts else inner).replace(os.sep, "/")
        taken[name] = taken.get(name, 0) + 1
        listed.append(Listed(root, path, name if taken[name] == 1 else f"{name}~{taken[name]}"))
    return listed

"""Which pictures of a data set a model is scored on."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blemish.core.defects import Defects
from blemish.core.resampling import Places, each_alone, group_places
from blemish.data.dataset import TEST, Dataset, Sample, refuse_broken, survey_dataset
from blemish.data.folds import Split, choose_split, describe_split
from blemish.data.groups import grouping
from blemish.data.held import HELD_SHARE, SEED
from blemish.data.images import Listed, shown
from blemish.errors import UsageError
from blemish.jobs.account import account_of
from blemish.runtime.bundle import Bundle

PARTS = ("val", "train", "test", "all")


@dataclass(frozen=True, eq=False)
class Part:
    """The part of a data set that is looked at.

    Attributes:
        dataset: the part.
        listed: its pictures, with their names in the result.
        num_all: pictures in the whole data set.
        num_unlabelled: pictures beside them that nobody has labelled.
        split: how the data set was split, in words; empty if it was not.
        account: what of the data set is not used as it is, a line each.
        groups: the group of each picture that can be read; empty where each is its own.
    """

    dataset: Dataset
    listed: list[Listed]
    num_all: int
    num_unlabelled: int
    split: str
    account: list[str]
    groups: tuple[str, ...] = ()

    def places(self, which: Sequence[int]) -> Places:
        """Give the groups of some of the pictures, by their places, as intervals need them."""
        if not self.groups:
            return each_alone(len(which))
        return group_places([self.groups[at] for at in which])


def wish_of(bundle: Bundle, share: float | None, seed: int | None, group: str | None) -> Split:
    """Give how a data set is to be split: what is not said, as the model's own training did."""
    then = bundle.training.get("settings", {})
    then = then if isinstance(then, Mapping) and then.get("data") else {}
    return Split(
        share=then.get("held_share", HELD_SHARE) if share is None else share,
        seed=then.get("seed", SEED) if seed is None else seed,
        group=then.get("group") if group is None else group,
        folds=then.get("folds", 0),
        fold=then.get("fold", 0),
    )


def choose_part(data: Path, name: str, wish: Split, said: str | None = None) -> Part:
    """Read the data set and take the part of it that is asked for.

    ``name`` is one of `PARTS`; ``said`` is the group if it was asked for and is not only what the
    model was trained with. Split as the model's own training split it, validation pictures
    are those that it never learned from. A split of the data set's own, say by folders named
    `train` and `val`, is taken as it is unless folds or a group are wished for; its test part
    is in neither.

    Pictures that cannot be read come last, without labels, to be named and not scored.

    Raises:
        UsageError: the part is empty, or the group says nothing about one of its pictures.
        LabelError: a label cannot be used, or its picture is not there.
    """
    whole = survey_dataset(data)
    refuse_broken(whole, unreadable=False)
    part, split = whole, ""
    if name == TEST:
        part, split = _tested(whole, data), "its own split"
    elif name != "all":
        learned, held = choose_split(whole, data, wish)
        part, split = held if name == "val" else learned, describe_split(whole, wish)
    groups = _group_names(part, data, name, wish, said)
    lost = tuple(Sample(path, Defects.none(), np.zeros(0, np.float32)) for path in whole.unreadable)
    part = replace(part, samples=part.samples + lost)
    if not len(part):
        raise UsageError(
            f"{shown(data)}: its part {name!r} holds no picture, of "
            f"{len(whole)} in all; take --split all"
        )
    listed = _list(part.samples, data)
    account = account_of(whole, data)
    return Part(part, listed, len(whole), len(whole.unlabelled), split, account, groups)


def _group_names(
    part: Dataset, data: Path, name: str, wish: Split, said: str | None
) -> tuple[str, ...]:
    """Give the group of each picture, by what is said or else by what the part was split by."""
    wanted = said if name in {"all", TEST} else wish.group
    group = grouping(data, part, wanted)
    return tuple(group(sample) for sample in part.samples) if group else ()


def _tested(whole: Dataset, data: Path) -> Dataset:
    tested = tuple(sample for sample in whole.samples if sample.part == TEST)
    if not tested:
        raise UsageError(
            f"{shown(data)}: has no test part; put its pictures in a folder named test, or take "
            "--split val, train or all"
        )
    return replace(whole, samples=tested)


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

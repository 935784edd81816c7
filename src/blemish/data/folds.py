"""Which pictures are learned from and which are held out: a share, or one of several folds."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blemish.data.dataset import TEST, VAL, Dataset, Sample, own_split, part_at, split
from blemish.data.groups import grouping
from blemish.data.held import HELD_SHARE, SEED
from blemish.errors import UsageError


@dataclass(frozen=True)
class Split:
    """How a data set is split.

    Attributes:
        share: of the pictures that is held out, if there are no folds.
        seed: decides which.
        group: what keeps pictures together, see `blemish.data.groups`.
        folds: parts that the pictures are dealt into; 0 for none.
        fold: which of them is held out, from 0.
    """

    share: float = HELD_SHARE
    seed: int = SEED
    group: str | None = None
    folds: int = 0
    fold: int = 0


def choose_split(whole: Dataset, data: Path, wish: Split) -> tuple[Dataset, Dataset]:
    """Give (training, validation).

    Without folds or a group, parts that the data set names itself are kept as they are. Else all
    is dealt anew but its test part.

    Raises:
        UsageError: it cannot be split so.
    """
    own = own_split(whole)
    if own is not None and keeps_own(whole, wish):
        return own
    if wish.folds or own is not None:
        rest = tuple(sample for sample in whole.samples if sample.part != TEST)
        whole = replace(whole, samples=rest)
    group = grouping(data, whole, wish.group)
    if wish.folds:
        return make_folds(whole, wish.folds, wish.seed, group)[wish.fold]
    return split(whole, wish.share, wish.seed, group)


def keeps_own(whole: Dataset, wish: Split) -> bool:
    """Tell whether the data set's own split is kept as it is."""
    return own_split(whole) is not None and wish.group is None and not wish.folds


def describe_split(whole: Dataset, wish: Split) -> str:
    """Give the split that `choose_split` chooses, in a few words."""
    if keeps_own(whole, wish):
        has_val = any(sample.part == VAL for sample in whole.samples)
        return "its own split" + ("" if has_val else ", whose test part validates")
    part = f"fold {wish.fold + 1} of {wish.folds}" if wish.folds else f"share {wish.share:g}"
    return f"{part}, seed {wish.seed}" + (f", group {wish.group}" if wish.group else "")


def make_folds(
    dataset: Dataset, number: int, seed: int, group: Callable[[Sample], str] | None = None
) -> list[tuple[Dataset, Dataset]]:
    """Give (training, validation) for each fold; each picture is held out once.

    Pictures of one ``group`` stay together; without it each is its own. Large groups are dealt
    first, each to the fold that is smallest so far, in an order that the seed decides.

    Raises:
        UsageError: there are fewer groups than folds, or fewer than two folds.
    """
    groups: dict[str, list[int]] = {}
    for index, sample in enumerate(dataset.samples):
        groups.setdefault(group(sample) if group else str(index), []).append(index)
    if not 2 <= number <= len(groups):
        raise UsageError(
            f"{number} folds cannot be made of {len(groups)} groups of pictures; give 2 to "
            f"{len(groups)}"
        )
    names = sorted(groups)
    order = [names[place] for place in np.random.default_rng(seed).permutation(len(names))]
    held: list[set[int]] = [set() for _ in range(number)]
    for name in sorted(order, key=lambda name: -len(groups[name])):
        min(held, key=len).update(groups[name])
    return [part_at(dataset, one) for one in held]

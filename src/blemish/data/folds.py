"""Cross-validation: a data set dealt into parts of about equal size, each held out once."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from blemish.data.dataset import Dataset, Sample
from blemish.errors import UsageError


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
    return [(_part(dataset, one, False), _part(dataset, one, True)) for one in held]


def _part(dataset: Dataset, held: set[int], inside: bool) -> Dataset:
    chosen = (s for index, s in enumerate(dataset.samples) if (index in held) is inside)
    return replace(dataset, samples=tuple(chosen), problems=(), unlabelled=())

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.core.defects import Defects
from blemish.data.dataset import Dataset, Sample
from blemish.data.folds import Split, choose_split, make_folds
from blemish.errors import UsageError


def data(names: list[str]) -> Dataset:
    samples = [Sample(Path(name), Defects.none(), np.zeros(0, np.float32)) for name in names]
    return Dataset(tuple(samples), ("dot",))


def lot(sample: Sample) -> str:
    return sample.path.name.split("-")[0]


@given(st.lists(st.integers(0, 9), min_size=2, max_size=40), st.integers(2, 5), st.integers(0, 9))
@settings(deadline=None)
def test_each_picture_is_held_out_once_and_lots_stay_together(
    lots: list[int], number: int, seed: int
) -> None:
    dataset = data([f"{one}-{index}" for index, one in enumerate(lots)])
    if number > len(set(lots)):
        with pytest.raises(UsageError, match=f"give 2 to {len(set(lots))}"):
            make_folds(dataset, number, seed, lot)
        return
    folds = make_folds(dataset, number, seed, lot)
    held = [sample.path for _, part in folds for sample in part.samples]
    assert sorted(held) == sorted(sample.path for sample in dataset.samples)
    for learned, part in folds:
        assert len(part) > 0
        assert {lot(s) for s in learned.samples}.isdisjoint(lot(s) for s in part.samples)


def test_folds_are_of_even_size_and_the_seed_decides_them() -> None:
    dataset = data([f"{index}-x" for index in range(23)])
    folds = make_folds(dataset, 5, 1)
    assert sorted(len(held) for _, held in folds) == [4, 4, 5, 5, 5]
    names = [[s.path for s in held.samples] for _, held in folds]
    assert names == [[s.path for s in held.samples] for _, held in make_folds(dataset, 5, 1)]
    assert names != [[s.path for s in held.samples] for _, held in make_folds(dataset, 5, 2)]


def in_parts(names: list[str]) -> Dataset:
    samples = [
        Sample(Path(name), Defects.none(), np.zeros(0, np.float32), part=name.split("/")[0])
        for name in names
    ]
    return Dataset(tuple(samples), ("dot",))


def test_parts_of_the_data_sets_own_are_kept_unless_something_else_is_asked_for() -> None:
    dataset = in_parts([*(f"train/{n}" for n in range(6)), "val/0", "val/1", "test/0"])
    here = Path("data")
    learned, held = choose_split(dataset, here, Split(0.5, 3))
    assert [sample.part for sample in held.samples] == ["val", "val"]
    assert len(learned) == 6
    parts = [choose_split(dataset, here, Split(folds=2, fold=fold))[1] for fold in range(2)]
    assert sorted(s.path.as_posix() for part in parts for s in part.samples) == sorted(
        sample.path.as_posix() for sample in dataset.samples if sample.part != "test"
    )


def test_one_fold_is_none() -> None:
    with pytest.raises(UsageError, match="1 folds"):
        make_folds(data(["a", "b"]), 1, 0)

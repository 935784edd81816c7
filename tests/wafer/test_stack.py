"""Wafers are laid upon each other in their order; pictures of one wafer are one."""

import re
from pathlib import Path

import pytest

from blemish.data.found import read_run
from blemish.errors import UsageError
from blemish.wafer.recipe import Recipe
from blemish.wafer.stack import StackWishes, stack_runs
from planted_lots import write_run


def names_of(folder: Path, recipe: Recipe, order: str = "listed") -> list[str]:
    stack = stack_runs([read_run(folder)], recipe, StackWishes(order))
    return [wafer.name for wafer in stack.wafers]


def test_orders(tmp_path: Path) -> None:
    wafers = [(name, [(1.0, 1.0)]) for name in ("b_S10.png", "a_S9.png", "b_S2.png")]
    folder = write_run(tmp_path / "found", wafers, hour="3 1 20")
    pattern = re.compile("(?P<lot>[ab])_S(?P<slot>[0-9]+)")
    recipe = Recipe(150.0, pattern=pattern)
    assert names_of(folder, recipe) == ["b_S10.png", "a_S9.png", "b_S2.png"]
    assert names_of(folder, recipe, "name") == ["a_S9.png", "b_S2.png", "b_S10.png"]
    assert names_of(folder, recipe, "slot") == ["a_S9.png", "b_S2.png", "b_S10.png"]
    assert names_of(folder, recipe, "hour") == ["a_S9.png", "b_S10.png", "b_S2.png"]
    with pytest.raises(UsageError, match="hour"):
        names_of(folder, recipe, "minute")
    with pytest.raises(UsageError, match="has none"):
        names_of(folder, recipe, "error")


def test_pictures_of_one_wafer_are_one(tmp_path: Path) -> None:
    wafers = [
        ("before/L1_S01.png", [(1.0, 1.0)]),
        ("before/L1_S02.png", []),
        ("after/L1_S01.png", [(1.1, 1.0), (5.0, 5.0)]),
    ]
    folder = write_run(tmp_path / "found", wafers)
    recipe = Recipe(150.0, pattern=re.compile("(?P<lot>L[0-9]+)_S(?P<slot>[0-9]+)"))
    stack = stack_runs([read_run(folder)], recipe, StackWishes())
    assert [len(wafer.pictures) for wafer in stack.wafers] == [2, 1]
    assert stack.counts.tolist() == [3, 0]
    assert stack.pictures.tolist() == [0, 1, 1]
    slots = Recipe(150.0, pattern=re.compile("_S(?P<slot>[0-9]+)"))
    assert len(stack_runs([read_run(folder)], slots, StackWishes()).wafers) == 3


def test_faint_finds_do_not_count_but_their_wafer_does(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "found", [("a.png", [(1.0, 1.0)]), ("b.png", [])])
    stack = stack_runs([read_run(folder)], Recipe(150.0), StackWishes(min_score=0.95))
    assert len(stack.wafers) == 2
    assert stack.points.shape == (0, 2)


def test_nothing_left_says_why(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "found", [("a.png", [(1.0, 1.0)])])
    table = (folder / "images.csv").read_text(encoding="utf-8-sig")
    (folder / "images.csv").write_text(table.replace("defective", "failed"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"no wafer .*failed.*a\.png"):
        stack_runs([read_run(folder)], Recipe(150.0), StackWishes())

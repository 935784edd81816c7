"""Wafers of one or several runs of `find` laid upon each other, in millimetres."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from blemish.data.found import Find, FoundPicture, FoundRun
from blemish.data.listing import natural_order
from blemish.errors import UsageError
from blemish.wafer.coordinates import Doubles
from blemish.wafer.recipe import Names, Recipe

BEYOND = 1.05
"""Radii, beyond which a find lies on no wafer of this diameter."""
LISTED, BY_NAME = "listed", "name"


@dataclass(frozen=True)
class StackedWafer:
    """One wafer of a stack.

    Attributes:
        name: of its first picture, told apart from those of other runs.
        position: what it is ordered by, as text; empty where it stands as it was listed.
        pictures: that show it, mostly one.
    """

    name: str
    position: str
    pictures: tuple[FoundPicture, ...]


@dataclass(frozen=True, eq=False)
class Stack:
    """Wafers upon each other.

    Attributes:
        diameter: mm, of all.
        wafers: in their order, those without finds too.
        points: (N, 2) mm of all finds, wafer after wafer.
        owners: (N,) the wafer of each find.
        finds: the N finds as they were read.
        pictures: (N,) which of its wafer's pictures each find is in.
        notes: what a reader must know, a line each.
    """

    diameter: float
    wafers: tuple[StackedWafer, ...]
    points: Doubles
    owners: NDArray[np.int64]
    finds: tuple[Find, ...]
    pictures: NDArray[np.int64]
    notes: tuple[str, ...]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Give the number of finds of each wafer."""
        return np.bincount(self.owners, minlength=len(self.wafers))


@dataclass(frozen=True)
class StackWishes:
    """How wafers are stacked.

    Attributes:
        order: `listed`, `name`, a column of `images.csv`, or what the recipe's pattern names.
        min_score: finds below it do not count.
        partial: whether pictures count of which `find` said that something is unsure.
    """

    order: str = LISTED
    min_score: float = 0.0
    partial: bool = False


def stack_runs(runs: Sequence[FoundRun], recipe: Recipe, wishes: StackWishes) -> Stack:
    """Lay the wafers of runs upon each other.

    Raises:
        UsageError: a find lies off the wafer, nothing is left, or the order is not known.
    """
    notes: list[str] = []
    taken = _taken(runs, wishes, notes)
    if not taken:
        raise UsageError("; ".join(["no wafer with millimetres is left", *notes]))
    wafers = _ordered(_same_wafers(taken, recipe), recipe, wishes.order)
    finds, owners, pictures = [], [], []
    for owner, wafer in enumerate(wafers):
        for number, picture in enumerate(wafer.pictures):
            kept = [find for find in picture.finds if find.score >= wishes.min_score]
            finds += kept
            owners += [owner] * len(kept)
            pictures += [number] * len(kept)
    points = np.array([find.place for find in finds], np.float64).reshape(-1, 2)
    _check_on_wafer(points, owners, wafers, recipe.diameter)
    return Stack(
        recipe.diameter,
        wafers,
        points,
        np.array(owners, np.int64),
        tuple(finds),
        np.array(pictures, np.int64),
        tuple(notes),
    )


def _taken(
    runs: Sequence[FoundRun], wishes: StackWishes, notes: list[str]
) -> list[tuple[str, FoundPicture]]:
    """Give the pictures that count with their names; say how many do not, and why."""
    left: dict[str, list[str]] = {}
    taken: list[tuple[str, FoundPicture]] = []
    seen: set[tuple[object, ...]] = set()
    for prefix, run in zip(_prefixes(runs), runs, strict=True):
        if not run.all_known:
            notes.append(f"{run.source}: images.csv is not beside it: wafers without finds lack")
        for picture in run.pictures:
            name = str(PurePosixPath(prefix, picture.name))
            print_of = (picture.name, *(find.place for find in picture.finds))
            reason = _reason_against(picture, wishes)
            if not reason and picture.finds and print_of in seen:
                reason = "there already with the same finds"
            if reason:
                left.setdefault(reason, []).append(name)
                continue
            seen.add(print_of)
            taken.append((name, picture))
    for reason, names in left.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        notes.append(f"left out as {reason}: {names[0]}{more}")
    return taken


def _prefixes(runs: Sequence[FoundRun]) -> list[str]:
    """Give what tells equal names of several runs apart: their folders below the common one."""
    folders = [os.path.realpath(Path(run.source).parent) for run in runs]
    common = os.path.commonpath(folders) if len(set(folders)) > 1 else folders[0]
    return [Path(os.path.relpath(folder, common)).as_posix() for folder in folders]


def _reason_against(picture: FoundPicture, wishes: StackWishes) -> str:
    """Give why a picture does not count; empty where it does."""
    status = picture.facts.get("status", "defective")
    if status == "failed":
        return "failed (not looked at)"
    if status == "partial" and not wishes.partial:
        return "partial (something is unsure, images.csv says what; --partial takes it)"
    placed = all(find.place is not None for find in picture.finds)
    if not placed or picture.facts.get("wafer_diameter", "known") == "":
        return "without millimetres (no wafer was found)"
    return ""


def _same_wafers(
    taken: Sequence[tuple[str, FoundPicture]], recipe: Recipe
) -> list[tuple[Names | None, list[tuple[str, FoundPicture]]]]:
    """Bring pictures together that the recipe's pattern says are of one wafer."""
    groups = set(recipe.pattern.groupindex) if recipe.pattern else set()
    tells = "lot" in groups and bool({"slot", "wafer"} & groups)
    wafers: dict[object, tuple[Names | None, list[tuple[str, FoundPicture]]]] = {}
    for number, (name, picture) in enumerate(taken):
        names = recipe.names_of(name)
        key = names if tells and names is not None else number
        wafers.setdefault(key, (names, []))[1].append((name, picture))
    return list(wafers.values())


def _ordered(
    wafers: Sequence[tuple[Names | None, list[tuple[str, FoundPicture]]]],
    recipe: Recipe,
    order: str,
) -> tuple[StackedWafer, ...]:
    named = [
        (StackedWafer(shown[0][0], "", tuple(picture for _, picture in shown)), names)
        for names, shown in wafers
    ]
    if order == LISTED:
        return tuple(wafer for wafer, _ in named)
    if order == BY_NAME:
        return tuple(
            sorted((wafer for wafer, _ in named), key=lambda one: natural_order(Path(one.name)))
        )
    positions = [_position(wafer, names, recipe, order) for wafer, names in named]
    lots = [(names.lot if names and order == "slot" else None) or "" for _, names in named]
    keys = [
        (natural_order(Path(lot)), natural_order(Path(text)))
        for lot, text in zip(lots, _comparable(positions), strict=True)
    ]
    along = sorted(range(len(named)), key=keys.__getitem__)
    return tuple(
        StackedWafer(named[at][0].name, positions[at], named[at][0].pictures) for at in along
    )


def _comparable(texts: Sequence[str]) -> list[str]:
    """Give texts that sort like numbers where all are numbers."""
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return list(texts)
    ranks = np.unique(numbers, return_inverse=True)[1]
    return [str(rank) for rank in ranks.tolist()]


def _position(wafer: StackedWafer, names: Names | None, recipe: Recipe, order: str) -> str:
    """Give what a wafer is ordered by."""
    facts = wafer.pictures[0].facts
    patterned = recipe.pattern.groupindex if recipe.pattern else {}
    if order not in facts and order not in patterned:
        known = ", ".join([LISTED, BY_NAME, *patterned, *facts])
        raise UsageError(f"--order {order!r} is not known for {wafer.name}; choose of {known}")
    value = facts.get(order, "")
    if not value and names is not None and order in patterned:
        value = str(getattr(names, order) or "")
    if not value:
        raise UsageError(f"--order {order}: {wafer.name} has none; fill it in or order by name")
    return value


def _check_on_wafer(
    points: Doubles, owners: Sequence[int], wafers: Sequence[StackedWafer], diameter: float
) -> None:
    away = np.hypot(points[:, 0], points[:, 1])
    off = np.flatnonzero(away > diameter / 2 * BEYOND)
    if len(off):
        raise UsageError(
            f"{wafers[owners[off[0]]].name}: a find lies {away[off[0]]:.1f} mm from the centre, "
            f"off a wafer of {diameter:g} mm; check the diameter"
        )

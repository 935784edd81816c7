"""The class names of a model and of a data set brought together."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from blemish.core.defects import Defects
from blemish.data.labels import DEFAULT_CLASS
from blemish.errors import UsageError


@dataclass(frozen=True)
class Naming:
    """The class names that finds and labels are scored under.

    Attributes:
        names: the names.
        of_model: for each class of the model its place among the names.
        of_data: for each class of the data set its place among the names.
        note: what a reader must know of it, one line; empty where the names are simply equal.
    """

    names: tuple[str, ...]
    of_model: tuple[int, ...]
    of_data: tuple[int, ...]
    note: str = ""

    def found(self, defects: Defects) -> Defects:
        """Give finds with labels under these names."""
        return _renamed(defects, self.of_model)

    def true(self, defects: Defects) -> Defects:
        """Give labels of the data set under these names."""
        return _renamed(defects, self.of_data)


def share_names(
    model: tuple[str, ...], data: tuple[str, ...], used: Collection[str], one_class: bool
) -> Naming:
    """Bring the class names of a model and of a data set together.

    ``used`` are the names that have labels: the others cannot be missed.

    Raises:
        UsageError: the model knows none of them.
    """
    alone = len(model) == len(data) == 1 and model != data
    if one_class or (alone and DEFAULT_CLASS in {*model, *data}):
        name = data[0] if len(data) == 1 else DEFAULT_CLASS
        note = f"The model's class {model[0]!r} stands for the data set's {data[0]!r}."
        if not alone:
            note = "" if model == data == (name,) else f"All classes count as one, {name!r}."
        return Naming((name,), (0,) * len(model), (0,) * len(data), note)
    unknown = [name for name in data if name in used and name not in model]
    if unknown and not any(name in model for name in used):
        raise UsageError(
            f"the model knows {_listed(model)} but the labels are of {_listed(unknown)}; add "
            "--one-class to treat all classes as one, or name another model"
        )
    names = (*model, *(name for name in data if name not in model))
    note = (
        f"The model does not know {_listed(unknown)}: those labels count as missed; --one-class "
        "treats all classes as one."
    )
    places = tuple(names.index(name) for name in data)
    return Naming(names, tuple(range(len(model))), places, note if unknown else "")


def _renamed(defects: Defects, places: tuple[int, ...]) -> Defects:
    return Defects.of(defects.boxes, np.array(places, np.int64)[defects.labels], defects.scores)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))

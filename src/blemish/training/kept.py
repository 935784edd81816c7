"""Pictures kept decoded on disk: mapped in no time, shared by runs, larger than memory."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.training.augment import Pixels
from blemish.training.batches import Labelled
from blemish.training.checkpoint import write_beside


class Drawn(Protocol):
    """A picture with its answers: pixels, all marks, and how strong each is."""

    @property
    def pixels(self) -> Pixels:
        """The picture, (H, W, 3)."""

    @property
    def defects(self) -> Defects:
        """The marks, faint ones too."""

    @property
    def strength(self) -> NDArray[np.float32]:
        """Signal-to-noise of each mark, (N,)."""


def keep(folder: Path, index: int, drawn: Drawn) -> None:
    """Write a picture; its marks come last, so they say that it is whole."""
    defects = drawn.defects
    write_beside(folder / f"{index:06d}.npy", lambda name: _save(name, drawn.pixels))

    def write_marks(name: Path) -> None:
        with name.open("wb") as file:
            np.savez(file, boxes=defects.boxes, labels=defects.labels, strength=drawn.strength)

    write_beside(folder / f"{index:06d}.npz", write_marks)


def _save(name: Path, pixels: Pixels) -> None:
    with name.open("wb") as file:
        np.save(file, pixels, allow_pickle=False)


def fetch_pixels(folder: Path, index: int) -> Pixels:
    """Read a picture; its pixels are mapped, not loaded."""
    return np.asarray(np.load(folder / f"{index:06d}.npy", mmap_mode="r"))


def fetch_marks(folder: Path, index: int) -> tuple[Defects, NDArray[np.float32]]:
    """Read the marks of a picture and their strength."""
    with np.load(folder / f"{index:06d}.npz", allow_pickle=False) as marks:
        return Defects.of(marks["boxes"], marks["labels"]), marks["strength"]


def is_there(folder: Path, index: int) -> bool:
    """Say whether the folder holds this picture."""
    return (folder / f"{index:06d}.npz").exists()


class Shelf:
    """A folder of kept pictures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.marks: dict[int, tuple[Defects, NDArray[np.float32]]] = {}

    def load(self, index: int) -> Labelled:
        """Give a picture. Its marks stay in memory; its mapping does not, each holds a file."""
        if index not in self.marks:
            self.marks[index] = fetch_marks(self.folder, index)
        return Labelled(fetch_pixels(self.folder, index), *self.marks[index])

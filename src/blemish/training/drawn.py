"""A pool of drawn pictures that grows in the background while training goes on."""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.training.augment import Pixels
from blemish.training.batches import Labelled, Source
from blemish.training.checkpoint import write_beside


class Drawn(Protocol):
    """What a drawing function gives: pixels, all marks, and how strong each is."""

    @property
    def pixels(self) -> Pixels:
        """The picture, (H, W, 3)."""

    @property
    def defects(self) -> Defects:
        """The marks, faint ones too."""

    @property
    def strength(self) -> NDArray[np.float32]:
        """Signal-to-noise of each mark, (N,)."""


Draw = Callable[[int, int], Drawn]


def keep(folder: Path, index: int, drawn: Drawn) -> None:
    """Write a drawn picture into the pool; its marks come last, so they say that it is whole."""
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
    """Read a picture of the pool; its pixels are mapped, not loaded."""
    return np.asarray(np.load(folder / f"{index:06d}.npy", mmap_mode="r"))


def fetch_marks(folder: Path, index: int) -> tuple[Defects, NDArray[np.float32]]:
    """Read the marks of a picture of the pool, and their strength."""
    with np.load(folder / f"{index:06d}.npz", allow_pickle=False) as marks:
        return Defects.of(marks["boxes"], marks["labels"]), marks["strength"]


def is_there(folder: Path, index: int) -> bool:
    """Say whether the pool holds this picture."""
    return (folder / f"{index:06d}.npz").exists()


def draw_some(draw: Draw, seed: int, folder: Path, places: range) -> None:
    """Draw the pictures of these indices that are not there yet.

    Runs that share a pool may draw the same picture twice; both give the same file.
    """
    if multiprocessing.parent_process() is not None:
        step_aside()
    folder.mkdir(parents=True, exist_ok=True)
    for index in places:
        if not is_there(folder, index):
            keep(folder, index, draw(seed, index))


def step_aside() -> None:
    """Let this process run only where nobody else wants to.

    Merely being nice is not enough: a thread of the net that wakes up beside a nice process
    waits out its time slice at each of a step's hundreds of barriers. Measured on two cores:
    40 crops a second alone, 6 beside nice processes, 35 beside idle-class ones.
    """
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    elif hasattr(os, "nice"):
        os.nice(19)


class Pool:
    """Pictures 0 to count - 1 of a seed, drawn by processes into a folder that runs can share."""

    def __init__(self, draw: Draw, seed: int, count: int, folder: Path) -> None:
        self.draw = draw
        self.seed = seed
        self.count = count
        self.folder = folder
        self.ready = 0
        self.workers: list[BaseProcess] = []
        self.marks: dict[int, tuple[Defects, NDArray[np.float32]]] = {}

    def begin(self, num_processes: int, at_least: int) -> None:
        """Draw the first few here and now, and leave the others to background processes."""
        draw_some(self.draw, self.seed, self.folder, range(min(at_least, self.count)))
        if self.num_ready() == self.count:
            return
        context = multiprocessing.get_context("spawn")
        for worker in range(num_processes):
            places = range(worker, self.count, num_processes)
            job = (self.draw, self.seed, self.folder, places)
            process = context.Process(target=draw_some, args=job, daemon=True)
            process.start()
            self.workers.append(process)

    def num_ready(self) -> int:
        """Count the pictures from 0 on without a gap."""
        while self.ready < self.count and is_there(self.folder, self.ready):
            self.ready += 1
        return self.ready

    def load(self, index: int) -> Labelled:
        """Give a picture. Its marks are kept; its mapping is not, each holds a file open."""
        if index not in self.marks:
            self.marks[index] = fetch_marks(self.folder, index)
        return Labelled(fetch_pixels(self.folder, index), *self.marks[index])

    def source(self) -> Source:
        """Give the pool as a source of training pictures."""
        return Source(self.load, self.num_ready)

    def close(self) -> None:
        """End the background processes."""
        for worker in self.workers:
            worker.terminate()
            worker.join()

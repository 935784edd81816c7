"""A pool of drawn pictures that grows in the background while training goes on."""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from blemish.training.batches import Source
from blemish.training.kept import Drawn, Shelf, is_there, keep

Draw = Callable[[int, int], Drawn]


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
        self.shelf = Shelf(folder)

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

    def source(self) -> Source:
        """Give the pool as a source of training pictures."""
        name = f"wafer {{}} of seed {self.seed}"
        return Source(self.shelf.load, self.num_ready, name.format, f"{name}: box {{}}".format)

    def close(self) -> None:
        """End the background processes."""
        for worker in self.workers:
            worker.terminate()
            worker.join()

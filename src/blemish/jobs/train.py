"""Train a net on drawn wafers, on labelled pictures, or on both."""

import dataclasses
import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from blemish.errors import TrainingError
from blemish.model.centernet import DEFAULT_NET, build_net
from blemish.synth.wafers import draw_wafer
from blemish.training.batches import Batches, BatchPlan, Source
from blemish.training.checkpoint import load_weights, write_beside
from blemish.training.drawn import Pool
from blemish.training.loop import Learner, LoopPlan, Surroundings, Watcher, make_learner, train
from blemish.training.validate import validate

HELD_OUT = 1_000_003  # added to the seed for the drawn wafers that a run is validated on
FIRST_PICTURES = 16  # drawn before training begins


@dataclass(frozen=True)
class TrainSettings:
    """What a training run is made of; written into the run's folder.

    Attributes:
        run: folder of the run.
        count: size that the pool of drawn wafers grows to.
        cache: folder of the drawn wafers, which runs may share; None is one in the run.
        drawers: processes that draw in the background.
        num_looked: drawn wafers that are validated on.
        start: bundle, run, checkpoint or safetensors file whose weights to start from.
        resume: go on with the run in ``run``.
        seed: decides weights, pictures and batches.
        threads: of torch; 0 is its own choice.
        classes: names of the classes.
        net: architecture, see `blemish.model.centernet`.
        batches: how crops are cut.
        loop: how long and how fast to learn.
    """

    run: Path
    count: int = 2000
    cache: Path | None = None
    drawers: int = 1
    num_looked: int = 40
    start: Path | None = None
    resume: bool = False
    seed: int = 0
    threads: int = 0
    classes: tuple[str, ...] = ("defect",)
    net: Mapping[str, Any] = field(default_factory=lambda: dict(DEFAULT_NET))
    batches: BatchPlan = field(default_factory=BatchPlan)
    loop: LoopPlan = field(default_factory=LoopPlan)


def train_run(settings: TrainSettings, watch: Watcher = lambda progress, row: None) -> Path:
    """Train and give the run's folder, with its log, checkpoint, best and last weights.

    Raises:
        TrainingError: the run cannot start, or cannot go on.
        KeyboardInterrupt: the user stopped it; a checkpoint is left.
    """
    prepare_folder(settings)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    learner = begin(settings)
    cache = settings.cache or settings.run / "drawn"
    pool = Pool(draw_wafer, settings.seed, settings.count, cache / f"seed-{settings.seed}")
    held_out = settings.seed + HELD_OUT
    looked = Pool(draw_wafer, held_out, settings.num_looked, cache / f"seed-{held_out}")
    try:
        looked.begin(0, settings.num_looked)
        pool.begin(settings.drawers, FIRST_PICTURES)
        with interruptions() as stopping:
            run(settings, learner, pool.source(), looked, (watch, stopping))
            if stopping():
                raise KeyboardInterrupt
    finally:
        pool.close()
    return settings.run


def run(
    settings: TrainSettings,
    learner: Learner,
    source: Source,
    looked: Pool,
    callbacks: tuple[Watcher, Callable[[], bool]],
) -> None:
    """Train on a source, validating on a pool."""
    pictures = [looked.load(index) for index in range(looked.num_ready())]
    around = Surroundings(
        run=settings.run,
        validate=lambda net: validate(net, pictures),
        watch=callbacks[0],
        stopping=callbacks[1],
    )
    plan = dataclasses.replace(settings.batches, seed=settings.seed)
    train(learner, Batches(source, plan), settings.loop, around)


def prepare_folder(settings: TrainSettings) -> None:
    """Make the run's folder and write the settings into it.

    Raises:
        TrainingError: it holds a run already, or none to resume.
    """
    there = (settings.run / "last.pt").exists()
    if there and not settings.resume:
        raise TrainingError(f"{settings.run} holds a run: resume it, or give another folder")
    if settings.resume and not there:
        raise TrainingError(f"{settings.run} holds no checkpoint to resume from")
    if (settings.loop.steps is None) == (settings.loop.minutes is None):
        raise TrainingError("give the length of the run either in steps or in minutes")
    settings.run.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dataclasses.asdict(settings), indent=2, default=str)
    write_beside(settings.run / "settings.json", lambda name: name.write_text(text + "\n"))


def begin(settings: TrainSettings) -> Learner:
    """Give the learner: fresh, with earlier weights, or as the checkpoint left it."""
    net = build_net(settings.net, len(settings.classes))
    if settings.start is not None and not settings.resume:
        take_weights(net, settings.start)
    learner = make_learner(net, len(settings.classes), settings.loop)
    if settings.resume:
        learner.restore(settings.run / "last.pt")
    return learner


def take_weights(net: torch.nn.Module, start: Path) -> None:
    """Put earlier weights into the net.

    Raises:
        TrainingError: they are those of another architecture or number of classes.
    """
    try:
        net.load_state_dict(load_weights(start))
    except RuntimeError as error:
        reason = str(error).splitlines()[1].strip()
        raise TrainingError(f"the weights of {start} do not fit this net: {reason}") from error


@contextmanager
def interruptions() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C and a request to terminate into a question that the loop asks each step."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    names = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(name, lambda *_: asked.set()) for name in names]
    try:
        yield asked.is_set
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)

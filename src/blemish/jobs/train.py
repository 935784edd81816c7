"""Train a net on drawn wafers or on labelled pictures."""

import dataclasses
import itertools
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from blemish.data.dataset import Dataset, read_dataset
from blemish.data.folds import Split, choose_split
from blemish.data.held import HELD_SHARE, SEED
from blemish.errors import TrainingError
from blemish.jobs.account import account_of
from blemish.model.centernet import DEFAULT_NET, STRIDE
from blemish.model.nets import build_net
from blemish.model.prove import prove
from blemish.model.retinanet import fit_retinanet
from blemish.synth.wafers import draw_wafer
from blemish.training.augment import Augment
from blemish.training.batches import Batches, BatchPlan, Labelled, Source
from blemish.training.checkpoint import write_beside
from blemish.training.drawn import Pool
from blemish.training.labelled import check_labels, keep_dataset, open_sample
from blemish.training.loop import Learner, LoopPlan, Surroundings, make_learner, train
from blemish.training.plan import (
    Fingerprint,
    choose_batch,
    choose_crop,
    choose_epochs,
    epoch_of,
)
from blemish.training.ranks import Ranks, join_ranks
from blemish.training.records import SETTINGS, read_record
from blemish.training.start import IMAGENET, NOTHING, take_start
from blemish.training.validate import validate, validation_loss

HELD_OUT = 1_000_003  # added to the seed for the drawn wafers that a run is validated on; twice
# for those that an export measures on, as the best weights were chosen on the first
FIRST_PICTURES = 16  # drawn before training begins, and what its plan is made from

Watcher = Callable[[float, str], None]


@dataclass(frozen=True)
class TrainSettings:
    """What a training run is made of; written into the run's folder.

    Attributes:
        run: folder of the run.
        data: labelled pictures, see `blemish.data.dataset.read_dataset`; None to draw wafers.
        held_share: share of the labelled pictures that is validated on.
        group: what keeps pictures together when they are split: a column of the labels, or a
            pattern that the path holds; see `blemish.data.groups`.
        folds: parts that the labelled pictures are dealt into instead; 0 for none.
        fold: which of them is validated on, from 0.
        epochs: length of the run in passes over the pictures, instead of the loop's steps or
            minutes; None with these, or to leave it to the plan for labelled pictures.
        count: size that the pool of drawn wafers grows to.
        cache: folder of the decoded pictures, which runs may share; None is one in the run.
        drawers: processes that draw in the background.
        num_looked: drawn pictures that are validated on, at most.
        start: what the weights are taken from, see `blemish.training.start`.
        resume: go on with the run in ``run``, with its own settings but for length, cache,
            drawers and threads.
        seed: decides weights, pictures and batches.
        threads: of torch; 0 is its own choice.
        classes: names of the classes; those of the labelled pictures where there are any.
        net: architecture, see `blemish.model.centernet`.
        batches: how crops are cut; a size or number of 0 is left to the plan.
        loop: how long and how fast to learn.
    """

    run: Path
    data: Path | None = None
    held_share: float = HELD_SHARE
    group: str | None = None
    folds: int = 0
    fold: int = 0
    epochs: int | None = None
    count: int = 3000
    cache: Path | None = None
    drawers: int = 1
    num_looked: int = 40
    start: str = NOTHING
    resume: bool = False
    seed: int = SEED
    threads: int = 0
    classes: tuple[str, ...] = ("defect",)
    net: Mapping[str, Any] = field(default_factory=lambda: dict(DEFAULT_NET))
    batches: BatchPlan = field(default_factory=BatchPlan)
    loop: LoopPlan = field(default_factory=LoopPlan)


def train_run(
    settings: TrainSettings,
    watch: Watcher = lambda share, words: None,
    tell: Callable[[str], None] = lambda line: None,
) -> Path:
    """Train and give the run's folder, with its log, checkpoint, best and last weights.

    ``watch`` is told the share of the run that is over, with a few words; ``tell`` what is not
    used of the pictures, the plan and the proof that no box is left behind, a line each.

    Raises:
        TrainingError: the run cannot start, or cannot go on.
        LabelError, PictureError, UsageError: the labelled pictures cannot be read.
        KeyboardInterrupt: the user stopped it; a checkpoint is left.
    """
    with join_ranks(os.environ) as ranks:
        if ranks.is_first:
            return _train(settings, ranks, watch, tell)
        return _train(settings, ranks, lambda share, words: None, lambda line: None)


def _train(
    settings: TrainSettings, ranks: Ranks, watch: Watcher, tell: Callable[[str], None]
) -> Path:
    """Train as one of the ranks, see `train_run`."""
    if ranks.is_first:
        check_folder(settings)
    if settings.resume:
        settings = recorded(settings)
    if settings.data is not None:  # wherever the run is gone on with or exported from
        settings = dataclasses.replace(settings, data=settings.data.resolve())
    parts = None if settings.data is None else split_data(settings.data, settings, tell)
    if parts is not None:
        settings = dataclasses.replace(settings, classes=parts[0].classes)
    build_net(settings.net, len(settings.classes))  # refused now, not after minutes of decoding
    if not ranks.is_first:
        settings = dataclasses.replace(settings, drawers=0)
        ranks.agree(0)  # the first has decoded the pictures
    with interruptions() as stopping, stock(settings, parts, watch) as (source, pictures):
        if ranks.is_first:
            ranks.agree(0)
        if not settings.resume:
            settings = planned(settings, source, tell)
        learner, words = begin(settings)
        tell(f"begins {words}")
        ranks.share(learner.net)
        if ranks.is_first:
            write_settings(settings)
        plan = dataclasses.replace(settings.batches, seed=settings.seed)
        around = Surroundings(
            run=settings.run,
            validate=lambda net: validate(net, pictures) | validation_loss(net, pictures, plan),
            watch=lambda share, row: watch(share, describe(row)),
            stopping=stopping,
            ranks=ranks,
        )
        batches = Batches(source, plan, ranks.rank, ranks.size)
        train(learner, batches, settings.loop, around)
        if stopping():
            raise KeyboardInterrupt
    return settings.run


def planned(settings: TrainSettings, source: Source, tell: Callable[[str], None]) -> TrainSettings:
    """Give the settings with all that was left to the plan worked out from the pictures."""
    drawn = settings.data is None
    number = min(source.num_ready(), FIRST_PICTURES if drawn else sys.maxsize)
    labelled = [source.load(index) for index in range(number)]
    counted = [np.flatnonzero(one.strength > 0) for one in labelled]
    counting = [one.defects.boxes[kept] for one, kept in zip(labelled, counted, strict=True)]
    sizes = tuple((one.pixels.shape[1], one.pixels.shape[0]) for one in labelled)
    found = Fingerprint(sizes, np.concatenate([*counting, np.zeros((0, 4), np.float32)]))
    crop = settings.batches.size or choose_crop(found)
    batch = settings.batches.batch or choose_batch(crop)
    net, loop = settings.net, settings.loop
    anew = settings.start in (NOTHING, IMAGENET) or settings.start.endswith(".pth")
    if anew and net["kind"] == "retinanet" and net["assign"] != "classic":
        net = fit_retinanet(torch.from_numpy(found.sides), net)
    if not drawn:
        epoch = epoch_of(sizes, crop, batch)
        epochs = settings.epochs or choose_epochs(epoch)
        steps = loop.steps or (None if loop.minutes else epochs * epoch)
        loop = dataclasses.replace(loop, steps=steps, epoch=epoch)
    batches = dataclasses.replace(settings.batches, size=crop, batch=batch)
    settings = dataclasses.replace(settings, net=net, batches=batches, loop=loop)
    tell(in_words(settings, found))
    place = lambda picture, box: source.place(picture, int(counted[picture][box]))  # noqa: E731
    tell(str(prove([torch.from_numpy(boxes) for boxes in counting], net, crop, place=place)))
    return settings


def in_words(settings: TrainSettings, found: Fingerprint) -> str:
    """Give the plan in a line."""
    loop, batches = settings.loop, settings.batches
    long = f"{loop.steps} steps" if loop.steps else f"{loop.minutes:g} minutes"
    if loop.steps and loop.epoch:
        long += f" ({loop.steps / loop.epoch:g} epochs)"
    sides = found.sides.max(axis=1)
    boxes = f"{len(sides)} boxes"
    if len(sides):
        low, middle, high = np.quantile(sides, (0.05, 0.5, 0.95))
        boxes += f" of {low:.0f} to {high:.0f} px, half of them over {middle:.0f}"
    shapes = f", levels {settings.net['levels']}" if "levels" in settings.net else ""
    return (
        f"{len(found.sizes)} pictures, {boxes}; {settings.net['kind']}{shapes}; {batches.batch} "
        f"crops of {batches.size} px a step, {long}"
    )


@contextmanager
def stock(
    settings: TrainSettings, parts: tuple[Dataset, Dataset] | None, watch: Watcher
) -> Iterator[tuple[Source, Sequence[Labelled]]]:
    """Open the source of training pictures, with the pictures to validate on."""
    cache = settings.cache or settings.run / "pictures"
    if parts is not None:
        say = lambda done, number: watch(0.0, f"reading picture {done + 1} of {number}")  # noqa: E731
        looked = keep_dataset(parts[1], cache, say)
        yield keep_dataset(parts[0], cache, say), [looked.load(i) for i in range(len(parts[1]))]
        return
    pool = Pool(draw_wafer, settings.seed, settings.count, cache / f"seed-{settings.seed}")
    seed = settings.seed + HELD_OUT
    held = Pool(draw_wafer, seed, settings.num_looked, cache / f"seed-{seed}")
    try:
        watch(0.0, "drawing the first wafers")
        held.begin(0, settings.num_looked)
        pool.begin(settings.drawers, FIRST_PICTURES)
        yield pool.source(), [held.shelf.load(i) for i in range(settings.num_looked)]
    finally:
        pool.close()


def split_data(
    data: Path, settings: TrainSettings, tell: Callable[[str], None] = lambda line: None
) -> tuple[Dataset, Dataset]:
    """Read labelled pictures and give those to learn from and those to validate on.

    Where the data set says itself which are which, as after `blemish prepare`, that is kept.
    ``tell`` is told what becomes of labels and pictures that are not used as they are.
    """
    whole = read_dataset(data)
    wish = Split(settings.held_share, settings.seed, settings.group, settings.folds, settings.fold)
    parts = choose_split(whole, data, wish)
    check_labels(parts[0], data)
    for line in account_of(whole, data, len(whole) - sum(map(len, parts))):
        tell(line)
    return parts


def held_pictures(facts: Mapping[str, Any]) -> Iterator[Labelled]:
    """Yield pictures that a run never saw, by its recorded settings; drawn ones without end."""
    settings = from_plain(facts)
    if settings.data is not None:
        _, held = split_data(settings.data, settings)
        return (open_sample(sample) for sample in held.samples)
    drawn = (draw_wafer(settings.seed + 2 * HELD_OUT, index) for index in itertools.count())
    return (Labelled(one.pixels, one.defects, one.strength) for one in drawn)


def describe(row: Mapping[str, float]) -> str:
    """Give a row of the log in a few words."""
    if "ap50" in row:
        return f"step {row['step']}: AP@0.5 {row['ap50']:.3f}"
    return f"step {row['step']}: loss {row['loss']:.3f}"


def check_folder(settings: TrainSettings) -> None:
    """Refuse a folder, a length or a crop that does not fit.

    Raises:
        TrainingError: it holds a run already, or none to resume.
    """
    there = (settings.run / "last.pt").exists()
    if there and not settings.resume:
        raise TrainingError(f"{settings.run}: holds a run; resume it, or give another folder")
    if settings.resume and not there:
        raise TrainingError(f"{settings.run}: holds no checkpoint to resume from")
    given = sum(
        n is not None for n in (settings.loop.steps, settings.loop.minutes, settings.epochs)
    )
    if given > 1 or (given == 0 and settings.data is None and not settings.resume):
        raise TrainingError("give the length of the run either in steps, minutes or epochs")
    if settings.epochs is not None and settings.data is None and not settings.resume:
        raise TrainingError("drawn wafers have no epochs; give the length in minutes or steps")
    size, batch = settings.batches.size, settings.batches.batch
    if size < 0 or size % STRIDE or batch < 0:
        raise TrainingError(
            f"a batch of {batch} crops of {size} px cannot be cut: give at least one crop, with a "
            f"side that is a multiple of {STRIDE}"
        )


def recorded(settings: TrainSettings) -> TrainSettings:
    """Give the settings of the run in the folder, with the length and the machine of these."""
    then = from_plain(read_record(settings.run).settings)
    loop = then.loop
    if settings.loop.steps is not None or settings.loop.minutes is not None:
        loop = dataclasses.replace(loop, steps=settings.loop.steps, minutes=settings.loop.minutes)
    if settings.epochs is not None and loop.epoch is not None:
        loop = dataclasses.replace(loop, steps=settings.epochs * loop.epoch, minutes=None)
    cache = settings.cache or then.cache
    kept = dataclasses.replace(settings, cache=cache, loop=loop)
    of_now = ("run", "cache", "drawers", "threads", "resume", "loop")
    return dataclasses.replace(then, **{name: getattr(kept, name) for name in of_now})


def from_plain(facts: Mapping[str, Any]) -> TrainSettings:
    """Give settings from the plain values of a run's record; what it does not say is default."""
    values = _tuples(facts)
    for name in ("run", "data", "cache"):
        values[name] = Path(values[name]) if values.get(name) else None
    values["start"] = values.get("start") or NOTHING
    try:
        batches = _tuples(values.pop("batches", {}))
        batches["augment"] = Augment(**_tuples(batches.get("augment", {})))
        loop = LoopPlan(**_tuples(values.pop("loop", {})))
        return TrainSettings(**values, batches=BatchPlan(**batches), loop=loop)
    except TypeError as error:
        raise TrainingError(f"the run was made by another version of blemish ({error})") from error


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}


def write_settings(settings: TrainSettings) -> None:
    """Write the settings into the run's folder, which is made if it is not there."""
    settings.run.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dataclasses.asdict(settings), indent=2, default=str)
    write_beside(settings.run / SETTINGS, lambda name: name.write_text(text + "\n"))


def begin(settings: TrainSettings) -> tuple[Learner, str]:
    """Give the learner, fresh, with earlier weights, or as the checkpoint left it, in words too."""
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    net = build_net(settings.net, len(settings.classes))
    words = "" if settings.resume else take_start(net, settings.start)
    learner = make_learner(net, settings.loop)
    if settings.resume:
        learner.restore(settings.run / "last.pt")
        words = f"at step {learner.step}"
    return learner, words


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

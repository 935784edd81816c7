"""Train a net on drawn wafers or on labelled pictures."""

import dataclasses
import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from blemish.data.dataset import Dataset, read_dataset
from blemish.data.folds import Split, choose_split
from blemish.jobs.account import account_of
from blemish.jobs.settings import (
    TrainSettings,
    check_crop,
    check_folder,
    from_plain,
    recorded,
    write_settings,
)
from blemish.model.nets import build_net
from blemish.model.prove import prove
from blemish.model.retinanet import fit_retinanet
from blemish.synth.surfaces import draw_mixed
from blemish.training.batches import Batches, Labelled, Source, smooth_share
from blemish.training.choose import choose_start
from blemish.training.drawn import Pool
from blemish.training.labelled import check_labels, keep_dataset, open_sample
from blemish.training.loop import Learner, Surroundings, make_learner, train
from blemish.training.machine import CPU
from blemish.training.plan import (
    Fingerprint,
    choose_batch,
    choose_crop,
    choose_epochs,
    epoch_of,
)
from blemish.training.ranks import Ranks, join_ranks
from blemish.training.start import DEFAULT, IMAGENET, NOTHING, take_start
from blemish.training.validate import validate, validation_loss

HELD_OUT = 1_000_003  # added to the seed for the drawn wafers that a run is validated on; twice
# for those that an export measures on, as the best weights were chosen on the first
FIRST_PICTURES = 16  # drawn before training begins, and what its plan is made from
LEAST_SMOOTH = (
    1 / 3
)  # of the marks, so that those on smooth ground are not overdone in varying them

Watcher = Callable[[float, str], None]


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
    if settings.threads:
        torch.set_num_threads(settings.threads)
    build_net(settings.net, len(settings.classes))  # refused now, not after minutes of decoding
    if not ranks.is_first:
        settings = dataclasses.replace(settings, drawers=0)
        ranks.agree(0)  # the first has decoded the pictures
    with interruptions() as stopping, stock(settings, parts, watch) as (source, pictures):
        if ranks.is_first:
            ranks.agree(0)
        if not settings.resume:
            watch(0.0, "making the plan")
            settings = planned(settings, source, tell, ranks.device)
        learner, words = begin(settings, ranks.device)
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


def planned(
    settings: TrainSettings,
    source: Source,
    tell: Callable[[str], None],
    device: torch.device = CPU,
) -> TrainSettings:
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
    if not anew:  # it knows clear marks already
        loop = dataclasses.replace(loop, floors=(loop.floors[1], loop.floors[1]))
    check_crop(crop, net)
    if not drawn:
        epoch = epoch_of(sizes, crop, batch)
        epochs = settings.epochs or choose_epochs(epoch, loop.fewest)
        steps = loop.steps or (None if loop.minutes else epochs * epoch)
        loop = dataclasses.replace(loop, steps=steps, epoch=epoch)
    augment = settings.batches.augment
    if drawn or smooth_share(labelled) < LEAST_SMOOTH:  # drawn marks are many as it is
        augment = dataclasses.replace(augment, varied=0.0, grafted=0.0)
    batches = dataclasses.replace(settings.batches, size=crop, batch=batch, augment=augment)
    settings = dataclasses.replace(settings, net=net, batches=batches, loop=loop)
    tell(in_words(settings, found))
    if settings.start == DEFAULT and labelled and net["kind"] == "centernet":
        chosen, found_by = choose_start(labelled, batches, device)
        scores = ", ".join(f"{name} {ap:.2f}" for name, ap in found_by.items())
        tell(f"AP@0.5 on crops of them before anything is learned: {scores}")
        settings = dataclasses.replace(settings, start=chosen)
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
    crops = f"crops of {batches.size} px"
    if batches.whole:
        crops = f"whole pictures of {settings.long_side or batches.size} px"
    return (
        f"{len(found.sizes)} pictures, {boxes}; {settings.net['kind']}{shapes}; {batches.batch} "
        f"{crops} a step, {long}"
    )


@contextmanager
def stock(
    settings: TrainSettings, parts: tuple[Dataset, Dataset] | None, watch: Watcher
) -> Iterator[tuple[Source, Sequence[Labelled]]]:
    """Open the source of training pictures, with the pictures to validate on."""
    cache = settings.cache or settings.run / "pictures"
    if parts is not None:
        say = lambda done, number: watch(0.0, f"reading picture {done + 1} of {number}")  # noqa: E731
        learned, looked = (keep_dataset(part, cache, say, settings.long_side) for part in parts)
        yield learned, [looked.load(i) for i in range(len(parts[1]))]
        return
    draw = partial(draw_mixed, settings.surfaces)
    sort = f"-{settings.surfaces:g}-surfaces" if settings.surfaces else ""
    pool = Pool(draw, settings.seed, settings.count, cache / f"seed-{settings.seed}{sort}")
    seed = settings.seed + HELD_OUT
    held = Pool(draw, seed, settings.num_looked, cache / f"seed-{seed}{sort}")
    try:
        watch(0.0, "drawing the first pictures")
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
        return (open_sample(sample, settings.long_side) for sample in held.samples)
    draw, seed = partial(draw_mixed, settings.surfaces), settings.seed + 2 * HELD_OUT
    drawn = (draw(seed, index) for index in itertools.count())
    return (Labelled(one.pixels, one.defects, one.strength) for one in drawn)


def describe(row: Mapping[str, float]) -> str:
    """Give a row of the log in a few words."""
    if "ap50" in row:
        return f"step {row['step']}: AP@0.5 {row['ap50']:.3f}"
    return f"step {row['step']}: loss {row['loss']:.3f}"


def begin(settings: TrainSettings, device: torch.device) -> tuple[Learner, str]:
    """Give the learner, fresh, with earlier weights, or as the checkpoint left it, in words too."""
    torch.manual_seed(settings.seed)
    net = build_net(settings.net, len(settings.classes))
    words = "" if settings.resume else take_start(net, settings.start)
    learner = make_learner(net.to(device), settings.loop)
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

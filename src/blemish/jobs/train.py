"""Train a net on drawn wafers or on labelled pictures."""

import dataclasses
import itertools
import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from blemish.data.dataset import Dataset, own_split, read_dataset, split
from blemish.errors import TrainingError
from blemish.model.centernet import DEFAULT_NET, STRIDE, build_net
from blemish.synth.wafers import draw_wafer
from blemish.training.augment import Augment
from blemish.training.batches import Batches, BatchPlan, Labelled, Source
from blemish.training.checkpoint import load_weights, write_beside
from blemish.training.drawn import Pool
from blemish.training.labelled import check_labels, keep_dataset, open_sample
from blemish.training.loop import Learner, LoopPlan, Surroundings, make_learner, train
from blemish.training.records import SETTINGS, read_record
from blemish.training.validate import validate

HELD_OUT = 1_000_003  # added to the seed for the drawn wafers that a run is validated on; twice
# for those that an export measures on, as the best weights were chosen on the first
FIRST_PICTURES = 16  # drawn before training begins

Watcher = Callable[[float, str], None]


@dataclass(frozen=True)
class TrainSettings:
    """What a training run is made of; written into the run's folder.

    Attributes:
        run: folder of the run.
        data: labelled pictures, see `blemish.data.dataset.read_dataset`; None to draw wafers.
        held_share: share of the labelled pictures that is validated on.
        count: size that the pool of drawn wafers grows to.
        cache: folder of the decoded pictures, which runs may share; None is one in the run.
        drawers: processes that draw in the background.
        num_looked: pictures that are validated on, at most.
        start: bundle, run, checkpoint or safetensors file whose weights to start from.
        resume: go on with the run in ``run``, with its own settings but for length, cache,
            drawers and threads.
        seed: decides weights, pictures and batches.
        threads: of torch; 0 is its own choice.
        classes: names of the classes; those of the labelled pictures where there are any.
        net: architecture, see `blemish.model.centernet`.
        batches: how crops are cut.
        loop: how long and how fast to learn.
    """

    run: Path
    data: Path | None = None
    held_share: float = 0.2
    count: int = 3000
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


def train_run(settings: TrainSettings, watch: Watcher = lambda share, words: None) -> Path:
    """Train and give the run's folder, with its log, checkpoint, best and last weights.

    ``watch`` is told the share of the run that is over, with a few words.

    Raises:
        TrainingError: the run cannot start, or cannot go on.
        LabelError, PictureError, UsageError: the labelled pictures cannot be read.
        KeyboardInterrupt: the user stopped it; a checkpoint is left.
    """
    check_folder(settings)
    if settings.resume:
        settings = recorded(settings)
    parts = None if settings.data is None else split_data(settings.data, settings)
    if parts is not None:
        settings = dataclasses.replace(settings, classes=parts[0].classes)
    learner = begin(settings)
    write_settings(settings)
    with interruptions() as stopping, stock(settings, parts, watch) as (source, pictures):
        around = Surroundings(
            run=settings.run,
            validate=lambda net: validate(net, pictures),
            watch=lambda share, row: watch(share, describe(row)),
            stopping=stopping,
        )
        plan = dataclasses.replace(settings.batches, seed=settings.seed)
        train(learner, Batches(source, plan), settings.loop, around)
        if stopping():
            raise KeyboardInterrupt
    return settings.run


@contextmanager
def stock(
    settings: TrainSettings, parts: tuple[Dataset, Dataset] | None, watch: Watcher
) -> Iterator[tuple[Source, Sequence[Labelled]]]:
    """Open the source of training pictures, with the pictures to validate on."""
    cache = settings.cache or settings.run / "pictures"
    if parts is not None:
        say = lambda done, number: watch(0.0, f"reading picture {done + 1} of {number}")  # noqa: E731
        few = dataclasses.replace(parts[1], samples=parts[1].samples[: settings.num_looked])
        looked = keep_dataset(few, cache, say)
        yield keep_dataset(parts[0], cache, say), [looked.load(i) for i in range(len(few))]
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


def split_data(data: Path, settings: TrainSettings) -> tuple[Dataset, Dataset]:
    """Read labelled pictures and give those to learn from and those to validate on.

    Where the data set says itself which are which, as after `blemish prepare`, that is kept.
    """
    dataset = read_dataset(data)
    parts = own_split(dataset) or split(dataset, settings.held_share, settings.seed)
    check_labels(parts[0], data)
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
    lengths = [settings.loop.steps, settings.loop.minutes].count(None)
    if lengths != 1 and not (lengths == 2 and settings.resume):
        raise TrainingError("give the length of the run either in steps or in minutes")
    size, batch = settings.batches.size, settings.batches.batch
    if size < STRIDE or size % STRIDE or batch < 1:
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
    cache = settings.cache or then.cache
    kept = dataclasses.replace(settings, cache=cache, loop=loop)
    of_now = ("run", "cache", "drawers", "threads", "resume", "loop")
    return dataclasses.replace(then, **{name: getattr(kept, name) for name in of_now})


def from_plain(facts: Mapping[str, Any]) -> TrainSettings:
    """Give settings from the plain values of a run's record; what it does not say is default."""
    values = _tuples(facts)
    for name in ("run", "data", "cache", "start"):
        values[name] = Path(values[name]) if values.get(name) else None
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


def begin(settings: TrainSettings) -> Learner:
    """Give the learner: fresh, with earlier weights, or as the checkpoint left it."""
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
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

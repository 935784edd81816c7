"""What a training run is made of: checked, written into its folder, and read back from there."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blemish.data.held import HELD_SHARE, SEED
from blemish.errors import TrainingError
from blemish.model.centernet import DEFAULT_NET, STRIDE
from blemish.model.fpn import COARSEST_OF_BODY
from blemish.training.augment import Augment
from blemish.training.batches import BatchPlan
from blemish.training.checkpoint import write_beside
from blemish.training.loop import LoopPlan
from blemish.training.records import SETTINGS, read_record
from blemish.training.start import NOTHING


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
        surfaces: share of the drawn pictures that are surfaces of any sort instead of wafers, see
            `blemish.synth.surfaces`.
        cache: folder of the decoded pictures, which runs may share; None is one in the run.
        drawers: processes that draw in the background.
        num_looked: drawn pictures that are validated on, at most.
        start: what the weights are taken from, see `blemish.training.start`.
        resume: go on with the run in ``run``, with its own settings but for length, cache,
            drawers and threads.
        seed: decides weights, pictures and batches.
        threads: of torch; 0 is its own choice.
        classes: names of the classes; those of the labelled pictures where there are any.
        recipe: where what was not asked for came from, see `blemish.training.recipes`.
        long_side: px that the longer side of the labelled pictures is brought to; None to learn
            them as they are.
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
    surfaces: float = 0.0
    cache: Path | None = None
    drawers: int = 1
    num_looked: int = 40
    start: str = NOTHING
    resume: bool = False
    seed: int = SEED
    threads: int = 0
    classes: tuple[str, ...] = ("defect",)
    recipe: str = "own"
    long_side: int | None = None
    net: Mapping[str, Any] = field(default_factory=lambda: dict(DEFAULT_NET))
    batches: BatchPlan = field(default_factory=BatchPlan)
    loop: LoopPlan = field(default_factory=LoopPlan)


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
    if settings.surfaces and settings.data is not None:
        raise TrainingError("surfaces are drawn: give --surfaces with --synth, without DATA")
    if settings.batches.whole and settings.data is None and not settings.resume:
        raise TrainingError(
            f"the {settings.recipe} recipe learns from labelled pictures; write drawn ones with "
            "`blemish synth --count N --out DIR` and name DIR instead of --synth"
        )
    size, batch = settings.batches.size, settings.batches.batch
    if size < 0 or size % STRIDE or batch < 0:
        raise TrainingError(
            f"a batch of {batch} crops of {size} px cannot be cut: give at least one crop, with a "
            f"side that is a multiple of {STRIDE}"
        )


def check_crop(size: int, net: Mapping[str, Any]) -> None:
    """Refuse crops so small that the coarsest level is halved from a single cell.

    In bfloat16 the gradient of that convolution is now and then no number (seen with torch 2.14),
    and the step is lost.

    Raises:
        TrainingError: they are.
    """
    coarsest = max(net.get("levels", ()), default=0)
    if coarsest > COARSEST_OF_BODY and size <= 2 ** (coarsest - 1):
        raise TrainingError(
            f"crops of {size} px are too small for a net with levels up to {coarsest}: give a "
            f"--crop of at least {2 ** (coarsest - 1) + STRIDE}"
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

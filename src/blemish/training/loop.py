"""The training loop: cut, learn, average, look; and go on from where it stopped."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from blemish.errors import TrainingError
from blemish.model.assign import Truth
from blemish.model.nets import Detector, losses_of
from blemish.training.adam import KerasAdam
from blemish.training.augment import Crop
from blemish.training.average import Average
from blemish.training.batches import Ahead, Batch, Batches, Wish
from blemish.training.checkpoint import load_checkpoint, save_checkpoint, save_weights
from blemish.training.log import Log
from blemish.training.machine import device_of, has_bfloat16
from blemish.training.optimiser import Optimiser
from blemish.training.plan import FEWEST_STEPS
from blemish.training.plateau import Plateau
from blemish.training.ranks import Ranks

ALONE = Ranks()
EARLY = 0.5  # of a run; until then ever fewer marks are put into other places
OPTIMISERS: Mapping[str, Callable[[nn.Module, float], Optimiser | KerasAdam]] = {
    "muon": Optimiser,
    "adam": KerasAdam,
}
Validate = Callable[[Detector], Mapping[str, float]]


@dataclass(frozen=True)
class LoopPlan:
    """How the net is trained.

    Attributes:
        steps: length of the run in steps, or None when ``minutes`` rule.
        minutes: length of the run in minutes of training, over all resumes.
        optimiser: one of `OPTIMISERS`.
        rate: highest learning rate; it rises over ``warmup`` steps and falls as a cosine.
        last: share of it that is left at the end; 1 for a rate that does not fall.
        plateau: epochs without a lower loss after which the rate is a tenth; 0 for never.
        decay: weight decay, not on norms and biases.
        clip: largest norm of the gradient of all weights together.
        average: decay of the averaged weights; 0 for the weights themselves.
        floors: strength below which a mark is ignored, at the start and after the share
            ``ramp`` of the run; in between it falls log-linearly.
        ramp: share of the run in which the floor falls.
        look_minutes: minutes between validations of a run that has no epochs.
        epoch: steps of an epoch, after which a run by steps is validated; None for no epochs.
        apart: fewest steps between the validations of a run by epochs.
        fewest: steps of a run whose length nobody said, at least; see `plan.choose_epochs`.
        patience: validations without a better AP after which the run ends; None for no such end.
    """

    steps: int | None = None
    minutes: float | None = None
    optimiser: str = "muon"
    rate: float = 1e-2
    last: float = 0.01
    plateau: int = 0
    warmup: int = 100
    decay: float = 0.02
    clip: float = 10.0
    average: float = 0.998
    floors: tuple[float, float] = (300.0, 5.0)
    ramp: float = 0.25
    look_minutes: float = 5.0
    epoch: int | None = None
    patience: int | None = None
    apart: int = 50
    fewest: int = FEWEST_STEPS

    def progress(self, step: int, seconds: float) -> float:
        """Give the share of the run that is over, by steps or by the clock."""
        if self.minutes is not None:
            return seconds / (60 * self.minutes)
        return step / (self.steps or 1)

    def is_due(self, step: int, seconds: float, looked: float) -> bool:
        """Say whether to validate now, when it was last done at ``looked`` seconds."""
        if self.minutes is not None or self.epoch is None:
            return seconds - looked >= 60 * self.look_minutes
        several = math.ceil(self.apart / self.epoch)  # epochs, where one is very short
        return step % (self.epoch * several) == 0

    def ends_epoch(self, step: int) -> bool:
        """Say whether an epoch ends with this step, counted from 1."""
        return self.epoch is not None and step % self.epoch == 0

    def rate_at(self, step: int, progress: float) -> float:
        """Give the learning rate; it ends at ``last`` of the highest."""
        fall = self.last + (1 - self.last) * (1 + math.cos(math.pi * min(progress, 1.0))) / 2
        return self.rate * fall * min(1.0, (step + 1) / max(self.warmup, 1))

    def floor_at(self, progress: float) -> float:
        """Give the strength from which on a mark counts."""
        first, last = self.floors
        fallen = min(progress / max(self.ramp, 1e-9), 1.0)
        return float(first * (last / first) ** fallen)

    def wish_at(self, progress: float) -> Wish:
        """Give what batches are to show: the floor, and how early it is."""
        return self.floor_at(progress), max(1 - progress / EARLY, 0.0)


@dataclass
class Learner:
    """All that changes while training."""

    net: Detector
    average: Average
    optimiser: Optimiser | KerasAdam
    step: int = 0
    seconds: float = 0.0
    best: float = -1.0
    stale: int = 0  # validations since the best
    plateau: Plateau = field(default_factory=Plateau)

    def state(self) -> dict[str, Any]:
        """Give everything that a resumed run needs."""
        return {
            "net": self.net.state_dict(),
            "average": self.average.net.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
            "stale": self.stale,
            "plateau": self.plateau.state(),
        }

    def restore(self, path: Path) -> None:
        """Take over the state of a checkpoint."""
        state = load_checkpoint(path)
        self.net.load_state_dict(state["net"])
        self.average.net.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds, self.best = state["step"], state["seconds"], state["best"]
        self.stale = state.get("stale", 0)
        self.plateau = Plateau.restored(state.get("plateau", self.plateau.state()))


class Watcher(Protocol):
    """What is told of each step: a progress bar, or nothing."""

    def __call__(self, progress: float, row: Mapping[str, float]) -> None:
        """Take note of a row of the log."""


@dataclass(frozen=True)
class Surroundings:
    """What the loop reaches out to.

    Attributes:
        run: folder for the log, checkpoints and weights.
        validate: averaged net to numbers, of which ``ap50`` decides what is best.
        watch: told of each logged row.
        stopping: says whether the user wants to stop.
        clock: seconds, for time limits.
        ranks: the processes that learn together; the first alone validates and writes.
    """

    run: Path
    validate: Validate | None = None
    watch: Watcher = lambda progress, row: None
    stopping: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = field(default=time.monotonic)
    ranks: Ranks = field(default_factory=Ranks)


def make_learner(net: Detector, plan: LoopPlan) -> Learner:
    """Give a learner at step 0; norms and biases are not decayed."""
    optimiser = OPTIMISERS[plan.optimiser](net, plan.decay)
    average = Average(net, plan.average)
    return Learner(net, average, optimiser, plateau=Plateau(plan.plateau))


def train(learner: Learner, batches: Batches, plan: LoopPlan, around: Surroundings) -> Learner:
    """Train to the end of the plan or until asked to stop; a checkpoint is left either way."""
    ranks = around.ranks
    log = Log(around.run, learner.step, around.watch) if ranks.is_first else None
    if ranks.is_first and learner.step == 0:
        save_checkpoint(around.run / "last.pt", learner.state())  # whenever it ends, it can go on
    ahead = Ahead(batches)
    looked = learner.seconds
    seen = log.looks[-1]["step"] if log is not None and log.looks else -1
    try:
        while (progress := ranks.agree(_progress(learner, plan, around))) < 1:
            begun = around.clock()
            now = plan.wish_at(progress)
            soon = plan.wish_at(plan.progress(learner.step + 1, learner.seconds))
            batch = ahead(learner.step, now, soon)
            rate = plan.rate_at(learner.step, progress) * ranks.agree(learner.plateau.share)
            parts = learn(learner, batch, rate, plan.clip, ranks)
            learner.plateau.note(parts["loss"], plan.ends_epoch(learner.step))
            learner.seconds += around.clock() - begun
            if log is None:
                continue
            parts |= {"rate": rate, "floor": now[0]}
            parts |= {"step": learner.step, "seconds": learner.seconds}
            log.step(parts, progress, len(batch.crops) * ranks.size)
            if plan.is_due(learner.step, learner.seconds, looked):
                looked, seen = learner.seconds, learner.step
                look(learner, plan, around, log)
    finally:
        ahead.close()
    if ranks.is_first and plan.progress(learner.step, learner.seconds) < 1 and seen != learner.step:
        keep(learner, around)  # stopped on the way: a validation here would count against patience
    elif log is not None and seen != learner.step:
        look(learner, plan, around, log)
    ranks.agree(0)  # the others end when all is written
    return learner


def _progress(learner: Learner, plan: LoopPlan, around: Surroundings) -> float:
    """Give the share of the run that is over: all of it if the user or patience ends it."""
    if around.stopping() or (plan.patience is not None and learner.stale >= plan.patience):
        return math.inf
    return plan.progress(learner.step, learner.seconds)


def learn(
    learner: Learner, batch: Batch, rate: float, clip: float, ranks: Ranks = ALONE
) -> dict[str, float]:
    """Take one step on a batch and give the parts of its loss.

    Raises:
        TrainingError: the loss is not a number; the text names the batch's pictures.
    """
    learner.net.train()
    losses = losses_on(learner.net, batch)
    if not bool(losses["loss"].isfinite()):
        raise TrainingError(
            f"the loss of step {learner.step + 1} is not a number; look at the pictures of its "
            f"batch ({', '.join(dict.fromkeys(batch.pictures))}) or lower the rate; the last "
            "checkpoint is kept"
        )
    learner.optimiser.zero_grad()
    losses["loss"].backward()  # type: ignore[no-untyped-call]
    ranks.average_gradients(learner.net)
    norm = nn.utils.clip_grad_norm_(learner.net.parameters(), clip)
    if bool(norm.isfinite()):
        learner.optimiser.step(rate)
    learner.average.update(learner.net, learner.step)
    learner.step += 1
    return {name: value.item() for name, value in losses.items()} | {"gradient": norm.item()}


def losses_on(net: Detector, batch: Batch) -> dict[str, Tensor]:
    """Give the parts of a net's loss on a batch, in bfloat16 where its device has it."""
    device = device_of(net)
    with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
        outputs = net(torch.from_numpy(batch.pixels).to(device))
    return losses_of(net, outputs, [as_truth(crop, device) for crop in batch.crops])


def as_truth(crop: Crop, device: torch.device) -> Truth:
    """Give a crop's boxes as tensors."""
    parts = (crop.boxes, crop.labels, crop.ignored)
    return Truth(*(torch.from_numpy(part).to(device) for part in parts))


def look(learner: Learner, plan: LoopPlan, around: Surroundings, log: Log) -> None:
    """Validate the averaged net, keep it, keep it as best if it is, and leave a checkpoint."""
    weights: dict[str, Tensor] = learner.average.net.state_dict()
    row = {"step": learner.step, "seconds": learner.seconds}
    if plan.epoch is not None and plan.ends_epoch(learner.step):
        epoch = learner.step // plan.epoch
        row["epoch"] = epoch
        save_weights(around.run / f"epoch-{epoch:03d}.safetensors", weights)
    if around.validate is not None and learner.step > 0:
        numbers = dict(around.validate(learner.average.net))
        log.look(row | numbers)
        learner.stale += 1
        if numbers["ap50"] > learner.best:
            learner.best, learner.stale = numbers["ap50"], 0
            save_weights(around.run / "best.safetensors", weights)
    keep(learner, around)


def keep(learner: Learner, around: Surroundings) -> None:
    """Leave the averaged weights and a checkpoint to go on from."""
    save_weights(around.run / "last.safetensors", learner.average.net.state_dict())
    save_checkpoint(around.run / "last.pt", learner.state())

"""From labelled pictures to batches of crops; the same seed and step give the same batch."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import box_centres
from blemish.core.defects import Defects
from blemish.training.augment import (
    Augment,
    Crop,
    Pixels,
    cut_crop,
    noise_bank,
    random_affine,
    recolour,
)
from blemish.training.transplant import lift, put, vary

MARGIN = 96  # the noise bank is this much larger than a crop
TRIES = 8  # pictures looked at for one with a mark before a random place is taken instead


class Labelled(NamedTuple):
    """A picture and its marks; strength as in `blemish.data.dataset.Sample`."""

    pixels: Pixels
    defects: Defects
    strength: NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """Where pictures come from.

    Attributes:
        load: gives the picture at an index.
        num_ready: tells how many are there by now.
        name: names a picture.
        place: tells where a label of a picture stands.
    """

    load: Callable[[int], Labelled]
    num_ready: Callable[[], int]
    name: Callable[[int], str] = "picture {}".format
    place: Callable[[int, int], str] = "picture {}: box {}".format


@dataclass(frozen=True)
class BatchPlan:
    """How batches are cut.

    Attributes:
        size: side of a crop in pixels, a multiple of the net's stride.
        batch: crops a batch.
        whole: whether a crop is a whole picture, which must be no larger than it; then every
            picture comes once a round, and `random_share` and `jitter` mean nothing.
        random_share: share of crops at random places, most of them clean.
        jitter: how far a mark lies from the crop's middle at most, as a share of its side.
        seed: with the step, decides everything.
        augment: how crops are changed.
    """

    size: int = 416
    batch: int = 8
    whole: bool = False
    random_share: float = 0.3
    jitter: float = 0.42
    seed: int = 0
    augment: Augment = field(default_factory=Augment)


@dataclass(frozen=True)
class Batch:
    """A step's crops: pixels (N, S, S, 3) uint8, what is in each, and the pictures' names."""

    pixels: Pixels
    crops: tuple[Crop, ...]
    pictures: tuple[str, ...]


class Batches:
    """Cuts the batch of a step, or the part of it that falls to one of several processes."""

    def __init__(self, source: Source, plan: BatchPlan, rank: int = 0, size: int = 1) -> None:
        self.source = source
        self.plan = plan
        self.number = max(plan.batch // size, 1)
        self.together, self.before = self.number * size, self.number * rank
        self.place = () if size == 1 else (rank,)
        self.bank = noise_bank(plan.size + MARGIN, plan.seed)

    def __call__(self, step: int, floor: float, early: float = 0.0) -> Batch:
        """Give the batch of this step; marks weaker than ``floor`` are ignored areas.

        ``early`` is 1 at the start of a run, and 0 from where marks are no longer grafted.
        """
        generator = np.random.default_rng((self.plan.seed, step, *self.place))
        first = step * self.together + self.before
        chosen = [
            self.whole(first + place, floor, generator)
            if self.plan.whole
            else self.crop(floor, early, generator)
            for place in range(self.number)
        ]
        pictures = tuple(self.source.name(index) for index, _ in chosen)
        crops = tuple(crop for _, crop in chosen)
        return Batch(np.stack([crop.pixels for crop in crops]), crops, pictures)

    def crop(self, floor: float, early: float, generator: np.random.Generator) -> tuple[int, Crop]:
        """Give a picture's index and a crop of it, at a random place or around a mark."""
        plan = self.plan
        anywhere = bool(generator.random() < plan.random_share)
        index, labelled = self.pick(floor, anywhere, generator)
        low, high = np.log(plan.augment.scale)
        scale = float(np.exp(generator.uniform(low, high)))
        if generator.random() >= plan.augment.scaled:
            scale = 1.0
        counts = labelled.strength >= floor
        centre = place(labelled, counts & (not anywhere), plan, scale, generator)
        affine = random_affine(centre, plan.size, scale, generator, plan.augment.turned)
        crop = vary(self.cut(labelled, counts, affine), plan.augment.varied, generator)
        if generator.random() < plan.augment.grafted * early:
            crop = self.graft(crop, floor, generator)
        return index, self.recolour(crop, generator)

    def whole(self, turn: int, floor: float, generator: np.random.Generator) -> tuple[int, Crop]:
        """Give a picture's index and all of it, at the upper left where `find` puts it too.

        The order is another in every round through the pictures.
        """
        plan, number = self.plan, self.source.num_ready()
        order = np.random.default_rng((plan.seed, turn // number)).permutation(number)
        index = int(order[turn % number])
        labelled = self.source.load(index)
        middle = (plan.size / 2, plan.size / 2)
        affine = random_affine(middle, plan.size, 1.0, generator, plan.augment.turned)
        crop = self.cut(labelled, labelled.strength >= floor, affine)
        return index, self.recolour(crop, generator)

    def cut(
        self, labelled: Labelled, counts: NDArray[np.bool_], affine: NDArray[np.float64]
    ) -> Crop:
        """Give the crop of a picture that a map picks."""
        boxes = (labelled.defects.boxes, labelled.defects.labels, counts)
        return cut_crop(labelled.pixels, boxes, affine, self.plan.size)

    def recolour(self, crop: Crop, generator: np.random.Generator) -> Crop:
        """Give the crop in other colours."""
        return replace(crop, pixels=recolour(crop.pixels, self.plan.augment, self.bank, generator))

    def graft(self, crop: Crop, floor: float, generator: np.random.Generator) -> Crop:
        """Put a mark of a picture by chance into a crop, where both allow it."""
        _, giver = self.pick(floor, False, generator)
        marks = np.flatnonzero(giver.strength >= floor)
        if not len(marks):
            return crop
        boxes, labels = giver.defects.boxes, giver.defects.labels
        mark = int(marks[generator.integers(len(marks))])
        graft = lift(giver.pixels, boxes, mark, int(labels[mark]))
        return crop if graft is None else put(crop, graft, generator)

    def pick(
        self, floor: float, anywhere: bool, generator: np.random.Generator
    ) -> tuple[int, Labelled]:
        """Give a picture by chance, with its index; one with a mark that counts unless any do."""
        number = self.source.num_ready()
        for _ in range(TRIES):
            index = int(generator.random() * number)
            labelled = self.source.load(index)
            if anywhere or (labelled.strength >= floor).any():
                break
        return index, labelled


def smooth_share(pictures: Iterable[Labelled]) -> float:
    """Give the share of the marks that count which could be put elsewhere; 0 without marks."""
    able = [
        lift(one.pixels, one.defects.boxes, int(index), 0) is not None
        for one in pictures
        for index in np.flatnonzero(one.strength > 0)
    ]
    return float(np.mean(able)) if able else 0.0


def place(
    labelled: Labelled,
    counts: NDArray[np.bool_],
    plan: BatchPlan,
    scale: float,
    generator: np.random.Generator,
) -> tuple[float, float]:
    """Give the point (x, y) of the picture for the crop's middle.

    Near one of the marks that count; anywhere when none does.
    """
    height, width = labelled.pixels.shape[:2]
    if not counts.any():
        return float(generator.uniform(0, width)), float(generator.uniform(0, height))
    chosen = generator.choice(np.flatnonzero(counts))
    x, y = box_centres(labelled.defects.boxes[chosen : chosen + 1])[0]
    reach = plan.jitter * plan.size / scale
    dx, dy = generator.uniform(-reach, reach, 2)
    return float(x + dx), float(y + dy)


Wish = tuple[float, float]


class Ahead:
    """Cuts the next batch in a thread while the net learns from this one."""

    def __init__(self, batches: Callable[[int, float, float], Batch]) -> None:
        self.batches = batches
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self.waiting: tuple[int, Future[Batch]] | None = None

    def __call__(self, step: int, now: Wish, soon: Wish) -> Batch:
        """Give the batch of this step and begin with the next; wishes are floor and ``early``."""
        if self.waiting is not None and self.waiting[0] == step:
            batch = self.waiting[1].result()
        else:
            batch = self.batches(step, *now)
        self.waiting = (step + 1, self.thread.submit(self.batches, step + 1, *soon))
        return batch

    def close(self) -> None:
        """End the thread; the batch in work is thrown away."""
        self.thread.shutdown(wait=True, cancel_futures=True)

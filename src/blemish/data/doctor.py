"""Examination: what is wrong or odd in a data set as a whole, and its numbers."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.data.dataset import TEST, TRAIN, VAL, Dataset, Sample
from blemish.data.likeness import Alike, Look, find_alike, look_at
from blemish.data.listing import shown
from blemish.data.problems import BROKEN, Problem, Report
from blemish.data.sizes import measure_picture
from blemish.errors import PictureError

Watch = Callable[[int, int], None]

TINY = 4  # px; from here on every box is sure to be learned from
ODD = 5.0  # spreads of the logarithm of the side
ODD_FACTOR = 4.0  # and so many times larger or smaller than the usual box
FEW = 10  # of fewer boxes none is unusual


@dataclass(frozen=True, eq=False)
class Examination:
    """A data set whose pictures have all been decoded.

    Attributes:
        samples: those whose picture can be read.
        looks: what is remembered of each, in the same order.
        alike: the pairs of samples whose pictures are alike.
        problems: all of them, those of the labels too.
        numbers: sizes, counts, classes and brightness, ready for JSON.
    """

    samples: tuple[Sample, ...]
    looks: tuple[Look, ...]
    alike: tuple[Alike, ...]
    problems: tuple[Problem, ...]
    numbers: Mapping[str, Any]

    @property
    def is_fit(self) -> bool:
        """Tell whether training can start with the data as it is."""
        return not any(problem.severity == BROKEN for problem in self.problems)


def examine(
    dataset: Dataset, threads: int = 1, watch: Watch = lambda done, of: None
) -> Examination:
    """Decode every labelled picture and look for all that is wrong or odd."""
    problems = list(dataset.problems)
    found = _look_at_all([sample.path for sample in dataset.samples], threads, watch)
    samples, looks = [], []
    for sample, look in zip(dataset.samples, found, strict=True):
        if isinstance(look, Look):
            samples.append(sample)
            looks.append(look)
        else:
            what = str(look).removeprefix(f"{shown(sample.path)}: ").split(";")[0]
            problems.append(Problem(shown(sample.path), "", "unreadable-picture", what))
    alike = find_alike(looks)
    _check_alike(samples, alike, problems.append)
    _check_boxes(samples, problems.append)
    problems += note_unlabelled(dataset)
    if not any((sample.strength > 0).any() for sample in samples):
        words = "holds no box that can be learned from"
        problems.append(Problem("the data set", "", "nothing-usable", words))
    numbers = count_up(samples, looks, dataset)
    return Examination(tuple(samples), tuple(looks), tuple(alike), tuple(problems), numbers)


def note_unlabelled(dataset: Dataset) -> list[Problem]:
    """Give a note for each picture that nobody has labelled."""
    what = "has no labels: it is left out, not taken for clean"
    return [Problem(shown(path), "", "unlabelled", what) for path in dataset.unlabelled]


def count_up(samples: Sequence[Sample], looks: Sequence[Look], dataset: Dataset) -> dict[str, Any]:
    """Give the page of numbers: plain values in named groups."""
    counts = Counter(
        dataset.classes[label] for sample in samples for label in sample.defects.labels
    )
    sizes = Counter("{} x {}".format(*look.size) for look in looks)
    ignored = sum(int((sample.strength <= 0).sum()) for sample in samples)
    per_picture = [len(sample.defects) for sample in samples]
    parts = Counter(sample.part for sample in samples if sample.part)
    return {
        "pictures": {
            "labelled": len(samples),
            "with boxes": sum(count > 0 for count in per_picture),
            "clean": sum(count == 0 for count in per_picture),
            "without labels": len(dataset.unlabelled),
            **dict(sorted(parts.items())),
        },
        "boxes": {
            "all": sum(per_picture),
            "ignored": ignored,
            "in a picture, at most": max(per_picture, default=0),
        },
        "classes": {name: counts[name] for name in dataset.classes},
        "side of a box, px": _spread(_sides_of(samples)),
        "width / height": _spread(_shapes_of(samples), digits=2),
        "size of a picture, px": dict(sizes.most_common(5)),
        "brightness, 0-255": _spread([look.brightness for look in looks]),
        "contrast, 0-255": _spread([look.contrast for look in looks]),
    }


def _look_at_all(paths: Sequence[Path], threads: int, watch: Watch) -> list[Look | PictureError]:
    def look(path: Path) -> Look | PictureError:
        try:
            found, measured = look_at(path), measure_picture(path).size
        except PictureError as error:
            return error
        if found.size != measured:  # its boxes were fitted to the latter
            sizes = "{} x {}, but its head says {} x {}".format(*found.size, *measured)
            return PictureError(f"{shown(path)}: is decoded as {sizes}; export it again")
        return found

    found: list[Look | PictureError] = []
    pool = ThreadPoolExecutor(max(threads, 1))
    try:
        for one in pool.map(look, paths):
            found.append(one)
            watch(len(found), len(paths))
    finally:  # Ctrl-C is not to wait for the pictures that are left
        pool.shutdown(cancel_futures=True)
    return found


def _check_alike(samples: Sequence[Sample], pairs: Iterable[Alike], report: Report) -> None:
    """Report alike pictures, each with the first that it is alike to."""
    told: set[int] = set()
    for first, second, same in pairs:
        one, other = samples[first], samples[second]
        words = "is the same picture as" if same else "is nearly the same picture as"
        parts = {one.part, other.part}
        across = len(parts) == 2 and parts <= {TRAIN, VAL, TEST}
        if across:
            words = f"of {other.part} {words} one of {one.part},"
        elif second in told:
            continue
        told.add(second)
        kind = "duplicate-picture" if same else "near-duplicate"
        kind = "across-split" if across and same else kind
        report(Problem(shown(other.path), "", kind, f"{words} {shown(one.path)}"))


def _check_boxes(samples: Sequence[Sample], report: Report) -> None:
    """Report boxes that are tiny, or far from the usual size."""
    logs = np.log(np.array(_sides_of(samples), np.float64))
    middle = float(np.median(logs)) if len(logs) else 0.0
    spread = 1.4826 * float(np.median(np.abs(logs - middle))) if len(logs) else 0.0
    limit = max(ODD * spread, float(np.log(ODD_FACTOR)))
    for sample in samples:
        for index, box in enumerate(sample.defects.boxes):
            width, height = float(box[2] - box[0]), float(box[3] - box[1])
            place = sample.place(index)
            words = f"the box of {width:g} x {height:g} px"
            if min(width, height) < TINY:
                report(Problem(*place, "tiny-box", f"{words} is hard to learn from"))
            elif len(logs) >= FEW and abs(np.log(width * height) / 2 - middle) > limit:
                usual = f"{np.exp(middle):.0f} px"
                report(
                    Problem(*place, "odd-size", f"{words} is far from the usual side of {usual}")
                )


def _sides_of(samples: Iterable[Sample]) -> list[float]:
    """Give the side of a square as large as each box."""
    return [float(side) for sample in samples for side in np.sqrt(_extents(sample).prod(axis=1))]


def _shapes_of(samples: Iterable[Sample]) -> list[float]:
    extents = (_extents(sample) for sample in samples)
    return [float(shape) for one in extents for shape in one[:, 0] / one[:, 1]]


def _extents(sample: Sample) -> NDArray[np.float32]:
    return sample.defects.boxes[:, 2:] - sample.defects.boxes[:, :2]


def _spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Give the least, the middle and the most; nothing of nothing."""
    if not len(values):
        return {}
    names = ("least", "5 %", "median", "95 %", "most")
    found = np.percentile(np.asarray(values, np.float64), (0, 5, 50, 95, 100))
    return {name: round(float(value), digits) for name, value in zip(names, found, strict=True)}

"""Labelled pictures as a source of crops: decoded once into a folder, then mapped."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from blemish.core.defects import Defects
from blemish.data.dataset import Dataset, Sample
from blemish.data.images import open_picture
from blemish.data.listing import shown
from blemish.errors import TrainingError
from blemish.runtime.finder import resize
from blemish.training.batches import Labelled, Source
from blemish.training.kept import Shelf, is_there, keep


def keep_dataset(
    dataset: Dataset,
    cache: Path,
    watch: Callable[[int, int], None] = lambda done, number: None,
    long_side: int | None = None,
) -> Source:
    """Decode the pictures that are not there yet and give them as a source.

    Each has a folder inside ``cache`` that is named after its file and labels: so folds, splits
    and runs share it, and a changed picture is decoded anew. ``watch`` is told how many are
    done, of how many. ``long_side`` is that of `open_sample`.

    Raises:
        PictureError: a picture cannot be read.
    """
    size = "" if long_side is None else f"-{long_side}"
    number = len(dataset.samples)
    shelves = []
    for index, sample in enumerate(dataset.samples):
        watch(index, number)
        folder = cache / "labelled" / (fingerprint(sample) + size)
        if not is_there(folder, 0):
            folder.mkdir(parents=True, exist_ok=True)
            keep(folder, 0, open_sample(sample, long_side))
        shelves.append(Shelf(folder))
    names = [shown(sample.path) for sample in dataset.samples]
    return Source(
        lambda index: shelves[index].load(0),
        lambda: number,
        names.__getitem__,
        lambda index, box: ": ".join(dataset.samples[index].place(box)),
    )


def open_sample(sample: Sample, long_side: int | None = None) -> Labelled:
    """Decode one picture and give it with its labels.

    Its longer side is brought to ``long_side`` px as `find` does it, if that is not None.
    """
    pixels, true = open_picture(sample.path), sample.defects
    if long_side is not None:
        pixels, factors = resize(pixels, long_side / max(pixels.shape[:2]))
        true = Defects(true.boxes * factors, true.labels, true.scores)
    return Labelled(pixels, true, sample.strength)


def fingerprint(sample: Sample) -> str:
    """Give a name that changes with the file (by size and time) and any label."""
    file = sample.path.stat()
    code = hashlib.sha256(repr((str(sample.path), file.st_size, file.st_mtime_ns)).encode())
    for array in (sample.defects.boxes, sample.defects.labels, sample.strength):
        code.update(array.tobytes())
    return code.hexdigest()[:32]


def check_labels(dataset: Dataset, path: Path) -> None:
    """Refuse a data set that teaches nothing.

    Raises:
        TrainingError: there is no label in it that counts.
    """
    if not any((sample.strength > 0).any() for sample in dataset.samples):
        raise TrainingError(f"{path}: holds no label to learn from; label some defects first")

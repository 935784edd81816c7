"""The plain data set: pictures in a folder a part, one table, the classes; ready to be moved."""

import csv
import io
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from blemish.data.dataset import PART_WORDS, Sample
from blemish.data.images import open_picture, write_picture, write_whole
from blemish.data.labels import PictureLabels
from blemish.data.listing import shown
from blemish.data.lookup import PLAIN_FOLDERS
from blemish.data.sizes import measure_picture
from blemish.data.sniffing import CLASSES
from blemish.data.strengths import STRENGTHS
from blemish.data.table import write_classes, write_table

TABLE = "annotations.csv"


def name_pictures(samples: Sequence[Sample], parts: Sequence[str], root: Path) -> list[str]:
    """Give each picture its name below the new root: its part, its own folders, its own name.

    Folders that only name a part, or say that there are pictures, are left out. No two names
    are alike on any disk, whatever the suffix.
    """
    taken: set[str] = set()
    names = []
    for sample, part in zip(samples, parts, strict=True):
        inner = PurePosixPath(shown(sample.path.relative_to(root)).replace(os.sep, "/"))
        plain = PLAIN_FOLDERS | PART_WORDS.keys()
        folders = [folder for folder in inner.parts[:-1] if folder.casefold() not in plain]
        home = "/".join((part, *map(_clean, folders)))
        for number in count(1):
            stem = f"{home}/{_clean(inner.stem)}" + (f"~{number}" if number > 1 else "")
            if stem.casefold() not in taken:
                break
        taken.add(stem.casefold())
        names.append(stem + inner.suffix)
    return names


@dataclass(frozen=True)
class Form:
    """In what form pictures are put there.

    Attributes:
        size: the longer side in pixels; None to keep the pixels.
        stretch: make both sides that long.
        copy: copy what could be linked.
    """

    size: int | None = None
    stretch: bool = False
    copy: bool = False


def write_sample(
    sample: Sample, classes: Sequence[str], folder: Path, name: str, form: Form
) -> PictureLabels:
    """Put a picture at ``name`` below a folder; gives its labels, boxes scaled with it.

    As it is, it is linked, or copied where that cannot be; resized or stored turned, it is
    written upright as PNG.

    Raises:
        PictureError: it cannot be read.
        UsageError: it cannot be written.
        OSError: it cannot be copied.
    """
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    stored = measure_picture(sample.path)
    new = stored.size if form.size is None else resized(stored.size, form.size, form.stretch)
    if new == stored.size and stored.orientation == 1:
        _link(sample.path, target, form.copy)
    else:
        target = target.with_name(f"{target.name.removesuffix(target.suffix)}.png")
        pixels = open_picture(sample.path)
        shrinks = new[0] < stored.width or new[1] < stored.height
        way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        write_picture(target, np.asarray(cv2.resize(pixels, new, interpolation=way), np.uint8))
    boxes = sample.defects.boxes * np.array([new[0] / stored.width, new[1] / stored.height] * 2)
    return PictureLabels.of(
        target.relative_to(folder).as_posix(),
        new,
        boxes,
        tuple(classes[label] for label in sample.defects.labels),
        ignored=sample.strength <= 0,
        scores=sample.defects.scores,
    )


def resized(size: tuple[int, int], longest: int, stretch: bool) -> tuple[int, int]:
    """Give the new width and height: both, or the longer one, as wanted."""
    if stretch:
        return (longest, longest)
    width, height = (max(round(side * longest / max(size)), 1) for side in size)
    return (width, height)


def write_tables(
    folder: Path, labels: Sequence[PictureLabels], samples: Sequence[Sample], classes: Sequence[str]
) -> None:
    """Write the table of labels, that of classes, and that of strengths where they are known.

    Raises:
        UsageError: a file cannot be written.
    """
    write_whole(folder / TABLE, write_table(labels, keep_ignored=True).encode())
    write_whole(folder / CLASSES, write_classes(classes).encode())
    rows = [
        (one.picture, index, f"{value:.6g}", "")
        for one, sample in zip(labels, samples, strict=True)
        for index, value in enumerate(sample.strength.tolist())
        if 0 < value < np.inf
    ]
    if rows:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([("image", "index", "strength", "kind"), *rows])
        write_whole(folder / STRENGTHS, text.getvalue().encode())


def _link(source: Path, target: Path, copy: bool) -> None:
    """Make a hard link, or copy: on another disk, or one that knows no links."""
    if not copy:
        try:
            os.link(os.path.realpath(source), target)
            return
        except OSError:
            pass
    shutil.copyfile(source, target)


def _clean(name: str) -> str:
    """Give a name without what a table, or a disk of another system, cannot hold."""
    return re.sub(r'[\x00-\x1f<>:"|?*\\]', "_", name).strip() or "_"

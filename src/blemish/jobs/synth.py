"""Draw wafers with known defects into a folder, with labels that any labelling tool reads."""

import csv
import io
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2

from blemish.data.coco import write_coco
from blemish.data.images import write_picture, write_whole
from blemish.data.labels import DEFAULT_CLASS, PictureLabels, from_defects
from blemish.data.table import write_table
from blemish.data.voc import write_voc
from blemish.errors import UsageError
from blemish.synth.layout import MOST, SIDE
from blemish.synth.strength import LABEL_STRENGTH
from blemish.synth.wafers import Wafer, draw_wafer

FORMATS = ("voc", "csv", "coco")

Row = tuple[str, int, str, str]  # image, index of the mark, strength, kind


@dataclass(frozen=True)
class SynthSettings:
    """What to draw.

    Attributes:
        out: a new or empty folder.
        count: how many pictures.
        seed: which series of pictures.
        labels: `voc` (XML beside the pictures), `csv` or `coco`.
        held_back: draw from the ranges that training never sees.
        number: marks or groups of a wafer that is not clean, in the mean; None for the usual.
        least: strength from which on a mark is a label; a fainter one is to be ignored.
        workers: processes; 0 for one a core.
    """

    out: Path
    count: int
    seed: int = 0
    labels: str = "voc"
    held_back: bool = False
    number: float | None = None
    least: float = LABEL_STRENGTH
    workers: int = 0


def write_drawn(
    settings: SynthSettings, watch: Callable[[int, int], None] = lambda done, of: None
) -> Path:
    """Draw the pictures and write them with their labels and `strength.csv`; gives the folder.

    Raises:
        UsageError: the format is unknown, or the folder cannot be made or is not empty.
    """
    _prepare(settings)
    labels: list[PictureLabels] = []
    rows: list[Row] = []
    for done, (of_picture, its_rows) in enumerate(_drawn(settings), 1):
        labels.append(of_picture)
        rows.extend(its_rows)
        watch(done, settings.count)
    if settings.labels == "csv":
        write_whole(settings.out / "labels.csv", write_table(map(_without_faint, labels)).encode())
        write_whole(settings.out / "classes.csv", f"{DEFAULT_CLASS},0\n".encode())
    elif settings.labels == "coco":
        write_whole(settings.out / "labels.json", write_coco(labels, (DEFAULT_CLASS,)).encode())
    write_whole(settings.out / "strength.csv", _strengths(settings, rows).encode())
    return settings.out


def _prepare(settings: SynthSettings) -> None:
    if settings.labels not in FORMATS:
        raise UsageError(f"--labels {settings.labels} is not one of {', '.join(FORMATS)}")
    if settings.number is not None and not 1 <= settings.number <= MOST:
        raise UsageError(f"--marks {settings.number:g} is not between 1 and {MOST}")
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
        if any(settings.out.iterdir()):
            raise UsageError(f"{settings.out} is not empty; give a new folder")
    except OSError as error:
        raise UsageError(f"{settings.out}: {error.strerror}; give another folder") from error


def _drawn(settings: SynthSettings) -> Iterator[tuple[PictureLabels, list[Row]]]:
    """Yield the labels of each picture in order, as processes draw and write them."""
    job = partial(_draw_one, settings)
    workers = min(settings.workers or os.cpu_count() or 1, settings.count)
    if workers == 1:
        yield from map(job, range(settings.count))
        return
    with multiprocessing.get_context("spawn").Pool(workers, cv2.setNumThreads, (1,)) as pool:
        yield from pool.imap(job, range(settings.count))


def _draw_one(settings: SynthSettings, index: int) -> tuple[PictureLabels, list[Row]]:
    wafer = draw_wafer(settings.seed, index, settings.held_back, settings.number)
    name = f"wafer-{settings.seed}-{index:05d}.png"
    write_picture(settings.out / name, wafer.pixels)
    labels = _labels_of(wafer, name, settings.least)
    if settings.labels == "voc":
        text = write_voc(labels, folder=settings.out.name)
        write_whole((settings.out / name).with_suffix(".xml"), text.encode())
    marks = zip(wafer.strength, wafer.kinds, strict=True)
    return labels, [(name, at, f"{value:.2f}", kind) for at, (value, kind) in enumerate(marks)]


def _labels_of(wafer: Wafer, name: str, least: float) -> PictureLabels:
    faint = wafer.strength < least
    return from_defects(name, (SIDE, SIDE), wafer.defects, (DEFAULT_CLASS,), faint)


def _without_faint(labels: PictureLabels) -> PictureLabels:
    """Give the labels that count: the CSV format has no word for those to ignore."""
    return PictureLabels.of(labels.picture, labels.size, labels.boxes[~labels.ignored])


def _strengths(settings: SynthSettings, rows: Iterable[Row]) -> str:
    """Give the strength table; in the CSV format faint marks have no row to count by."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("image", "index", "strength", "kind"))
    kept: dict[str, int] = {}
    for image, index, strength, kind in rows:
        if settings.labels == "csv":
            if float(strength) < settings.least:
                continue
            kept[image] = kept.get(image, -1) + 1
        writer.writerow((image, kept.get(image, index), strength, kind))
    return text.getvalue()

"""Labelled pictures for training and scoring, and how they are split."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.data.formats import Entry
from blemish.data.labels import DEFAULT_CLASS
from blemish.data.listing import shown
from blemish.data.mending import fit_to_picture
from blemish.data.problems import BROKEN, BrokenLabelError, Place, Problem, Report
from blemish.data.recognise import recognise
from blemish.data.sizes import measure_picture
from blemish.data.strengths import fill_strengths, read_strengths
from blemish.errors import LabelError, PictureError, UsageError

UNREADABLE = "unreadable-picture"
TABLE_SUFFIXES = (".csv", ".json")  # of files that hold the labels of many pictures
TRAIN, VAL, TEST = "train", "val", "test"
PART_WORDS = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation"), VAL),
    **dict.fromkeys(("test", "testing"), TEST),
}


@dataclass(frozen=True, eq=False)
class Sample:
    """One labelled picture; a clean one has no defects.

    Attributes:
        path: the picture file.
        defects: the labels, indices into the data set's classes.
        strength: (N,) float32, the mark's matched-filter signal-to-noise where it is known
            (drawn pictures), +inf for a hand-drawn label, 0 for a label to ignore.
        part: `train`, `val` or `test` where the data set's own folders or tables say so.
        source: the file that its labels stand in, for messages; empty if there is none.
        rows: where in that file each label stands, in words.
    """

    path: Path
    defects: Defects
    strength: NDArray[np.float32]
    part: str = ""
    source: str = ""
    rows: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse columns of different lengths and make the strengths read-only."""
        if len(self.strength) != len(self.defects):
            raise ValueError("defects and strength must be equally many")
        self.strength.flags.writeable = False

    def place(self, index: int) -> tuple[str, str]:
        """Give where a label stands: the file, and the row in words."""
        row = self.rows[index] if self.rows else f"box {index + 1}"
        return self.source or shown(self.path), row


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled pictures and their class names.

    Attributes:
        unlabelled: pictures beside them that nobody has labelled: left out, not clean.
        problems: what is wrong or odd in the labels, see `blemish.data.problems`.
        format: the labels' format, a key of `blemish.data.formats.FORMATS`.
        unreadable: labelled pictures that cannot be read, left out and among the problems.
    """

    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    unlabelled: tuple[Path, ...] = ()
    problems: tuple[Problem, ...] = ()
    format: str = ""
    unreadable: tuple[Path, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)


def read_dataset(path: str | Path, labels: str | None = None) -> Dataset:
    """Read a data set in which nothing is broken; what it is shows by itself.

    A folder holds labels in a format of `blemish.data.formats.FORMATS`; ``labels`` says which,
    if it holds several. A .csv file is a keras-retinanet table, a .json file COCO or CreateML.
    Class names stand in the order of the format's own list, else sorted. A `strength.csv`
    (image,index,strength,kind) in the folder fills the strengths.

    Raises:
        UsageError: there is no data set at that path.
        LabelError: a label cannot be used or its picture is missing.
    """
    dataset = survey_dataset(path, labels)
    refuse_broken(dataset)
    return dataset


def refuse_broken(dataset: Dataset, unreadable: bool = True) -> None:
    """Refuse a data set in which something is broken; pictures only if ``unreadable`` says so.

    Raises:
        LabelError: something is.
    """
    broken = [problem for problem in dataset.problems if problem.severity == BROKEN]
    if not unreadable:
        broken = [problem for problem in broken if problem.kind != UNREADABLE]
    if len(broken) > 1:
        more = f"{broken[0]} (and {len(broken) - 1} more: `blemish doctor` lists them)"
        raise LabelError(more)
    if broken:
        raise BrokenLabelError(broken[0])


def survey_dataset(path: str | Path, labels: str | None = None) -> Dataset:
    """Read what can be used of a data set; all that is broken is among its problems.

    Raises:
        UsageError: there is no data set at that path.
    """
    problems: list[Problem] = []
    known = recognise(Path(path), labels, problems.append)
    found = known.format.read(known.files, known.folder, problems.append)
    root = known.folder.root
    used = {name for entry in found.entries for name in entry.labels.classes}
    # A list of names in one folder need not know the classes of another.
    classes = tuple(dict.fromkeys((*found.classes, *sorted(used)))) or (DEFAULT_CLASS,)
    strengths = read_strengths(root, problems.append)
    samples = []
    for entry in _once(found.entries, root, problems.append):
        ignored = entry.labels.ignored
        strength = fill_strengths(strengths, entry.path, root, ignored, problems.append)
        sample = _sample_of(entry, strength, classes, problems.append)
        if sample is not None:
            samples.append(replace(sample, part=_part_of(entry, root)))
    labelled = {entry.path for entry in found.entries}
    lost = {problem.file for problem in problems if problem.kind == UNREADABLE}
    unreadable = tuple(path for path in known.folder.pictures if shown(path) in lost)
    known_paths = labelled | set(unreadable)
    return Dataset(
        tuple(samples),
        classes,
        tuple(path for path in known.folder.pictures if path not in known_paths),
        tuple(problems),
        known.name,
        unreadable,
    )


def split(
    dataset: Dataset,
    share: float,
    seed: int,
    group: Callable[[Sample], str] | None = None,
) -> tuple[Dataset, Dataset]:
    """Split into (training, validation) with about ``share`` of the pictures in the second.

    Pictures of one ``group`` (say, a lot) stay together; without it each is its own. Groups are
    held out in an order that the seed decides, and one that would hold out too much is passed
    over; if all would, the smallest is taken. With two groups or more and a share between 0
    and 1, neither part is empty.

    Raises:
        UsageError: the share is not in [0, 1].
    """
    if not 0 <= share <= 1:
        raise UsageError(f"the validation share {share} is not between 0 and 1; give say 0.2")
    groups: dict[str, list[int]] = {}
    for index, sample in enumerate(dataset.samples):
        groups.setdefault(group(sample) if group else str(index), []).append(index)
    names = sorted(groups)
    order = [names[place] for place in np.random.default_rng(seed).permutation(len(names))]
    wanted = round(share * len(dataset))
    held: set[int] = set()
    for name in order:
        if len(held) + len(groups[name]) <= wanted:
            held.update(groups[name])
    if 0 < share < 1 and len(order) > 1:
        smallest = groups[min(order, key=lambda name: len(groups[name]))]
        if not held:
            held.update(smallest)
        elif len(held) == len(dataset):
            held.difference_update(smallest)
    return part_at(dataset, held)


def part_at(dataset: Dataset, held: set[int]) -> tuple[Dataset, Dataset]:
    """Give (training, validation), the second with the samples at these places."""
    samples = enumerate(dataset.samples)
    learned = tuple(sample for place, sample in samples if place not in held)
    chosen = tuple(dataset.samples[place] for place in sorted(held))
    return _only(dataset, learned), _only(dataset, chosen)


def own_split(dataset: Dataset) -> tuple[Dataset, Dataset] | None:
    """Give the (training, validation) parts that the data set itself names; None if it does not.

    Without a validation part its test part is taken; with one, the test part is in neither.
    """
    parts = {sample.part for sample in dataset.samples}
    held = VAL if VAL in parts else TEST
    if held not in parts or not parts & {TRAIN, ""}:
        return None
    training, validation = (
        tuple(sample for sample in dataset.samples if sample.part in wanted)
        for wanted in ({TRAIN, ""}, {held})
    )
    return _only(dataset, training), _only(dataset, validation)


def _only(dataset: Dataset, samples: tuple[Sample, ...]) -> Dataset:
    return Dataset(samples, dataset.classes, format=dataset.format)


def _once(entries: Iterable[Entry], root: Path, report: Report) -> list[Entry]:
    """Give the first entry of each picture, and report the others."""
    first: dict[Path, Entry] = {}
    for entry in entries:
        known = first.setdefault(entry.path, entry)
        if known is not entry:
            is_table = entry.source.suffix.lower() in TABLE_SUFFIXES
            row = entry.labels.rows[0] if is_table and entry.labels.rows else ""
            same_part = _part_of(known, root) == _part_of(entry, root)
            Place(shown(entry.source), row, report).tell(
                "labelled-twice" if same_part else "across-split",
                f"{shown(entry.path)} is labelled in {shown(known.source)} already",
            )
    return list(first.values())


def _sample_of(
    entry: Entry, strength: NDArray[np.float32], classes: tuple[str, ...], report: Report
) -> Sample | None:
    source = shown(entry.source)
    try:
        stored = measure_picture(entry.path)
    except PictureError as error:
        what = str(error).removeprefix(f"{shown(entry.path)}: ").split(";")[0]
        report(Problem(shown(entry.path), "", UNREADABLE, what))
        return None
    labels, kept = fit_to_picture(entry.labels, stored, source, report)
    if labels.size != stored.size:
        return None
    defects = labels.defects(classes)
    return Sample(entry.path, defects, strength[kept], source=source, rows=labels.rows)


def _part_of(entry: Entry, root: Path) -> str:
    """Give the part that a folder on the way to the picture names, or the table's name."""
    folders = entry.path.relative_to(root).parts[:-1]
    words = [*reversed(folders), *re.split(r"[\W_]+", entry.source.stem)]
    if entry.source.suffix.lower() not in TABLE_SUFFIXES:
        words = list(reversed(folders))
    return next((PART_WORDS[word.lower()] for word in words if word.lower() in PART_WORDS), "")

"""Labelled pictures for training and scoring, and how they are split."""

import csv
import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.data.coco import read_coco
from blemish.data.labels import DEFAULT_CLASS, PictureLabels
from blemish.data.listing import PICTURE_SUFFIXES, natural_order, shown
from blemish.data.table import read_table
from blemish.data.voc import read_voc
from blemish.errors import LabelError, UsageError

_ANNOTATION_FOLDERS = ("annotations", "Annotations")
_PICTURE_FOLDERS = ("images", "JPEGImages")
_TABLES = ("annotations.csv", "annotations.json")
_STRENGTHS = "strength.csv"


@dataclass(frozen=True, eq=False)
class Sample:
    """One labelled picture; a clean one has no defects.

    Attributes:
        path: the picture file.
        defects: the labels, indices into the data set's classes.
        strength: (N,) float32, the mark's matched-filter signal-to-noise where it is known
            (drawn pictures), +inf for a hand-drawn label, 0 for a label to ignore.
    """

    path: Path
    defects: Defects
    strength: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Refuse columns of different lengths and make the strengths read-only."""
        if len(self.strength) != len(self.defects):
            raise ValueError("defects and strength must be equally many")
        self.strength.flags.writeable = False


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled pictures and their class names.

    Attributes:
        unlabelled: pictures beside them that nobody has labelled: left out, not clean.
    """

    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    unlabelled: tuple[Path, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)


def read_dataset(path: str | Path) -> Dataset:
    """Read a data set; what it is shows by itself.

    A folder holds VOC XML beside its pictures or in `annotations` (pictures in `images` or
    `JPEGImages`, or in the folder), or an `annotations.csv` or `annotations.json`; a .csv file
    is a keras-retinanet table, a .json file COCO. Class names stand in COCO's order, else
    sorted. A `strength.csv` (image,index,strength,kind) in the folder fills the strengths.

    Raises:
        UsageError: there is no data set at that path.
        LabelError: a label cannot be read or its picture is missing.
    """
    path = Path(path)
    if not path.is_dir():
        return _read_file(path)
    table = next((path / name for name in _TABLES if (path / name).is_file()), None)
    if table is not None and not _xml_files(path):
        return _read_file(table)
    return _read_folder(path)


def split(
    dataset: Dataset,
    share: float,
    seed: int,
    group: Callable[[Sample], str] | None = None,
) -> tuple[Dataset, Dataset]:
    """Split into (training, validation) with about ``share`` of the pictures in the second.

    Pictures of one ``group`` (say, a lot) stay together; without it each is its own. With two
    groups or more and a share between 0 and 1, neither part is empty.

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
    sizes = np.cumsum([0] + [len(groups[name]) for name in order])
    num_held = int(np.abs(sizes - share * len(dataset)).argmin())
    if 0 < share < 1 and len(order) > 1:
        num_held = min(max(num_held, 1), len(order) - 1)
    held = {index for name in order[:num_held] for index in groups[name]}
    return _part(dataset, held, inside=False), _part(dataset, held, inside=True)


def _part(dataset: Dataset, held: set[int], inside: bool) -> Dataset:
    chosen = (s for index, s in enumerate(dataset.samples) if (index in held) is inside)
    return Dataset(tuple(chosen), dataset.classes)


def _read_file(path: Path) -> Dataset:
    text = _text(path)
    if path.suffix.lower() == ".json":
        labels, classes = read_coco(text, shown(path))
    elif path.suffix.lower() == ".csv":
        labels, classes = read_table(text, shown(path)), ()
    else:
        raise UsageError(f"{shown(path)}: is not a data set; give a folder, a .csv or a .json")
    root = path.parent
    return _assemble([(_locate(root, one, path), one) for one in labels], classes, (), root)


def _read_folder(folder: Path) -> Dataset:
    pictures: dict[str, list[Path]] = {}
    for root in [*(folder / name for name in _PICTURE_FOLDERS), folder]:
        if root.is_dir():
            for picture in _files(root, PICTURE_SUFFIXES):
                same = pictures.setdefault(_stem(picture, root), [])
                if picture not in same:
                    same.append(picture)
    labels: list[tuple[Path, PictureLabels]] = []
    for file, stem in _xml_files(folder):
        one = read_voc(_bytes(file), shown(file))
        candidates = pictures.get(stem, [])
        if not candidates:
            raise LabelError(f"{shown(file)}: its picture is not there; add it or remove the label")
        named = [path for path in candidates if path.name == Path(one.picture).name]
        labels.append(((named or candidates)[0], one))
    known = {path for path, _ in labels}
    every = {path for same in pictures.values() for path in same}
    if not labels:
        raise UsageError(
            f"{shown(folder)}: no labels there; put VOC XML beside the pictures or in annotations/"
        )
    return _assemble(labels, (), sorted(every - known, key=natural_order), folder)


def _xml_files(folder: Path) -> list[tuple[Path, str]]:
    """Give the label files, each with the stem under which its picture is looked for."""
    roots = [folder / name for name in _ANNOTATION_FOLDERS if (folder / name).is_dir()]
    root = roots[0] if roots else folder
    return [(file, _stem(file, root)) for file in _files(root, frozenset({".xml"}))]


def _files(root: Path, suffixes: frozenset[str]) -> list[Path]:
    found = (
        path
        for path in root.rglob("*")
        if path.suffix.lower() in suffixes and not path.name.startswith(".")
    )
    return sorted(found, key=natural_order)


def _stem(path: Path, root: Path) -> str:
    return path.relative_to(root).with_suffix("").as_posix()


def _locate(root: Path, labels: PictureLabels, source: Path) -> Path:
    """Find the picture that a table names: as written, in a picture folder, by its bare name."""
    for name in (labels.picture, Path(labels.picture).name):
        for place in (root, *(root / folder for folder in _PICTURE_FOLDERS)):
            if (place / name).is_file():
                return place / name
    raise LabelError(f"{shown(source)}: the picture {labels.picture} is not there; add it")


def _assemble(
    labelled: list[tuple[Path, PictureLabels]],
    classes: tuple[str, ...],
    unlabelled: Iterable[Path],
    root: Path,
) -> Dataset:
    used = {name for _, labels in labelled for name in labels.classes}
    classes = classes or tuple(sorted(used)) or (DEFAULT_CLASS,)
    strengths = _read_strengths(root)
    samples = []
    for path, labels in labelled:
        strength = np.where(labels.ignored, 0, math.inf).astype(np.float32)
        rows = _rows_of(path, root, strengths)
        for index, value in rows.items():
            if not 0 <= index < len(strength):
                raise LabelError(
                    f"{shown(root / _STRENGTHS)}: {path.name} has no label {index}; draw the "
                    "data set again or remove this file"
                )
            strength[index] = value
        samples.append(Sample(path, labels.defects(classes), strength))
    return Dataset(tuple(samples), classes, tuple(unlabelled))


def _read_strengths(root: Path) -> dict[str, dict[int, float]]:
    """Give image → index → strength of the optional file that drawn data sets bring."""
    places = (root, *(root / name for name in _ANNOTATION_FOLDERS))
    file = next((place / _STRENGTHS for place in places if (place / _STRENGTHS).is_file()), None)
    strengths: dict[str, dict[int, float]] = {}
    if file is None:
        return strengths
    rows = csv.DictReader(io.StringIO(_text(file), newline=""))
    try:
        for row in rows:
            strengths.setdefault(row["image"], {})[int(row["index"])] = float(row["strength"])
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise LabelError(
            f"{shown(file)}: row {rows.line_num}: is not image,index,strength,kind; mend the row"
        ) from error
    return strengths


def _rows_of(path: Path, root: Path, strengths: dict[str, dict[int, float]]) -> dict[int, float]:
    inner = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    return strengths.get(inner) or strengths.get(path.name) or {}


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelError(f"{shown(path)}: is not UTF-8 text; save it as UTF-8") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{shown(path)}: cannot be read ({error.strerror}); check the path"
        ) from error

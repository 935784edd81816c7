"""The one table of label formats: what each is called, which files it reads, and how."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from blemish.data import table
from blemish.data.coco import is_coco, read_coco, write_coco
from blemish.data.createml import is_createml, read_createml, write_createml
from blemish.data.labels import PictureLabels
from blemish.data.listing import shown
from blemish.data.lookup import Folder
from blemish.data.problems import BrokenLabelError, Place, Problem, Report, stop
from blemish.data.sizes import measure_picture
from blemish.data.sniffing import (
    NAME_LISTS,
    class_table,
    json_files,
    table_files,
    voc_files,
    yolo_files,
)
from blemish.data.texts import read_bytes, read_text
from blemish.data.voc import read_voc, write_voc
from blemish.data.yolo import (
    first_number,
    numbers_used,
    read_names,
    read_yaml_names,
    read_yolo,
    write_yolo,
)
from blemish.errors import PictureError, UsageError


class Entry(NamedTuple):
    """The labels of a picture that has been found, and the file that they stand in."""

    path: Path
    labels: PictureLabels
    source: Path


class Found(NamedTuple):
    """What label files hold: the pictures, and the class names if the format lists them."""

    entries: list[Entry]
    classes: tuple[str, ...]


class Format(NamedTuple):
    """One label format.

    Attributes:
        words: what it is called.
        files: gives the label files of a folder; none if it holds another format.
        read: reads them; what is wrong is reported and left out.
        write: gives the files, by name, for pictures whose size is known.
    """

    words: str
    files: Callable[[Folder], list[Path]]
    read: Callable[[Sequence[Path], Folder, Report], Found]
    write: Callable[[Sequence[PictureLabels], Sequence[str]], dict[str, str]]


def _read_voc(
    files: Sequence[Path], folder: Folder, report: Report, one_based: bool = False
) -> Found:
    entries = []
    for file in files:
        with _reporting(report):
            labels = read_voc(read_bytes(file), shown(file), report, one_based)
            path = folder.beside(file, labels.picture, Place(shown(file), "", report))
            entries += [Entry(path, labels, file)] if path else []
    # A file that bears the picture's name comes before one that only speaks of it.
    entries.sort(key=lambda entry: entry.source.stem != entry.path.stem)
    return Found(entries, ())


def _read_yolo(files: Sequence[Path], folder: Folder, report: Report) -> Found:
    texts: dict[Path, str] = {}
    for file in files:
        with _reporting(report):
            texts[file] = read_text(file)
    used: dict[Path | None, set[int]] = {}
    homes = {file: _names_file(file, folder) for file in texts}
    for file, text in texts.items():
        used.setdefault(homes[file], set()).update(numbers_used(text))
    names: dict[Path | None, tuple[str, ...]] = {}
    for home, numbers in used.items():
        with _reporting(report):
            names[home] = _names_of(home, numbers, folder, report)
    entries = []
    for file in (file for file in texts if homes[file] in names):
        with _reporting(report):
            path = folder.beside(file, "", Place(shown(file), "", report))
            if path is not None:
                size = _size_of(path)
                text, listed = texts[file], names[homes[file]]
                labels = read_yolo(text, shown(file), path.name, size, listed, report)
                entries.append(Entry(path, labels, file))
    every = (name for one in names.values() for name in one if name)
    return Found(entries, tuple(dict.fromkeys(every)))


def _names_file(file: Path, folder: Folder) -> Path | None:
    """Find the list of class names: in the file's folder or in the nearest one above it."""
    places = [place for place in file.parents if place.is_relative_to(folder.root)]
    for place in places:
        for name in NAME_LISTS:
            if (place / name).is_file():
                return place / name
    return None


def _names_of(home: Path | None, used: set[int], folder: Folder, report: Report) -> tuple[str, ...]:
    """Give the class names by number; one that counts from 1 has an empty name at 0."""
    if home is None:
        numbers = ", ".join(map(str, sorted(used)))
        words = f"no list of class names there: the classes are called {numbers}"
        Place(shown(folder.root), "", report).tell("no-class-names", words)
        return ()
    text, is_yaml = read_text(home), home.suffix in {".yaml", ".yml"}
    names = read_yaml_names(text) if is_yaml else read_names(text)
    if is_yaml and not names:
        stop(shown(home), "holds no class names: write names: [spot, ring] there")
    if names[:1] != ("",) and first_number(used, len(names)):
        words = f"the labels use 1 to {max(used)} of {len(names)} classes"
        Place(shown(home), "", report).tell("one-based", words)
        return ("", *names)
    return names


def _size_of(path: Path) -> tuple[int, int]:
    try:
        return measure_picture(path).size
    except PictureError as error:
        what = str(error).removeprefix(f"{shown(path)}: ").split(";")[0]
        stop(shown(path), what, "unreadable-picture")


def _read_tables(files: Sequence[Path], folder: Folder, report: Report) -> Found:
    entries: list[Entry] = []
    names: dict[str, None] = {}
    for file in files:
        with _reporting(report):
            classes, listed = _listed_classes(file, report)
            names.update(dict.fromkeys(classes))
            for labels in table.read_table(read_text(file), shown(file), report, classes, listed):
                entries += _locate(labels, file, folder, report)
    return Found(entries, tuple(names))


def _listed_classes(file: Path, report: Report) -> tuple[tuple[str, ...], str]:
    """Read the table of classes beside a table of labels, if there is one; gives its name too."""
    home = class_table(file)
    if home is None:
        return (), ""
    return table.read_classes(read_text(home), shown(home), report), shown(Path(home.name))


def _read_coco(files: Sequence[Path], folder: Folder, report: Report) -> Found:
    entries: list[Entry] = []
    names: dict[str, None] = {}
    for file in files:
        with _reporting(report):
            pictures, classes = read_coco(read_text(file), shown(file), report)
            names.update(dict.fromkeys(classes))
            for labels in pictures:
                entries += _locate(labels, file, folder, report)
    return Found(entries, tuple(names))


def _read_createml(files: Sequence[Path], folder: Folder, report: Report) -> Found:
    entries: list[Entry] = []
    for file in files:
        with _reporting(report):
            for labels in read_createml(read_text(file), shown(file), report):
                entries += _locate(labels, file, folder, report)
    return Found(entries, ())


def _locate(labels: PictureLabels, file: Path, folder: Folder, report: Report) -> list[Entry]:
    row = labels.rows[0] if labels.rows else ""
    path = folder.named(labels.picture, file, Place(shown(file), row, report))
    return [Entry(path, labels, file)] if path else []


@contextmanager
def _reporting(report: Report) -> Iterator[None]:
    """Report what ends the reading of one file, and go on with the next."""
    try:
        yield
    except BrokenLabelError as error:
        report(error.problem)
    except UsageError as error:
        place, _, what = str(error).partition(": ")
        report(Problem(place, "", "unreadable-labels", what.split(";")[0]))


def _by_suffix(suffix: str, text: Callable[[PictureLabels], str]) -> Callable[..., dict[str, str]]:
    def write(pictures: Sequence[PictureLabels], classes: Sequence[str]) -> dict[str, str]:
        return {str(Path(one.picture).with_suffix(suffix)): text(one) for one in pictures}

    return write


def _write_yolo(pictures: Sequence[PictureLabels], classes: Sequence[str]) -> dict[str, str]:
    write = _by_suffix(".txt", lambda one: write_yolo(one, classes))
    return {**write(pictures, classes), "classes.txt": "".join(f"{name}\n" for name in classes)}


def _write_tables(pictures: Sequence[PictureLabels], classes: Sequence[str]) -> dict[str, str]:
    return {
        "annotations.csv": table.write_table(pictures),
        "classes.csv": table.write_classes(classes),
    }


_VOC = Format("Pascal VOC XML", voc_files, _read_voc, _by_suffix(".xml", write_voc))

# The first that a folder holds is read: labelImg's XML wins.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "voc": _VOC,
        "csv": Format("keras-retinanet CSV", table_files, _read_tables, _write_tables),
        "coco": Format(
            "COCO JSON",
            partial(json_files, is_it=is_coco),
            _read_coco,
            lambda pictures, classes: {"annotations.json": write_coco(pictures, classes)},
        ),
        "createml": Format(
            "CreateML JSON",
            partial(json_files, is_it=is_createml),
            _read_createml,
            lambda pictures, classes: {"annotations.json": write_createml(pictures)},
        ),
        "yolo": Format("YOLO text", yolo_files, _read_yolo, _write_yolo),
        "voc-1based": _VOC._replace(
            words="Pascal VOC XML whose pixels count from 1",
            read=partial(_read_voc, one_based=True),
        ),
    }
)

"""What a path holds: which label format, in which files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from blemish.data.createml import is_createml
from blemish.data.formats import FORMATS, Format
from blemish.data.listing import shown
from blemish.data.lookup import Folder
from blemish.data.problems import Place, Report
from blemish.data.sniffing import damaged_json, unknown_tables
from blemish.data.texts import read_bytes
from blemish.errors import UsageError

_MAIN = ("annotations.csv", "annotations.json")


class Recognised(NamedTuple):
    """A data set before it is read: its folder, the name of its format, its label files."""

    folder: Folder
    name: str
    files: list[Path]

    @property
    def format(self) -> Format:
        """Give the format's row of the table."""
        return FORMATS[self.name]


def recognise(path: Path, labels: str | None, report: Report) -> Recognised:
    """Tell what a folder or a label file holds, or take it for the format ``labels``.

    Of several formats in a folder the first of `FORMATS` is taken, and the others are reported.

    Raises:
        UsageError: there is no data set at that path, or no such format.
    """
    if labels is not None and labels not in FORMATS:
        raise UsageError(f"labels {labels!r} are not one of {', '.join(FORMATS)}; name one of them")
    if not path.is_dir():
        return _of_file(path, labels)
    folder = Folder(path)
    names = [labels] if labels else [name for name in FORMATS if name != "voc-1based"]
    files = {name: FORMATS[name].files(folder) for name in names}
    there = [name for name in names if files[name]]
    if not there:
        return _unrecognised(folder, labels)
    _tell_others(there, files, Place(shown(path), "", report))
    found, name = files[there[0]], there[0]
    if name == "csv":
        found = _tables_of(found, folder, report)
    return Recognised(folder, name, _main_alone(found, folder, report))


def _of_file(path: Path, labels: str | None) -> Recognised:
    if not path.exists():
        raise UsageError(f"{shown(path)}: is not there; check the path")
    suffix = path.suffix.lower()
    if suffix not in {".csv", ".json"}:
        raise UsageError(f"{shown(path)}: is not a data set; give a folder, a .csv or a .json")
    content = read_bytes(path)
    name = "csv"
    if suffix == ".json":
        name = "createml" if _is_createml(content) else "coco"
    return Recognised(Folder(path.parent), labels or name, [path])


def _unrecognised(folder: Folder, labels: str | None) -> Recognised:
    """Give what may have been labels, for its reader to say what is wrong with it.

    Raises:
        UsageError: there is nothing like it.
    """
    main = next((path for name in _MAIN if (path := folder.root / name).is_file()), None)
    if main is not None:
        return _of_file(main, labels)
    damaged = damaged_json(folder) if labels in {None, "coco", "createml"} else []
    if damaged:
        return Recognised(folder, labels or "coco", damaged)
    others = [shown(Path(path.name)) for path in folder.files(".csv", ".json", ".xml")]
    raise UsageError(
        f"{shown(folder.root)}: no labels there"
        + (f" of the format {labels}" if labels else "")
        + (f" ({', '.join(others[:3])}: of no kind that is known)" if others else "")
        + "; put VOC XML or YOLO text beside the pictures, or a .csv or .json"
    )


def _tables_of(found: list[Path], folder: Folder, report: Report) -> list[Path]:
    """Give the tables of labels, and tell those of another kind."""
    main = folder.root / _MAIN[0]
    if main.is_file() and main not in found:  # its reader says what is wrong with it
        return [main, *found]
    for path in unknown_tables(folder, found) if main not in found else ():
        words = "is not read, as no row of it is path,x1,y1,x2,y2,class"
        Place(shown(path), "", report).tell("not-read", words)
    return found


def _main_alone(found: list[Path], folder: Folder, report: Report) -> list[Path]:
    """Of several tables give the one that is called like the whole, where it is there."""
    main = [path for path in found if path.parent == folder.root and path.name in _MAIN]
    for path in found if main else ():
        if path not in main:
            words = f"is not read, as {main[0].name} is there"
            Place(shown(path), "", report).tell("not-read", words)
    return main or found


def _is_createml(content: bytes) -> bool:
    try:
        return is_createml(json.loads(content))
    except (ValueError, RecursionError):
        return False


def _tell_others(there: Sequence[str], files: dict[str, list[Path]], place: Place) -> None:
    taken = set(files[there[0]])
    for name in there[1:]:
        if others := [path for path in files[name] if path not in taken]:
            what = f"{len(others)} files" if len(others) > 1 else others[0].name
            words = f"there is {FORMATS[name].words} too ({what}); {FORMATS[there[0]].words}"
            place.tell("two-formats", f"{words} is read")

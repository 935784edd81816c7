"""Which files of a folder hold labels of a format: by how they begin, or by what JSON holds."""

import json
import re
from collections.abc import Callable, Collection
from pathlib import Path

from blemish.data import table
from blemish.data.lookup import Folder
from blemish.data.problems import Place
from blemish.data.texts import first_text, read_text
from blemish.data.yolo import looks_like_yolo
from blemish.errors import BlemishError

CLASSES = "classes.csv"
_BESIDE = {CLASSES, "groups.csv", "strength.csv"}  # that stand beside tables of labels
NAME_LISTS = ("classes.txt", "obj.names", "data.yaml", "data.yml")  # of YOLO

_DAMAGED = object()
_COMMENT = re.compile("<!--.*?-->", re.DOTALL)
_XML_ROOT = re.compile(r"<([A-Za-z_][\w.:-]*)")


def voc_files(folder: Folder) -> list[Path]:
    """Give the XML files but those of another kind.

    What is nearly an annotation, like CVAT's own XML, is left for the reader to name. An empty or
    damaged file may have been one.
    """
    roots = {path: _xml_root(path) for path in folder.files(".xml")}
    files = [path for path, root in roots.items() if not root or root.startswith("annotation")]
    return files if any(roots[path] for path in files) else []


def _xml_root(path: Path) -> str:
    """Give the name of the first element in lower case; empty where there is none."""
    root = _XML_ROOT.search(_COMMENT.sub("", first_text(path)))
    return root[1].lower() if root else ""


def yolo_files(folder: Folder) -> list[Path]:
    """Give the texts that hold YOLO rows, and those without any that stand for a picture."""
    silent = Place("", "", lambda problem: None)
    texts = [path for path in folder.files(".txt") if path.name not in NAME_LISTS]
    meant = {path for path in texts if folder.beside(path, "", silent)}
    return [path for path in texts if path in meant or looks_like_yolo(first_text(path))]


def table_files(folder: Folder) -> list[Path]:
    """Give the CSV files in whose first rows there is one of labels."""
    return [
        path
        for path in folder.files(".csv")
        if any(map(table.is_label, table.first_rows(first_text(path), 20)))
    ]


def unknown_tables(folder: Folder, known: Collection[Path]) -> list[Path]:
    """Give the CSV files that are neither of labels nor of what stands beside them."""
    others = [path for path in folder.files(".csv") if path not in known]
    listed = {class_table(path) for path in known}
    return [path for path in others if path.name not in _BESIDE and path not in listed]


def class_table(file: Path) -> Path | None:
    """Give the `name,id` table beside a table of labels: `classes.csv`, or one that looks so."""
    home = file.parent
    if (home / CLASSES).is_file():  # whatever it holds: its reader says what is wrong with it
        return home / CLASSES
    others = (path for path in sorted(home.glob("*.csv")) if path != file)
    return next((path for path in others if table.is_class_table(first_text(path))), None)


def json_files(folder: Folder, is_it: Callable[[object], bool]) -> list[Path]:
    """Give the JSON files that hold what is asked for, and the damaged ones if there are any.

    A damaged one may have been of the same kind.
    """
    found, damaged = [], []
    for path in folder.files(".json"):
        data = _json_of(path)
        if data is _DAMAGED:
            damaged.append(path)
        elif is_it(data):
            found.append(path)
    return found + damaged if found else []


def damaged_json(folder: Folder) -> list[Path]:
    """Give the JSON files that cannot be read."""
    return [path for path in folder.files(".json") if _json_of(path) is _DAMAGED]


def _json_of(path: Path) -> object:
    try:
        return json.loads(read_text(path))
    except (BlemishError, ValueError, RecursionError):
        return _DAMAGED

"""What a result is made of: which files are its own, to be taken away or not to be looked at."""

import contextlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from blemish.data.images import Listed, begun_name
from blemish.jobs.manifest import remove_run

RUN, SCORES, COMPARED, REPEATS = "run.json", "scores.json", "compare.json", "repeats.json"
REPORT = "report.html"
# The record of each kind of result, which lists its drawn copies, with its tables.
RESULTS = {
    RUN: ("finds.csv", "images.csv", "finds.coco.json", REPORT),
    SCORES: ("finds.csv", "judged.csv", "curves.csv", "froc.csv", "froc.svg", REPORT),
    COMPARED: ("differences.csv",),
    REPEATS: (
        *("repeats.csv", "die-repeats.csv", "wafers.csv", "density.csv"),
        *("map.svg", "die-map.svg", "spread.svg"),
    ),
}
PICTURES, CLOSEUPS = "pictures", "closeups"
# Folders of a result whose files its record lists, and which may hold pictures.
FOLDERS = (PICTURES, CLOSEUPS, "voc", "yolo", "coco", "klarf")


def remove_earlier(folder: Path, new: str) -> None:
    """Remove the tables, parts and drawn copies of earlier results, and nothing else.

    ``new`` is the record of the result that comes, see `RESULTS`.

    Raises:
        OSError: a file cannot be removed.
    """
    known = {new} | ({RUN} if remove_run(folder) else set())
    copies = [Path(copy) for copy in own_files(folder)]
    tables = [
        folder / name
        for record, names in RESULTS.items()
        if record in known or facts_of(folder / record)
        for name in (*names, record)  # the record last: it says which copies there are
    ]
    _remove_begun([*copies, *tables])
    for path in (*copies, *tables):
        path.unlink(missing_ok=True)
    home = Path(os.path.realpath(folder))
    places = {place for copy in copies for place in copy.parents if home in place.parents}
    for place in sorted(places, reverse=True):  # the innermost first
        with contextlib.suppress(OSError):  # it is not there, or holds something of others
            place.rmdir()


def _remove_begun(files: Iterable[Path]) -> None:
    """Remove what is left of files that a run was writing when it was killed."""
    begun: defaultdict[Path, set[str]] = defaultdict(set)
    for file in files:
        begun[file.parent].add(begun_name(file.name))
    for folder, names in begun.items():
        for path in list(folder.glob(".*.part")):
            name, _, number = path.name.removesuffix(".part").rpartition(".")
            if name in names and number.isdecimal():
                path.unlink(missing_ok=True)


def without_copies(listed: Iterable[Listed]) -> list[Listed]:
    """Give the pictures that are not drawn copies of an earlier result, wherever that lies.

    Else a result inside the folder that is looked at would be looked at the next time.
    """
    copies: dict[Path, frozenset[str]] = {}

    def is_copy(path: Path) -> bool:
        real = Path(os.path.realpath(path))
        results = [place.parent for place in real.parents if place.name in FOLDERS]
        for result in results:
            if result not in copies:
                copies[result] = own_files(result)
        return any(str(real) in copies[result] for result in results)

    return [one for one in listed if not is_copy(one.path)]


def own_files(result: Path) -> frozenset[str]:
    """Give the real paths of a result's drawn copies, as its records list them."""
    homes = [os.path.realpath(result / folder) for folder in FOLDERS]
    facts = [facts_of(result / record) for record in RESULTS]
    names = [
        name for each in facts for key in ("pictures", "written") for name in _listed(each, key)
    ]
    with contextlib.suppress(ValueError):  # a name with a zero byte
        real = [os.path.realpath(result / str(name)) for name in names]
        # Whoever wrote the file, what lies elsewhere is no drawn copy.
        return frozenset(
            path for path in real if any(Path(path).is_relative_to(home) for home in homes)
        )
    return frozenset()


def _listed(facts: Mapping[str, Any], key: str) -> list[Any]:
    """Give a list of the record of a result; empty where there is none."""
    names = facts.get(key)
    return names if isinstance(names, list) else []


def facts_of(record: Path) -> dict[str, Any]:
    """Give what the record of a result says; empty where it is none."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        facts = json.loads(record.read_text(encoding="utf-8"))
        if isinstance(facts, dict) and isinstance(facts.get("pictures"), list):
            return facts
    return {}

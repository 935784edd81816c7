"""Which pictures belong together, so that a split does not part them.

A plain data set keeps what its pictures were grouped by in a table of its own, `image,NAME`:
keras-retinanet's table knows neither a heading nor further columns.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from blemish.data import coco, table
from blemish.data.dataset import Dataset, Sample
from blemish.data.listing import shown
from blemish.data.problems import Place, printable
from blemish.data.recognise import Recognised, recognise
from blemish.data.texts import read_text
from blemish.errors import LabelError, UsageError

GROUPS = "groups.csv"
_COLUMNS = {"csv": table.read_column, "coco": coco.read_column}


def read_groups(
    data: Path, labels: str | None, samples: Iterable[Sample], wanted: str
) -> dict[Path, str]:
    """Give picture → group, by a column of its labels or by a pattern that its path holds.

    ``wanted`` is taken for a column if it is one: a heading of the CSV, a key of COCO's images,
    or what a plain data set was grouped by. Else it is a regular expression; its first bracket,
    or all that it matches in the path below the data set's folder, names the group.

    Raises:
        UsageError: it is neither, or says nothing about some picture, or two things.
    """
    known = recognise(data, labels, lambda problem: None)
    column = _by_column(known, wanted)
    found = {path: value for path, value in column.items() if value} or _by_record(known, wanted)
    if not column and not found:
        return _by_pattern(known, samples, wanted)
    paths = [sample.path for sample in samples]
    for path in paths:
        if path not in found:
            raise UsageError(f"{shown(path)}: its labels give no {wanted}; fill it in")
    return {path: found[path] for path in paths}


def write_groups(names: Iterable[str], groups: Iterable[str], wanted: str) -> str:
    """Write the group of each picture, to be read again by the same ``wanted``."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("image", printable(wanted)), *zip(names, groups, strict=True)])
    return text.getvalue()


def _by_column(known: Recognised, column: str) -> Mapping[Path, str]:
    """Give picture → value, empty where the column is; nothing if there is no such column."""
    found: dict[Path, str] = {}
    read = _COLUMNS.get(known.name)
    if read is None:
        return found
    for file in known.files:
        silent = Place(shown(file), "", lambda problem: None)
        try:
            values = read(read_text(file), shown(file), column)
        except (LabelError, UsageError):  # it is told where its labels are read
            continue
        for name, value in values:
            path = known.folder.named(name, file, silent)
            if path is None:
                continue
            before = found.get(path, "")
            if before and value and before != value:
                words = f"its labels give {before!r} and {value!r} as {column}; keep one"
                raise UsageError(f"{shown(path)}: {words}")
            found[path] = before or value
    return found


def _by_record(known: Recognised, wanted: str) -> Mapping[Path, str]:
    file = known.folder.root / GROUPS
    if not file.is_file():
        return {}
    heading, *rows = table.all_rows(read_text(file), shown(file)) or [[]]
    if heading != ["image", printable(wanted).strip()]:
        return {}
    silent = Place(shown(file), "", lambda problem: None)
    paths = ((known.folder.named(row[0], file, silent), row[1]) for row in rows if len(row) == 2)
    return {path: group for path, group in paths if path is not None}


def _by_pattern(known: Recognised, samples: Iterable[Sample], pattern: str) -> dict[Path, str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"group {pattern!r}: is no regular expression ({error})") from error
    groups = {}
    for sample in samples:
        inner = known.folder.inner(sample.path)
        match = compiled.search(inner)
        if match is None:
            raise UsageError(
                f"group {pattern!r}: is no column of the labels and is not found in "
                f"{shown(Path(inner))}; "
                "give a pattern that every picture's path holds"
            )
        groups[sample.path] = printable(match.group(1 if compiled.groups else 0) or "")
    return groups


def grouping(data: Path, dataset: Dataset, wanted: str | None) -> Callable[[Sample], str] | None:
    """Give the function from a sample to its group, as `read_groups`; None if none is wanted."""
    if wanted is None:
        return None
    groups = read_groups(data, None, dataset.samples, wanted)
    return lambda sample: groups[sample.path]

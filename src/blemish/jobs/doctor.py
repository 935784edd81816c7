"""Look a labelled data set over: all that is wrong or odd, what becomes of it, and its numbers."""

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blemish.data.dataset import Dataset, survey_dataset
from blemish.data.doctor import Examination, examine
from blemish.data.images import write_whole
from blemish.data.listing import shown
from blemish.data.problems import BROKEN, MENDED, NOTE, Problem
from blemish.errors import UsageError

NOT_FIT = 4  # exit code
HEADER = ("severity", "file", "row", "kind", "what", "mend", "prepare")
MOST_THREADS = 4  # a decoded picture can take a gigabyte

Show = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Checkup:
    """What was found in a data set.

    Attributes:
        data: what was looked at.
        labels: the format that was asked for; None for what shows by itself.
        dataset: its labels.
        examination: its pictures, problems and numbers.
    """

    data: Path
    labels: str | None
    dataset: Dataset
    examination: Examination

    @property
    def problems(self) -> list[Problem]:
        """Give all problems, the gravest first, else in the order of the data."""
        order = (BROKEN, MENDED, NOTE)
        return sorted(self.examination.problems, key=lambda one: order.index(one.severity))

    def exit_code(self) -> int:
        """Give 0 for a data set that is fit for training, else `NOT_FIT`."""
        return 0 if self.examination.is_fit else NOT_FIT

    def as_json(self) -> dict[str, Any]:
        """Give all of it as plain values."""
        return {
            "data": shown(self.data),
            "format": self.dataset.format,
            "fit": self.examination.is_fit,
            "numbers": self.examination.numbers,
            "problems": [_row_of(problem) for problem in self.problems],
        }


def look_over(
    data: Path, labels: str | None = None, show: Show = lambda share, words: None
) -> Checkup:
    """Read the labels of a data set, decode its pictures and check both.

    Raises:
        UsageError: there is no data set at that path.
    """
    dataset = survey_dataset(data, labels)
    threads = min(os.cpu_count() or 1, MOST_THREADS)
    watch = showing(show)
    return Checkup(data, labels, dataset, examine(dataset, threads, watch))


def showing(show: Show) -> Callable[[int, int], None]:
    """Give a watcher of pictures that tells their share."""
    return lambda done, of: show(done / max(of, 1), f"{done} of {of}")


def write_report(checkup: Checkup, out: Path) -> None:
    """Write a report: `.json` with all of it, `.csv` with a problem a row.

    Raises:
        UsageError: the place cannot be written to, or the suffix is another one.
    """
    if out.suffix.lower() == ".json":
        text = json.dumps(checkup.as_json(), ensure_ascii=False, indent=1) + "\n"
        write_whole(out, text.encode())
    elif out.suffix.lower() == ".csv":
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, HEADER)
        writer.writeheader()
        writer.writerows(_row_of(problem) for problem in checkup.problems)
        write_whole(out, table.getvalue().encode("utf-8-sig"))
    else:
        raise UsageError(f"{shown(out)}: a report is written as .json or .csv; rename it")


def describe(checkup: Checkup) -> list[str]:
    """Give the verdict in a few lines."""
    counts = Counter(problem.severity for problem in checkup.problems)
    words = f"{counts[BROKEN]} broken, {counts[MENDED]} mended, {counts[NOTE]} to look at"
    if checkup.examination.is_fit:
        return [f"Fit for training ({words})."]
    lines = [f"Not fit for training ({words})."]
    if any(problem.kind == "nothing-usable" for problem in checkup.problems):
        return lines
    said = f" --labels {checkup.labels}" if checkup.labels else ""
    call = f"blemish prepare {shown(checkup.data)}{said} --out DIR"
    return [*lines, f"Next: mend what is broken, or {call}"]


def rows_of_numbers(numbers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give the numbers as rows of a table: group, values."""
    return [
        (group, "   ".join(f"{name}: {value:,}" for name, value in values.items()))
        for group, values in numbers.items()
        if values
    ]


def _row_of(problem: Problem) -> dict[str, str]:
    return {name: getattr(problem, name) for name in HEADER}

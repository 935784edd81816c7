"""The account of labelled pictures that are used as they are: what is mended, left out, ignored."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from blemish.data.dataset import Dataset
from blemish.data.doctor import note_unlabelled
from blemish.data.listing import shown
from blemish.data.problems import MENDED, Problem
from blemish.report.tables import counted
from blemish.synth.strength import LABEL_STRENGTH

TWICE = "duplicate-box"  # the one mend that leaves a label out
NOT_READ = ("two-formats", "not-read")


def account_of(dataset: Dataset, data: Path, num_spared: int = 0) -> list[str]:
    """Give a line for each thing that becomes of labels and pictures, with the first of them.

    Where nothing does there is no line. What is broken is not in it: that is refused, or named
    one by one. ``num_spared`` are the pictures of its test part that are not used.
    """
    mended = [one for one in dataset.problems if one.severity == MENDED and one.kind != TWICE]
    lines = [
        *_line("Mended", "label", [one for one in mended if one.row]),
        *_line("Mended", "label file", [one for one in mended if not one.row]),
        *_line("Left out", "label", [one for one in dataset.problems if one.kind == TWICE]),
        *_ignored(dataset),
        *_line("Left out", "picture", note_unlabelled(dataset)),
        *_line("Not read", "label set", [one for one in dataset.problems if one.kind in NOT_READ]),
    ]
    lines += [f"All of them: blemish doctor {shown(data)}"] if lines else []
    if num_spared:
        lines.append(f"Left for evaluate --split test: {counted(num_spared, 'picture')}")
    return lines


def _line(what: str, noun: str, problems: Sequence[Problem]) -> list[str]:
    if not problems:
        return []
    kinds = Counter(one.kind for one in problems).items()
    words = ", ".join(f"{number} {kind}" for kind, number in kinds)
    return [f"{what}: {counted(len(problems), noun)} ({words}); first {problems[0]}"]


def _ignored(dataset: Dataset) -> list[str]:
    places = [
        sample.place(int(index))
        for sample in dataset.samples
        for index in np.flatnonzero(sample.strength < LABEL_STRENGTH)
    ]
    if not places:
        return []
    number, first = counted(len(places), "label"), ": ".join(places[0])
    return [f"Ignored: {number} (difficult, crowd or too faint: count neither way); first {first}"]

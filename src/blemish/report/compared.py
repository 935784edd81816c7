"""Two models on the same pictures: a table of numbers, one of marks, and pictures of those."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from blemish.core.defects import Defects
from blemish.core.intervals import FEW_GROUPS, NUM_DRAWS
from blemish.core.matching import Mask
from blemish.core.paired import Difference, Marks
from blemish.report.draw import WHITE, Pixels
from blemish.report.facts import plain, plain_ends
from blemish.report.judged import IGNORED, MISSED, Kind, Marked, corners, dotted, draw_marked, solid
from blemish.report.tables import counted

HEADINGS = ("", "A", "B", "A - B", "95 %", "A better")
DIFFERENCES_HEADER = (
    *("image", "x1", "y1", "x2", "y2", "label"),
    *("found_by", "score_a", "score_b"),
)

ONLY_A = Kind(solid, (90, 220, 255), "found by A alone", "found by A alone", 2)
ONLY_B = Kind(corners, (255, 235, 60), "found by B alone", "found by B alone", 2)
NEITHER = replace(MISSED, one="found by neither", many="found by neither", width=1)
BOTH = Kind(dotted, WHITE, "found by both", "found by both")


@dataclass(frozen=True, eq=False)
class Compared:
    """One picture that both have looked at.

    Attributes:
        image: its name.
        true, ignore: the labels.
        marks: who finds them.
    """

    image: str
    true: Defects
    ignore: Mask
    marks: Marks


def number_table(numbers: Mapping[str, Difference]) -> list[tuple[str, ...]]:
    """Give the rows of the table, `HEADINGS` above: those that are known."""
    return [
        (
            *(name, f"{one.first:.4f}", f"{one.second:.4f}", f"{one.difference:+.4f}"),
            f"{one.interval[0]:+.3f} to {one.interval[1]:+.3f}",
            f"{one.first_better:.1%}",
        )
        for name, one in numbers.items()
        if not np.isnan(one.difference)
    ]


def number_facts(numbers: Mapping[str, Difference]) -> dict[str, Any]:
    """Give the numbers as plain values."""
    return {
        name: {
            "a": plain(one.first),
            "b": plain(one.second),
            "difference": plain(one.difference),
            "interval": plain_ends(one.interval),
            "a_better": plain(one.first_better),
        }
        for name, one in numbers.items()
    }


def difference_rows(pictures: Iterable[Compared], names: Sequence[str]) -> list[tuple[str, ...]]:
    """Give a row for each label that one finds and the other misses; no score is empty.

    The columns are those of `DIFFERENCES_HEADER`.
    """
    return [
        (
            one.image,
            *(f"{side:.2f}" for side in one.true.boxes[at].tolist()),
            names[int(one.true.labels[at])],
            "A" if one.marks.only_first[at] else "B",
            *(_score(float(row[at])) for row in (one.marks.first, one.marks.second)),
        )
        for one in pictures
        for at in np.flatnonzero(one.marks.only_first | one.marks.only_second).tolist()
    ]


def differences_csv(rows: Iterable[Sequence[str]]) -> str:
    """Give the rows as a table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(DIFFERENCES_HEADER)
    writer.writerows(rows)
    return text.getvalue()


def mark_counts(pictures: Iterable[Compared]) -> dict[str, int]:
    """Count the labels by who finds them."""
    counts = dict.fromkeys(("both", "only_a", "only_b", "neither"), 0)
    for one in pictures:
        marks = one.marks
        masks = (marks.both, marks.only_first, marks.only_second, marks.neither)
        for name, mask in zip(counts, masks, strict=True):
            counts[name] += int(mask.sum())
    return counts


def above_table(facts: Mapping[str, Any], failed: str) -> list[str]:
    """Give the lines that stand before the numbers, from the record of a comparison.

    ``failed`` names the pictures that one could not look at.
    """
    data = facts["data"]
    grouped = data["groups"] != data["pictures"]
    over = f", drawn over {counted(data['groups'], 'group')}" if grouped else ""
    lines = [
        f"{who.upper()}: {one['name']} ({one['path']}), threshold {one['threshold']:.4g}, "
        f"{one['engine']} in {one['precision']}"
        for who, one in facts["models"].items()
    ]
    lines += [f"On {data['words']}{over}", *data["account"], *facts["notes"]]
    return lines + [line for line in (failed, *facts.get("errors", ())) if line]


def below_table(facts: Mapping[str, Any], out: Path | None) -> list[str]:
    """Give the lines that stand below the numbers: labels by who finds them, and where all is."""
    labels = facts["labels"]
    lines = [
        f"Labels at the thresholds: {labels['both']} found by both, {labels['only_a']} by A alone, "
        f"{labels['only_b']} by B alone, {labels['neither']} by neither.",
        f"A better: the share of {NUM_DRAWS:,} draws of the pictures in which it is.",
    ]
    if (drawn := facts["data"]["groups"]) < FEW_GROUPS:
        lines.append(
            f"Drawn over {drawn} only, the intervals are too narrow: compare on {FEW_GROUPS} or "
            "more."
        )
    if out is not None:
        lines.append(f"What one finds and the other misses: {out / 'differences.csv'}")
        lines += [f"Pictures: {out / 'pictures'}"] if facts["pictures"] else []
    return lines


def draw_compared(pixels: Pixels, one: Compared) -> Pixels:
    """Draw the labels on a copy of the picture by who finds them, with the scores beside."""
    marks, boxes = one.marks, one.true.boxes
    words = [
        ", ".join(f"{who} {score:.2f}" for who, score in zip("AB", row, strict=True) if score > 0)
        for row in zip(marks.first.tolist(), marks.second.tolist(), strict=True)
    ]

    def of(kind: Kind, which: Mask, said: Sequence[str]) -> Marked:
        return kind, boxes[which], [said[at] for at in np.flatnonzero(which).tolist()]

    nothing = [""] * len(boxes)
    marked = [
        of(IGNORED, one.ignore, ["ignored"] * len(boxes)),
        of(BOTH, marks.both, nothing),
        of(NEITHER, marks.neither, nothing),
        of(ONLY_A, marks.only_first, words),
        of(ONLY_B, marks.only_second, words),
    ]
    return draw_marked(pixels, marked, (ONLY_A, ONLY_B, BOTH, NEITHER))


def _score(score: float) -> str:
    return "" if np.isnan(score) else f"{score:.4f}"

"""One picture of an evaluation: what was found in it set against its labels, and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import box_area
from blemish.core.defects import Defects
from blemish.core.matching import Match, match_centre
from blemish.core.metrics import Scored, above
from blemish.data.dataset import Sample
from blemish.data.naming import Naming
from blemish.jobs.closeups import ONE, keep_judged
from blemish.jobs.output import Output
from blemish.report.judged import draw_judged
from blemish.report.judgement import judged_csv, nearest_score
from blemish.report.scores import Scores
from blemish.report.tables import ImageRow
from blemish.training.calibrate import scored

PICTURES = ("all", "wrong", "none")
LOST = 0.3
"""Share of the labels whose centre is hit but not their box: more is a matter of sizes."""


@dataclass(frozen=True, eq=False)
class Looked:
    """One picture: its row with the finds at the threshold, and how they are judged.

    Attributes:
        row: a failed picture has no finds, and is not scored.
        picture: finds of any score and the labels, under the shared class names.
        match: the finds at the threshold, paired by centre.
        copy: the name of its drawn copy; empty where there is none.
    """

    row: ImageRow
    picture: Scored
    match: Match
    copy: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether a label is missed or a find is false."""
        num_true = int((~self.picture[2]).sum())
        return bool(self.match.false.any()) or int(self.match.hit.sum()) < num_true

    def facts(self, threshold: float) -> dict[str, Any]:
        """Give the picture's line of the record."""
        failed = self.row.status == "failed"
        num_true, num_hits = int((~self.picture[2]).sum()), int(self.match.hit.sum())
        return {
            "image": self.row.image,
            "width": self.row.width,
            "height": self.row.height,
            "picture": self.copy,
            "status": self.row.status,
            "labels": num_true,
            "ignored": int(self.picture[2].sum()),
            "hits": None if failed else num_hits,
            "missed": None if failed else num_true - num_hits,
            "false": None if failed else int(self.match.false.sum()),
            "nearest_score": nearest_score(self.picture[0], threshold),
            "error": self.row.error,
        }


@dataclass(frozen=True)
class Judge:
    """Judges what was found in a picture and writes its drawn copy."""

    naming: Naming
    threshold: float
    pictures: str
    output: Output

    def __call__(
        self, found: tuple[ImageRow, NDArray[np.uint8] | None], sample: Sample, copy: str
    ) -> Looked:
        """Judge one picture by its labels; ``copy`` is the name of its drawn copy."""
        row, pixels = found
        naming = self.naming
        true = naming.true(sample.defects)
        picture = scored(naming.found(row.defects), true, sample.strength)
        kept = above(picture, self.threshold)
        looked = Looked(self._at_threshold(row), picture, match_centre(*kept))
        if pixels is None or not _wants_picture(self.pictures, looked):
            return looked
        match, names = looked.match, naming.names
        draw = lambda: draw_judged(pixels, kept, match, names)  # noqa: E731
        row = self.output.keep(copy, looked.row, draw)
        judged = judged_csv([(ONE, picture)], names, self.threshold)
        row = keep_judged(self.output, copy, row, pixels, judged)
        return replace(looked, row=row, copy=copy if copy in self.output.drawn[-1:] else "")

    def _at_threshold(self, row: ImageRow) -> ImageRow:
        kept = row.defects.take(np.asarray(row.defects.scores >= self.threshold))
        if row.status == "defective" and not len(kept):
            return replace(row, defects=kept, status="clean")
        return replace(row, defects=kept)


def _wants_picture(pictures: str, looked: Looked) -> bool:
    return pictures == "all" or (pictures == "wrong" and looked.is_wrong)


def box_size_line(looked: Sequence[Looked], scores: Scores) -> str:
    """Say that finds and labels are of other sizes, where IoU suffers by it and centres do not.

    Empty where both tell nearly the same.
    """
    lost = scores.overall.centre.recall - scores.overall.overlap.recall
    if not lost > LOST:
        return ""
    found = _median_side([one.row.defects for one in looked])
    true = _median_side([one.picture[1] for one in looked])
    reach = min(found / true, true / found) ** 2  # of two squares on one centre
    what = "cannot be met" if reach < 0.5 else "is seldom met"
    return (
        f"Finds are {found:.0f} px, labels {true:.0f} px in the median: IoU 0.5 {what}; read the "
        "centre hits, or draw the labels as wide as the model's boxes"
    )


def _median_side(parts: Sequence[Defects]) -> float:
    """Give the median of the roots of the boxes' areas."""
    boxes = np.concatenate([one.boxes for one in parts])
    return float(np.median(np.sqrt(box_area(boxes))))

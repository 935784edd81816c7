"""PictureLabels: what a label file says about one picture, whatever the format."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.core.boxes import Boxes, as_boxes
from blemish.core.defects import Defects
from blemish.data.problems import Place, printable

DEFAULT_CLASS = "defect"
MAX_SIDE = 1e9  # px; no picture is so large


@dataclass(frozen=True, eq=False)
class PictureLabels:
    """The labels of one picture; a clean picture has arrays of length 0.

    Attributes:
        picture: the file name as the format writes it, with forward slashes.
        size: width and height in pixels; (0, 0) if the format does not say.
        boxes: (N, 4) float32, the convention of `blemish.core.boxes`.
        classes: N class names.
        ignored: (N,) whether the box counts neither way (VOC `difficult`, COCO crowd).
        scores: (N,) float32 in [0, 1]; 1 for labels that a person drew.
        rows: where in its file each box stands, in words like `row 7`.
    """

    picture: str
    size: tuple[int, int]
    boxes: Boxes
    classes: tuple[str, ...]
    ignored: NDArray[np.bool_]
    scores: NDArray[np.float32]
    rows: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        columns = (self.boxes, self.classes, self.ignored, self.scores, self.rows)
        if len({len(column) for column in columns}) > 1:
            raise ValueError("boxes, classes, ignored, scores and rows must be equally many")

    @classmethod
    def of(
        cls,
        picture: str,
        size: tuple[int, int],
        boxes: ArrayLike,
        classes: tuple[str, ...] = (),
        *,
        ignored: ArrayLike | None = None,
        scores: ArrayLike | None = None,
    ) -> "PictureLabels":
        """Make labels from anything array-like; classes default to `DEFAULT_CLASS`."""
        rows = as_boxes(boxes)
        count = len(rows)
        return cls(
            picture,
            size,
            rows,
            classes or (DEFAULT_CLASS,) * count,
            np.zeros(count, np.bool_) if ignored is None else np.array(ignored, np.bool_),
            np.ones(count, np.float32) if scores is None else np.array(scores, np.float32),
            tuple(f"box {number}" for number in range(1, count + 1)),
        )

    @classmethod
    def of_rows(
        cls, picture: str, size: tuple[int, int], rows: Sequence["LabelRow"]
    ) -> "PictureLabels":
        """Make labels from the rows that a reader gathered."""
        labels = cls.of(
            picture,
            size,
            [row.box for row in rows],
            tuple(row.name for row in rows),
            ignored=[row.ignored for row in rows],
            scores=[row.score for row in rows],
        )
        return replace(labels, rows=tuple(row.row for row in rows))

    def take(self, which: NDArray[np.intp]) -> "PictureLabels":
        """Give the boxes that an index array picks, in its order."""
        return PictureLabels(
            self.picture,
            self.size,
            self.boxes[which],
            tuple(self.classes[index] for index in which),
            self.ignored[which],
            self.scores[which],
            tuple(self.rows[index] for index in which),
        )

    def defects(self, classes: tuple[str, ...]) -> Defects:
        """Give the boxes as defects whose labels are indices into these class names."""
        return Defects.of(self.boxes, [classes.index(name) for name in self.classes], self.scores)


def from_defects(
    picture: str,
    size: tuple[int, int],
    defects: Defects,
    classes: tuple[str, ...],
    ignored: NDArray[np.bool_] | None = None,
) -> PictureLabels:
    """Give defects as the labels of one picture, ready for a writer."""
    names = tuple(classes[label] for label in defects.labels)
    return PictureLabels.of(
        picture, size, defects.boxes, names, ignored=ignored, scores=defects.scores
    )


class LabelRow(NamedTuple):
    """One box as a reader gathers it."""

    box: tuple[float, ...]
    name: str
    row: str
    ignored: bool = False
    score: float = 1.0


def usable_box(sides: Sequence[float], place: Place) -> tuple[float, ...] | None:
    """Give x1, y1, x2, y2 with an inside, swapped where they are inverted; None if hopeless.

    What is wrong is told at ``place``.
    """
    if not (np.abs(sides) < MAX_SIDE).all():  # nor is NaN
        place.tell("bad-row", "a box side is not a number of pixels")
        return None
    x1, y1, x2, y2 = np.asarray(sides, np.float32).tolist()
    words = f"the box {x1:g},{y1:g},{x2:g},{y2:g}"
    if x1 == x2 or y1 == y2:
        place.tell("no-inside", f"{words} has no inside")
        return None
    if x2 < x1 or y2 < y1:
        place.tell("inverted", f"{words} is inverted")
    return (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def is_score(score: float, place: Place) -> bool:
    """Tell whether a score is one, in [0, 1]; what is wrong is told at ``place``."""
    if not 0 <= score <= 1:  # nor is NaN
        place.tell("bad-row", f"its score {score:g} is not from 0 to 1")
        return False
    return True


def class_or_default(name: str, place: Place) -> str:
    """Give the class name, or the default where there is none, which is told."""
    name = printable(name).strip()
    if not name:
        place.tell("no-class", f"has no class and is taken for {DEFAULT_CLASS!r}")
    return name or DEFAULT_CLASS


def plain_number(value: np.float32) -> str:
    """Give the shortest decimal text that is read as the same float32."""
    return np.format_float_positional(value, trim="-")

"""PictureLabels: what a label file says about one picture, whatever the format."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.core.boxes import Boxes, as_boxes
from blemish.core.defects import Defects
from blemish.errors import LabelError

DEFAULT_CLASS = "defect"


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
    """

    picture: str
    size: tuple[int, int]
    boxes: Boxes
    classes: tuple[str, ...]
    ignored: NDArray[np.bool_]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        lengths = {len(self.boxes), len(self.classes), len(self.ignored), len(self.scores)}
        if len(lengths) > 1:
            raise ValueError("boxes, classes, ignored and scores must be equally many")

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


def checked_box(x1: float, y1: float, x2: float, y2: float, place: str) -> tuple[float, ...]:
    """Give the four numbers if they make a box with an inside.

    Raises:
        LabelError: they do not; the text begins with ``place``, the file and the row.
    """
    if not np.isfinite([x1, y1, x2, y2]).all():
        raise LabelError(f"{place}: a box side is not a number; draw the box again")
    if x2 <= x1 or y2 <= y1:
        raise LabelError(
            f"{place}: the box {x1:g},{y1:g},{x2:g},{y2:g} has no inside; draw it again"
        )
    return (x1, y1, x2, y2)

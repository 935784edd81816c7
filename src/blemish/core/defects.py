"""Defects: what was found in, or labelled on, one image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.core.boxes import Boxes, as_boxes


@dataclass(frozen=True, eq=False)
class Defects:
    """The defects of one image; none is empty arrays, never None, and nothing changes in place.

    Attributes:
        boxes: (N, 4) float32, the convention of `blemish.core.boxes`.
        labels: (N,) int64, indices into the class names of the bundle or data set.
        scores: (N,) float32 in [0, 1]; 1 for labels that a person drew.
    """

    boxes: Boxes
    labels: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Refuse arrays of different lengths and make them read-only."""
        if not len(self.boxes) == len(self.labels) == len(self.scores):
            raise ValueError("boxes, labels and scores must be equally many")
        for array in (self.boxes, self.labels, self.scores):
            array.flags.writeable = False

    @classmethod
    def of(
        cls, boxes: ArrayLike, labels: ArrayLike | None = None, scores: ArrayLike | None = None
    ) -> "Defects":
        """Make defects from anything array-like (copied); labels default to 0, scores to 1."""
        rows = as_boxes(boxes).copy()
        return cls(
            rows,
            np.zeros(len(rows), np.int64) if labels is None else np.array(labels, np.int64),
            np.ones(len(rows), np.float32) if scores is None else np.array(scores, np.float32),
        )

    @classmethod
    def none(cls) -> "Defects":
        """Make an empty set."""
        return cls.of([])

    def __len__(self) -> int:
        return len(self.boxes)

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "Defects":
        """Give those that a mask or an index array picks, in its order."""
        return Defects(
            self.boxes[which].copy(), self.labels[which].copy(), self.scores[which].copy()
        )

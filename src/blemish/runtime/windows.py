"""The finds of many windows made those of one picture, the same for every engine and picture."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import nms
from blemish.core.defects import Defects
from blemish.core.tiles import Window, bring_home
from blemish.runtime.bundle import Bundle
from blemish.runtime.engines import Engine

Pixels = NDArray[np.uint8]
CutWindow = tuple[Window, Pixels]


def find_in_windows(
    engine: Engine, windows: Iterable[CutWindow], bundle: Bundle, min_score: float, batch: int = 1
) -> Defects:
    """Find in windows of one picture and give what each owns, best score first.

    Args:
        engine: what runs the net.
        windows: where they are, and their pixels; all of one size.
        bundle: says what scores mean, and the overlap above which the weaker of two finds of a
            class falls.
        min_score: the lowest score of a find.
        batch: how many windows run at once. On a processor more than one gains nothing and
            costs memory.
    """
    parts: list[Defects] = []
    for group in _groups(windows, batch):
        boxes, scores, labels = engine(np.stack([pixels for _, pixels in group]))
        # A score of 0 is no candidate but the filling of a window with fewer than K peaks.
        chances = bundle.score_map(scores)
        good = (chances >= min_score) & (scores > 0)
        for index, (window, _) in enumerate(group):
            mine = good[index]
            found = Defects(boxes[index][mine], labels[index][mine], chances[index][mine])
            parts.append(bring_home(best_of_each(found, bundle.nms_iou), window))
    if len(parts) == 1:
        return parts[0]
    return best_of_each(_join(parts), bundle.nms_iou)


def best_of_each(found: Defects, iou: float) -> Defects:
    """Suppress the weaker of overlapping finds of one class; best score first.

    Equal scores are ordered by place, so that the answer does not depend on the engine.
    """
    if len(found) < 2:
        return found
    order = np.lexsort((found.boxes[:, 0], found.boxes[:, 1], -found.scores))
    found = found.take(order)
    kept = [
        of_class[nms(found.boxes[of_class], found.scores[of_class], iou)]
        for of_class in (np.flatnonzero(found.labels == label) for label in set(found.labels))
    ]
    return found.take(np.sort(np.concatenate(kept)))


def _groups(windows: Iterable[CutWindow], batch: int) -> Iterator[list[CutWindow]]:
    coming = iter(windows)
    while group := list(islice(coming, batch)):
        yield group


def _join(parts: list[Defects]) -> Defects:
    parts = [Defects.none(), *parts]
    return Defects(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )

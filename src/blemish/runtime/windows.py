"""The finds of many windows made those of one picture, the same for every engine and picture."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import nms
from blemish.core.defects import Defects
from blemish.core.tiles import Window, bring_home, cut, plan_windows
from blemish.runtime.bundle import Bundle
from blemish.runtime.engines import Engine

Pixels = NDArray[np.uint8]
CutWindow = tuple[Window, Pixels]

LEAST_OF_FULL = 0.1
"""Weakest candidate of a window that may hold more. Scorings ask for weaker ones, of which every
window has plenty, and no more of them are wanted."""


def find_in_windows(
    engine: Engine, windows: Iterable[CutWindow], bundle: Bundle, min_score: float, batch: int = 1
) -> Defects:
    """Find in windows of one picture and give what each owns, best score first.

    A net gives at most so many candidates a window. One in which all of them are finds may hold
    more, so it is looked at again in smaller windows.

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
        boxes, scores, labels = engine(_stacked([pixels for _, pixels in group]))
        # A score of 0 is no candidate but the filling of a window with fewer than K peaks.
        chances = bundle.score_map(scores)
        good = (chances >= min_score) & (scores > 0)
        for index, (window, pixels) in enumerate(group):
            mine = good[index]
            is_full = mine.all() and (chances[index] >= LEAST_OF_FULL).all()
            closer = _cut_closer(pixels, bundle) if is_full and mine.size else None
            if closer is None:
                found = Defects(boxes[index][mine], labels[index][mine], chances[index][mine])
                found = best_of_each(found, bundle.nms_iou)
            else:
                found = find_in_windows(engine, closer, bundle, min_score)
            parts.append(bring_home(found, window))
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


def _cut_closer(pixels: Pixels, bundle: Bundle) -> Iterator[CutWindow] | None:
    """Cut a window into some of about half its sides; None if that leaves little but overlap."""
    height, width = pixels.shape[:2]
    stride, overlap = bundle.stride, bundle.overlap
    side = -(-(max(height, width) + overlap) // (2 * stride)) * stride
    if side < 2 * overlap or side >= max(height, width):
        return None
    windows = plan_windows(width, height, side, overlap, stride)
    return ((window, cut(pixels, window)) for window in windows)


def _stacked(pixels: list[Pixels]) -> Pixels:
    # Stacking copies, which for one window of a picture is a fortieth of all time.
    return np.ascontiguousarray(pixels[0])[None] if len(pixels) == 1 else np.stack(pixels)


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

"""Which find answers for which true box: by overlap, or by its centre lying inside.

Both rules go through the finds from the best score down, pair only equal labels, and give each
true box to one find at most. True boxes flagged ignore (too faint to demand) cost nothing when
missed, and a find that only answers for one of them counts neither way. What a find gets does
not depend on finds of lower score, so one matching serves every threshold.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import box_area, box_centres, box_intersection
from blemish.core.defects import Defects

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Match:
    """The finds of one picture judged, in their own order.

    Attributes:
        partner: (N,) index of the true box that each find answers for, -1 for none.
        hit: (N,) the find answers for a true box that counts.
        false: (N,) the find answers for nothing; neither hit nor false means it is ignored.
    """

    partner: NDArray[np.intp]
    hit: Mask
    false: Mask


def match_iou(found: Defects, true: Defects, ignore: Mask, iou: float) -> Match:
    """Pair by intersection over union at or above ``iou``, exactly as COCO's evaluation does.

    Each find takes the free true box with the highest overlap (the later of equals); only when
    no counting one is left, a free ignored one, which absorbs that one find. ``ignore`` has
    shape (len(true),).
    """
    # In float64 as COCO's own: float32 would put an exact 0.7 below 0.7.
    shared = box_intersection(found.boxes, true.boxes).astype(np.float64)
    areas = (box_area(boxes).astype(np.float64) for boxes in (found.boxes, true.boxes))
    union = np.add.outer(*areas) - shared
    overlaps = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    fits = (overlaps >= min(iou, 1 - 1e-10)) & _same_label(found, true)
    partner = np.full(len(found), -1, np.intp)
    free = np.ones(len(true), bool)
    for find in _best_first(found, fits):
        for wanted in (free & ~ignore, free & ignore):
            candidates = np.flatnonzero(fits[find] & wanted)
            if len(candidates):
                best = candidates[::-1][overlaps[find, candidates[::-1]].argmax()]
                partner[find] = best
                free[best] = False
                break
    return _judged(partner, ignore)


def match_centre(found: Defects, true: Defects, ignore: Mask) -> Match:
    """Pair by the find's centre lying in the true box (half-open).

    Each find takes, of the free counting boxes around its centre, the one whose centre is
    nearest. Without one it is ignored if an ignored box holds its centre (they absorb any
    number), else false: a second find in a box already hit is false too, as it would send
    someone to look twice. ``ignore`` has shape (len(true),).
    """
    centres = box_centres(found.boxes)[:, None]
    inside = (true.boxes[:, :2] <= centres) & (centres < true.boxes[:, 2:])
    fits = inside.all(axis=2) & _same_label(found, true)
    distance = np.linalg.norm(centres - box_centres(true.boxes), axis=2)
    partner = np.full(len(found), -1, np.intp)
    free = np.ones(len(true), bool)
    for find in _best_first(found, fits):
        for wanted in (free & ~ignore, ignore):
            candidates = np.flatnonzero(fits[find] & wanted)
            if len(candidates):
                best = candidates[distance[find, candidates].argmin()]
                partner[find] = best
                free[best] = False
                break
    return _judged(partner, ignore)


def _best_first(found: Defects, fits: Mask) -> NDArray[np.intp]:
    """Give the finds that fit any true box: of the many weak ones most fit none."""
    order = np.asarray(np.argsort(-found.scores, kind="stable"), np.intp)
    return order[fits[order].any(axis=1)]


def _same_label(found: Defects, true: Defects) -> Mask:
    return np.asarray(found.labels[:, None] == true.labels[None, :], np.bool_)


def _judged(partner: NDArray[np.intp], ignore: Mask) -> Match:
    paired = partner >= 0
    hit = paired.copy()
    hit[paired] = ~ignore[partner[paired]]
    return Match(partner, hit, ~paired)

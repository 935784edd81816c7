"""What was decided of a picture, put to the finds of a new look at it: nobody decides twice."""

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from blemish.core.boxes import Boxes, as_boxes, box_iou
from blemish.web.reviews import Change, answers_of, attach, labels_of
from blemish.web.store import Who, finds_of
from blemish.web.tables import Find, Label, Look

SAME = 0.5
"""IoU from which on a find is the mark that a box or an earlier find was of."""
_AGAIN = Who("look again")


def carry(session: Session, look_id: int) -> None:
    """Accept the finds of a look that lie where a box is, and reject those rejected before.

    The boxes stay as they are and now belong to these finds; the picture's revision stays too, so
    that nobody who is at work on it is held up.
    """
    look = session.get_one(Look, look_id)
    labels, answers = labels_of(session, look.picture_id), answers_of(session, look.picture_id)
    if not labels and not answers:
        return
    session.flush()
    finds = finds_of(session, look)
    kept = _partners(finds, labels)
    left = [find for find in finds if find.id not in kept]
    no = _partners(left, _rejected(session, look, answers))
    changes = [
        Change("put", one.box, (one.x1, one.y1, one.x2, one.y2), one.label, find_id)
        for find_id, one in kept.items()
        if isinstance(one, Label)
    ]
    attach(session, look.picture_id, changes, list(no), _AGAIN)


def _rejected(session: Session, look: Look, answers: dict[int, str]) -> list[Find]:
    """Give the finds of earlier looks that were rejected."""
    said = [find_id for find_id, answer in answers.items() if answer == "rejected"]
    chosen = select(Find).where(Find.id.in_(said), Find.look_id != look.id)
    return list(session.scalars(chosen.order_by(Find.id)))


def _partners(finds: list[Find], others: list[Label] | list[Find]) -> dict[int, Label | Find]:
    """Pair finds with what lies in the same place, the nearest first; gives it by the find's id."""
    overlap = box_iou(_boxes(finds), _boxes(others))
    pairs: dict[int, Label | Find] = {}
    while overlap.size and overlap.max() >= SAME:
        row, column = np.unravel_index(int(overlap.argmax()), overlap.shape)
        pairs[finds[row].id] = others[column]
        overlap[row], overlap[:, column] = 0, 0
    return pairs


def _boxes(rows: list[Find] | list[Label]) -> Boxes:
    return as_boxes([(row.x1, row.y1, row.x2, row.y2) for row in rows])

"""What was decided of a picture, put to the finds of a new look at it: nobody decides twice."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from blemish.core.defects import Defects
from blemish.core.matching import match_iou
from blemish.web.reviews import answers_of, attach, labels_of
from blemish.web.store import Who, finds_of
from blemish.web.tables import Find, Label, Look

SAME = 0.5
"""IoU from which on a find is the mark that a box or an earlier find was of."""
_AGAIN = Who("look again")


def carry(session: Session, look_id: int) -> None:
    """Accept the finds of a look that lie where a box is, and reject those rejected before.

    The boxes stay as they are and now belong to these finds. Where there is any, the picture comes
    to a new revision: who is at work on it has the finds of the look before and reads it again.
    """
    look = session.get_one(Look, look_id)
    labels, answers = labels_of(session, look.picture_id), answers_of(session, look.picture_id)
    if not labels and not answers:
        return
    session.flush()
    finds = finds_of(session, look)
    boxes = {find.id: labels[place].box for find, place in _paired(finds, labels)}
    left = [find for find in finds if find.id not in boxes]
    rejected = [find.id for find, _ in _paired(left, _rejected(session, look, answers))]
    if boxes or rejected:
        attach(session, look.picture_id, boxes, rejected, _AGAIN)


def _rejected(session: Session, look: Look, answers: dict[int, str]) -> Sequence[Find]:
    """Give the finds of earlier looks that were rejected."""
    said = [find_id for find_id, answer in answers.items() if answer == "rejected"]
    chosen = select(Find).where(Find.id.in_(said), Find.look_id != look.id)
    return session.scalars(chosen.order_by(Find.id)).all()


def _paired(finds: Sequence[Find], others: Sequence[Find | Label]) -> list[tuple[Find, int]]:
    """Give finds with the place of what lies where they do."""
    none = np.zeros(len(others), bool)
    partner = match_iou(_marks(finds), _marks(others), none, SAME).partner
    return [(find, int(one)) for find, one in zip(finds, partner, strict=True) if one >= 0]


def _marks(rows: Sequence[Find | Label]) -> Defects:
    return Defects.of([(row.x1, row.y1, row.x2, row.y2) for row in rows])

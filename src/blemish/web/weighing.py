"""What the database knows that tells how much a picture needs a person."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from blemish.core.defects import Defects
from blemish.web.need import Need, disagreement, rareness, sureness
from blemish.web.reviews import answers_of, labels_of
from blemish.web.store import finds_of, model_of
from blemish.web.tables import Find, Label, Look, Picture

MOST_KNOWN = 300
"""Pictures that one is compared with: those reviewed last come first."""

Sided = tuple[float, float, float, float]


def weigh(
    session: Session,
    look_id: int,
    model_id: int,
    facts: Mapping[str, Any],
    near: float,
    small: bytes,
) -> Need:
    """Give how much the picture of a look needs a person, before the look is written.

    ``facts`` is its row as `find --json` gives it, ``small`` its look (see `need.small_of`).
    """
    picture_id = session.get_one(Look, look_id).picture_id
    known = session.scalars(
        select(Picture.small)
        .where(Picture.id != picture_id, Picture.state == "done", Picture.small != b"")
        .order_by(Picture.reviewed.desc(), Picture.id.desc())
        .limit(MOST_KNOWN)
    ).all()
    differs = 0.0
    if facts["status"] != "failed":
        differs = _disagreement(session, picture_id, model_id, facts["finds"])
    return Need(near, rareness(small, known), differs, facts["status"] == "partial")


def _disagreement(
    session: Session, picture_id: int, model_id: int, finds: Sequence[Mapping[str, Any]]
) -> float:
    """Compare finds with the boxes that a person made and what another model found before.

    Of what that found, nothing counts that was rejected, and nothing at all once the picture is
    reviewed.
    """
    picture = session.get_one(Picture, picture_id)
    labels, before = labels_of(session, picture_id), _look_before(session, picture_id, model_id)
    if before is None and not picture.revision:
        return 0.0
    held = [(_sides(label), 1.0) for label in labels]
    if before is not None and not picture.reviewed:
        said, threshold = answers_of(session, picture_id), _threshold(session, before.model_id)
        held += [
            (_sides(find), sureness(find.score, threshold))
            for find in finds_of(session, before)
            if said.get(find.id, "open") == "open"
        ]
    threshold = _threshold(session, model_id)
    now = [
        ((find["x1"], find["y1"], find["x2"], find["y2"]), sureness(find["score"], threshold))
        for find in finds
    ]
    return disagreement(_defects(now), _defects(held))


def _look_before(session: Session, picture_id: int, model_id: int) -> Look | None:
    """Give the last look at a picture by another model."""
    return session.scalar(
        select(Look)
        .where(Look.picture_id == picture_id, Look.state == "done", Look.model_id != model_id)
        .order_by(Look.id.desc())
        .limit(1)
    )


def _threshold(session: Session, model_id: int | None) -> float:
    model = model_of(session, model_id)
    return model.threshold if model else 0.5


def _sides(box: Find | Label) -> Sided:
    return box.x1, box.y1, box.x2, box.y2


def _defects(marks: Sequence[tuple[Sided, float]]) -> Defects:
    return Defects.of([sides for sides, _ in marks], None, [sure for _, sure in marks])

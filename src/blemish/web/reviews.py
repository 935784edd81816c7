"""Labels and verdicts: read as they stand, and added to by one who saw the latest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from blemish.web.store import Who, finds_of, last_look, note, now
from blemish.web.tables import Action, Answer, Find, Label, Look, Picture, Verdict


class ChangedError(Exception):
    """Another person changed the picture since it was read.

    Attributes:
        revision: the latest.
    """

    def __init__(self, revision: int) -> None:
        super().__init__(revision)
        self.revision = revision


class StrangeError(Exception):
    """A change names a box or a find that the picture does not have; the text says which."""


class OpenError(Exception):
    """Labels are said to be complete while finds are not judged; the text says how many."""


@dataclass(frozen=True)
class Change:
    """One change of one box: sides in pixels, `box` None for a new one."""

    action: Action
    box: int | None = None
    sides: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    label: str = ""
    find_id: int | None = None


def labels_of(session: Session, picture_id: int) -> list[Label]:
    """Give the boxes of a picture as they stand, in the order they were made."""
    return [row for row in _last_of_each(session, picture_id).values() if row.action == "put"]


def _last_of_each(session: Session, picture_id: int) -> dict[int, Label]:
    rows = session.scalars(select(Label).where(Label.picture_id == picture_id).order_by(Label.id))
    return {row.box: row for row in rows}


def history_of(session: Session, picture_id: int) -> list[Label]:
    """Give every change of a picture's boxes, the oldest first."""
    chosen = select(Label).where(Label.picture_id == picture_id)
    return list(session.scalars(chosen.order_by(Label.id)))


def answers_of(session: Session, picture_id: int) -> dict[int, str]:
    """Give what was said last of each find, by its id; of the others nothing."""
    rows = session.scalars(
        select(Verdict).where(Verdict.picture_id == picture_id).order_by(Verdict.id)
    )
    return {row.find_id: row.answer for row in rows if row.find_id is not None}


def change_labels(
    session: Session, picture_id: int, revision: int, changes: Sequence[Change], who: Who
) -> int:
    """Add changes to a picture's boxes and give its new revision.

    Raises:
        ChangedError: ``revision`` is not the picture's latest.
        StrangeError: a change is of a box that is not there.
    """
    new = _step(session, picture_id, revision)
    _add_changes(session, picture_id, new, changes, who)
    note(session, who, "labels", f"picture {picture_id}", {"revision": new, "count": len(changes)})
    return new


def judge(
    session: Session,
    picture_id: int,
    revision: int,
    answers: Sequence[tuple[int, Answer]],
    reviewed: bool | None,
    who: Who,
) -> int:
    """Write what a person says of finds and of the picture, and give its new revision.

    An accepted find becomes a box of the picture; rejected or open again, it is none any more.

    Raises:
        ChangedError: ``revision`` is not the picture's latest.
        StrangeError: a find is not the picture's.
        OpenError: the picture is ``reviewed`` and some of its finds are not judged.
    """
    new = _step(session, picture_id, revision)
    own = {find.id: find for find in _finds_of_picture(session, picture_id)}
    boxes = {row.find_id: row for row in labels_of(session, picture_id) if row.find_id}
    changes = []
    for find_id, answer in answers:
        if find_id not in own:
            raise StrangeError(f"find {find_id} is not of picture {picture_id}; read it again")
        session.add(_verdict(picture_id, find_id, new, answer, who))
        if answer == "accepted" and find_id not in boxes:
            find = own[find_id]
            sides = (find.x1, find.y1, find.x2, find.y2)
            changes.append(Change("put", None, sides, find.label, find_id))
        elif answer != "accepted" and find_id in boxes:
            changes.append(Change("remove", boxes[find_id].box))
    _add_changes(session, picture_id, new, changes, who)
    if reviewed:
        _check_judged(session, picture_id)
    if reviewed is not None:
        session.add(_verdict(picture_id, None, new, "reviewed" if reviewed else "open", who))
        session.execute(update(Picture).where(Picture.id == picture_id).values(reviewed=reviewed))
    details = {"revision": new, "answers": dict(answers), "reviewed": reviewed}
    note(session, who, "verdicts", f"picture {picture_id}", details)
    return new


def _check_judged(session: Session, picture_id: int) -> None:
    answers = answers_of(session, picture_id)
    finds = finds_of(session, last_look(session, picture_id))
    num_open = sum(answers.get(find.id, "open") == "open" for find in finds)
    if num_open:
        raise OpenError(
            f"{num_open} of {len(finds)} finds of picture {picture_id} are not judged; "
            "accept or reject each, then say that its labels are complete"
        )


def attach(
    session: Session, picture_id: int, boxes: Mapping[int, int], rejected: Sequence[int], who: Who
) -> None:
    """Let boxes belong to other finds, which are accepted, and reject some finds.

    Args:
        session: in which it is written.
        picture_id: whose boxes and finds.
        boxes: the number of a box, as it stands, by the find that it is to belong to.
        rejected: finds.
        who: is named for it.
    """
    new = _step(session, picture_id, session.get_one(Picture, picture_id).revision)
    standing = {row.box: row for row in labels_of(session, picture_id)}
    for find_id, box in boxes.items():
        row = standing[box]
        same = Change("put", box, (row.x1, row.y1, row.x2, row.y2), row.label, find_id)
        session.add(_label(picture_id, box, new, same, None, who))
        session.add(_verdict(picture_id, find_id, new, "accepted", who))
    session.add_all(_verdict(picture_id, one, new, "rejected", who) for one in rejected)
    details = {"revision": new, "accepted": list(boxes), "rejected": list(rejected)}
    note(session, who, "carried over", f"picture {picture_id}", details)


def _step(session: Session, picture_id: int, revision: int) -> int:
    """Move a picture to its next revision; of two who try, the second is told."""
    moved = session.execute(
        update(Picture)
        .where(Picture.id == picture_id, Picture.revision == revision)
        .values(revision=revision + 1)
        .returning(Picture.id)
    ).first()
    if moved is None:
        latest = session.scalar(select(Picture.revision).where(Picture.id == picture_id))
        raise ChangedError(latest or 0)
    return revision + 1


def _add_changes(
    session: Session, picture_id: int, revision: int, changes: Sequence[Change], who: Who
) -> None:
    boxes = _last_of_each(session, picture_id)
    for change in changes:
        before = None
        if change.box is not None:
            before = boxes.get(change.box)
            if before is None or before.action == "remove":
                raise StrangeError(f"picture {picture_id} has no box {change.box}; read it again")
        number = change.box if change.box is not None else max(boxes, default=0) + 1
        row = _label(picture_id, number, revision, change, before, who)
        session.add(row)
        session.flush()  # rows of one revision keep the order of the changes
        boxes[number] = row


def _label(
    picture_id: int, box: int, revision: int, change: Change, before: Label | None, who: Who
) -> Label:
    sides, label, find_id = change.sides, change.label, change.find_id
    if before is not None:
        find_id = before.find_id
        if change.action == "remove":
            sides, label = (before.x1, before.y1, before.x2, before.y2), before.label
    x1, y1, x2, y2 = sides
    return Label(
        picture_id=picture_id,
        box=box,
        revision=revision,
        action=change.action,
        x1=x1,
        y1=y1,
        x2=x2,
        y2=y2,
        label=label,
        find_id=find_id,
        made_at=now(),
        made_by=who.name,
    )


def _verdict(
    picture_id: int, find_id: int | None, revision: int, answer: Answer, who: Who
) -> Verdict:
    return Verdict(
        picture_id=picture_id,
        find_id=find_id,
        revision=revision,
        answer=answer,
        made_at=now(),
        made_by=who.name,
    )


def _finds_of_picture(session: Session, picture_id: int) -> list[Find]:
    chosen = select(Find).join(Look, Look.id == Find.look_id).where(Look.picture_id == picture_id)
    return list(session.scalars(chosen))

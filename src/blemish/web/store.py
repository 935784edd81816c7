"""Pictures and the queue of looks: what comes in, what waits, and what was found."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from blemish.web.need import Need
from blemish.web.tables import NAME_LENGTH, Audit, Find, Look, Model, Picture

ORDERS = ("need", "newest")


class Who(NamedTuple):
    """Who makes a change, and from where."""

    name: str
    address: str = ""


def now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


def note(
    session: Session, who: Who, action: str, subject: str, details: Mapping[str, Any] | None = None
) -> None:
    """Write a change into the audit table, in the transaction of the change."""
    session.add(
        Audit(
            at=now(),
            who=who.name,
            address=who.address[:64],
            action=action,
            subject=subject[:NAME_LENGTH],
            details=dict(details or {}),
        )
    )


def shown_name(name: str) -> str:
    """Give the name of an upload as text to show: its last part, without control characters.

    It is never a path. One that is longer than the table takes keeps its end.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join("�" if unicodedata.category(one) in {"Cc", "Cf", "Cs"} else one for one in last)
    return text.strip()[-NAME_LENGTH:] or "picture"


def add_picture(
    session: Session, sha256: str, num_bytes: int, name: str, who: Who
) -> tuple[Picture, bool]:
    """Add a picture whose original is kept, and let it wait for a look; False if it was there."""
    known = session.scalar(select(Picture).where(Picture.sha256 == sha256))
    if known is not None:
        return known, False
    picture = Picture(
        sha256=sha256,
        name=shown_name(name),
        num_bytes=num_bytes,
        added_at=now(),
        added_by=who.name,
    )
    session.add(picture)
    session.flush()
    ask_look(session, picture)
    note(session, who, "upload", f"picture {picture.id}", {"name": picture.name, "sha256": sha256})
    return picture, True


def ask_look(session: Session, picture: Picture) -> None:
    """Put a picture at the end of the queue."""
    picture.state = "waiting"
    session.add(Look(picture_id=picture.id, asked_at=now()))


def ask_again(session: Session, most: int, who: Who) -> int:
    """Put the pictures that are not reviewed into the queue, so many at most; gives how many."""
    chosen = select(Picture).where(~Picture.reviewed, Picture.state == "done")
    pictures = list(session.scalars(chosen.order_by(Picture.id.desc()).limit(max(most, 0))))
    for picture in reversed(pictures):
        ask_look(session, picture)
    if pictures:
        note(session, who, "look again", "pictures not reviewed", {"count": len(pictures)})
    return len(pictures)


def num_waiting(session: Session) -> int:
    """Count the looks that wait."""
    return session.scalar(select(func.count(Look.id)).where(Look.state == "waiting")) or 0


def next_waiting(session: Session, after: int = 0) -> tuple[Look, Picture] | None:
    """Give the look that has waited longest, among those with a larger id than ``after``."""
    row = session.execute(
        select(Look, Picture)
        .join(Picture, Picture.id == Look.picture_id)
        .where(Look.state == "waiting", Look.id > after)
        .order_by(Look.id)
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def finish_look(
    session: Session,
    look_id: int,
    model_id: int,
    facts: Mapping[str, Any],
    need: Need,
    small: bytes = b"",
) -> None:
    """Write what a look came to; ``facts`` is the picture's row as `find --json` gives it."""
    look = session.get_one(Look, look_id)
    picture = session.get_one(Picture, look.picture_id)
    finds: Sequence[Mapping[str, Any]] = facts["finds"]
    failed = facts["status"] == "failed"
    session.execute(delete(Find).where(Find.look_id == look_id))
    session.add_all(_find_of(look_id, find) for find in finds)
    look.state = picture.state = "failed" if failed else "done"
    look.model_id, look.ended_at = model_id, now()
    look.facts = {key: value for key, value in facts.items() if key != "finds"}
    picture.error, picture.num_finds, picture.need = facts["error"], len(finds), need.total
    picture.near, picture.rare = need.near, need.rare
    picture.disagreement, picture.is_partial = need.disagreement, need.is_partial
    picture.small = small or picture.small
    if not failed:
        picture.width, picture.height = facts["width"], facts["height"]


_BOX = ("x1", "y1", "x2", "y2", "score", "label")


def _find_of(look_id: int, find: Mapping[str, Any]) -> Find:
    place = {key: value for key, value in find.items() if key not in _BOX}
    return Find(look_id=look_id, **{key: find[key] for key in _BOX}, place=place)


def list_pictures(
    session: Session,
    order: str = "need",
    reviewed: bool | None = None,
    start: int = 0,
    count: int = 50,
) -> tuple[list[Picture], int]:
    """Give a page of pictures, those that need a person most or the newest first, and how many."""
    chosen = select(Picture)
    if reviewed is not None:
        chosen = chosen.where(Picture.reviewed == reviewed)
    if order == "need":
        chosen = chosen.where(Picture.state == "done")
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    ordered = chosen.order_by(*_order(order)).offset(start).limit(count)
    return list(session.scalars(ordered)), total


def _order(order: str) -> tuple[Any, ...]:
    if order == "need":
        return (Picture.reviewed, Picture.need.desc(), Picture.id)
    return (Picture.id.desc(),)


def neighbours(session: Session, picture: Picture) -> tuple[int | None, int | None]:
    """Give the ids of the pictures before and after one, in the order of need.

    Whether they are reviewed does not count, so that the order stays while one reviews.
    """
    done = select(Picture.id).where(Picture.state == "done")
    same, less, more = (
        Picture.need == picture.need,
        Picture.need < picture.need,
        Picture.need > picture.need,
    )
    before = done.where(more | (same & (Picture.id < picture.id)))
    after = done.where(less | (same & (Picture.id > picture.id)))
    return (
        session.scalar(before.order_by(Picture.need, Picture.id.desc()).limit(1)),
        session.scalar(after.order_by(Picture.need.desc(), Picture.id).limit(1)),
    )


def last_look(session: Session, picture_id: int) -> Look | None:
    """Give the last look at a picture that has ended."""
    return session.scalar(
        select(Look)
        .where(Look.picture_id == picture_id, Look.state != "waiting")
        .order_by(Look.id.desc())
        .limit(1)
    )


def finds_of(session: Session, look: Look | None) -> list[Find]:
    """Give the finds of a look, best score first."""
    if look is None:
        return []
    chosen = select(Find).where(Find.look_id == look.id)
    return list(session.scalars(chosen.order_by(Find.score.desc(), Find.id)))


def register_model(session: Session, facts: Mapping[str, Any], who: Who) -> Model:
    """Give the model with these facts (`hash`, `name`, `place`, `classes`, `threshold`)."""
    model = session.scalar(select(Model).where(Model.hash == facts["hash"]))
    if model is None:
        model = Model(**facts, added_at=now())
        session.add(model)
        session.flush()
        note(session, who, "add model", f"model {model.id}", {"name": model.name})
    model.place = facts["place"]
    return model


def model_of(session: Session, model_id: int | None) -> Model | None:
    """Give a model."""
    return None if model_id is None else session.get(Model, model_id)


def make_live(session: Session, model: Model, who: Who) -> None:
    """Make a model the one that looks."""
    if model.live:
        return
    session.execute(update(Model).values(live=False))
    model.live = True
    note(session, who, "make live", f"model {model.id}", {"name": model.name, "hash": model.hash})

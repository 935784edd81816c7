"""The tables of the database. Labels and verdicts are only ever added to."""

from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from blemish.web.need import Need, Reason

LookState = Literal["waiting", "done", "failed"]
TrainingState = Literal["running", "stopping", "done", "failed", "stopped"]
TrainingStep = Literal["write", "train", "export", "compare"]
Action = Literal["put", "remove"]
Answer = Literal["accepted", "rejected", "reviewed", "open"]
Role = Literal["viewer", "reviewer", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "reviewer", "admin")

NAME_LENGTH = 255


class Moment(TypeDecorator[datetime]):
    """A point in time: kept as UTC, given back with its zone, which SQLite would lose."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give what is kept."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give what was kept."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Picture(Base):
    """A picture whose original is kept.

    Attributes:
        sha256: of its content; the original lies under it.
        name: what it was called when it came; shown only, never a path.
        num_bytes, width, height: its size; 0 x 0 until it has been looked at.
        revision: how many times its labels or verdicts changed.
        state: of its last look.
        error: why it could not be looked at, or not as asked.
        need: from 0 to 1, how much it needs a person: the largest of the next three, or 1 if it
            could not be looked at in all.
        near, rare, disagreement, is_partial: why, see `blemish.web.need.Need`.
        small: what is remembered of its look; empty before it was looked at.
        num_finds: of its last look.
        reviewed: whether a person said that its labels are complete.
    """

    __tablename__ = "pictures"
    __table_args__ = (Index(None, "reviewed", "need"), Index(None, "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    num_bytes: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    error: Mapped[str] = mapped_column(Text, default="")
    need: Mapped[float] = mapped_column(default=0.0)
    near: Mapped[float] = mapped_column(default=0.0)
    rare: Mapped[float] = mapped_column(default=0.0)
    disagreement: Mapped[float] = mapped_column(default=0.0)
    is_partial: Mapped[bool] = mapped_column(default=False)
    small: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    num_finds: Mapped[int] = mapped_column(default=0)
    reviewed: Mapped[bool] = mapped_column(default=False)
    added_at: Mapped[datetime] = mapped_column(Moment)
    added_by: Mapped[str] = mapped_column(String(NAME_LENGTH))

    @property
    def reason(self) -> Reason:
        """Why it needs a person; empty where it hardly does."""
        return Need(self.near, self.rare, self.disagreement, self.is_partial).reason


class Model(Base):
    """A model bundle that has looked or may look; one is live.

    Attributes:
        hash: stands for the whole bundle, see `blemish.runtime.bundle.bundle_hash`.
        place: its folder; told by who started the server, never by a request.
    """

    __tablename__ = "models"

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    place: Mapped[str] = mapped_column(Text)
    classes: Mapped[list[str]] = mapped_column(JSON)
    threshold: Mapped[float]
    live: Mapped[bool] = mapped_column(default=False)
    added_at: Mapped[datetime] = mapped_column(Moment)


class Look(Base):
    """A picture waiting for a model, or what the model's look at it came to: the queue.

    Attributes:
        facts: the picture's row as `find --json` gives it, without the finds.
    """

    __tablename__ = "looks"
    __table_args__ = (Index(None, "state", "id"), Index(None, "picture_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    picture_id: Mapped[int] = mapped_column(ForeignKey("pictures.id"))
    model_id: Mapped[int | None] = mapped_column(ForeignKey("models.id"))
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class Find(Base):
    """A find of a look: box in pixels, `x_mm` to `height_mm` in ``place`` where they are known."""

    __tablename__ = "finds"
    __table_args__ = (Index(None, "look_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    look_id: Mapped[int] = mapped_column(ForeignKey("looks.id"))
    x1: Mapped[float]
    y1: Mapped[float]
    x2: Mapped[float]
    y2: Mapped[float]
    score: Mapped[float]
    label: Mapped[str] = mapped_column(String(NAME_LENGTH))
    place: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class Label(Base):
    """One change of one box of a picture; the last row of a box says how it is.

    Attributes:
        box: which box of the picture, from 1.
        revision: of the picture, to which the change led.
        action: `put` (drawn, moved, resized or named) or `remove`.
        find_id: the find that was accepted as this box.
    """

    __tablename__ = "labels"
    __table_args__ = (Index(None, "picture_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    picture_id: Mapped[int] = mapped_column(ForeignKey("pictures.id"))
    box: Mapped[int]
    revision: Mapped[int]
    action: Mapped[str] = mapped_column(String(10))
    x1: Mapped[float]
    y1: Mapped[float]
    x2: Mapped[float]
    y2: Mapped[float]
    label: Mapped[str] = mapped_column(String(NAME_LENGTH))
    find_id: Mapped[int | None] = mapped_column(ForeignKey("finds.id"))
    made_at: Mapped[datetime] = mapped_column(Moment)
    made_by: Mapped[str] = mapped_column(String(NAME_LENGTH))


class Verdict(Base):
    """What a person said of a find, or (without one) of a whole picture; the last counts.

    Attributes:
        answer: of a find `accepted`, `rejected` or `open`, of a picture `reviewed` or `open`.
    """

    __tablename__ = "verdicts"
    __table_args__ = (Index(None, "picture_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    picture_id: Mapped[int] = mapped_column(ForeignKey("pictures.id"))
    find_id: Mapped[int | None] = mapped_column(ForeignKey("finds.id"))
    revision: Mapped[int]
    answer: Mapped[str] = mapped_column(String(10))
    made_at: Mapped[datetime] = mapped_column(Moment)
    made_by: Mapped[str] = mapped_column(String(NAME_LENGTH))


class Training(Base):
    """A training on the reviewed pictures: one runs at a time, in steps that are each a process.

    Attributes:
        start_id: the model that it goes on from and is compared with.
        product_id: the model that came of it.
        minutes: of learning.
        num_learned, num_held: pictures that are learned from, and that are held out.
        state: a `TrainingState`.
        step: the `TrainingStep` that is done now, or where it ended.
        tries: how often the step was begun; a process may be ended from outside.
        error: why it failed; else empty.
        compared: what `compare.json` says of the new model (A) against the one before (B).
    """

    __tablename__ = "trainings"

    id: Mapped[int] = mapped_column(primary_key=True)
    start_id: Mapped[int] = mapped_column(ForeignKey("models.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("models.id"))
    minutes: Mapped[float]
    num_learned: Mapped[int] = mapped_column(default=0)
    num_held: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(10), default="running")
    step: Mapped[str] = mapped_column(String(10), default="write")
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    compared: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    begun_at: Mapped[datetime] = mapped_column(Moment)
    begun_by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class User(Base):
    """Who may come in; one that is removed stays as a name in what it did."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    password: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(10))
    active: Mapped[bool] = mapped_column(default=True)
    added_at: Mapped[datetime] = mapped_column(Moment)


class Login(Base):
    """A session of a browser; the cookie's value itself is not kept, only its hash."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    csrf: Mapped[str] = mapped_column(String(64))
    begun_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime] = mapped_column(Moment)


class ApiToken(Base):
    """A key of a program; only its hash is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    role: Mapped[str] = mapped_column(String(10))
    active: Mapped[bool] = mapped_column(default=True)
    added_at: Mapped[datetime] = mapped_column(Moment)


class Audit(Base):
    """A change: who made it, when, from where, and to what."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    who: Mapped[str] = mapped_column(String(NAME_LENGTH))
    address: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(NAME_LENGTH))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

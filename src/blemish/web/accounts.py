"""Users, sessions of browsers and tokens of programs."""

import hashlib
import secrets
from datetime import timedelta
from typing import Literal, NamedTuple, cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from blemish.errors import UsageError
from blemish.web.store import Who, note, now
from blemish.web.tables import ROLES, ApiToken, Login, Role, User

LEAST_PASSWORD = 10
SESSION_LENGTH = timedelta(hours=12)
TOKEN_START = "blm_"  # noqa: S105  what a token begins with, so that it is known where it leaks

_hasher = PasswordHasher()
_nobody = ""


class Visitor(NamedTuple):
    """Who sent a request.

    Attributes:
        via: `local` (no accounts yet, from this machine), `session` or `token`.
        csrf: what forms and scripts of a session must send along; empty otherwise.
    """

    name: str
    role: Role
    via: Literal["local", "session", "token"]
    csrf: str = ""

    def may(self, role: Role) -> bool:
        """Tell whether the visitor has at least this role."""
        return ROLES.index(self.role) >= ROLES.index(role)


LOCAL = Visitor("local", "admin", "local")


def has_users(session: Session) -> bool:
    """Tell whether there ever was an account."""
    return session.scalar(select(User.id).limit(1)) is not None


def add_user(session: Session, name: str, password: str, role: str, who: Who) -> User:
    """Add a user, or give one that was removed a new password and role.

    Raises:
        UsageError: the name is taken or empty, the password too short, or the role unknown.
    """
    name = _checked_name(name)
    if role not in ROLES:
        raise UsageError(f"--role {role!r} is not one of {', '.join(ROLES)}")
    if len(password) < LEAST_PASSWORD:
        raise UsageError(f"the password is too short; take at least {LEAST_PASSWORD} letters")
    user = session.scalar(select(User).where(User.name == name))
    if user is not None and user.active:
        raise UsageError(f"user {name!r} is there already; remove it first")
    if user is None:
        user = User(name=name, added_at=now())
        session.add(user)
    user.password, user.role, user.active = _hasher.hash(password), role, True
    session.flush()
    note(session, who, "add user", name, {"role": role})
    return user


def remove_user(session: Session, name: str, who: Who) -> None:
    """Let a user in no more, and end its sessions; what it did stays.

    Raises:
        UsageError: there is no such user.
    """
    user = session.scalar(select(User).where(User.name == name, User.active))
    if user is None:
        raise UsageError(f"there is no user {name!r}; see: blemish user list")
    user.active = False
    session.execute(delete(Login).where(Login.user_id == user.id))
    note(session, who, "remove user", name)


def users_of(session: Session) -> list[User]:
    """Give the users that are let in, by name."""
    return list(session.scalars(select(User).where(User.active).order_by(User.name)))


def check_password(session: Session, name: str, password: str) -> User | None:
    """Give the user with this name and password; it takes as long if there is no such user."""
    global _nobody  # noqa: PLW0603  made once, when it is first needed
    if not _nobody:
        _nobody = _hasher.hash(secrets.token_hex())
    user = session.scalar(select(User).where(User.name == name, User.active))
    try:
        _hasher.verify(user.password if user else _nobody, password)
    except (VerificationError, InvalidHashError):
        return None
    return user


def begin_session(session: Session, user: User, who: Who) -> str:
    """Begin a session and give the value of its cookie, which is kept nowhere."""
    session.execute(delete(Login).where(Login.ends_at < now()))
    value = secrets.token_urlsafe(32)
    begun = now()
    session.add(
        Login(
            hash=_hash(value),
            user_id=user.id,
            csrf=secrets.token_urlsafe(32),
            begun_at=begun,
            ends_at=begun + SESSION_LENGTH,
        )
    )
    note(session, who, "log in", user.name)
    return value


def end_session(session: Session, value: str) -> None:
    """End the session of a cookie."""
    session.execute(delete(Login).where(Login.hash == _hash(value)))


def visitor_of_cookie(session: Session, value: str) -> Visitor | None:
    """Give whose session a cookie is; None if it is none or has ended."""
    row = session.execute(
        select(User, Login)
        .join(Login, Login.user_id == User.id)
        .where(Login.hash == _hash(value), Login.ends_at > now(), User.active)
    ).first()
    return (
        None
        if row is None
        else Visitor(row[0].name, cast("Role", row[0].role), "session", row[1].csrf)
    )


def add_token(session: Session, name: str, role: str, who: Who) -> str:
    """Add a token of a program and give it; it is kept nowhere.

    Raises:
        UsageError: the name is taken or empty, or the role unknown.
    """
    name = _checked_name(name)
    if role not in ROLES:
        raise UsageError(f"--role {role!r} is not one of {', '.join(ROLES)}")
    known = session.scalar(select(ApiToken).where(ApiToken.name == name))
    if known is not None and known.active:
        raise UsageError(f"token {name!r} is there already; remove it first")
    value = TOKEN_START + secrets.token_urlsafe(32)
    token = known or ApiToken(name=name, added_at=now())
    token.hash, token.role, token.active = _hash(value), role, True
    session.add(token)
    note(session, who, "add token", name, {"role": role})
    return value


def remove_token(session: Session, name: str, who: Who) -> None:
    """Let a token in no more.

    Raises:
        UsageError: there is no such token.
    """
    token = session.scalar(select(ApiToken).where(ApiToken.name == name, ApiToken.active))
    if token is None:
        raise UsageError(f"there is no token {name!r}; see: blemish token list")
    token.active = False
    note(session, who, "remove token", name)


def tokens_of(session: Session) -> list[ApiToken]:
    """Give the tokens that are let in, by name."""
    return list(session.scalars(select(ApiToken).where(ApiToken.active).order_by(ApiToken.name)))


def visitor_of_token(session: Session, value: str) -> Visitor | None:
    """Give whose token this is; None if it is none."""
    chosen = select(ApiToken).where(ApiToken.hash == _hash(value), ApiToken.active)
    token = session.scalar(chosen)
    return (
        None if token is None else Visitor(f"token {token.name}", cast("Role", token.role), "token")
    )


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise UsageError("a name must have 1 to 100 printable letters; choose another")
    return name


def _hash(value: str) -> str:
    """Hash a secret that is long and random: no need for a slow hash."""
    return hashlib.sha256(value.encode()).hexdigest()

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from typer.testing import CliRunner

from blemish.cli import app
from blemish.errors import UsageError
from blemish.web import accounts
from blemish.web.accounts import (
    Visitor,
    add_token,
    add_user,
    begin_session,
    check_password,
    end_session,
    has_users,
    remove_token,
    remove_user,
    users_of,
    visitor_of_cookie,
    visitor_of_token,
)
from blemish.web.database import Database
from blemish.web.store import Who
from blemish.web.tables import Audit, User

ROOT = Who("server")
SECRET = "correct horse"  # noqa: S105


def test_a_user_comes_in_by_its_password_alone(database: Database) -> None:
    with database.writing() as session:
        assert not has_users(session)
        add_user(session, "kim", SECRET, "reviewer", ROOT)
        assert has_users(session)
        assert check_password(session, "kim", SECRET)
        assert not check_password(session, "kim", SECRET + " ")
        assert not check_password(session, "lee", SECRET)
        kept = session.scalar(select(User.password)) or ""
        assert kept.startswith("$argon2id$")


def test_a_session_ends(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.writing() as session:
        user = add_user(session, "kim", SECRET, "reviewer", ROOT)
        first, second = (begin_session(session, user, ROOT) for _ in range(2))
        visitor = visitor_of_cookie(session, first)
        assert visitor is not None
        assert (visitor.name, visitor.role, visitor.via) == ("kim", "reviewer", "session")
        assert len(visitor.csrf) > 30
        assert first not in str(session.execute(text("select * from sessions")).all())
        end_session(session, first)
        assert visitor_of_cookie(session, first) is None
        assert visitor_of_cookie(session, second)
        assert visitor_of_cookie(session, "") is None
        later = accounts.now() + timedelta(hours=13)
        monkeypatch.setattr(accounts, "now", lambda: later)
        assert visitor_of_cookie(session, second) is None


def test_a_user_that_is_removed_is_out_at_once_and_may_come_back(database: Database) -> None:
    with database.writing() as session:
        cookie = begin_session(session, add_user(session, "kim", SECRET, "admin", ROOT), ROOT)
        remove_user(session, "kim", ROOT)
        assert visitor_of_cookie(session, cookie) is None
        assert not check_password(session, "kim", SECRET)
        assert users_of(session) == []
        assert has_users(session)  # the door stays locked
        add_user(session, "kim", "another secret", "viewer", ROOT)
        assert [(user.name, user.role) for user in users_of(session)] == [("kim", "viewer")]


def test_a_token_comes_in_until_it_is_removed(database: Database) -> None:
    with database.writing() as session:
        value = add_token(session, "line 3", "viewer", ROOT)
        assert visitor_of_token(session, value) == Visitor("token line 3", "viewer", "token")
        assert visitor_of_token(session, value + "x") is None
        assert value not in str(session.execute(text("select * from api_tokens")).all())
        remove_token(session, "line 3", ROOT)
        assert visitor_of_token(session, value) is None


def test_what_is_refused_is_one_line(database: Database) -> None:
    with database.writing() as session:
        add_user(session, "kim", SECRET, "viewer", ROOT)
        add_token(session, "line", "viewer", ROOT)
        for words, call in {
            "is there already": lambda: add_user(session, "kim", SECRET, "viewer", ROOT),
            "too short": lambda: add_user(session, "lee", "short", "viewer", ROOT),
            "--role 'king'": lambda: add_user(session, "lee", SECRET, "king", ROOT),
            "printable": lambda: add_user(session, " ", SECRET, "viewer", ROOT),
            "no user 'lee'": lambda: remove_user(session, "lee", ROOT),
            "token 'line' is": lambda: add_token(session, "line", "viewer", ROOT),
            "no token 'x'": lambda: remove_token(session, "x", ROOT),
        }.items():
            with pytest.raises(UsageError, match=words):
                call()


def test_accounts_are_in_the_audit_table_without_secrets(database: Database) -> None:
    with database.writing() as session:
        value = add_token(session, "line", "viewer", ROOT)
        add_user(session, "kim", SECRET, "viewer", ROOT)
        rows = session.scalars(select(Audit).order_by(Audit.id)).all()
        assert [(row.action, row.subject) for row in rows] == [
            ("add token", "line"),
            ("add user", "kim"),
        ]
        told = str([row.details for row in rows])
        assert value not in told
        assert SECRET not in told


@pytest.mark.parametrize(
    ("role", "may"),
    [("viewer", [True, False, False]), ("reviewer", [True, True, False]), ("admin", [True] * 3)],
)
def test_roles_stand_above_each_other(role: str, may: list[bool]) -> None:
    visitor = Visitor("kim", role, "session")  # type: ignore[arg-type]
    assert [visitor.may(one) for one in ("viewer", "reviewer", "admin")] == may  # type: ignore[arg-type]


def test_the_command_line_adds_lists_and_removes(tmp_path: Path) -> None:
    def call(*words: str, typed: str = "") -> tuple[int, str]:
        done = CliRunner().invoke(app, [*words, "--data", str(tmp_path / "d")], input=typed)
        return done.exit_code, done.output

    assert call("user", "add", "kim", typed="short\n")[0] == 2
    code, said = call("user", "add", "kim", "--role", "admin", typed="correct horse\n")
    assert (code, said) == (0, "Added: kim (admin)\n")
    assert call("user", "list") == (0, "admin    kim\n")
    assert call("user", "remove", "lee")[0] == 2
    assert call("user", "remove", "kim") == (0, "Removed: kim\n")
    code, value = call("token", "add", "line 3")
    assert value.startswith("blm_")
    assert call("token", "list") == (0, "viewer   line 3\n")
    assert call("token", "remove", "line 3")[0] == 0
    assert (tmp_path / "d").stat().st_mode & 0o077 == 0

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from blemish.errors import UsageError
from blemish.web.database import Database, hidden, open_database
from blemish.web.tables import Base


def test_the_migrations_lead_to_the_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        assert not compare_metadata(MigrationContext.configure(connection), Base.metadata)


def test_opening_again_changes_nothing(tmp_path: Path, database: Database) -> None:
    with database.writing() as session:
        session.execute(text("insert into users values (1, 'kim', 'x', 'admin', 1, '2026-01-01')"))
    again = open_database(f"sqlite:///{tmp_path / 'b.db'}")
    with again.reading() as session:
        assert session.scalar(text("select name from users")) == "kim"


def test_a_commit_is_on_the_disk_before_it_returns(database: Database) -> None:
    with database.engine.connect() as connection:
        assert connection.scalar(text("pragma journal_mode")) == "wal"
        assert connection.scalar(text("pragma synchronous")) == 2  # FULL
        assert connection.scalar(text("pragma foreign_keys")) == 1


def test_what_ends_in_an_error_is_not_written(database: Database) -> None:
    def fail() -> None:
        with database.writing() as session:
            session.execute(text("insert into users values (1, 'k', 'x', 'y', 1, '2026-01-01')"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with database.reading() as session:
        assert session.scalar(text("select count(*) from users")) == 0


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://a:secret@h/b", "sqlite:////nowhere/at/all/b.db"]
)
def test_a_database_that_cannot_be_opened_is_one_line_without_its_password(url: str) -> None:
    with pytest.raises(UsageError, match=r"^--db .*; ") as caught:
        open_database(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "secret" not in hidden(url)

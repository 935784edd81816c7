from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, select, text

from blemish.errors import UsageError
from blemish.web.database import MIGRATIONS, Database, hidden, open_database
from blemish.web.tables import Base, Picture


def test_the_migrations_lead_to_the_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        assert not compare_metadata(MigrationContext.configure(connection), Base.metadata)


def test_what_was_there_before_a_migration_stays(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with create_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        row = (
            "insert into pictures values (:id, :sha256, 'a.png', 9, 9, 9, 0, 'done', :error, "
            ":need, 0, 0, '2026-01-01 00:00:00', 'kim')"
        )
        for number, error, need in ((1, "no wafer found", 0.85), (2, "is cut short", 1.0)):
            known = {"id": number, "sha256": str(number), "error": error, "need": need}
            connection.execute(text(row), known)
    with open_database(url).reading() as session:
        whole, part = session.scalars(select(Picture).order_by(Picture.id))
    assert (whole.need, whole.near, whole.rare, whole.small) == (0.85, 0.85, 0, b"")
    assert (whole.reason, part.reason) == ("near", "partial")


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

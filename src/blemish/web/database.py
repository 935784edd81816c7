"""Open the database, bring its tables up to date, and read or write in one transaction."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session

from blemish.errors import UsageError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 30
_FULL = ("database or disk is full", "No space left on device", "53100")


class DiskFullError(Exception):
    """There is no room on the disk; nothing of what was asked is kept."""


@dataclass(frozen=True, eq=False)
class Database:
    """An open database; threads may share it."""

    engine: Engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the database and changes nothing."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose changes are on the disk together when the block ends, or not at all.

        Raises:
            DiskFullError: there is no room for them.
        """
        engine = self.engine.execution_options(writing=True)
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except DBAPIError as error:
            if any(word in str(error) for word in _FULL):
                raise DiskFullError from error
            raise

    def close(self) -> None:
        """Give back what is open."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open a database and bring its tables up to date.

    ``url`` is SQLAlchemy's, `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.

    Raises:
        UsageError: it cannot be opened.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername in {"postgresql", "postgres"}:
            parsed = parsed.set(drivername="postgresql+pg8000")
        sqlite = parsed.get_backend_name() == "sqlite"
        engine = create_engine(parsed, pool_pre_ping=not sqlite)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise UsageError(
            f"--db {hidden(url)}: cannot be used ({_first_line(error)}); write "
            "postgresql://USER:PASSWORD@HOST/NAME or leave it out"
        ) from error
    if sqlite:
        _make_durable(engine)
    try:
        _upgrade(engine)
    except DBAPIError as error:
        raise UsageError(
            f"--db {hidden(url)}: cannot be opened ({_first_line(error.orig)}); check that it runs "
            "and that you may write there"
        ) from error
    return Database(engine)


def hidden(url: str) -> str:
    """Give a URL of a database without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "URL"


def is_disk_full(error: OSError) -> bool:
    """Tell whether a file could not be written because there is no room."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def _make_durable(engine: Engine) -> None:
    """Make every commit of SQLite survive a loss of power, and transactions whole."""

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        connection.isolation_level = None  # Python's own transactions begin too late
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A reader that becomes a writer may find that another was first; a writer waits instead.
        writing = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _upgrade(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.execution_options(writing=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else "no reason given"

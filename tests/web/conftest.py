import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from blemish.web.database import Database, open_database


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("database") / "empty.db"
    open_database(f"sqlite:///{place}").close()
    return place


@pytest.fixture
def database(tmp_path: Path, empty_database: Path) -> Iterator[Database]:
    shutil.copy(empty_database, tmp_path / "b.db")
    database = open_database(f"sqlite:///{tmp_path / 'b.db'}")
    yield database
    database.close()

"""The same tables and calls on a real PostgreSQL server, where there is one."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from blemish.errors import UsageError
from blemish.web.database import open_database
from blemish.web.tables import Base
from planted_bundle import planted_bundle
from planted_server import png, running


def program(name: str) -> str | None:
    """Find a program of PostgreSQL, which Debian keeps off the path."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(places[-1]) if places else None)


INITDB, POSTGRES = program("initdb"), program("postgres")
pytestmark = pytest.mark.skipif(not (INITDB and POSTGRES), reason="no PostgreSQL server here")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = Path(os.path.realpath(tmp_path_factory.mktemp("pg")))
    how = {}
    if os.geteuid() == 0:  # it refuses to run as root
        nobody = pwd.getpwnam("nobody")
        how = {"user": nobody.pw_uid, "group": nobody.pw_gid}
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        for place in home.parents[:2]:
            place.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = home / "data"
    options = ["-D", str(data), "-A", "trust", "-U", "blemish", "-E", "UTF8", "--no-sync"]
    made = subprocess.run([str(INITDB), *options], capture_output=True, check=False, **how)  # type: ignore[call-overload]  # noqa: S603
    if made.returncode:
        pytest.skip(f"initdb: {made.stderr[-200:]!r}")
    command = [str(POSTGRES), "-D", str(data), "-p", str(port), "-k", str(home), "-h", "127.0.0.1"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, **how)  # type: ignore[call-overload]  # noqa: S603
    place = f"postgresql://blemish@127.0.0.1:{port}/postgres"
    try:
        for _ in range(200):
            try:
                open_database(place).close()
                break
            except UsageError:
                if server.poll() is not None:
                    break
                time.sleep(0.1)
        yield place
    finally:
        server.terminate()
        server.wait(20)


def test_the_migrations_lead_to_the_tables(url: str) -> None:
    database = open_database(url)
    with database.engine.connect() as connection:
        assert not compare_metadata(MigrationContext.configure(connection), Base.metadata)
    database.close()


def test_pictures_labels_and_two_reviewers(url: str, tmp_path: Path) -> None:
    model = planted_bundle(tmp_path / "model").path
    with running(tmp_path / "data", model, db=url) as served:
        one = served.upload("웨이퍼.png", png((30, 30), (60, 60))).json()["id"]
        served.settled()
        path = f"/api/v1/pictures/{one}"
        finds = [find["id"] for find in served.client.get(path).json()["finds"]]
        assert len(finds) == 2

        def say(answer: str) -> int:
            body = {"revision": 0, "verdicts": [{"find": finds[0], "answer": answer}]}
            return served.client.post(f"{path}/verdicts", json=body).status_code

        with ThreadPoolExecutor(4) as pool:
            codes = sorted(pool.map(say, ["accepted"] * 4))
        assert codes == [200, 409, 409, 409]
        assert len(served.client.get(f"{path}/labels").json()["labels"]) == 1
        verdicts = [{"find": find, "answer": "accepted"} for find in finds]
        body = {"revision": 1, "verdicts": verdicts, "reviewed": True}
        assert served.client.post(f"{path}/verdicts", json=body).status_code == 200
        for page in ("/", "/review?all=1", f"/review/{one}", "/models", "/export"):
            assert served.client.get(page).status_code == 200
        assert served.client.get("/api/v1/export/labels").status_code == 200
        assert len(served.client.get("/api/v1/audit").json()) >= 4
    assert not (tmp_path / "data" / "blemish.db").exists()


def test_a_password_is_not_told(url: str) -> None:
    wrong = url.replace("blemish@", "blemish:secret@").replace("/postgres", "/nowhere")
    with pytest.raises(UsageError, match="cannot be opened") as caught:
        open_database(wrong)
    assert "secret" not in str(caught.value)

"""On a full disk each call says so, what was acknowledged stays, and nothing half is kept."""

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from blemish.web.database import DiskFullError
from blemish.web.originals import Originals
from planted_bundle import planted_bundle
from planted_server import Running, png, running

WIDTHS = count(100)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted").path


@pytest.fixture
def served(tmp_path: Path, model: Path) -> Iterator[Running]:
    with running(tmp_path / "data", model) as served:
        yield served


@contextmanager
def no_room_for_files(num_bytes: int) -> Iterator[None]:
    """Let no file of this process become larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@contextmanager
def no_room_for_rows(served: Running, more: int) -> Iterator[None]:
    """Let the database become so many pages larger and no more."""
    engine = served.server.database.engine
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar() or 0

    def limit(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages + more}")

    event.listen(engine, "checkout", limit)
    try:
        yield
    finally:
        event.remove(engine, "checkout", limit)
        event.listen(engine, "checkout", lift)


def lift(connection: Any, *_: object) -> None:
    connection.execute("PRAGMA max_page_count=1000000000")


def keep(served: Running, name: str = "w.png") -> int:
    answer = served.upload(name, png((20, 20), (60, 50), width=next(WIDTHS), height=90))
    assert answer.status_code in {200, 201}, answer.text
    served.settled()
    return int(answer.json()["id"])


def detail(served: Running, picture: int) -> dict[str, Any]:
    return dict(served.client.get(f"/api/v1/pictures/{picture}").json())


def says_full(answer: httpx.Response) -> bool:
    if answer.status_code != 507:
        return False
    assert answer.headers["content-type"] == "application/problem+json"
    assert "disk is full and nothing was kept" in answer.json()["detail"]
    return True


def until_full(ask: Callable[[], httpx.Response]) -> list[dict[str, Any]]:
    """Ask until the disk is full; gives what was acknowledged."""
    told = []
    for _ in range(500):
        answer = ask()
        if says_full(answer):
            return told
        assert answer.status_code in {200, 201, 202}, answer.text
        told.append(answer.json())
    pytest.fail("the disk never became full")


def test_on_a_full_disk_nothing_is_kept_and_it_is_told(tmp_path: Path) -> None:
    model = planted_bundle(tmp_path / "model").path
    large = png((40, 40), width=3000, height=2000) + b""
    noise = os.urandom(400_000)
    content = large + noise  # what follows the end of a PNG is passed over
    with running(tmp_path / "data", model) as served:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
        try:
            answer = served.upload("a.png", content)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
        assert answer.status_code == 507, answer.text
        assert "disk is full" in answer.json()["detail"]
        data = served.server.settings.data
        assert not list((data / "incoming").iterdir())
        assert not [path for path in (data / "originals").rglob("*") if path.is_file()]
        assert served.client.get("/api/v1/pictures?order=newest").json()["total"] == 0
        assert served.upload("a.png", content).status_code == 201
        served.settled()


def test_an_upload_whose_row_has_no_room_leaves_no_file(served: Running) -> None:
    originals = served.server.settings.data / "originals"
    with no_room_for_rows(served, 6):
        told = until_full(
            lambda: served.upload("w.png", png((20, 20), width=next(WIDTHS), height=90))
        )
        names = {path.name for path in originals.rglob("*") if path.is_file()}
        assert names == {one["sha256"] for one in told}
    served.settled()
    page = served.client.get("/api/v1/pictures", params={"order": "newest", "count": 500}).json()
    assert {one["sha256"] for one in page["pictures"]} == names
    again = keep(served)
    assert detail(served, again)["picture"]["num_finds"] == 2


def test_the_same_upload_again_does_not_lose_what_is_kept(tmp_path: Path) -> None:
    originals = Originals(tmp_path)
    for full in (False, True):
        with originals.arriving() as arriving:
            arriving.write(b"same")
            if full:
                with pytest.raises(DiskFullError), originals.keeping(arriving):
                    raise DiskFullError
            else:
                with originals.keeping(arriving):
                    pass
    assert originals.place(arriving.sha256).read_bytes() == b"same"
    originals.close()


def test_labels_and_verdicts_stay_as_far_as_they_were_acknowledged(served: Running) -> None:
    labelled, judged = keep(served), keep(served)
    put = {"action": "put", "x1": 1, "y1": 1, "x2": 9, "y2": 9, "label": "a" * 100}
    finds = [find["id"] for find in detail(served, judged)["finds"]]
    revisions, answers = count(), ["accepted", "rejected"]

    def label() -> httpx.Response:
        body = {"revision": next(revisions), "changes": [put] * 7}
        return served.client.post(f"/api/v1/pictures/{labelled}/labels", json=body)

    def judge() -> httpx.Response:
        revision = next(revisions)
        given = [{"find": find, "answer": answers[revision % 2]} for find in finds]
        body = {"revision": revision, "verdicts": given, "reviewed": bool(revision % 2)}
        return served.client.post(f"/api/v1/pictures/{judged}/verdicts", json=body)

    with no_room_for_rows(served, 8):
        told = until_full(label)
        found = detail(served, labelled)
        assert found["picture"]["revision"] == len(told)
        assert len(found["labels"]) == 7 * len(told)
    revisions = count()
    with no_room_for_rows(served, 8):
        told = until_full(judge)
        found = detail(served, judged)
        assert found["picture"]["revision"] == len(told)
        assert {find["answer"] for find in found["finds"]} == {answers[(len(told) - 1) % 2]}
        assert found["picture"]["reviewed"] == (len(told) % 2 == 0)
    revisions = count(len(told))
    assert judge().status_code == 200


def until_full_or_waiting(served: Running, call: str, pictures: list[int]) -> None:
    """Ask for looks until the disk is full, or the looker met that first and all wait for room."""
    for _ in range(500):
        answer = served.client.post(call)
        if says_full(answer):
            return
        assert answer.status_code == 202, answer.text
        for _ in range(50):
            states = {
                served.client.get(f"/api/v1/pictures/{one}").json()["picture"]["state"]
                for one in pictures
            }
            if "waiting" not in states:
                break
            time.sleep(0.02)
        else:
            return
    pytest.fail("the disk never became full")


def test_a_look_that_has_no_room_says_it_or_waits(served: Running) -> None:
    pictures = [keep(served) for _ in range(3)]
    for call in (f"/api/v1/pictures/{pictures[0]}/look", "/api/v1/pictures/look"):
        with no_room_for_rows(served, 2):
            until_full_or_waiting(served, call, pictures)
        served.settled()
    assert served.client.get("/api/v1/pictures").json()["total"] == 3


@pytest.mark.parametrize("kind", ["image", "thumbnail"])
def test_a_view_that_has_no_room_says_it_and_is_made_later(served: Running, kind: str) -> None:
    picture = keep(served)
    views = served.server.settings.data / "views"
    for view in views.iterdir():
        view.unlink()
    with no_room_for_files(100):
        assert says_full(served.client.get(f"/api/v1/pictures/{picture}/{kind}"))
    assert list(views.iterdir()) == []
    answer = served.client.get(f"/api/v1/pictures/{picture}/{kind}")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xff\xd8")


def test_tiles_that_have_no_room_say_it_and_are_cut_later(served: Running) -> None:
    picture = keep(served)
    level = (detail(served, picture)["picture"]["width"] - 1).bit_length()
    tile = f"/api/v1/pictures/{picture}/tiles/{level}/0_0.jpg"
    with no_room_for_files(100):
        assert says_full(served.client.get(tile))
        told = served.client.get(f"/api/v1/pictures/{picture}/tiles").json()
        assert "disk is full" in told["error"]
    assert not list((served.server.settings.data / "views").glob(".*"))
    assert served.client.get(tile).status_code == 200


@pytest.mark.parametrize("call", ["labels?kind=voc", "finds.csv"])
def test_an_export_that_has_no_room_says_it(served: Running, call: str) -> None:
    picture = keep(served)
    finds = detail(served, picture)["finds"]
    verdicts = [{"find": find["id"], "answer": "rejected"} for find in finds]
    body = {"revision": 0, "verdicts": verdicts, "reviewed": True}
    path = f"/api/v1/pictures/{picture}/verdicts"
    assert served.client.post(path, json=body).status_code == 200
    before = sorted(served.server.settings.data.rglob("*"))
    with no_room_for_files(50):
        assert says_full(served.client.get(f"/api/v1/export/{call}"))
    assert sorted(served.server.settings.data.rglob("*")) == before
    assert served.client.get(f"/api/v1/export/{call}").status_code == 200

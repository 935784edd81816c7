"""What was acknowledged is there after a kill; what cannot be kept leaves nothing."""

import hashlib
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import cv2
import httpx
import numpy as np
import pytest

from blemish.web.database import open_database
from blemish.web.originals import Originals
from blemish.web.reviews import history_of
from blemish.web.tables import Picture
from planted_bundle import planted_bundle
from planted_server import Running, png, process, running


def send_until_killed(where: str, lane: int, start: int, enough: Event) -> list[tuple[str, int]]:
    """Upload pictures and label each; gives the hash and revision of what was acknowledged."""
    told: list[tuple[str, int]] = []
    with httpx.Client(base_url=where, timeout=20) as client:
        for number in range(start, start + 200):
            content = png((20, 20), width=64 + number, height=64 + lane)
            try:
                answer = client.post("/api/v1/pictures", files={"file": ("a.png", content)})
                if answer.status_code not in {200, 201}:
                    continue
                told.append((hashlib.sha256(content).hexdigest(), 0))
                one = answer.json()["id"]
                put = {"action": "put", "x1": 1, "y1": 1, "x2": 9, "y2": 9, "label": "spot"}
                body = {"revision": 0, "changes": [put]}
                if client.post(f"/api/v1/pictures/{one}/labels", json=body).status_code == 200:
                    told[-1] = (told[-1][0], 1)
            except httpx.TransportError:
                break
            if len(told) >= 8:
                enough.set()
    return told


@pytest.mark.slow
def test_nothing_that_was_acknowledged_is_lost_when_it_is_killed(tmp_path: Path) -> None:
    model, data = planted_bundle(tmp_path / "model").path, tmp_path / "data"
    told: dict[str, int] = {}
    for trial in range(5):
        enough = Event()
        with process(data, model) as (server, where), ThreadPoolExecutor(4) as pool:
            lanes = [
                pool.submit(send_until_killed, where, lane, 200 * trial, enough)
                for lane in range(4)
            ]
            assert enough.wait(120)
            time.sleep(0.05 * trial)
            server.send_signal(signal.SIGKILL)
            for coming in lanes:
                for sha256, revision in coming.result():
                    told[sha256] = max(told.get(sha256, 0), revision)
    assert len(told) >= 40
    originals, database = Originals(data), open_database(f"sqlite:///{data / 'blemish.db'}")
    assert not list((data / "incoming").iterdir())
    with database.reading() as session:
        kept = {picture.sha256: picture for picture in session.query(Picture)}
        for sha256, revision in told.items():
            picture = kept[sha256]
            assert picture.revision >= revision
            assert len(history_of(session, picture.id)) == picture.revision
        for sha256 in kept:
            content = originals.place(sha256).read_bytes()
            assert hashlib.sha256(content).hexdigest() == sha256
    database.close()
    originals.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "data", planted_bundle(tmp_path / "model").path) as served:
        yield served


@contextmanager
def half_sent(served: Running, call: str, kind: str, body: bytes) -> Iterator[None]:
    """Send the head and the begin of a body that never ends, and close when the block ends."""
    url = served.client.base_url
    head = (
        f"POST {call} HTTP/1.1\r\nHost: localhost:{url.port}\r\nContent-Type: {kind}\r\n"
        "Content-Length: 900000\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80)) as line:
        line.sendall(head.encode() + body)
        yield


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_browser_that_closes_in_the_middle_leaves_nothing(served: Running) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    incoming = served.server.settings.data / "incoming"
    kind = "multipart/form-data; boundary=b"
    with half_sent(served, "/api/v1/pictures", kind, body + b"x" * 50_000):
        until(lambda: bool(list(incoming.iterdir())))
    until(lambda: not list(incoming.iterdir()))
    assert served.client.get("/api/v1/pictures?order=newest").json()["total"] == 0


def test_a_change_that_is_half_sent_changes_nothing(
    served: Running, caplog: pytest.LogCaptureFixture
) -> None:
    one = served.upload("a.png", png((20, 20))).json()["id"]
    served.settled()
    call, whole = f"/api/v1/pictures/{one}/labels", b'{"revision": 0, "changes": []}'
    for num_bytes in (0, 12, len(whole)):
        with half_sent(served, call, "application/json", whole[:num_bytes]):
            time.sleep(0.1)
    assert served.client.get(call).json() == {"revision": 0, "reviewed": False, "labels": []}
    assert not caplog.records


def test_a_reader_that_closes_in_the_middle_of_an_export_leaves_nothing_open(
    served: Running,
) -> None:
    data = served.server.settings.data
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, (1500, 1500, 3), np.uint8)
        content = cv2.imencode(".png", noise)[1].tobytes()
        one = served.upload("a.png", content).json()["id"]
        served.settled()
        finds = served.client.get(f"/api/v1/pictures/{one}").json()["finds"]
        verdicts = [{"find": find["id"], "answer": "rejected"} for find in finds]
        body = {"revision": 0, "verdicts": verdicts, "reviewed": True}
        answer = served.client.post(f"/api/v1/pictures/{one}/verdicts", json=body)
        assert answer.status_code == 200

    def unnamed() -> list[str]:
        links = []
        for path in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):  # closed just now
                links.append(str(path.readlink()))
        return [link for link in links if link.startswith(str(data)) and "(deleted)" in link]

    with served.client.stream("GET", "/api/v1/export/labels", params={"pictures": 1}) as answer:
        next(answer.iter_raw(1000))
    until(lambda: not unnamed())
    assert not [path for path in data.iterdir() if path.name.startswith("tmp")]

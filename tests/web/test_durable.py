"""What was acknowledged is there after a kill; what cannot be kept leaves nothing."""

import hashlib
import os
import resource
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx
import pytest

from blemish.web.database import open_database
from blemish.web.originals import Originals
from blemish.web.reviews import history_of
from blemish.web.tables import Picture
from planted_bundle import planted_bundle
from planted_server import png, process, running


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


def test_a_browser_that_closes_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    model = planted_bundle(tmp_path / "model").path
    with running(tmp_path / "data", model) as served:
        url = served.client.base_url
        head = (
            f"POST /api/v1/pictures HTTP/1.1\r\nHost: localhost:{url.port}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        )
        incoming = served.server.settings.data / "incoming"
        with socket.create_connection((url.host, url.port or 80)) as line:
            line.sendall(head.encode() + b"x" * 50_000)
            end = time.monotonic() + 20
            while not list(incoming.iterdir()):
                assert time.monotonic() < end
                time.sleep(0.02)
        while list(incoming.iterdir()):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert served.client.get("/api/v1/pictures?order=newest").json()["total"] == 0

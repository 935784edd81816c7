import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pytest

from blemish.errors import UsageError
from blemish.web.originals import Arriving
from blemish.web.server import ServeSettings, open_server
from planted_bundle import planted_bundle
from planted_server import Running, png, running


def wait_for(what: Callable[[], bool], seconds: float = 20) -> float:
    begun = time.monotonic()
    while not what():
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)
    return time.monotonic() - begun


def names(served: Running) -> list[str]:
    listed = served.client.get("/api/v1/pictures", params={"order": "newest"}).json()
    return sorted(picture["name"] for picture in listed["pictures"])


def test_files_are_taken_once_they_are_whole(tmp_path: Path) -> None:
    model = planted_bundle(tmp_path / "model").path
    folder = tmp_path / "line"
    (folder / "lot").mkdir(parents=True)
    (folder / "there.png").write_bytes(png((30, 30)))
    with running(tmp_path / "data", model, watch=folder) as served:
        wait_for(lambda: names(served) == ["there.png"])
        content = png((40, 40), width=200)
        with (folder / "lot" / "slow.png").open("wb") as file:
            for start in range(0, len(content), len(content) // 8 + 1):
                file.write(content[start : start + len(content) // 8 + 1])
                file.flush()
                time.sleep(0.15)
                assert names(served) == ["there.png"]
        (folder / "half.png").write_bytes(content[:-20])
        (folder / "notes.txt").write_text("no picture")
        (folder / ".hidden.png").write_bytes(png(width=70))
        (folder / "link.png").symlink_to(tmp_path / "data" / "blemish.db")
        assert wait_for(lambda: "slow.png" in names(served)) < 10
        served.settled()
        with (folder / "half.png").open("ab") as file:  # its writer goes on after a pause
            file.write(b"")
        time.sleep(1.5)
        assert names(served) == ["slow.png", "there.png"]
        (folder / "half.png").write_bytes(png((20, 20), width=210))
        wait_for(lambda: names(served) == ["half.png", "slow.png", "there.png"])
        served.settled()
        assert not list((tmp_path / "data" / "incoming").iterdir())
        assert (folder / "there.png").exists()


def test_a_file_that_is_written_to_while_it_is_copied_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = planted_bundle(tmp_path / "model").path
    folder, first, second = tmp_path / "line", png((30, 30)), png((40, 40), width=200)
    folder.mkdir()
    (folder / "w.png").write_bytes(first)
    copy = Arriving.copy

    def overtaken(arriving: Arriving, source: BinaryIO) -> None:
        copy(arriving, source)
        monkeypatch.undo()
        with (folder / "w.png").open("r+b") as file:
            file.write(second)

    monkeypatch.setattr(Arriving, "copy", overtaken)
    with running(tmp_path / "data", model, watch=folder) as served:
        wait_for(lambda: names(served) == ["w.png"])
        (kept,) = served.client.get("/api/v1/pictures?order=newest").json()["pictures"]
        assert kept["sha256"] == hashlib.sha256(second).hexdigest()
        served.settled()


def test_deep_pictures_are_seen_in_the_range_that_is_given(tmp_path: Path) -> None:
    folder = tmp_path / "incoming"
    folder.mkdir()
    model = planted_bundle(tmp_path / "model").path
    deep = cv2.imdecode(np.frombuffer(png((30, 30)), np.uint8), cv2.IMREAD_COLOR)
    content = cv2.imencode(".png", deep.astype(np.uint16) * 16)[1].tobytes()
    (folder / "deep.png").write_bytes(content)
    with running(tmp_path / "data", model, watch=folder, value_range=(0, 4095)) as served:
        wait_for(lambda: bool(names(served)))
        served.settled()
        (kept,) = served.client.get("/api/v1/pictures").json()["pictures"]
        assert (kept["num_finds"], kept["error"]) == (1, "")
        assert served.find("deep.png", content).json()["status"] == "defective"
        black = served.find("deep.png", content, range="0,65535").json()
        assert (black["status"], black["num_finds"]) == ("clean", 0)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--watch .*: is no folder; make it"):
        open_server(ServeSettings(tmp_path / "data", watch=tmp_path / "nothing"))

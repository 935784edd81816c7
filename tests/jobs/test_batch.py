"""Real Ray on this machine: two workers of one core each, killed, and their driver killed too."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from blemish.jobs.batch import deal_in_turn
from blemish.jobs.find import FindSettings
from blemish.jobs.manifest import Manifest
from blemish.jobs.many import ManySettings, find_many
from planted_bundle import blobs, planted_bundle

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are looked up in /proc")
COUNT = 20
# A worker that its own process cannot outlive: the second line stands for a decoder's crash.
DEADLY = """
import os, sys
import blemish.jobs.batch as batch

class Deadly(batch.Worker):
    def look(self, shard):
        if any(entry.name == "p7.png" for entry in shard.entries):
            os.kill(os.getpid(), 9)
        return super().look(shard)

batch.Worker = Deadly
"""
MAIN = "from blemish.cli import main; main()"


@pytest.fixture
def settings(tmp_path: Path) -> ManySettings:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(COUNT):
        spots = [(100 + 40 * number, 400), (600, 90)][: number % 3]
        pixels = blobs(1300, 1300, spots)
        (folder / f"p{number}.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    (folder / "p3.png").write_bytes(b"broken")
    model = planted_bundle(tmp_path / "model").path
    find = FindSettings((), tmp_path / "out", model, engine="onnxruntime", threads=1)
    return ManySettings(find, (str(folder),), shard=2)


def start(settings: ManySettings, code: str = MAIN) -> subprocess.Popen[str]:
    words = ["find", *settings.places, "--out", str(settings.find.out)]
    words += ["--model", str(settings.find.model), "--engine", "onnxruntime", "--threads", "1"]
    words += ["--ray", "local", "--workers", "2", "--shard", str(settings.shard)]
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603


def finish(running: subprocess.Popen[str]) -> tuple[int, str, str]:
    said, errors = running.communicate(timeout=500)
    return running.returncode, said, errors


def wait_for(running: subprocess.Popen[str], out: Path, num_lines: int) -> None:
    """Wait until so many lines stand in the manifest."""
    until = time.monotonic() + 300
    while running.poll() is None:
        assert time.monotonic() < until
        manifest = out / "manifest.jsonl"
        if manifest.exists() and manifest.read_bytes().count(b"\n") >= num_lines:
            return
        time.sleep(0.01)
    raise AssertionError(finish(running))


def workers_of(process: int) -> list[int]:
    """Give the processes below one that are workers of Ray with a model."""
    parents: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            parents[int(place.name)] = int(fields[1])
        except OSError:
            continue
    found = []
    for one in parents:
        above = one
        while above > 1 and above != process:
            above = parents.get(above, 0)
        try:
            if above == process and b"ray::Worker" in Path(f"/proc/{one}/cmdline").read_bytes():
                found.append(one)
        except OSError:
            continue
    return found


def images(out: Path) -> list[dict[str, str]]:
    """Read the parts that the manifest lists, without times."""
    rows: list[dict[str, str]] = []
    for _, facts in sorted(Manifest.read(out).done.items()):
        (name,) = [name for name in facts["files"] if name.startswith("images")]
        text = (out / "parts" / name).read_text("utf-8-sig")
        rows += [row | {"milliseconds": ""} for row in csv.DictReader(text.splitlines())]
    return rows


def expected(settings: ManySettings) -> list[dict[str, str]]:
    from dataclasses import replace

    find = replace(settings.find, out=settings.find.out.parent / "alone")
    return images(find_many(replace(settings, find=find), deal_in_turn).out)


def test_a_worker_that_is_killed_costs_nothing(settings: ManySettings) -> None:
    running = start(settings)
    wait_for(running, settings.find.out, 2)
    workers = workers_of(running.pid)
    assert workers
    os.kill(workers[0], signal.SIGKILL)
    code, said, errors = finish(running)
    assert (code, errors) == (3, ""), errors  # one picture is broken
    assert f"{COUNT} pictures: " in said
    assert images(settings.find.out) == expected(settings)


def test_a_driver_that_is_killed_goes_on_where_it_was(settings: ManySettings) -> None:
    running = start(settings)
    wait_for(running, settings.find.out, 3)
    running.kill()
    running.communicate()
    done = set(Manifest.read(settings.find.out).done)
    assert 1 <= len(done) < COUNT // 2
    before = {
        path.name: path.stat().st_mtime_ns for path in (settings.find.out / "parts").iterdir()
    }
    code, _, errors = finish(start(settings))
    assert (code, errors) == (3, "")
    assert images(settings.find.out) == expected(settings)
    for number in done:
        name = f"images-{number:06d}.csv"
        assert (settings.find.out / "parts" / name).stat().st_mtime_ns == before[name]
    assert not list(settings.find.out.rglob("*.part"))


def test_a_picture_that_ends_every_worker_is_a_row_and_the_others_are_done(
    settings: ManySettings,
) -> None:
    code, _, errors = finish(start(settings, DEADLY + MAIN))
    assert (code, errors) == (3, "")
    rows = images(settings.find.out)
    (deadly,) = [row for row in rows if row["image"] == "p7.png"]
    assert deadly["status"] == "failed"
    assert "its worker ended 2 times" in deadly["error"]
    assert "\n" not in deadly["error"]
    others = [row for row in expected(settings) if row["image"] != "p7.png"]
    assert [row for row in rows if row["image"] != "p7.png"] == others


def test_what_cannot_begin_is_one_line(settings: ManySettings) -> None:
    words = ["find", *settings.places, "--out", str(settings.find.out), "--ray", "127.0.0.1:1"]
    command = [sys.executable, "-c", MAIN, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "no Ray cluster there" in done.stderr

"""A training run that is killed again and again ends with the weights of one that is not."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from planted import write_dataset

RUN = "from blemish.cli import main; main()"
KILLS = 5


def start(data: Path, run: Path, *more: str) -> subprocess.Popen[bytes]:
    plan = ["--epochs", "10", "--crop", "64", "--batch", "2", "--from", "nothing", "--threads", "1"]
    words = [sys.executable, "-c", RUN, "train", str(data), "--out", str(run), *plan, *more]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: S603


def finish(process: subprocess.Popen[bytes]) -> None:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output.decode()


def rows(run: Path) -> int:
    log = run / "log.jsonl"
    return len(log.read_bytes().splitlines()) if log.exists() else 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no process is killed so there")
def test_a_run_killed_at_random_moments_ends_with_the_same_weights(tmp_path: Path) -> None:
    data, calm, killed = write_dataset(tmp_path / "data"), tmp_path / "calm", tmp_path / "killed"
    finish(start(data, calm))
    chance = random.Random(5)
    moments = sorted(chance.sample(range(2, rows(calm) - 2), KILLS))
    for number, moment in enumerate(moments):
        process = start(data, killed, *(["--resume"] if number else []))
        deadline = time.monotonic() + 120
        while rows(killed) < moment and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.1))  # in the middle of a step or of writing, too
        process.kill()
        process.communicate()
    assert process.returncode == -9
    finish(start(data, killed, "--resume"))
    for name in ("last.safetensors", "best.safetensors"):
        assert (killed / name).read_bytes() == (calm / name).read_bytes()

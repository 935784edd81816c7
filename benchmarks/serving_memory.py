"""Memory of `blemish serve` and its children while thousands of pictures are kept and looked at.

    python benchmarks/serving_memory.py [--count 5000] [--smallest 300] [--largest 900]

Sends pictures of many sizes (cut-outs of drawn wafers, no two alike) in 20 lots, waits after each
until the model has looked at all of it, and reads a few pages as a reviewer would. The resident
sizes of the server and of the processes that it started are summed ten times a second, so what
they share counts twice. Linux only: it reads /proc. Needs the extra [web] and httpx.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import cv2
import httpx
import numpy as np
from memory import resident
from numpy.typing import NDArray
from running_server import serving

from blemish.jobs.synth import SynthSettings, write_drawn


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--smallest", type=int, default=300, help="side in pixels")
    parser.add_argument("--largest", type=int, default=900)
    parser.add_argument("--seed", type=int, default=20261127)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        drawn = write_drawn(SynthSettings(Path(folder) / "drawn", 40, asked.seed))
        wafers = [cv2.imread(str(path)) for path in sorted(drawn.rglob("*.png"))]
        with (
            serving(Path(folder) / "data") as (server, where),
            httpx.Client(base_url=where, timeout=300) as client,
            Sampler(server.pid) as sampler,
        ):
            sides = (asked.smallest, asked.largest)
            lot = max(asked.count // 20, 1)
            for start in range(0, asked.count, lot):
                numbers = range(start, min(start + lot, asked.count))
                keep(client, (cut_out(wafers, number, sides, rng) for number in numbers))
                sampler.done = numbers.stop
                print(f"{numbers.stop} looked at, {sampler.last:.0f} MB", file=sys.stderr)
            page = client.get("/api/v1/pictures", params={"order": "need", "count": 1}).json()
            if page["total"] != asked.count:
                raise SystemExit(f"only {page['total']} of {asked.count} were looked at")
    print(json.dumps(sampler.by_fifths(asked.count) | {"looked_at": page["total"]}))


class Sampler:
    """Reads the memory of a process and its children until the block ends.

    Attributes:
        done: how many pictures have been looked at.
        last: the latest sum in MB.
    """

    def __init__(self, process: int) -> None:
        self.done, self.last = 0, 0.0
        self._process = process
        self._samples: list[tuple[int, float]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.1):
            self.last = sum(resident(one)[0] for one in family(self._process))
            self._samples.append((self.done, self.last))

    def by_fifths(self, count: int) -> dict[str, object]:
        """Give mean and peak in MB of each fifth of the pictures."""
        fifths: list[list[float]] = [[] for _ in range(5)]
        for done, size in self._samples:
            fifths[min(done * 5 // count, 4)].append(size)
        return {
            "peak_mb": round(max(size for _, size in self._samples), 1),
            "mean_mb_by_fifth": [round(float(np.mean(part)), 1) for part in fifths],
            "peak_mb_by_fifth": [round(max(part), 1) for part in fifths],
        }


def family(process: int) -> list[int]:
    """Give a process and those that it started, and so on."""
    found = [process]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, task.read_text(encoding="ascii").split())
            except OSError:
                continue
    return found


def cut_out(
    wafers: list[NDArray[np.uint8]], number: int, sides: tuple[int, int], rng: np.random.Generator
) -> tuple[str, bytes]:
    """Give a name and a PNG file of any width and height between two sides."""
    wafer = wafers[number % len(wafers)]
    height, width = (int(rng.integers(sides[0], sides[1] + 1)) for _ in "hw")
    top = int(rng.integers(0, max(wafer.shape[0] - height, 0) + 1))
    left = int(rng.integers(0, max(wafer.shape[1] - width, 0) + 1))
    pixels = wafer[top : top + height, left : left + width].copy()
    pixels[0, :4, 0] = list(number.to_bytes(4, "big"))
    return f"w{number}.png", cv2.imencode(".png", pixels)[1].tobytes()


def keep(client: httpx.Client, lot: Iterable[tuple[str, bytes]]) -> None:
    """Upload pictures, wait until they are looked at, and read what a reviewer reads."""
    for file in lot:
        answer = client.post("/api/v1/pictures", files={"file": file})
        if answer.status_code != 201:
            raise SystemExit(f"{file[0]}: {answer.status_code} {answer.text}")
    while client.get("/ready").json()["waiting"]:
        time.sleep(0.2)
    last = answer.json()["id"]
    for path in ("/review", f"/review/{last}", f"/api/v1/pictures/{last}/image"):
        client.get(path).raise_for_status()


if __name__ == "__main__":
    main()

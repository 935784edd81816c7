"""How near `blemish find` over a folder comes to what its parts cost, shared among the cores.

    python benchmarks/folder.py [--count 1000] [--distinct 20]

Draws a few wafers of 900 px, copies them to so many, and runs the real command on them with
`--pictures none`. The parts are measured apart, in seconds of the processor: decoding, finding with
one thread (with all, threads that wait are counted too; that is told as well), and writing tables
and page. They are measured before and after the command, so that a machine that drifts drifts for
both. The ratio is the command's time on the clock, with its start, to that of the parts together
divided by the cores.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from blemish.data.huge import open_by_size
from blemish.data.images import Listed, find_pictures
from blemish.jobs.looking import find_in
from blemish.jobs.output import Output
from blemish.jobs.report import report_line
from blemish.jobs.synth import SynthSettings, write_drawn
from blemish.report.tables import ImageRow, finds_coco, finds_csv, images_csv
from blemish.runtime.finder import Finder, open_finder
from blemish.runtime.processor import num_cores, processor_name

ROUNDS = 3  # through the distinct pictures, after one that does not count


def spent(work: Callable[[], Any]) -> float:
    """Give the seconds of the processor that all threads of this process take for a work."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def each(work: Callable[[Listed], Any], listed: Sequence[Listed]) -> float:
    """Give the seconds of the processor a picture."""
    for one in listed:
        work(one)
    return spent(lambda: [work(one) for _ in range(ROUNDS) for one in listed]) / (
        ROUNDS * len(listed)
    )


def parts_of(listed: Sequence[Listed], finders: dict[str, Finder]) -> dict[str, float]:
    """Give the seconds of the processor a picture of decoding and finding."""
    pixels = {one.name: open_by_size(one.path) for one in listed}
    parts = {"decode": each(lambda one: open_by_size(one.path), listed)}
    for name, finder in finders.items():
        parts[name] = each(lambda one, finder=finder: finder.look(pixels[one.name]), listed)
    return parts


def write_tables(out: Path, rows: Sequence[ImageRow], classes: Sequence[str]) -> None:
    """Write what the command writes for its rows, as it does."""
    tables = {
        "finds.csv": finds_csv(rows, classes).encode("utf-8-sig"),
        "images.csv": images_csv(rows).encode("utf-8-sig"),
        "finds.coco.json": finds_coco(rows, classes).encode(),
    }
    Output(out).write_tables(tables)
    report_line(out, "en", lambda done, number: None)


def run(pictures: Path, out: Path) -> float:
    """Run the command and give its seconds on the clock."""
    command = [sys.executable, "-m", "blemish", "find", str(pictures), "--out", str(out)]
    begun = time.perf_counter()
    subprocess.run(  # noqa: S603
        [*command, "--pictures", "none"], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - begun


def copies(drawn: Sequence[Listed], folder: Path, count: int) -> Path:
    """Copy the pictures to so many."""
    folder.mkdir()
    for number in range(count):
        shutil.copyfile(drawn[number % len(drawn)].path, folder / f"{number:05d}.png")
    return folder


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--distinct", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20261122)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawn = write_drawn(SynthSettings(folder / "drawn", asked.distinct, asked.seed))
        listed = find_pictures([drawn])
        pictures = copies(listed, folder / "in", asked.count)
        single = copies(listed, folder / "single", 1)
        finders = {"find": open_finder(threads=1), "find, all threads": open_finder()}
        found = [row for row, _ in find_in(listed, finders["find"])]
        rows = [
            replace(found[number % len(found)], image=f"{number:05d}.png")
            for number in range(asked.count)
        ]
        run(single, folder / "warm")  # the engine is chosen on first use
        before = parts_of(listed, finders)
        wall = run(pictures, folder / "out")
        after = parts_of(listed, finders)
        start = run(single, folder / "start")
        classes = finders["find"].bundle.classes
        write = spent(lambda: write_tables(folder / "out", rows, classes))
    parts = {part: asked.count * (before[part] + after[part]) / 2 for part in before}
    print(json.dumps(told(parts | {"write": write}, wall, start, asked.count), indent=1))


def told(parts: dict[str, float], wall: float, start: float, count: int) -> dict[str, object]:
    """Give what is printed."""
    cores = num_cores()
    rest = parts["decode"] + parts["write"]
    least, with_all = ((rest + parts[name]) / cores for name in ("find", "find, all threads"))
    return {
        "processor": processor_name(),
        "cores": cores,
        "pictures": count,
        "wall_s": round(wall, 2),
        "start_s": round(start, 2),
        "cpu_s": {name: round(seconds, 2) for name, seconds in parts.items()},
        "ratio": round(wall / least, 3),
        "ratio_without_start": round((wall - start) / least, 3),
        "ratio_by_cpu_of_all_threads": round(wall / with_all, 3),
    }


if __name__ == "__main__":
    main()

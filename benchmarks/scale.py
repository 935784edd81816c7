"""How many pictures a second `find --ray local` does with one worker, two, and so on.

    python benchmarks/scale.py [--count 2000] [--distinct 40] [--shard 64] [--workers 1 2]

Draws a few wafers of 900 px, copies them to so many, has Ray look at them with so many workers of
one core, and counts from the first shard that is done to the last; Ray's start is told apart. In
turn with it `find` looks at the same pictures without Ray, with as many threads as the most
workers, counted from the first pictures to the last. Beside that it times what the driver alone
does for a shard: tables, manifest, and having them safe on the disk.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from blemish.data.images import find_pictures
from blemish.jobs.batch import deal_on_ray
from blemish.jobs.find import FindSettings, find_run
from blemish.jobs.manifest import Manifest
from blemish.jobs.many import ManySettings, find_many
from blemish.jobs.shards import Entry, Shard, failed_shard, make_part
from blemish.jobs.synth import SynthSettings, write_drawn

Marks = list[tuple[int, float]]


def rate_of(marks: Marks, first: int) -> float:
    """Give the pictures a second from when so many were done to the last."""
    begun = next(mark for mark in marks if mark[0] >= first)
    return (marks[-1][0] - begun[0]) / max(marks[-1][1] - begun[1], 1e-9)


def on_ray(settings: ManySettings, workers: int) -> tuple[float, float]:
    """Run once on Ray; give the rate, and the seconds to the first shard that is done."""
    begun, marks = time.perf_counter(), Marks()
    deal = partial(deal_on_ray, address="local", num_workers=workers)
    find_many(settings, deal, lambda done, _: marks.append((done, time.perf_counter())))
    return rate_of(marks, 1), next(mark for mark in marks if mark[0])[1] - begun


def without_ray(settings: FindSettings, first: int) -> float:
    """Run once without Ray and give the rate after the first so many pictures."""
    marks = Marks()
    find_run(settings, lambda row, done, _: marks.append((done, time.perf_counter())))
    return rate_of(marks, first)


def driver_milliseconds(folder: Path, shard: int, count: int = 50) -> float:
    """Give what the driver does for one shard of that many pictures."""
    entries = tuple(Entry(f"w{number}.png", f"w{number}.png") for number in range(shard))
    manifest = Manifest.begin(folder, {}, entries)
    times = []
    for number in range(count):
        one = Shard(number, entries)
        begun = time.perf_counter()
        manifest.add(one, make_part(one, failed_shard(one, "not looked at"), ("defect",), "csv"))
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--distinct", type=int, default=40)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--shard", type=int, default=64)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawn = write_drawn(SynthSettings(folder / "drawn", asked.distinct, asked.seed))
        kinds = find_pictures([drawn])
        pictures = folder / "in"
        pictures.mkdir()
        for number in range(asked.count):
            place = kinds[number % len(kinds)].path
            shutil.copy(place, pictures / f"w{number:06}{place.suffix}")
        find = FindSettings((pictures,), folder / "out", pictures="none", threads=1)
        rates: dict[str, list[float]] = {}
        starts = []
        for turn in range(asked.rounds):
            for workers in asked.workers:
                out = folder / f"ray {turn} {workers}"
                many = ManySettings(replace(find, out=out), (str(pictures),), asked.shard)
                rate, start = on_ray(many, workers)
                rates.setdefault(f"{workers} on Ray", []).append(rate)
                starts.append(start)
            threads = max(asked.workers)
            local = replace(find, out=folder / f"local {turn}", threads=threads)
            rate = without_ray(local, asked.shard)
            rates.setdefault(f"{threads} threads without", []).append(rate)
        milliseconds = driver_milliseconds(folder / "driver", asked.shard)
    told = {name: [round(one, 2) for one in some] for name, some in rates.items()}
    print(
        json.dumps(
            {
                "pictures": asked.count,
                "shard": asked.shard,
                "pictures_a_second": told,
                "start_seconds": round(statistics.median(starts), 1),
                "driver_ms_a_shard": round(milliseconds, 1),
            }
        )
    )


if __name__ == "__main__":
    main()

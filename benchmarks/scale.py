"""How many pictures a second `find --ray local` does with one worker, two, and so on.

    python benchmarks/scale.py [--count 400] [--shard 16] [--workers 1 2]

Draws wafers of 900 px, has Ray look at them with so many workers of one core, and counts from the
first shard that is done to the last, so that Ray's start is not in it. Beside that it times what
the driver alone does for a shard: tables, manifest, and having them safe on the disk.
"""

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from blemish.jobs.batch import deal_on_ray
from blemish.jobs.find import FindSettings
from blemish.jobs.manifest import Manifest
from blemish.jobs.many import ManySettings, find_many
from blemish.jobs.shards import Entry, Shard, failed_shard, make_part
from blemish.jobs.synth import SynthSettings, write_drawn


def pictures_a_second(settings: ManySettings, workers: int) -> float:
    """Run once and give the rate."""
    marks: list[tuple[int, float]] = []
    deal = partial(deal_on_ray, address="local", num_workers=workers)
    find_many(settings, deal, lambda done, _: marks.append((done, time.perf_counter())))
    begun = next(mark for mark in marks if mark[0])
    return (marks[-1][0] - begun[0]) / max(marks[-1][1] - begun[1], 1e-9)


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
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--shard", type=int, default=16)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = write_drawn(SynthSettings(folder / "in", asked.count, asked.seed))
        find = FindSettings((), folder / "out", threads=1)
        settings = ManySettings(find, (str(pictures),), asked.shard)
        rates = {}
        for workers in asked.workers:
            out = replace(find, out=folder / f"out {workers}")
            rates[workers] = round(pictures_a_second(replace(settings, find=out), workers), 2)
        milliseconds = driver_milliseconds(folder / "driver", asked.shard)
    print(
        json.dumps(
            {
                "pictures": asked.count,
                "shard": asked.shard,
                "pictures_a_second_by_workers": rates,
                "driver_ms_a_shard": round(milliseconds, 1),
            }
        )
    )


if __name__ == "__main__":
    main()

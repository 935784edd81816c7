"""Measure repeats on random lots: planted places found, and false ones where there are none.

    python benchmarks/repeats.py --lots 400 --seed 20261127

Lots of 12 wafers of 150 mm with 5 random finds each. Planted: a place on 3 of them, 0.5 mm of
scatter along x and along y. A place counts as found if a repeat lies within 2 mm of it and bears
two of its wafers or more. Laws: finds spread evenly; three of five in the outermost tenth of the
radius; nine of ten in one half; crowds of 10 to 60 finds on two wafers of five; evenly, with one
more place on all wafers, which is not counted.
"""

import argparse
import json

import numpy as np
from numpy.typing import NDArray

from blemish.core.exact import count_interval, share_interval
from blemish.core.scan import Meeting
from blemish.wafer.repeats import RepeatWishes, find_repeats
from blemish.wafer.stack import Stack

Doubles = NDArray[np.float64]
RADIUS = 75.0
NUM_WAFERS, PLANTED, SCATTER, NEAR = 12, 3, 0.5, 2.0
LAWS = ("even", "edge ring", "one side", "crowds", "strong place")


def draw_wafer(rng: np.random.Generator, law: str, count: int) -> Doubles:
    """Give the finds (N, 2) of a wafer in mm."""
    low = np.where(rng.random(count) < 0.6, 0.81, 0.0) if law == "edge ring" else 0.0
    radius = RADIUS * np.sqrt(low + (1 - low) * rng.random(count))
    angle = 2 * np.pi * rng.random(count)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    if law == "one side":
        left = rng.random(count) < 0.8
        points[left, 0] = -np.abs(points[left, 0])
    if law == "crowds" and rng.random() < 0.4:
        middle = draw_wafer(rng, "even", 1)
        points = np.concatenate([points, middle + rng.normal(0, 2, (rng.integers(10, 60), 2))])
    return points[np.hypot(*points.T) <= RADIUS]


def stack_of(wafers: list[Doubles]) -> Stack:
    owners = np.repeat(np.arange(len(wafers)), [len(points) for points in wafers])
    return Stack(2 * RADIUS, (), np.concatenate(wafers), owners, (), owners, ())


def is_found(repeats: list[Meeting], place: Doubles, wafers: set[int]) -> bool:
    return any(
        np.hypot(*(one.place - place)) <= NEAR and len(wafers & set(one.groups.tolist())) >= 2
        for one in repeats
    )


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lots", type=int, default=400)
    parser.add_argument("--count", type=int, default=5, help="random finds a wafer")
    parser.add_argument("--seed", type=int, default=20261127)
    asked = parser.parse_args()
    numbers = {}
    for number, law in enumerate(LAWS):
        rng = np.random.default_rng([asked.seed, number])
        false, found = 0, 0
        for _ in range(asked.lots):
            wafers = [draw_wafer(rng, law, asked.count) for _ in range(NUM_WAFERS)]
            strong = draw_wafer(rng, "even", 1)[0]
            if law == "strong place":
                marks = [strong + rng.normal(0, SCATTER, (1, 2)) for _ in wafers]
                wafers = [np.concatenate(pair) for pair in zip(wafers, marks, strict=True)]
            told = find_repeats(stack_of(wafers), RepeatWishes())
            aside = [one for one in told if np.hypot(*(one.place - strong)) > NEAR]
            false += len(aside if law == "strong place" else told)
            place = draw_wafer(rng, "even", 1)[0]
            bearing = rng.choice(NUM_WAFERS, PLANTED, replace=False)
            for wafer in bearing:
                mark = place + rng.normal(0, SCATTER, (1, 2))
                wafers[wafer] = np.concatenate([wafers[wafer], mark])
            repeats = find_repeats(stack_of(wafers), RepeatWishes())
            found += is_found(repeats, place, set(bearing.tolist()))
        ends = [100 * end / asked.lots for end in count_interval(false)]
        numbers[law] = {
            "planted places found": round(found / asked.lots, 4),
            "95 %": [round(end, 3) for end in share_interval(found, asked.lots)],
            "false repeats in 100 lots": round(100 * false / asked.lots, 2),
            "of these, 95 %": [round(end, 2) for end in ends],
        }
    print(json.dumps({"lots": asked.lots, "finds a wafer": asked.count} | numbers, indent=1))


if __name__ == "__main__":
    main()

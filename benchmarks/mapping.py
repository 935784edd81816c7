"""Measure pixels to millimetres on drawn wafers: how far points, and flats or notches, are off.

    python benchmarks/mapping.py --count 200 --seed 20261122

Wafers whose disc is wholly in the frame, 70 to 100 % of it, any rotation, up to 6 % of tilt. Errors
are in percent of the wafer's diameter, at places spread evenly over the disc.
"""

import argparse
import json
from collections import Counter
from itertools import count

import numpy as np
from numpy.typing import NDArray

from blemish.synth.disc import Disc, draw_disc
from blemish.synth.layout import SIDE
from blemish.synth.wafers import draw_wafer
from blemish.wafer.coordinates import frame_of, mark_toward
from blemish.wafer.outline import find_outline
from blemish.wafer.refine import refine_outline

Doubles = NDArray[np.float64]
NUM_PLACES = 60
GOLDEN = 2.399963  # radians between the seeds of a sunflower, which lie evenly


def wholly_seen(seed: int, count_wanted: int) -> list[int]:
    """Give the numbers of the first wafers whose disc is wholly in the frame."""
    found: list[int] = []
    numbers = count()
    while len(found) < count_wanted:
        index = next(numbers)
        # A wafer's disc is the first that is drawn from its generator.
        disc = draw_disc(np.random.default_rng([seed, index, 0]), SIDE)
        if disc.has_edge:
            rim = np.array([disc.rim_point(turn) for turn in np.linspace(0, 2 * np.pi, 360)])
            if rim.min() >= 0 and rim.max() <= SIDE:
                found.append(index)
    return found


def true_places(disc: Disc) -> tuple[Doubles, Doubles]:
    """Give places (N, 2) in radii, y up and the mark down, and where they are in the picture."""
    reach, turn = np.sqrt(np.linspace(0.01, 0.99, NUM_PLACES)), np.arange(NUM_PLACES) * GOLDEN
    # Directions in the picture's frame of the unit disc, y down.
    unit = np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)
    frame = rotation(disc.turn)
    stretch = frame @ np.diag([disc.radius, disc.radius * disc.squeeze]) @ frame.T
    pixels = unit @ stretch.T + [disc.x, disc.y]
    upright = unit * [1, -1]
    # The mark, at -mark_angle once y is up, comes to lie down, at -90 degrees.
    return upright @ rotation(disc.mark_angle - np.pi / 2).T, pixels


def rotation(turn: float) -> Doubles:
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])


def toward_of(disc: Disc) -> Doubles:
    """Give the true direction (2,) in pixels of the mark."""
    frame = rotation(disc.turn)
    stretch = frame @ np.diag([1, disc.squeeze]) @ frame.T
    return np.asarray(stretch @ [np.cos(disc.mark_angle), np.sin(disc.mark_angle)])


def spread(errors: list[Doubles], digits: int = 4) -> dict[str, float]:
    values = np.abs(np.concatenate(errors)) if errors else np.full(1, np.nan)
    ranks = {"median": 50, "p95": 95, "p99": 99, "max": 100}
    return {name: round(float(np.percentile(values, rank)), digits) for name, rank in ranks.items()}


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261122)
    asked = parser.parse_args()
    before: list[Doubles] = []
    given: list[Doubles] = []
    found: list[Doubles] = []
    angles: dict[str, list[Doubles]] = {"flat": [], "notch": []}
    kinds: Counter[str] = Counter()
    for index in wholly_seen(asked.seed, asked.count):
        wafer = draw_wafer(asked.seed, index)
        places, pixels = true_places(wafer.disc)
        outline = find_outline(wafer.pixels)
        if outline is None:
            kinds["no disc found"] += 1
            continue
        refined = refine_outline(wafer.pixels, outline)
        if not refined.clear:
            kinds["said to be rough"] += 1
            continue
        toward = toward_of(wafer.disc)
        for errors, rim in ((before, outline), (given, refined.outline)):
            frame = frame_of(rim, 100.0, toward, "down")
            errors.append(np.hypot(*(frame.to_mm(pixels) - places * 50).T))
        mark = refined.outline.mark
        kinds[f"{wafer.disc.mark} taken for {mark.kind}"] += 1
        if mark.kind == wafer.disc.mark and mark.kind != "none":
            frame = frame_of(refined.outline, 100.0, mark_toward(refined.outline), "down")
            found.append(np.hypot(*(frame.to_mm(pixels) - places * 50).T))
            direction = refined.outline.mark_direction()
            off = np.arctan2(direction[1], direction[0]) - wafer.disc.mark_angle
            angles[mark.kind].append(np.rad2deg([(off + np.pi) % (2 * np.pi) - np.pi]))
    numbers = {
        "wafers": asked.count,
        "percent of the diameter, as the search finds the disc, rotation given": spread(before),
        "percent of the diameter, rotation given": spread(given),
        "percent of the diameter, rotation from the mark": spread(found),
        "degrees, flat": spread(angles["flat"], 3),
        "degrees, notch": spread(angles["notch"], 3),
        "marks": dict(sorted(kinds.items())),
    }
    print(json.dumps(numbers, indent=1))


if __name__ == "__main__":
    main()

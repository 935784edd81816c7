"""How near the sizes in millimetres come: what is seen of drawn marks against what is measured.

    python benchmarks/extents.py [--count 100] [--seed 20261128]

Measured is in the labels' boxes, so what a model adds to a box is not in it. Printed is a row for
each band of strength: marks, the true longer side, how far boxes and measured extents are from it
(px, mean of the absolute error, median, and its 10 and 90 % quantiles), and the milliseconds each.
"""

import argparse
import itertools
import math
from time import perf_counter

import numpy as np

from blemish.synth import wafers
from blemish.synth.strength import LABEL_STRENGTH
from blemish.wafer.extents import IsGround, mark_extents
from blemish.wafer.placing import WITHIN

BANDS = (LABEL_STRENGTH, 10, 30, 100, math.inf)


def ground_of(disc: wafers.Disc) -> IsGround:
    """Tell which pixels of a drawn wafer lie on it, and not on its rim."""
    if not math.isfinite(disc.radius):
        return lambda points: np.ones(len(points), bool)
    cos, sin = math.cos(disc.turn), math.sin(disc.turn)
    turn = np.array([[cos, sin], [-sin, cos]])
    shape = np.diag([1, 1 / disc.squeeze]) @ turn / disc.radius
    centre = np.array([disc.x, disc.y])
    return lambda points: np.hypot(*((points - centre) @ shape.T).T) <= WITHIN


def longer(boxes: np.ndarray) -> np.ndarray:
    """Give the longer side of boxes (N, 4)."""
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).max(axis=1))


def main() -> None:
    """Draw, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20261128)
    asked = parser.parse_args()
    truths: list[np.ndarray] = []
    boxing = wafers._box

    def note(rng: np.random.Generator, extent: np.ndarray) -> np.ndarray:
        truths.append(np.array(extent))
        return np.asarray(boxing(rng, extent))

    wafers._box = note  # type: ignore[assignment]
    rows, took = [], 0.0
    for index in range(asked.count):
        truths.clear()
        one = wafers.draw_wafer(asked.seed, index)
        boxes, begun = one.defects.boxes, perf_counter()
        measured = mark_extents(one.pixels, boxes, ground_of(one.disc))
        took += perf_counter() - begun
        true = longer(np.array(truths).reshape(-1, 4))
        rows.append(np.stack([one.strength, true, longer(boxes), longer(measured)], axis=1))
    strength, true, boxes, measured = np.concatenate(rows).T
    print(f"{1000 * took / len(true):.2f} ms a find")
    for low, high in itertools.pairwise(BANDS):
        here = (strength >= low) & (strength < high)
        print(f"strength {low:g} to {high:g}: {here.sum()} marks of {np.median(true[here]):.0f} px")
        for name, found in (("box", boxes), ("seen", measured)):
            off = (found - true)[here]
            quantiles = np.quantile(off, (0.5, 0.1, 0.9)).round(1).tolist()
            print(f"  {name}: off by {np.abs(off).mean():.1f}, median and quantiles {quantiles}")


if __name__ == "__main__":
    main()

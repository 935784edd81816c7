"""Lots of wafers with finds at random, by several laws, and places that come back planted."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]
Law = Callable[[np.random.Generator, int], Doubles]

RADIUS = 75.0


def from_polar(radius: Doubles, angle: Doubles) -> Doubles:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def even(rng: np.random.Generator, count: int) -> Doubles:
    return from_polar(RADIUS * np.sqrt(rng.random(count)), 2 * np.pi * rng.random(count))


def edge_ring(rng: np.random.Generator, count: int) -> Doubles:
    """Three of five finds in the outermost tenth of the radius."""
    low = np.where(rng.random(count) < 0.6, 0.81, 0.0)
    radius = RADIUS * np.sqrt(low + (1 - low) * rng.random(count))
    return from_polar(radius, 2 * np.pi * rng.random(count))


def one_side(rng: np.random.Generator, count: int) -> Doubles:
    """Nine of ten finds in the left half."""
    points = even(rng, count)
    left = rng.random(count) < 0.8
    points[left, 0] = -np.abs(points[left, 0])
    return points


def scratched(rng: np.random.Generator, count: int) -> Doubles:
    """Even, and on two wafers of five a crowd of 10 to 60 finds of its own, 2 mm wide."""
    points = even(rng, count)
    if rng.random() < 0.4:
        crowd = rng.normal(0, 2, (rng.integers(10, 60), 2))
        points = np.concatenate([points, even(rng, 1) + crowd])
    return points[np.hypot(*points.T) < RADIUS]


LAWS: dict[str, Law] = {
    "even": even,
    "edge ring": edge_ring,
    "one side": one_side,
    "scratched": scratched,
}


def draw_lot(
    rng: np.random.Generator, law: Law, num_wafers: int = 12, count: int = 5
) -> tuple[Doubles, Whole]:
    """Give the points of a lot and the wafer of each."""
    wafers = [law(rng, count) for _ in range(num_wafers)]
    owners = np.repeat(np.arange(num_wafers), [len(points) for points in wafers])
    return np.concatenate(wafers), owners


def plant(
    rng: np.random.Generator, points: Doubles, owners: Whole, on: int, scatter: float = 0.5
) -> tuple[Doubles, Whole, Doubles]:
    """Add a place on ``on`` wafers; gives it as well. The added points are the last."""
    place = even(rng, 1)[0] * 0.98
    wafers = np.sort(rng.choice(owners.max() + 1, on, replace=False))
    added = place + rng.normal(0, scatter, (on, 2))
    return np.concatenate([points, added]), np.concatenate([owners, wafers]), place


FINDS = (
    *("image", "x1", "y1", "x2", "y2", "score", "label"),
    *("x_mm", "y_mm", "radius_mm", "angle_deg", "die_x", "die_y"),
)
IMAGES = (
    *("image", "width", "height", "num_finds", "status", "milliseconds", "error"),
    *("num_outside", "wafer_diameter", "scale", "num_excluded", "mark", "mark_angle"),
)


def write_run(
    folder: Path, wafers: Sequence[tuple[str, Sequence[tuple[float, float]]]], **more: str
) -> Path:
    """Write the tables as `find` does: the name of each wafer with its places in mm.

    Boxes are 30 px wide on wafers of 800 px and 150 mm, in pictures of 900 px. ``more`` are
    further columns of `images.csv`, values with blanks between.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = {name: values.split() for name, values in more.items()}
    with (folder / "finds.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(FINDS)
        for name, places in wafers:
            for x, y in places:
                middle = (450 + x * 800 / 150, 450 - y * 800 / 150)
                box = [f"{side:.2f}" for side in (*np.subtract(middle, 15), *np.add(middle, 15))]
                rest = [f"{np.hypot(x, y):.4f}", f"{np.rad2deg(np.arctan2(y, x)) % 360:.3f}"]
                rows.writerow([name, *box, "0.9", "error", f"{x:.4f}", f"{y:.4f}", *rest, "", ""])
    with (folder / "images.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*IMAGES, *columns])
        for at, (name, places) in enumerate(wafers):
            status = "defective" if places else "clean"
            row = [name, 900, 900, len(places), status, "20.0", "", 0, "800.0", 1, 0, "flat", 270]
            rows.writerow([*row, *(values[at] for values in columns.values())])
    (folder / "run.json").write_text('{"wafer": {"diameter": 150.0}}', encoding="utf-8")
    return folder

"""Pictures with planted answers: round dots on a quiet, noisy ground."""

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.training.batches import Labelled, Source

TINY_NET = {
    "kind": "centernet",
    "widths": [8, 16, 16, 16, 16],
    "blocks": [0, 0, 0, 0],
    "pyramid": 16,
    "head": 16,
}
SIDE = 128
GROUND = 90


def dot_picture(
    dots: list[tuple[float, float, float]], side: int = SIDE, noise: float = 2.0, seed: int = 0
) -> NDArray[np.uint8]:
    """Draw bright dots (x, y, radius), in half-open coordinates, smooth to a tenth of a pixel."""
    y, x = np.mgrid[:side, :side].astype(np.float64) + 0.5
    picture = np.full((side, side), float(GROUND))
    for cx, cy, radius in dots:
        picture += 120 * np.clip(radius + 0.5 - np.hypot(x - cx, y - cy), 0, 1)
    grain = np.random.default_rng(seed).normal(0, noise, (side, side, 3)) if noise else 0
    return np.clip(np.rint(picture[..., None] + np.zeros(3) + grain), 0, 255).astype(np.uint8)


def dot_boxes(dots: list[tuple[float, float, float]]) -> NDArray[np.float32]:
    """Give the boxes around dots, with 6 px of room."""
    rows = [(x - r - 6, y - r - 6, x + r + 6, y + r + 6) for x, y, r in dots]
    return np.array(rows, np.float32).reshape(-1, 4)


def planted(seed: int, index: int, side: int = SIDE) -> Labelled:
    """Draw picture `index` of a seed: one to three dots that do not touch."""
    generator = np.random.default_rng((seed, index))
    places = generator.permutation(9)[: 1 + int(generator.integers(3))]
    step = side / 3
    dots = [
        (
            float((place % 3 + 0.5) * step + generator.uniform(-6, 6)),
            float((place // 3 + 0.5) * step + generator.uniform(-6, 6)),
            float(generator.uniform(3, 6)),
        )
        for place in places
    ]
    pixels = dot_picture(dots, side, seed=index)
    return Labelled(pixels, Defects.of(dot_boxes(dots)), np.full(len(dots), 50, np.float32))


def planted_source(count: int = 16, seed: int = 0) -> Source:
    """Give planted pictures as a source of crops."""
    pictures = [planted(seed, index) for index in range(count)]
    return Source(pictures.__getitem__, lambda: count)


def write_dataset(folder: Path, count: int = 12, name: str = "dot") -> Path:
    """Write planted pictures with a keras-retinanet table, the last one clean."""
    folder.mkdir(parents=True)
    rows: list[tuple[object, ...]] = []
    for index in range(count):
        picture = planted(5, index)
        file = f"p{index}.png"
        if index == count - 1:
            rows.append((file, "", "", "", "", ""))
            pixels = dot_picture([], seed=index)
        else:
            pixels = picture.pixels
            boxes = np.clip(np.rint(picture.defects.boxes), 0, SIDE).astype(int).tolist()
            rows += [(file, *box, name) for box in boxes]
        cv2.imwrite(str(folder / file), np.ascontiguousarray(pixels[..., ::-1]))
    with (folder / "annotations.csv").open("w", newline="") as table:
        csv.writer(table).writerows(rows)
    return folder

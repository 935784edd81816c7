"""`find` on one huge 16-bit TIFF with planted marks: memory, marks, double counts, time.

    python benchmarks/huge.py [--side 20000] [--marks 500] [--threads 2] [--precision float32]

Draws the TIFF tile by tile (tiles of 256 px, deflate), runs the real command on it, and looks at a
window of 900 px around each mark by itself for comparison. Linux only: it reads /proc.

What is printed: the peak memory of the command; how many marks it found, and of those that the
window around them shows, how many it missed; finds that share a mark; milliseconds a megapixel,
from the file to finds, of the huge picture and of a file of 900 px of the same kind (its decoding
and the search for a wafer apart, and the rest alone).
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from memory import resident

import blemish
from blemish.core.boxes import box_centres
from blemish.data.images import open_picture

TILE, WINDOW, APART, MARGIN = 256, 900, 90, 40
NOISE = 2.0  # grey levels of 8 bits, as is all below


def stored(asked: argparse.Namespace) -> dict[str, Any]:
    """Give how the pictures are stored."""
    return {"tile": (TILE, TILE), "compression": asked.compression}


def plant(side: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """Give places x, y, radii and contrasts (N, 4), no two marks nearer than `APART`."""
    marks: list[list[float]] = []
    cells: dict[tuple[int, int], list[float]] = {}
    while len(marks) < count:
        x, y = generator.uniform(MARGIN, side - MARGIN, 2)
        column, row = int(x // APART), int(y // APART)
        near = (cells.get((column + i, row + j)) for i in (-1, 0, 1) for j in (-1, 0, 1))
        if all(other is None or np.hypot(x - other[0], y - other[1]) >= APART for other in near):
            contrast = generator.choice([-1, 1]) * generator.uniform(15, 45)
            cells[column, row] = [x, y, generator.uniform(3, 9), contrast]
            marks.append(cells[column, row])
    return np.array(marks)


def draw_tile(top: int, left: int, marks: np.ndarray, seed: int) -> np.ndarray:
    """Give a tile (TILE, TILE) uint16: slow ground, soft marks, noise."""
    y, x = np.mgrid[top : top + TILE, left : left + TILE].astype(np.float32) + 0.5
    values = 120 + 20 * np.sin(x / 1900) + 15 * np.cos(y / 1500)
    middle = np.array([left, top]) + TILE / 2
    near = (np.abs(marks[:, :2] - middle) < TILE / 2 + 50).all(axis=1)
    for at_x, at_y, radius, contrast in marks[near]:
        square = (x - at_x) ** 2 + (y - at_y) ** 2
        values += contrast * np.exp(-square / (2 * radius**2))
    values += np.random.default_rng((seed, top, left)).normal(0, NOISE, values.shape)
    return (values * 257).clip(0, 65535).astype(np.uint16)


def draw_tiles(side: int, marks: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Yield the tiles of the picture row by row."""
    for top in range(0, side, TILE):
        for left in range(0, side, TILE):
            yield draw_tile(top, left, marks, seed)


def draw_window(left: int, top: int, marks: np.ndarray, seed: int) -> np.ndarray:
    """Give the picture's values in a window, (WINDOW, WINDOW) uint16."""
    first_row, first_column = top // TILE * TILE, left // TILE * TILE
    rows = [
        np.hstack([draw_tile(y, x, marks, seed) for x in range(first_column, left + WINDOW, TILE)])
        for y in range(first_row, top + WINDOW, TILE)
    ]
    y, x = top - first_row, left - first_column
    return np.vstack(rows)[y : y + WINDOW, x : x + WINDOW]


def find(path: Path, out: Path, words: list[str]) -> tuple[float, float, np.ndarray]:
    """Run the command; give its peak memory in MB, its milliseconds and the boxes."""
    command = [sys.executable, "-m", "blemish", "find", str(path), "--out", str(out)]
    peak = 0.0
    with subprocess.Popen([*command, *words], stdout=subprocess.DEVNULL) as run:  # noqa: S603
        while run.poll() is None:
            peak = max(peak, resident(run.pid)[1])
            time.sleep(0.05)
    (row,) = csv.DictReader((out / "images.csv").read_text("utf-8-sig").splitlines())
    finds = csv.DictReader((out / "finds.csv").read_text("utf-8-sig").splitlines())
    boxes = [[float(one[name]) for name in ("x1", "y1", "x2", "y2")] for one in finds]
    return peak, float(row["milliseconds"]), np.array(boxes, np.float32).reshape(-1, 4)


def hits(boxes: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Give how many boxes have their centre within 15 px of each mark."""
    centres = box_centres(boxes)
    near = [np.hypot(*(centres - mark[:2]).T) < 15 for mark in marks]
    return np.array([int(one.sum()) for one in near])


def look_around(
    folder: Path, marks: np.ndarray, asked: argparse.Namespace
) -> tuple[np.ndarray, dict[str, float]]:
    """Look at a file of a window around each mark; give whether it is found, and milliseconds."""
    finder = blemish.open_finder(precision=asked.precision, threads=asked.threads)
    whole = replace(finder, region="whole")
    found, times = [], []
    for number, mark in enumerate(marks):
        left, top = (int(np.clip(place - WINDOW / 2, 0, asked.side - WINDOW)) for place in mark[:2])
        path = folder / f"window-{number}.tif"
        tifffile.imwrite(path, draw_window(left, top, marks, asked.seed), **stored(asked))
        begun = time.perf_counter()
        pixels = open_picture(path)
        read = time.perf_counter()
        defects = finder(pixels)
        done = time.perf_counter()
        whole(pixels)
        alone = time.perf_counter() - done
        times.append([done - begun, read - begun, alone])
        found.append(hits(defects.boxes + np.array([left, top] * 2), mark[None])[0] > 0)
    middle = np.median(times[1:] or times, axis=0) * 1000 / (WINDOW**2 / 1e6)
    names = ("file_to_finds", "decoding", "pixels_to_finds_without_a_wafer")
    return np.array(found), {
        name: round(float(one), 1) for name, one in zip(names, middle, strict=True)
    }


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=20_000)
    parser.add_argument("--marks", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--compression", default="deflate")
    asked = parser.parse_args()
    marks = plant(asked.side, asked.marks, np.random.default_rng(asked.seed))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "huge.tif"
        tiles = draw_tiles(asked.side, marks, asked.seed)
        shape = (asked.side, asked.side)
        tifffile.imwrite(path, tiles, shape=shape, dtype=np.uint16, bigtiff=True, **stored(asked))
        words = ["--precision", asked.precision, "--threads", str(asked.threads)]
        peak, milliseconds, boxes = find(path, Path(folder) / "out", words)
        alone, milliseconds_alone = look_around(Path(folder), marks, asked)
    each = hits(boxes, marks)
    print(
        json.dumps(
            {
                "side": asked.side,
                "marks": len(marks),
                "found": int((each > 0).sum()),
                "found_in_a_window_of_their_own": int(alone.sum()),
                "missed_of_those": int((alone & (each == 0)).sum()),
                "found_twice": int((each > 1).sum()),
                "false_finds": int(len(boxes) - each.sum()),
                "peak_mb": round(peak, 1),
                "ms_a_megapixel": round(milliseconds / (asked.side**2 / 1e6), 1),
                "ms_a_megapixel_at_900_px": milliseconds_alone,
            }
        )
    )


if __name__ == "__main__":
    main()

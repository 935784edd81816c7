"""How large the report page of many wafers is, and how long it takes to make.

    python benchmarks/report.py [--count 500] [--drawn 50]

Draws some wafers of 900 px with marks, of which the others are quarter turns, and writes what a
run of `find` leaves whose finds are the drawn marks: tables, record, drawn copies and closeups; no
net is asked. Then the page is made from that, as `find` and `report` make it.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from blemish.core.boxes import box_centres
from blemish.core.defects import Defects
from blemish.data.images import write_picture
from blemish.jobs.closeups import keep_found
from blemish.jobs.output import Output
from blemish.jobs.report import write_report
from blemish.report.draw import draw_finds
from blemish.report.tables import ImageRow, finds_csv, images_csv
from blemish.synth.wafers import Wafer, draw_wafer
from blemish.wafer.coordinates import WaferFrame
from blemish.wafer.placing import Placement

MILLIMETRES = 150.0
FRAME = WaferFrame(np.array([450.0, 450.0]), np.diag([1.0, -1.0]) * MILLIMETRES / 800, MILLIMETRES)


def turned(wafer: Wafer, turns: int) -> tuple[np.ndarray, Defects]:
    """Give a wafer's pixels and marks after some quarter turns, with scores made up."""
    pixels, boxes = wafer.pixels, wafer.defects.boxes
    for _ in range(turns):
        side = pixels.shape[1]
        pixels = np.rot90(pixels)
        boxes = np.stack([boxes[:, 1], side - boxes[:, 2], boxes[:, 3], side - boxes[:, 0]], axis=1)
    scores = np.linspace(0.95, 0.4, len(boxes))
    return np.ascontiguousarray(pixels), Defects.of(boxes, wafer.defects.labels, scores)


def write_result(folder: Path, count: int, drawn: int) -> int:
    """Write a result of that many wafers and give the number of finds."""
    (folder / "pictures").mkdir(parents=True)
    output = Output(folder)
    seeds, wafers, rows, copies = iter(range(100 * drawn)), [], [], {}
    while len(wafers) < drawn:
        wafer = draw_wafer(20261122, next(seeds), number=6)
        wafers += [wafer] if len(wafer.defects) else []
    for at in range(count):
        pixels, finds = turned(wafers[at % drawn], at // drawn % 4)
        points = FRAME.to_mm(box_centres(finds.boxes))
        sizes = FRAME.sizes(finds.boxes)
        place = Placement(FRAME, "flat", 270.0, points, sizes, None, 57.5, 0, "")
        name = f"w{at:04d}"
        row = ImageRow(f"{name}.png", 900, 900, "defective", finds, 50.0)
        rows.append(replace(row, wafer_diameter=800.0, placement=place))
        copies[row.image] = f"pictures/{name}.jpg"
        write_picture(folder / copies[row.image], draw_finds(pixels, finds, ("defect",)))
        output.drawn.append(copies[row.image])
        keep_found(output, copies[row.image], row, pixels, ("defect",))
    facts = {"copies": copies, "wafer": {"diameter": MILLIMETRES, "location": "down"}}
    (folder / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    (folder / "finds.csv").write_text(finds_csv(rows, ("defect",), placed=True), encoding="utf-8")
    (folder / "images.csv").write_text(images_csv(rows, placed=True), encoding="utf-8")
    return sum(len(row.defects) for row in rows)


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--drawn", type=int, default=50)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "found"
        num_finds = write_result(folder, asked.count, asked.drawn)
        begun, cpu = time.perf_counter(), time.process_time()
        page = write_report(folder)
        seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu
        size = page.stat().st_size
        (folder / "pictures").rename(folder / "away")
        begun = time.perf_counter()
        plain = write_report(folder)
        plain_seconds = time.perf_counter() - begun
        print(
            json.dumps(
                {
                    "wafers": asked.count,
                    "finds": num_finds,
                    "megabytes": round(size / 1e6, 1),
                    "seconds": round(seconds, 1),
                    "cpu_seconds": round(cpu_seconds, 1),
                    "without_pictures_megabytes": round(plain.stat().st_size / 1e6, 1),
                    "without_pictures_seconds": round(plain_seconds, 2),
                }
            )
        )


if __name__ == "__main__":
    main()

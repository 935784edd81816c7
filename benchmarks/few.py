"""What the model in the box is worth as a start, when there are twenty labelled pictures.

    python benchmarks/few.py DATA.json --group lens --out WORK [--half 0] [--draws 5] [--minutes 10]

DATA is COCO whose pictures say which lot they are from. Each draw takes twenty pictures of four
lots, trains for some minutes from the model in the box and from nothing, with the same seed, and
scores both on pictures of other lots. Printed are AP@0.5 of both, and the mean of the paired gain
with its 95 % interval (Student's t over the draws). All classes are one. With `--half` only every
other lot is drawn from, so that what was tuned on the lots of one half is judged on those of the
other. What is finished in WORK is not done again.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

LOTS, PICTURES, TESTED = 4, 20, 100
T_95 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 8: 2.365, 10: 2.262}  # by draws
STARTS = ("default", "nothing")


def blemish(*words: object) -> None:
    """Run the command line; a failure ends all."""
    program = "from blemish.cli import main; main()"
    subprocess.run([sys.executable, "-c", program, *map(str, words)], check=True)  # noqa: S603


def write_part(data: dict[str, Any], images: list[dict[str, Any]], path: Path) -> None:
    """Write some of the pictures, with their labels as one class, as COCO."""
    ids = {image["id"] for image in images}
    labels = [one | {"category_id": 1} for one in data["annotations"] if one["image_id"] in ids]
    part = {"images": images, "annotations": labels, "categories": [{"id": 1, "name": "defect"}]}
    path.write_text(json.dumps(part))


def draw_parts(data: dict[str, Any], group: str, half: int | None, seed: int, folder: Path) -> None:
    """Choose the pictures of a draw: to learn from, and to score on, from other lots."""
    chance = random.Random(seed)
    lots = sorted({image[group] for image in data["images"]})
    lots = lots if half is None else lots[half::2]
    mine = set(chance.sample(lots, LOTS))
    known = [image for image in data["images"] if image[group] in mine]
    other = [image for image in data["images"] if image[group] in set(lots) - mine]
    write_part(data, chance.sample(known, min(PICTURES, len(known))), folder / "learn.json")
    write_part(data, chance.sample(other, min(TESTED, len(other))), folder / "test.json")


def score(folder: Path, start: str, minutes: float, seed: int) -> float:
    """Train, export and evaluate once; give AP@0.5 on the other lots."""
    run, bundle, result = (folder / f"{start}-{name}" for name in ("run", "model", "scores"))
    if not (result / "scores.json").exists():
        cache = ("--cache", folder / "pictures", "--seed", seed)
        plan = ("--minutes", minutes, "--val", 0, "--from", start)
        going = ("--resume",) if (run / "last.pt").exists() else ()
        blemish("train", folder / "learn.json", "--out", run, *plan, *cache, *going)
        if not bundle.exists():
            pictures = ("--pictures", folder / "images", "--threshold", 0.3)
            blemish("export", run, "--out", bundle, *pictures)
        whole = ("--split", "all", "--region", "whole", "--pictures", "none", "--overwrite")
        blemish("evaluate", bundle, folder / "test.json", "--out", result, *whole)
    return float(json.loads((result / "scores.json").read_text())["mAP"])


def main() -> None:
    """Measure all draws and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--group", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--draws", type=int, default=5, choices=sorted(T_95))
    parser.add_argument("--minutes", type=float, default=10.0)
    asked = parser.parse_args()
    data = json.loads(asked.data.read_text())
    rows: dict[str, list[float]] = {start: [] for start in STARTS}
    for seed in range(asked.draws):
        folder = asked.out / f"draw-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "images").exists():
            (folder / "images").symlink_to((asked.data.parent / "images").resolve())
        draw_parts(data, asked.group, asked.half, seed, folder)
        for start in STARTS:
            rows[start].append(score(folder, start, asked.minutes, seed))
            print(seed, start, rows[start][-1], flush=True)
    gains = [one - other for one, other in zip(rows["default"], rows["nothing"], strict=True)]
    half = T_95[len(gains)] * statistics.stdev(gains) / len(gains) ** 0.5
    middle = statistics.mean(gains)
    print(json.dumps(rows | {"gain": middle, "interval": [middle - half, middle + half]}))


if __name__ == "__main__":
    main()

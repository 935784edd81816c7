"""Score a table of finds on the validation pictures of a prepared data set, as for our own.

    python benchmarks/judge.py PREPARED finds.csv [--one-class]

``finds.csv`` is what `blemish find` writes and the peers' scripts write. Printed are COCO's AP@0.5
and AP@.5:.95 as `blemish evaluate` gives them, and centre-hit recall at 0.1 false finds a picture.
"""

import argparse
import csv
import json
from collections import defaultdict
from pathlib import Path

from blemish.core.defects import Defects
from blemish.core.metrics import (
    Scored,
    average_precision,
    average_precision_over,
    centre_hit_recall,
)
from blemish.data.dataset import read_dataset


def main() -> None:
    """Read, score and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("finds", type=Path)
    parser.add_argument("--one-class", action="store_true")
    asked = parser.parse_args()
    data = read_dataset(asked.data)
    names = ("defect",) if asked.one_class else data.classes
    rows: dict[str, list[tuple[list[float], float, int]]] = defaultdict(list)
    with asked.finds.open(newline="") as file:
        for row in csv.DictReader(file):
            box = [float(row[side]) for side in ("x1", "y1", "x2", "y2")]
            rows[row["image"]].append((box, float(row["score"]), names.index(row["label"])))
    pictures: list[Scored] = []
    for sample in data.samples:
        if sample.part != "val":
            continue
        found = rows[sample.path.relative_to(asked.data.resolve()).as_posix()]
        true = Defects.of(sample.defects.boxes) if asked.one_class else sample.defects
        boxes, scores, kinds = ([one[i] for one in found] for i in range(3))
        pictures.append((Defects.of(boxes, kinds, scores), true, sample.strength == 0))
    point = centre_hit_recall(pictures, 0.1)
    numbers = {
        "pictures": len(pictures),
        "AP50": average_precision(pictures),
        "AP": average_precision_over(pictures),
        "centre_hit_recall": point.recall,
    }
    print(json.dumps(numbers))


if __name__ == "__main__":
    main()

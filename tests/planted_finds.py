"""Finds and true boxes of many pictures, and what another program makes of them."""

import contextlib
import io
import math

import numpy as np

from blemish.core.defects import Defects


def draw_pictures(seed, num_classes=1, num_pictures=12):
    """Pictures whose finds are shaken copies of true boxes and stray ones, scores often equal.

    Whole pixels, so that both programs' arithmetic is exact at every threshold.
    """
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(num_pictures):
        count = rng.integers(0, 7)
        corner = rng.integers(0, 60, (count, 2))
        true = np.hstack([corner, corner + rng.integers(5, 30, (count, 2))])
        labels = rng.integers(0, num_classes, count)
        copies = rng.integers(0, count, rng.integers(0, 9)) if count else np.zeros(0, int)
        found = true[copies] + rng.integers(-3, 4, (len(copies), 4)) * (
            rng.random((len(copies), 4)) < 0.4
        )
        strays = rng.integers(0, 60, (rng.integers(0, 4), 2))
        found = np.vstack([found, np.hstack([strays, strays + rng.integers(5, 30, strays.shape)])])
        found_labels = np.append(labels[copies], rng.integers(0, num_classes, len(strays)))
        wrong = rng.random(len(found)) < 0.1
        found_labels[wrong] = rng.integers(0, num_classes, wrong.sum())
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
        scores = rng.integers(1, 17, len(found)) / 16
        pictures.append(
            (
                Defects.of(found, found_labels, scores),
                Defects.of(true, labels),
                rng.random(count) < rng.choice([0, 0.4]),
            )
        )
    return pictures


def by_pycocotools(pictures, *ious, sizes=(0, 1e5)):
    """The oracle, of marks whose root of the area is in a range.

    Ignored boxes are put outside every range, as crowd boxes overlap otherwise.

    pycocotools overwrites `ignore` by `iscrowd`, and takes a box's `area` as it is written.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def rows(defects):
        for box, label, score in zip(defects.boxes, defects.labels, defects.scores, strict=True):
            x1, y1, x2, y2 = (float(side) for side in box)
            bbox = [x1, y1, x2 - x1, y2 - y1]
            yield {"category_id": int(label), "bbox": bbox, "score": float(score), "iscrowd": 0,
                   "area": bbox[2] * bbox[3]}  # fmt: skip

    true, found = [], []
    for picture, (finds, boxes, ignore) in enumerate(pictures, 1):
        for row, ignored in zip(rows(boxes), ignore, strict=True):
            area = 1e12 if ignored else row["area"]
            true.append(row | {"id": len(true) + 1, "image_id": picture, "area": area})
        found += [row | {"id": len(found) + n, "image_id": picture}
                  for n, row in enumerate(rows(finds), 1)]  # fmt: skip
    base = {
        "images": [{"id": number} for number in range(1, len(pictures) + 1)],
        "categories": [{"id": label, "name": str(label)} for label in range(9)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        sets = []
        for annotations in (true, found):
            coco = COCO()
            coco.dataset = base | {"annotations": annotations}
            coco.createIndex()
            sets.append(coco)
        judge = COCOeval(*sets, "bbox")
        judge.params.iouThrs = np.array(ious)
        judge.params.areaRng = [[sizes[0] ** 2, sizes[1] ** 2]]
        judge.params.areaRngLbl = ["all"]
        judge.params.maxDets = [10_000]
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"]
    precision = precision[precision > -1]
    return precision.mean() if precision.size else math.nan

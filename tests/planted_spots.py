"""Pictures of spots of given strength, with VOC labels as large as the blob finder's boxes."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from blemish.data.labels import PictureLabels
from blemish.data.voc import write_voc
from planted_bundle import HALF_SIDE

SIZE = (240, 160)


def put_steps(
    path: Path, marks: Sequence[int], others: Sequence[int] = (), name: str = "bright"
) -> Path:
    """Write a picture with labelled spots and others, each so many grey levels off the ground."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    boxes = []
    for at, step in enumerate((*marks, *others)):
        x, y = 30 + 45 * at, 50 + 30 * (at % 2)
        pixels[y - 4 : y + 4, x - 4 : x + 4] += np.uint8(step)
        if at < len(marks):
            boxes.append((x - HALF_SIDE, y - HALF_SIDE, x + HALF_SIDE, y + HALF_SIDE))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
    names, ignored = (name,) * len(boxes), [False] * len(boxes)
    labels = PictureLabels.of(path.name, SIZE, boxes, names, ignored=ignored)
    path.with_suffix(".xml").write_text(write_voc(labels), encoding="utf-8")
    return path

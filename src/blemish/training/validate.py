"""How good the net is by now: average precision on pictures it does not learn from."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from blemish.core.boxes import box_iou, nms
from blemish.core.defects import Defects
from blemish.model.centernet import STRIDE
from blemish.model.deploy import pick_peaks
from blemish.training.augment import Pixels
from blemish.training.batches import Labelled

Found = tuple[Defects, Labelled]


def make_finder(
    net: nn.Module, top_k: int = 256, overlap: float = 0.5
) -> Callable[[Pixels], Defects]:
    """Give a function from a whole picture to its finds, best first, of any score."""

    @torch.inference_mode()
    def find(pixels: Pixels) -> Defects:
        height, width = pixels.shape[:2]
        fill = ((0, -height % STRIDE), (0, -width % STRIDE), (0, 0))
        window = torch.from_numpy(np.pad(pixels, fill, mode="edge")[None])
        heat, sides = net(window)
        boxes, scores, labels = (part[0].numpy() for part in pick_peaks(heat, sides, top_k))
        keep = nms(boxes, scores, overlap)
        keep = keep[scores[keep] > 0.01]
        return Defects.of(boxes[keep], labels[keep], scores[keep])

    return find


def validate(net: nn.Module, pictures: Sequence[Labelled]) -> dict[str, float]:
    """Give AP at IoU 0.5 over marks of strength 5 and over those of strength 10."""
    net.eval()
    find = make_finder(net)
    found = [(find(np.asarray(picture.pixels)), picture) for picture in pictures]
    return {"ap50": average_precision(found, 5.0), "ap50_clear": average_precision(found, 10.0)}


def average_precision(found: Sequence[Found], least: float) -> float:
    """Give the area under the precision envelope at IoU 0.5; 0 when there is nothing to find.

    Marks weaker than ``least`` are neither asked for nor held against a find.
    """
    rows = [judge(finds, picture, least) for finds, picture in found]
    scores = np.concatenate([finds.scores for finds, _ in found])
    verdicts = np.concatenate(rows)
    number = sum(int((picture.strength >= least).sum()) for _, picture in found)
    order = np.argsort(-scores, kind="stable")
    verdicts = verdicts[order][verdicts[order] >= 0]
    if number == 0 or len(verdicts) == 0:
        return 0.0
    hits = np.cumsum(verdicts)
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return round(float((envelope * verdicts).sum() / number), 4)


def judge(finds: Defects, picture: Labelled, least: float) -> NDArray[np.int64]:
    """Give 1 for each find that hits a mark first, 0 for a false one, -1 for one to pass over."""
    overlaps = box_iou(finds.boxes, picture.defects.boxes)
    wanted = picture.strength >= least
    free = wanted.copy()
    verdicts = np.zeros(len(finds), np.int64)
    for row in np.argsort(-finds.scores, kind="stable"):
        hits = np.flatnonzero((overlaps[row] >= 0.5) & free)
        if len(hits):
            free[hits[overlaps[row][hits].argmax()]] = False
            verdicts[row] = 1
        elif (overlaps[row][~wanted] >= 0.3).any():
            verdicts[row] = -1
    return verdicts

"""How good the net is by now, on pictures it does not learn from: scores, and its loss."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import torch

from blemish.core.metrics import LOWEST_SCORE, average_precision, centre_hit_recall
from blemish.model.nets import Detector
from blemish.synth.strength import LABEL_STRENGTH
from blemish.training.augment import PLAIN
from blemish.training.batches import Batches, BatchPlan, Labelled, Source
from blemish.training.calibrate import CLEAR, MOST_FALSE, scored
from blemish.training.loop import losses_on
from blemish.training.road import net_finder

NUM_BATCHES = 8  # of the loss, always the same crops


def validate(net: Detector, pictures: Sequence[Labelled]) -> dict[str, float]:
    """Give AP at IoU 0.5 over all labels and over those that stand out, and centre-hit recall.

    The recall is that of all labels at 0.1 false finds a picture. Without labels all are 0.
    """
    finder = net_finder(net, LOWEST_SCORE)
    found = [finder(np.asarray(picture.pixels)) for picture in pictures]
    numbers = {}
    for name, least in (("ap50", LABEL_STRENGTH), ("ap50_clear", CLEAR)):
        rows = [
            scored(finds, picture.defects, picture.strength, least)
            for finds, picture in zip(found, pictures, strict=True)
        ]
        numbers[name] = average_precision(rows)
        if least == LABEL_STRENGTH:
            numbers["recall"] = centre_hit_recall(rows, MOST_FALSE).recall
    return {name: 0.0 if math.isnan(value) else round(value, 4) for name, value in numbers.items()}


@torch.inference_mode()
def validation_loss(
    net: Detector, pictures: Sequence[Labelled], plan: BatchPlan
) -> dict[str, float]:
    """Give the parts of the loss, their names led by `val_`, on crops that are always the same.

    Of a plan of whole pictures every one is looked at.
    """
    if not pictures:
        return {}
    net.eval()
    source = Source(pictures.__getitem__, lambda: len(pictures))
    plain = dataclasses.replace(PLAIN, turned=plan.augment.turned)
    batches = Batches(source, dataclasses.replace(plan, seed=0, augment=plain))
    several = math.ceil(len(pictures) / plan.batch) if plan.whole else NUM_BATCHES
    sums: dict[str, float] = {}
    for number in range(several):
        parts = losses_on(net, batches(number, LABEL_STRENGTH))
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value.item()
    return {f"val_{name}": float(f"{total / several:.5g}") for name, total in sums.items()}

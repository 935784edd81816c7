"""Which of the nets in the box to start from: the one that already finds the labels better."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch

from blemish.core.defects import Defects
from blemish.model.nets import build_net
from blemish.runtime.bundle import default_bundle, read_bundle
from blemish.synth.strength import LABEL_STRENGTH
from blemish.training.augment import PLAIN
from blemish.training.batches import Batches, BatchPlan, Labelled, Source
from blemish.training.machine import CPU
from blemish.training.start import BOXED, take_start
from blemish.training.validate import validate

# So many crops and pixels are looked at, however many pictures there are and however large.
FEWEST, MOST, PIXELS = 8, 64, 64 * 416 * 416


def choose_start(
    pictures: Sequence[Labelled], plan: BatchPlan, device: torch.device = CPU
) -> tuple[str, dict[str, float]]:
    """Give the name of the net in the box to start from, and AP@0.5 of each.

    It is that on crops of the pictures before anything is learned, with all classes taken for
    one, which is what these nets know. Where all are none it is the net that knows more sorts.
    """
    crops = _crops(pictures, plan)
    net = build_net(read_bundle(default_bundle()).net, 1).to(device)
    found = {}
    for name in BOXED:
        take_start(net, name)
        found[name] = validate(net, crops)["ap50"]
    knows_more = list(BOXED)[-1]
    return (max(found, key=found.__getitem__) if any(found.values()) else knows_more), found


def _crops(pictures: Sequence[Labelled], plan: BatchPlan) -> list[Labelled]:
    """Give crops as a run learns from them, but as they were taken: always the same."""
    source = Source(pictures.__getitem__, lambda: len(pictures))
    batches = Batches(source, dataclasses.replace(plan, seed=0, batch=1, augment=PLAIN))
    number = min(max(PIXELS // plan.size**2, FEWEST), MOST)
    cut = [batches(step, LABEL_STRENGTH).crops[0] for step in range(number)]
    return [
        Labelled(
            crop.pixels,
            Defects.of(np.concatenate((crop.boxes, crop.ignored))),
            np.repeat(np.array([np.inf, 0], np.float32), (len(crop.boxes), len(crop.ignored))),
        )
        for crop in cut
    ]

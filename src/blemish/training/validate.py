"""How good the net is by now: average precision on pictures it does not learn from."""

import math
from collections.abc import Sequence

import numpy as np

from blemish.core.metrics import LOWEST_SCORE, average_precision
from blemish.model.centernet import CenterNet
from blemish.synth.strength import LABEL_STRENGTH
from blemish.training.batches import Labelled
from blemish.training.calibrate import CLEAR, scored
from blemish.training.road import net_finder


def validate(net: CenterNet, pictures: Sequence[Labelled]) -> dict[str, float]:
    """Give AP at IoU 0.5 over all labels and over those that stand out; 0 without labels."""
    finder = net_finder(net, LOWEST_SCORE)
    found = [finder(np.asarray(picture.pixels)) for picture in pictures]
    numbers = {}
    for name, least in (("ap50", LABEL_STRENGTH), ("ap50_clear", CLEAR)):
        rows = [
            scored(finds, picture.defects, picture.strength, least)
            for finds, picture in zip(found, pictures, strict=True)
        ]
        value = average_precision(rows)
        numbers[name] = 0.0 if math.isnan(value) else round(value, 4)
    return numbers

"""The one road from pixels to finds with a torch net in the engine's place.

What is measured while training, or compared before an export, is what ships.
"""

from pathlib import Path

import numpy as np
import torch

from blemish import __version__
from blemish.model.deploy import pick
from blemish.model.nets import Detector
from blemish.runtime.bundle import Bundle
from blemish.runtime.engines import Candidates, Engine, Windows
from blemish.runtime.finder import Finder
from blemish.training.machine import device_of

WINDOWS = {"CenterNet": 2048, "RetinaNet": 1024}
"""Pixels: an engine's memory grows with their square, the share that is seen twice with less."""
OVERLAP = 128  # wider than nearly every mark
NMS_IOU = 0.5
TOP_K = {"CenterNet": 256, "RetinaNet": 1000}  # anchors have no peaks: duplicates are many


def draft_bundle(net: Detector) -> Bundle:
    """Give the facts of a net that is not on disk: no path, no threshold, no wafer size."""
    return Bundle(
        path=Path(),
        name="draft",
        blemish=__version__,
        net={},
        classes=(),
        threshold=0.0,
        stride=net.stride,
        window=WINDOWS[type(net).__name__],
        overlap=OVERLAP,
        nms_iou=NMS_IOU,
        top_k=TOP_K[type(net).__name__],
        wafer_diameter=None,
        wafer_range=None,
        precisions={},
    )


def torch_engine(net: Detector, top_k: int) -> Engine:
    """Give an engine that runs the net itself, norms not folded, in float32."""
    net.eval()

    @torch.inference_mode()
    def run(windows: Windows) -> Candidates:
        # Kept pictures are mapped read-only, which torch does not take without a warning.
        outputs = net(torch.from_numpy(np.require(windows, requirements="W")).to(device_of(net)))
        boxes, scores, labels = (part.cpu().numpy() for part in pick(net, outputs, top_k))
        return boxes, scores, labels

    return Engine("torch", "float32", run)


def net_finder(net: Detector, min_score: float) -> Finder:
    """Give a finder that looks at whole pictures as they are, with the net itself."""
    bundle = draft_bundle(net)
    return Finder(bundle, torch_engine(net, bundle.top_k), min_score, "whole", 1.0)

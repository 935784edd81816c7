"""From net to graph: uint8 windows in, the best candidate boxes out."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.model.backbones import fold_norms
from blemish.model.centernet import CELL, STRIDE, CenterNet, sides_to_boxes

NOTHING = -30.0  # a logit whose score is nought to six places
OPSET = 18  # the lowest that the exporter writes without converting afterwards
MOST_WINDOWS, LONGEST_SIDE = 4096, 65536  # the exporter wants bounds; engines do not see them


def pick_peaks(heat: Tensor, sides: Tensor, top_k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Give boxes (N, K, 4), scores (N, K) best first and labels (N, K) of the local maxima.

    A window with fewer cells than ``top_k`` is filled up with rows of score 0.
    """
    num_classes, width = heat.shape[1], heat.shape[3]
    highest = F.max_pool2d(heat, 3, stride=1, padding=1)
    peaks = heat.masked_fill(heat < highest, NOTHING).flatten(1)
    cells = heat.shape[2] * heat.shape[3]
    logits, places = F.pad(peaks, (0, top_k), value=NOTHING).topk(top_k, dim=1)
    plane = places // cells
    cell = places - plane * cells
    labels = plane.clamp(max=num_classes - 1)
    chosen = sides.flatten(2).transpose(1, 2).gather(1, cell.unsqueeze(2).expand(-1, -1, 4))
    row = cell // width
    centres = F.pad((cell - row * width).unsqueeze(2), (0, 1)) + F.pad(row.unsqueeze(2), (1, 0))
    boxes = sides_to_boxes((centres.float() + 0.5) * CELL, chosen)
    return boxes, logits.float().sigmoid(), labels


class Deployed(nn.Module):
    """The net and its peaks in one graph, norms folded."""

    def __init__(self, net: CenterNet, top_k: int) -> None:
        super().__init__()
        self.net = fold_norms(copy.deepcopy(net).eval())
        self.top_k = top_k

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give boxes, scores and labels of windows (N, H, W, 3) uint8; see `pick_peaks`."""
        heat, sides = self.net(images)
        return pick_peaks(heat, sides, self.top_k)


def export_graph(net: CenterNet, top_k: int) -> bytes:
    """Give the ONNX graph of a net for any number of windows of any size, as `Deployed`."""
    example = torch.zeros(2, 2 * STRIDE, 3 * STRIDE, 3, dtype=torch.uint8)
    number = torch.export.Dim("N", min=1, max=MOST_WINDOWS)
    height, width = (torch.export.Dim(n, min=1, max=LONGEST_SIDE // STRIDE) for n in "hw")
    program = torch.onnx.export(
        Deployed(net, top_k).eval(),
        (example,),
        dynamo=True,
        opset_version=OPSET,
        input_names=["images"],
        output_names=["boxes", "scores", "labels"],
        dynamic_shapes=({0: number, 1: STRIDE * height, 2: STRIDE * width},),
        verbose=False,
    )
    if program is None:
        raise RuntimeError("the exporter gave no graph")
    return _serialise(program.model_proto)


def _serialise(graph: Any) -> bytes:
    """Write a graph without the traces of where it was made: paths of this machine."""
    for part in (*graph.graph.node, *graph.graph.value_info, *graph.graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for whole in (graph, graph.graph, *graph.graph.input, *graph.graph.output):
        whole.ClearField("metadata_props")
    return bytes(graph.SerializeToString(deterministic=True))

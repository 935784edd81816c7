"""From net to graph: uint8 windows in, the best candidate boxes out."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.model.backbones import fold_norms
from blemish.model.centernet import CELL, CenterNet, sides_to_boxes
from blemish.model.nets import Detector
from blemish.model.retinanet import RetinaNet

NOTHING = -30.0  # a logit whose score is nought to six places
Candidates = tuple[Tensor, Tensor, Tensor]
OPSET = 18  # the lowest that the exporter writes without converting afterwards
MOST_WINDOWS, LONGEST_SIDE = 4096, 65536  # the exporter wants bounds; engines do not see them


def pick_peaks(heat: Tensor, sides: Tensor, top_k: int) -> Candidates:
    """Give boxes (N, K, 4), scores (N, K) best first and labels (N, K) of the local maxima.

    A box is the mean of those that the peak's cell and its eight neighbours give, weighted by
    their heat. A window with fewer cells than ``top_k`` is filled up with rows of score 0.
    """
    num_classes, width = heat.shape[1], heat.shape[3]
    highest = F.max_pool2d(heat, 3, stride=1, padding=1)
    peaks = heat.masked_fill(heat < highest, NOTHING).flatten(1)
    cells = heat.shape[2] * heat.shape[3]
    logits, places = F.pad(peaks, (0, top_k), value=NOTHING).topk(top_k, dim=1)
    plane = places // cells
    cell = places - plane * cells
    labels = plane.clamp(max=num_classes - 1)
    row = cell // width
    boxes = _mean_boxes(heat, sides, (labels, row, cell - row * width))
    return boxes, logits.float().sigmoid(), labels


def _mean_boxes(heat: Tensor, sides: Tensor, peaks: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Give the boxes (N, K, 4) of peaks, planes, rows and columns (N, K), each a mean of nine."""
    number, count = peaks[0].shape
    plane, row, column = (part.unsqueeze(2) for part in peaks)
    around = torch.arange(9, device=heat.device)
    row, column = row + around // 3 - 1, column + around % 3 - 1
    # A border of cold cells, so that every peak has eight neighbours.
    width, cells = heat.shape[3] + 2, (heat.shape[2] + 2) * (heat.shape[3] + 2)
    cell = (row + 1) * width + column + 1
    hot = F.pad(heat, (1, 1, 1, 1), value=NOTHING).flatten(1)
    weight = hot.gather(1, (plane * cells + cell).flatten(1)).float().sigmoid()
    weight = weight.reshape(number, count, 9, 1)
    # Taken from each plane: to turn the map around first would cost more than all of this.
    reach = F.pad(sides, (1, 1, 1, 1)).flatten(2)
    chosen = reach.gather(2, cell.flatten(1).unsqueeze(1).expand(-1, 4, -1))
    chosen = chosen.transpose(1, 2).reshape(number, count, 9, 4)
    centres = (torch.stack((column, row), dim=3).float() + 0.5) * CELL
    return (weight * sides_to_boxes(centres, chosen)).sum(dim=2) / weight.sum(dim=2)


def pick_anchors(net: RetinaNet, outputs: Any, top_k: int) -> Candidates:
    """Give boxes (N, K, 4), scores (N, K) best first and labels (N, K) of the surest anchors.

    The best K of each level, then of all. A window with fewer is filled up with score 0.
    """
    levels = [
        _pick_of_level(net, level, maps, top_k)
        for level, maps in zip(net.levels, zip(*outputs, strict=True), strict=True)
    ]
    boxes, logits, labels = (torch.cat(parts, dim=1) for parts in zip(*levels, strict=True))
    logits, places = logits.topk(top_k, dim=1)
    chosen = boxes.gather(1, places.unsqueeze(2).expand(-1, -1, 4))
    return chosen, logits.sigmoid(), labels.gather(1, places)


def _pick_of_level(
    net: RetinaNet, level: int, maps: tuple[Tensor, Tensor], top_k: int
) -> Candidates:
    """Give boxes, logits and labels of the surest anchors of one level, as `pick_anchors`."""
    classes, raw = maps
    cells = classes.shape[2] * classes.shape[3]
    known = classes.flatten(1).float()
    # Not by padding: OpenVINO would do that in eight bits, which have no such value.
    nothing = known.new_full((known.shape[0], top_k), NOTHING)
    logits, places = torch.cat((known, nothing), dim=1).topk(top_k, dim=1)
    plane = places // cells
    cell = places - plane * cells
    plane = plane.clamp(max=classes.shape[1] - 1)
    shape = plane // net.num_classes
    rows = raw.reshape(raw.shape[0], net.num_shapes, 4, cells).permute(0, 1, 3, 2).flatten(1, 2)
    index = (shape * cells + cell).unsqueeze(2).expand(-1, -1, 4)
    anchors = _anchors_at(net.shapes[shape], cell, classes.shape[3], 2.0**level)
    return net.code.decode(anchors, rows.gather(1, index)), logits, plane - shape * net.num_classes


def _anchors_at(shapes: Tensor, cell: Tensor, width: int, stride: float) -> Tensor:
    """Give the anchors (N, K, 4) xyxy px of these shapes (N, K, 2) at these cells (N, K)."""
    row = cell // width
    centres = (torch.stack((cell - row * width, row), dim=2).float() + 0.5) * stride
    half = shapes * (stride / 2)
    return torch.cat((centres - half, centres + half), dim=2)


def _pick_points(net: CenterNet, outputs: Any, top_k: int) -> Candidates:
    heat, sides = outputs
    return pick_peaks(heat, sides, top_k)


PICKS: Mapping[type, Callable[[Any, Any, int], Candidates]] = {
    CenterNet: _pick_points,
    RetinaNet: pick_anchors,
}


def pick(net: Detector, outputs: Any, top_k: int) -> Candidates:
    """Give the best candidates of a net's outputs: boxes, scores best first, labels."""
    return PICKS[type(net)](net, outputs, top_k)


class Deployed(nn.Module):
    """The net and its candidates in one graph, norms folded."""

    def __init__(self, net: Detector, top_k: int) -> None:
        super().__init__()
        self.net: Any = copy.deepcopy(net).eval()
        if isinstance(self.net, RetinaNet):
            self.net.part_towers()
        fold_norms(self.net)
        if isinstance(self.net, CenterNet):
            self.net.read_in_pairs()
        self.top_k = top_k

    def forward(self, images: Tensor) -> Candidates:
        """Give boxes, scores and labels of windows (N, H, W, 3) uint8; see `pick`."""
        return pick(self.net, self.net(images), self.top_k)


def export_graph(net: Detector, top_k: int) -> bytes:
    """Give the ONNX graph of a net for any number of windows of any size, as `Deployed`."""
    stride = net.stride
    example = torch.zeros(2, 2 * stride, 3 * stride, 3, dtype=torch.uint8)
    number = torch.export.Dim("N", min=1, max=MOST_WINDOWS)
    height, width = (torch.export.Dim(n, min=1, max=LONGEST_SIDE // stride) for n in "hw")
    program = torch.onnx.export(
        Deployed(net, top_k).eval(),
        (example,),
        dynamo=True,
        opset_version=OPSET,
        input_names=["images"],
        output_names=["boxes", "scores", "labels"],
        dynamic_shapes=({0: number, 1: stride * height, 2: stride * width},),
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

"""From net to graph: uint8 windows in, the best candidate boxes out."""

import copy

from torch import Tensor, nn
from torch.nn import functional as F

from blemish.model.backbones import fold_norms
from blemish.model.centernet import CELL, CenterNet, sides_to_boxes

NOTHING = -30.0  # a logit whose score is nought to six places


def pick_peaks(heat: Tensor, sides: Tensor, top_k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Give boxes (N, K, 4), scores (N, K) best first and labels (N, K) of the local maxima.

    A window with fewer cells than ``top_k`` is filled up with rows of score 0.
    """
    num_classes, width = heat.shape[1], heat.shape[3]
    highest = F.max_pool2d(heat, 3, stride=1, padding=1)
    peaks = heat.masked_fill(heat < highest, NOTHING).flatten(1)
    cells = heat.shape[2] * heat.shape[3]
    logits, places = F.pad(peaks, (0, top_k), value=NOTHING).topk(top_k, dim=1)
    cell = places % cells
    labels = (places // cells).clamp(max=num_classes - 1)
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

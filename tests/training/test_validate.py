import numpy as np
import torch

from blemish.core.defects import Defects
from blemish.model.centernet import build_net
from blemish.training.batches import Labelled
from blemish.training.road import net_finder, torch_engine
from blemish.training.validate import validate
from planted import TINY_NET, dot_picture, planted


def test_the_road_with_the_net_itself_keeps_the_engines_contract() -> None:
    torch.manual_seed(2)
    net = build_net(TINY_NET, 1)
    engine = torch_engine(net, 256)
    boxes, scores, labels = engine(np.stack([planted(1, 1).pixels, planted(1, 2).pixels]))
    assert (boxes.shape, scores.shape, labels.shape) == ((2, 256, 4), (2, 256), (2, 256))
    assert (boxes.dtype, scores.dtype, labels.dtype) == (np.float32, np.float32, np.int64)
    assert not net.training
    assert len(net_finder(net, 0.9)(dot_picture([], side=75))) == 0


def test_clean_pictures_alone_give_nought() -> None:
    clean = Labelled(dot_picture([]), Defects.none(), np.zeros(0, np.float32))
    assert validate(build_net(TINY_NET, 1), [clean]) == {
        "ap50": 0.0,
        "ap50_clear": 0.0,
        "recall": 0.0,
    }

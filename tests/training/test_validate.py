import numpy as np
import torch

from blemish.core.defects import Defects
from blemish.model.centernet import build_net
from blemish.training.batches import BatchPlan, Labelled
from blemish.training.road import net_finder, torch_engine
from blemish.training.validate import validate, validation_loss
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


class Shelf(list[Labelled]):
    """A list that knows what was taken from it."""

    def __init__(self, pictures: list[Labelled]) -> None:
        super().__init__(pictures)
        self.taken: list[int] = []

    def __getitem__(self, index):
        self.taken.append(index)
        return super().__getitem__(index)


def test_the_loss_of_a_plan_of_whole_pictures_is_that_of_each_once() -> None:
    torch.manual_seed(3)
    net = build_net(TINY_NET, 1)
    shelf = Shelf([planted(2, index) for index in range(6)])
    plan = BatchPlan(size=128, batch=2, whole=True, seed=8)
    first = validation_loss(net, shelf, plan)
    assert sorted(shelf.taken) == list(range(6))
    assert first == validation_loss(net, shelf, plan)
    assert first["val_loss"] > 0
    assert validation_loss(net, [], plan) == {}

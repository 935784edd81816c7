import pytest
import torch

from blemish.model.centernet import build_net
from blemish.training.average import Average
from blemish.training.batches import BatchPlan
from blemish.training.loop import OPTIMISERS, LoopPlan
from blemish.training.plan import choose_epochs, epoch_of
from blemish.training.recipes import RECIPES, follow
from blemish.training.start import net_of
from planted import TINY_NET

LENGTH = {"steps": None, "minutes": None, "patience": None}


def test_the_classic_recipe_is_the_originals() -> None:
    facts = follow("classic", 0, 0, **LENGTH)
    batches, loop = facts["batches"], facts["loop"]
    assert (facts["recipe"], facts["long_side"]) == ("classic", 900)
    assert (batches.size, batches.batch, batches.whole) == (928, 1, True)
    assert not batches.augment.turned
    assert (loop.optimiser, loop.clip, loop.decay) == ("adam", 0.001, 0.0)
    assert loop.plateau == 2
    assert {loop.rate_at(step, step / 8400) for step in range(0, 8400, 7)} == {1e-5}
    assert {loop.floor_at(share / 9) for share in range(10)} == {5.0}  # every label teaches
    assert net_of("retinanet", None, "classic", "nothing")["backbone"] == "resnet50"


@pytest.mark.parametrize("number", [9, 280])
def test_a_classic_run_takes_thirty_epochs_of_every_picture_once(number: int) -> None:
    facts = follow("classic", 0, 0, **LENGTH)
    epoch = epoch_of([(900, 700)] * number, facts["batches"].size, facts["batches"].batch)
    assert epoch == number
    assert choose_epochs(epoch, facts["loop"].fewest) == 30
    assert facts["loop"].is_due(epoch, 1.0, 0.0) is False  # only a run by epochs looks then
    by_epochs = LoopPlan(steps=30 * epoch, epoch=epoch, apart=facts["loop"].apart)
    assert [s for s in range(1, 3 * epoch + 1) if by_epochs.is_due(s, 1.0, 0.0)] == [
        epoch,
        2 * epoch,
        3 * epoch,
    ]


def test_what_is_averaged_is_the_net_itself() -> None:
    net = build_net(TINY_NET, 1)
    average = Average(net, RECIPES["classic"].loop.average)
    for step in range(3):
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.add_(torch.randn_like(parameter))
        average.update(net, step)
        theirs = average.net.state_dict()
        assert all(torch.equal(value, theirs[name]) for name, value in net.state_dict().items())


def test_every_line_can_be_said_otherwise() -> None:
    facts = follow("classic", 640, 4, steps=7, minutes=None, patience=2)
    assert (facts["long_side"], facts["batches"].size, facts["batches"].batch) == (640, 640, 4)
    assert facts["batches"].whole
    assert (facts["loop"].steps, facts["loop"].patience) == (7, 2)
    assert net_of("retinanet", "resnet34", "classic", "nothing")["backbone"] == "resnet34"


def test_the_own_recipe_leaves_all_to_the_plan() -> None:
    assert follow("own", 0, 0, steps=None, minutes=3.0, patience=None) == {
        "recipe": "own",
        "long_side": None,
        "batches": BatchPlan(size=0, batch=0),
        "loop": LoopPlan(minutes=3.0),
    }
    facts = follow("own", 96, 2, **LENGTH)
    assert (facts["long_side"], facts["batches"]) == (None, BatchPlan(size=96, batch=2))
    assert net_of("retinanet", None, "own", "nothing")["backbone"] == "resnet18"


def test_every_recipe_can_be_built() -> None:
    for recipe in RECIPES.values():
        assert recipe.loop.optimiser in OPTIMISERS
        assert recipe.batches.size % 32 == 0
        assert recipe.batches.size >= (recipe.long_side or 0)


def test_a_wish_goes_over_the_recipe_and_none_is_no_wish() -> None:
    assert follow("classic", 0, 0, rate=0.003)["loop"].rate == 0.003
    assert follow("classic", 0, 0, rate=None)["loop"].rate == 1e-5

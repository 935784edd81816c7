"""The recipes that a run can follow: all that holds where the user says nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from blemish.model.centernet import DEFAULT_NET
from blemish.model.retinanet import CLASSIC_RETINANET, DEFAULT_RETINANET
from blemish.synth.strength import LABEL_STRENGTH
from blemish.training.augment import PLAIN
from blemish.training.batches import BatchPlan
from blemish.training.loop import LoopPlan


@dataclass(frozen=True)
class Recipe:
    """What a run is made of where nobody says otherwise.

    Attributes:
        nets: the architecture of each kind of net that it knows.
        backbone: body of a RetinaNet.
        long_side: px that the longer side of every picture is brought to, in training as in
            finding; None to take pictures as they are.
        batches: how pictures are cut; a size or number of 0 is left to the plan.
        loop: how the weights move.
    """

    nets: Mapping[str, Mapping[str, Any]]
    backbone: str
    long_side: int | None
    batches: BatchPlan
    loop: LoopPlan


# What keras-retinanet 0.5.1 does when nobody says otherwise, with the 900 px that the original was
# trained at and the epochs that `plan.EPOCHS` gives every run of enough steps.
CLASSIC = Recipe(
    nets={"retinanet": CLASSIC_RETINANET},
    backbone="resnet50",
    long_side=900,
    batches=BatchPlan(
        size=928,  # 900 px, up to the next multiple of 32
        batch=1,
        whole=True,
        augment=replace(PLAIN, turned=False),
    ),
    loop=LoopPlan(
        optimiser="adam",
        rate=1e-5,
        last=1.0,
        plateau=2,
        warmup=0,
        decay=0.0,
        clip=1e-3,
        average=0.0,
        floors=(LABEL_STRENGTH, LABEL_STRENGTH),
        fewest=0,
        apart=1,
    ),
)
RECIPES: Mapping[str, Recipe] = {
    "own": Recipe(
        nets={"centernet": DEFAULT_NET, "retinanet": DEFAULT_RETINANET},
        backbone="resnet18",
        long_side=None,
        batches=BatchPlan(size=0, batch=0),
        loop=LoopPlan(),
    ),
    "classic": CLASSIC,
}


def follow(name: str, crop: int, batch: int, **wishes: Any) -> dict[str, Any]:
    """Give what a recipe says of `blemish.jobs.settings.TrainSettings`, with what a user says.

    Args:
        name: one of `RECIPES`.
        crop: side of a crop in px, and the longer side of whole pictures; 0 for the recipe's.
        batch: crops a step; 0 for the recipe's.
        wishes: fields of `LoopPlan`; None is left to the recipe.
    """
    recipe = RECIPES[name]
    batches = recipe.batches
    return {
        "recipe": name,
        "long_side": recipe.long_side and (crop or recipe.long_side),
        "batches": replace(batches, size=crop or batches.size, batch=batch or batches.batch),
        "loop": replace(recipe.loop, **{k: wish for k, wish in wishes.items() if wish is not None}),
    }

import dataclasses

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.synth.surfaces import draw_surface
from blemish.synth.wafers import draw_wafer
from blemish.training.batches import BatchPlan, Labelled
from blemish.training.choose import choose_start
from blemish.training.start import BOXED

PLAN = BatchPlan(size=256, batch=4)


@pytest.mark.parametrize(("draw", "name"), [(draw_wafer, "wafers"), (draw_surface, "surfaces")])
def test_the_net_that_knows_such_pictures_is_chosen(draw: object, name: str) -> None:
    assert callable(draw)
    drawn = [draw(77, index) for index in range(2)]
    pictures = [Labelled(one.pixels, one.defects, one.strength) for one in drawn]
    chosen, found = choose_start(pictures, PLAN)
    assert chosen == f"default-{name}"
    assert set(found) == set(BOXED)
    assert found[chosen] > min(found.values()) + 0.2


def test_the_names_of_the_classes_do_not_matter() -> None:
    one = draw_surface(77, 0)
    labels = np.arange(len(one.defects)) % 3
    classed = dataclasses.replace(one.defects, labels=labels)
    both = [
        choose_start([Labelled(one.pixels, defects, one.strength)], PLAN)
        for defects in (one.defects, classed)
    ]
    assert both[0] == both[1]


def test_pictures_without_a_mark_are_no_trouble() -> None:
    clean = Labelled(np.full((300, 300, 3), 90, np.uint8), Defects.none(), np.zeros(0, np.float32))
    chosen, found = choose_start([clean], PLAN)
    assert set(found.values()) == {0.0}
    assert chosen == "default-surfaces"  # it knows more

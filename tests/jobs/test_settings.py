import json
from dataclasses import replace
from pathlib import Path

import pytest

from blemish.errors import TrainingError
from blemish.jobs.settings import (
    TrainSettings,
    check_crop,
    check_folder,
    from_plain,
    write_settings,
)
from blemish.model.centernet import DEFAULT_NET
from blemish.model.retinanet import CLASSIC_RETINANET, DEFAULT_RETINANET
from blemish.training.recipes import RECIPES, follow


def settings_of(run: Path, recipe: str) -> TrainSettings:
    length = {"steps": 3, "minutes": None, "patience": None}
    return TrainSettings(run, Path("data"), **follow(recipe, 0, 0, **length))


@pytest.mark.parametrize("recipe", RECIPES)
def test_settings_read_back_from_their_record(tmp_path: Path, recipe: str) -> None:
    settings = settings_of(tmp_path / "run", recipe)
    write_settings(settings)
    facts = json.loads((settings.run / "settings.json").read_text())
    assert from_plain(facts) == settings
    with pytest.raises(TrainingError, match="another version"):
        from_plain(facts | {"unheard": 1})


def test_a_record_from_before_there_were_recipes_is_of_the_own(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "run", "own")
    write_settings(settings)
    facts = json.loads((settings.run / "settings.json").read_text())
    del facts["recipe"], facts["long_side"], facts["batches"]["whole"]
    del facts["batches"]["augment"]["turned"]
    for name in ("optimiser", "last", "fewest"):
        del facts["loop"][name]
    assert from_plain(facts) == settings


def test_whole_pictures_are_not_drawn_on_the_way(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "run", "classic")
    check_folder(settings)
    with pytest.raises(TrainingError, match="blemish synth") as caught:
        check_folder(replace(settings, data=None))
    assert "\n" not in str(caught.value)


def test_a_crop_is_halved_from_more_than_one_cell() -> None:
    for net, least in ((CLASSIC_RETINANET, 96), (DEFAULT_RETINANET, 32), (DEFAULT_NET, 32)):
        check_crop(least, net)
    with pytest.raises(TrainingError, match="at least 96"):
        check_crop(64, CLASSIC_RETINANET)

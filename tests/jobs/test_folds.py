import json
import statistics
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from blemish.errors import TrainingError, UsageError
from blemish.jobs.folds import train_folds
from blemish.jobs.train import TrainSettings, held_pictures
from blemish.training.batches import BatchPlan
from blemish.training.checkpoint import load_weights
from blemish.training.log import read_log
from blemish.training.loop import LoopPlan
from planted import TINY_NET, write_dataset
from planted_labels import lay_picture


@pytest.fixture
def settings(tmp_path: Path) -> TrainSettings:
    return TrainSettings(
        run=tmp_path / "run",
        data=write_dataset(tmp_path / "data", 6),
        folds=2,
        net=TINY_NET,
        batches=BatchPlan(size=64, batch=2),
        loop=LoopPlan(steps=2, warmup=1),
        cache=tmp_path / "cache",
        threads=1,
    )


def test_every_fold_is_trained_and_the_spread_is_theirs(settings: TrainSettings) -> None:
    told: list[float] = []
    spreads = train_folds(settings, lambda share, words: told.append(share))
    logs = [read_log(settings.run / f"fold-{number}" / "log.jsonl") for number in (1, 2)]
    scores = [log[-1]["ap50"] for log in logs]
    assert spreads["ap50"].mean == pytest.approx(statistics.fmean(scores))
    assert spreads["ap50"].deviation == pytest.approx(statistics.stdev(scores))
    facts = json.loads((settings.run / "folds.json").read_text())
    assert [row["ap50"] for row in facts["folds"]] == scores
    assert told == sorted(told)
    held = [
        {picture.pixels.tobytes() for picture in held_pictures(facts)}
        for number in (1, 2)
        for facts in [json.loads((settings.run / f"fold-{number}/settings.json").read_text())]
    ]
    assert held[0].isdisjoint(held[1])
    assert len(held[0] | held[1]) == 6


def test_each_picture_is_decoded_and_spoken_of_once_for_all_folds(settings: TrainSettings) -> None:
    lay_picture(settings.data / "new.png")
    lines: list[str] = []
    train_folds(replace(settings, cache=None), tell=lines.append)
    assert len(list(settings.run.rglob("*.npy"))) == 6
    assert not list(settings.run.glob("fold-*/pictures"))
    assert len([line for line in lines if "unlabelled" in line]) == 1
    assert [line for line in lines if line.startswith("fold")] == ["fold 1 of 2", "fold 2 of 2"]


def test_folds_go_on_where_they_stopped(settings: TrainSettings) -> None:
    train_folds(settings)
    weights = load_weights(settings.run / "fold-2")
    before = [(settings.run / f"fold-{n}/log.jsonl").read_text() for n in (1, 2)]
    (settings.run / "fold-2" / "last.pt").unlink()
    (settings.run / "fold-2" / "log.jsonl").unlink()
    train_folds(replace(settings, resume=True))
    assert (settings.run / "fold-1/log.jsonl").read_text() == before[0]
    again = load_weights(settings.run / "fold-2")
    assert all(torch.equal(again[name], value) for name, value in weights.items())


def test_folds_need_labelled_pictures_and_enough_of_them(settings: TrainSettings) -> None:
    with pytest.raises(TrainingError, match="folds are made of labelled"):
        train_folds(replace(settings, data=None))
    with pytest.raises(UsageError, match="7 folds cannot be made of 6"):
        train_folds(replace(settings, folds=7))

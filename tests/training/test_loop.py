import csv
import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from blemish.errors import TrainingError
from blemish.model.centernet import build_net
from blemish.training.batches import Batches, BatchPlan
from blemish.training.log import Log, read_log
from blemish.training.loop import Learner, LoopPlan, Surroundings, make_learner, train
from blemish.training.validate import validate
from planted import TINY_NET, planted, planted_source

PLAN = LoopPlan(steps=8, warmup=2, floors=(60.0, 5.0), ramp=0.5)


def fresh(plan: LoopPlan = PLAN) -> Learner:
    torch.manual_seed(1)
    return make_learner(build_net(TINY_NET, 1), plan)


def batches() -> Batches:
    return Batches(planted_source(), BatchPlan(size=64, batch=2, seed=9))


def everything(learner: Learner) -> dict[str, torch.Tensor]:
    state = learner.state()
    moments = {
        f"{part}.{index}": row
        for part, its in state["optimiser"].items()
        for index, row in its["state"].items()
    }
    return (
        {f"net.{name}": value for name, value in state["net"].items()}
        | {f"average.{name}": value for name, value in state["average"].items()}
        | {f"{i}.{n}": value for i, row in moments.items() for n, value in row.items()}
    )


def test_a_resumed_run_is_bit_for_bit_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = train(fresh(), batches(), PLAN, Surroundings(tmp_path))
    (tmp_path / "parts").mkdir()
    first = fresh()
    train(
        first,
        batches(),
        PLAN,
        Surroundings(tmp_path / "parts", stopping=lambda: first.step >= 3),
    )
    assert first.step == 3
    second = fresh()
    second.restore(tmp_path / "parts" / "last.pt")
    assert second.step == 3
    train(second, batches(), PLAN, Surroundings(tmp_path / "parts"))
    ours, theirs = everything(whole), everything(second)
    assert whole.step == second.step == 8
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name


def test_it_learns_planted_dots(tmp_path: Path) -> None:
    plan = LoopPlan(steps=120, warmup=10, rate=4e-3, floors=(5.0, 5.0), average=0.95)
    source = Batches(planted_source(), BatchPlan(size=96, batch=6, random_share=0.2))
    learner = fresh(plan)
    looked = [planted(77, index) for index in range(8)]
    before = validate(learner.average.net, looked)["ap50"]
    around = Surroundings(tmp_path, validate=lambda net: validate(net, looked))
    train(learner, source, plan, around)
    assert before < 0.2
    assert learner.best > 0.8
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if "images_per_second" in row]
    assert len(losses) == 11
    assert losses[-1] < losses[0] / 2
    assert rows[-1]["ap50"] == learner.best
    assert (tmp_path / "best.safetensors").exists()


def test_a_run_by_the_clock_ends_with_it_and_looks_on_the_way(tmp_path: Path) -> None:
    ticks = itertools.count(0.0, 3.0)
    told: list[float] = []
    around = Surroundings(
        tmp_path,
        validate=lambda net: {"ap50": 0.5},
        watch=lambda share, row: told.append(share),
        clock=lambda: next(ticks),
    )
    plan = LoopPlan(minutes=1.0, look_minutes=0.25, floors=(5, 5))
    learner = train(fresh(), batches(), plan, around)
    assert learner.step == 20  # every step takes three seconds
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["seconds"] for row in rows if "ap50" in row] == [15, 30, 45, 60]
    assert told == sorted(told)
    assert len(told) == len(rows)


def test_a_step_that_blows_up_is_skipped() -> None:
    from blemish.training.loop import learn

    learner = fresh()
    batch = batches()(0, 5.0)
    learn(learner, batch, 1e-3, 10.0)
    before = {name: value.clone() for name, value in learner.net.named_parameters()}
    learner.net.heat.weight.register_hook(lambda grad: grad * math.nan)
    learn(learner, batch, 1e-3, 10.0)
    for name, value in learner.net.named_parameters():
        assert torch.equal(value, before[name]), name


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_checkpoint(tmp_path: Path) -> None:
    learner = fresh()
    train(learner, batches(), replace(PLAN, steps=2), Surroundings(tmp_path))
    kept = (tmp_path / "last.pt").read_bytes()
    with torch.no_grad():
        learner.net.heat.bias.fill_(math.nan)
    with pytest.raises(TrainingError, match=r"step 3 is not a number.*\(picture \d+") as caught:
        train(learner, batches(), PLAN, Surroundings(tmp_path))
    assert "\n" not in str(caught.value)
    assert (tmp_path / "last.pt").read_bytes() == kept


def test_each_epoch_is_looked_at_and_its_weights_are_kept(tmp_path: Path) -> None:
    plan = replace(PLAN, steps=6, epoch=2, apart=1)
    around = Surroundings(tmp_path, validate=lambda net: {"ap50": 0.1})
    train(fresh(), batches(), plan, around)
    rows = [row for row in read_log(tmp_path / "log.jsonl") if "ap50" in row]
    assert [(row["epoch"], row["step"]) for row in rows] == [(1, 2), (2, 4), (3, 6)]
    assert all(row["loss"] > 0 for row in rows)
    assert sorted(path.name for path in tmp_path.glob("epoch-*")) == [
        f"epoch-00{number}.safetensors" for number in (1, 2, 3)
    ]
    with (tmp_path / "log.csv").open(encoding="utf-8-sig", newline="") as table:
        assert [row["epoch"] for row in csv.DictReader(table)] == ["1", "2", "3"]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_patience_ends_a_run_that_no_longer_gets_better(tmp_path: Path) -> None:
    scores = iter([0.1, 0.3, 0.2, 0.3])
    around = Surroundings(tmp_path, validate=lambda net: {"ap50": next(scores)})
    learner = train(
        fresh(), batches(), replace(PLAN, steps=10, epoch=1, apart=1, patience=2), around
    )
    assert (learner.step, learner.best) == (4, 0.3)
    resumed = fresh()
    resumed.restore(tmp_path / "last.pt")
    assert resumed.stale == learner.stale == 2


def test_short_epochs_are_looked_at_by_the_dozen(tmp_path: Path) -> None:
    plan = replace(PLAN, steps=12, epoch=2, apart=5)
    around = Surroundings(tmp_path, validate=lambda net: {"ap50": 0.1})
    train(fresh(), batches(), plan, around)
    assert [row["epoch"] for row in read_log(tmp_path / "log.jsonl") if "ap50" in row] == [3, 6]


def test_a_stop_on_the_way_is_no_validation_and_does_not_try_patience(tmp_path: Path) -> None:
    first = fresh()
    plan = replace(PLAN, steps=8, epoch=4, apart=1, patience=2)
    around = Surroundings(
        tmp_path, validate=lambda net: {"ap50": 0.1}, stopping=lambda: first.step >= 2
    )
    train(first, batches(), plan, around)
    assert not any("ap50" in row for row in read_log(tmp_path / "log.jsonl"))
    assert torch.load(tmp_path / "last.pt")["step"] == 2
    assert first.stale == 0


def test_a_run_can_go_on_from_its_very_start(tmp_path: Path) -> None:
    learner = fresh()
    train(learner, batches(), PLAN, Surroundings(tmp_path, stopping=lambda: True))
    assert torch.load(tmp_path / "last.pt")["step"] == 0


def test_steps_that_a_checkpoint_does_not_know_are_forgotten(tmp_path: Path) -> None:
    rows = [{"step": 10, "loss": 1.0}, {"step": 20, "loss": 0.9}, {"step": 30, "loss": 0.8}]
    text = "".join(json.dumps(row) + "\n" for row in rows) + '{"step": 40, "lo'
    (tmp_path / "log.jsonl").write_text(text)
    Log(tmp_path, 20, lambda progress, row: None)
    assert read_log(tmp_path / "log.jsonl") == rows[:2]


def test_the_floor_falls_and_then_stays() -> None:
    floors = [PLAN.floor_at(share / 10) for share in range(11)]
    assert floors[0] == 60
    assert floors[5:] == pytest.approx([5.0] * 6)
    assert floors == sorted(floors, reverse=True)


def test_the_rate_rises_and_falls() -> None:
    plan = LoopPlan(steps=100, warmup=10, rate=1.0)
    rates = [plan.rate_at(step, step / 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(rates[9], rel=0.05)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0.009 < plan.rate_at(100, 1.0) < 0.011


def test_a_plateau_of_the_loss_lowers_the_rate_also_after_a_resume(tmp_path: Path) -> None:
    plan = replace(PLAN, steps=6, epoch=1, plateau=2, warmup=0, last=1.0)
    first = fresh(plan)
    first.plateau.best = -1.0  # no epoch is better
    around = Surroundings(tmp_path, stopping=lambda: first.step >= 3)
    train(first, batches(), plan, around)
    second = fresh(plan)
    second.restore(tmp_path / "last.pt")
    assert (second.plateau.waited, second.plateau.share) == (1, pytest.approx(0.1))
    train(second, batches(), plan, Surroundings(tmp_path))
    assert second.plateau.share == pytest.approx(1e-3)


def test_what_is_left_of_the_rate_is_what_moves_the_weights(tmp_path: Path) -> None:
    learner = fresh()
    learner.plateau.share = 0.0
    before = [parameter.clone() for parameter in learner.net.parameters()]
    train(learner, batches(), replace(PLAN, steps=2), Surroundings(tmp_path))
    assert all(torch.equal(*pair) for pair in zip(before, learner.net.parameters(), strict=True))

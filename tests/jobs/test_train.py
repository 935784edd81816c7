import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
import torch

from blemish.errors import LabelError, TrainingError, UsageError
from blemish.jobs import train as job
from blemish.jobs.prepare import PrepareSettings, prepare
from blemish.jobs.settings import TrainSettings, recorded
from blemish.jobs.train import held_pictures, train_run
from blemish.model.retinanet import CLASSIC_RETINANET, DEFAULT_RETINANET
from blemish.training.batches import BatchPlan
from blemish.training.checkpoint import load_weights
from blemish.training.loop import LoopPlan
from blemish.training.machine import CPU
from blemish.training.start import BOXED, net_of
from planted import TINY_NET, dot_picture, planted, write_dataset
from planted_labels import lay_picture

BATCHES = BatchPlan(size=64, batch=2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("train") / "data")


@pytest.fixture
def settings(tmp_path: Path, data: Path) -> TrainSettings:
    return TrainSettings(
        run=tmp_path / "run", data=data, net=TINY_NET, batches=BATCHES, loop=LoopPlan(steps=3)
    )


def test_labelled_pictures_give_a_run(settings: TrainSettings) -> None:
    told: list[tuple[float, str]] = []
    train_run(settings, lambda *row: told.append(row))
    names = {item.name for item in settings.run.iterdir()}
    weights = {"last.pt", "last.safetensors", "best.safetensors"}
    assert names == weights | {"settings.json", "log.jsonl", "log.csv", "pictures"}
    facts = json.loads((settings.run / "settings.json").read_text())
    assert facts["classes"] == ["dot"]
    assert any("reading picture 1 of" in words for _, words in told)
    assert told[-1][1].startswith("step 3: AP@0.5")


def test_a_run_can_go_on_with_its_own_settings(settings: TrainSettings) -> None:
    train_run(settings)
    longer = TrainSettings(settings.run, resume=True, loop=LoopPlan(steps=5), threads=1)
    train_run(longer)
    facts = json.loads((settings.run / "settings.json").read_text())
    assert facts["loop"]["steps"] == 5
    assert facts["net"] == TINY_NET
    assert facts["data"] == str(settings.data)
    assert torch.load(settings.run / "last.pt")["step"] == 5
    same = recorded(TrainSettings(settings.run, resume=True))
    assert same.loop.steps == 5
    assert same.batches == BATCHES


def test_trained_weights_are_taught_faint_marks_at_once(
    settings: TrainSettings, tmp_path: Path
) -> None:
    train_run(settings)
    second = replace(settings, run=tmp_path / "second", start=str(settings.run))
    train_run(second)
    floors = [
        json.loads((run / "settings.json").read_text())["loop"]["floors"]
        for run in (settings.run, second.run)
    ]
    assert floors == [[300.0, 5.0], [5.0, 5.0]]


def test_another_run_is_not_overwritten(settings: TrainSettings) -> None:
    train_run(settings)
    with pytest.raises(TrainingError, match="holds a run"):
        train_run(settings)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resume": True}, "no checkpoint"),
        ({"loop": LoopPlan(), "data": None}, "steps, minutes or epochs"),
        ({"loop": LoopPlan(steps=1, minutes=1)}, "steps, minutes or epochs"),
        ({"loop": LoopPlan(steps=1), "epochs": 2}, "steps, minutes or epochs"),
        ({"loop": LoopPlan(), "epochs": 2, "data": None}, "no epochs"),
        ({"batches": BatchPlan(size=100)}, "multiple of 32"),
        ({"batches": BatchPlan(batch=-1)}, "at least one crop"),
    ],
)
def test_what_cannot_start_says_so_and_leaves_nothing(
    settings: TrainSettings, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(TrainingError, match=words):
        train_run(replace(settings, **changes))
    assert not settings.run.exists()


def test_a_data_set_that_cannot_be_read_is_named(settings: TrainSettings, tmp_path: Path) -> None:
    with pytest.raises((UsageError, LabelError), match="nowhere"):
        train_run(replace(settings, data=tmp_path / "nowhere"))
    clean = tmp_path / "clean"
    clean.mkdir()
    (clean / "a.csv").write_text("")
    with pytest.raises((UsageError, LabelError, TrainingError)):
        train_run(replace(settings, data=clean / "a.csv"))
    assert not settings.run.exists()


def test_training_starts_from_other_weights_or_names_why_not(settings: TrainSettings) -> None:
    train_run(settings)
    again = replace(settings, run=settings.run.with_name("again"), start=str(settings.run))
    net = job.begin(again, CPU)[0].net
    kept = load_weights(settings.run)
    assert all(torch.equal(value, kept[name]) for name, value in net.state_dict().items())
    wider = replace(again, net=TINY_NET | {"head": 32})
    with pytest.raises(TrainingError, match="do not fit") as caught:
        train_run(wider)
    assert "\n" not in str(caught.value)


def test_the_net_to_start_from_is_told_and_recorded(settings: TrainSettings) -> None:
    told = list[str]()
    net = net_of("centernet", None, "own", "default")
    chosen = replace(settings, net=net, start="default", loop=LoopPlan(steps=1))
    train_run(chosen, tell=told.append)
    start = json.loads((settings.run / "settings.json").read_text())["start"]
    assert start in BOXED
    (line,) = [line for line in told if "AP@0.5" in line]
    found = {name: float(line.split(f"{name} ")[1][:4]) for name in BOXED}
    assert found[start] == max(found.values()) > 0
    assert told[-1] == f"begins from {start}"


def test_drawn_wafers_give_a_run(settings: TrainSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: set[int] = set()

    def draw(share: float, seed: int, index: int):
        assert share == 0.25
        seeds.add(seed)
        return planted(seed, index)

    monkeypatch.setattr(job, "draw_mixed", draw)
    drawn = replace(settings, data=None, drawers=0, count=4, num_looked=2, seed=6, surfaces=0.25)
    train_run(drawn)
    assert seeds == {6, 6 + job.HELD_OUT}
    facts = json.loads((settings.run / "settings.json").read_text())
    assert next(iter(held_pictures(facts))).pixels.shape == (128, 128, 3)
    assert seeds == {6, 6 + job.HELD_OUT, 6 + 2 * job.HELD_OUT}


def test_surfaces_are_drawn_and_no_labelled_pictures(settings: TrainSettings) -> None:
    with pytest.raises(TrainingError, match="--surfaces with --synth"):
        train_run(replace(settings, surfaces=0.5))


def test_ctrl_c_leaves_a_checkpoint(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os
    import signal

    def interrupt(share: float, words: str) -> None:
        if words.startswith("step"):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train_run(replace(settings, loop=LoopPlan(steps=50)), interrupt)
    assert 10 <= torch.load(settings.run / "last.pt")["step"] < 50


def test_held_pictures_are_those_the_run_did_not_see(settings: TrainSettings) -> None:
    learned, held = job.split_data(Path(str(settings.data)), settings)
    seen = {sample.path for sample in learned.samples}
    assert seen.isdisjoint(sample.path for sample in held.samples)
    job.write_settings(settings)
    facts = json.loads((settings.run / "settings.json").read_text())
    assert len(list(held_pictures(facts))) == len(held)


def test_what_nobody_said_comes_from_the_pictures(settings: TrainSettings) -> None:
    told: list[str] = []
    left = replace(settings, loop=LoopPlan(), epochs=1, batches=BatchPlan(size=0, batch=0))
    train_run(left, tell=told.append)
    facts = json.loads((settings.run / "settings.json").read_text())
    # 10 pictures of 128 px: one crop each, and as many in a step as make up for their size.
    assert (facts["batches"]["size"], facts["batches"]["batch"]) == (128, 84)
    assert (facts["loop"]["epoch"], facts["loop"]["steps"]) == (1, 1)
    assert (settings.run / "epoch-001.safetensors").exists()
    assert "1 steps (1 epochs)" in told[0]
    assert "0 left behind" in told[1]
    assert told[2] == "begins from nothing"


def test_a_run_of_epochs_can_be_made_longer_in_epochs(settings: TrainSettings) -> None:
    train_run(replace(settings, loop=LoopPlan(), epochs=1, batches=BatchPlan(size=64, batch=20)))
    train_run(TrainSettings(settings.run, epochs=2, resume=True))
    assert torch.load(settings.run / "last.pt")["step"] == 4
    rows = (settings.run / "log.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [["1", "2"], ["2", "4"]]


TINY_RETINANET = dict(DEFAULT_RETINANET, pyramid=16, depth=1)


def test_a_retinanet_takes_its_levels_and_anchors_from_the_boxes(settings: TrainSettings) -> None:
    train_run(replace(settings, net=TINY_RETINANET, loop=LoopPlan(steps=2)))
    net = json.loads((settings.run / "settings.json").read_text())["net"]
    assert net["levels"] == [2, 3]
    assert net["shapes"] != TINY_RETINANET["shapes"]
    with (settings.run / "log.csv").open(encoding="utf-8-sig", newline="") as table:
        row = next(csv.DictReader(table))
    assert float(row["loss"]) > 0
    assert float(row["val_regression"]) > 0


def test_a_split_that_the_data_brings_is_kept(settings: TrainSettings, tmp_path: Path) -> None:
    plain = prepare(PrepareSettings(Path(str(settings.data)), tmp_path / "plain", val=0.5)).out
    for seed in range(2):
        learned, held = job.split_data(plain, replace(settings, seed=seed))
        assert {one.path.parent.name for one in learned.samples} == {"train"}
        assert {one.path.parent.name for one in held.samples} == {"val"}
        assert len(learned) == len(held) == 6


def test_pictures_of_one_group_stay_on_one_side(settings: TrainSettings) -> None:
    grouped = replace(settings, group=r"p(\d)")  # p1, p10 and p11 are one lot
    for seed in range(6):
        parts = job.split_data(Path(str(settings.data)), replace(grouped, seed=seed))
        sides = [{sample.path.stem[:2] for sample in part.samples} for part in parts]
        assert sides[0].isdisjoint(sides[1])
        assert sides[1]


def test_a_box_that_is_left_behind_is_named_by_file_and_row(tmp_path: Path) -> None:
    rows = [f"{index},{index},{index + 40},{index + 40},dot" for index in (2, 60)]
    small = "30,30,38,38,dot"
    table = tmp_path / "data" / "boxes.csv"
    table.parent.mkdir()
    table.write_text(f"p.png,{rows[0]},ignored\np.png,{rows[1]}\np.png,{small}\n")
    cv2.imwrite(str(table.with_name("p.png")), dot_picture([]))
    settings = TrainSettings(
        *(tmp_path / "run", table),
        held_share=0.0,
        net=dict(CLASSIC_RETINANET, pyramid=16, depth=1),
        batches=replace(BATCHES, size=96),
        loop=LoopPlan(steps=1),
    )

    def tell(line: str) -> None:
        if "left behind" in line:
            raise InterruptedError(line)  # the proof comes before any training

    with pytest.raises(InterruptedError, match=r"boxes\.csv: row 3 \(no cell answers for it\)"):
        train_run(settings, tell=tell)


def test_what_is_mended_and_left_out_is_told_before_training(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "data", 4)
    lay_picture(folder / "new.png")
    lay_picture(folder / "test" / "p.png")
    with (folder / "annotations.csv").open("a") as table:
        table.write("test/p.png,20,5,5,20,dot\n")
    settings = TrainSettings(tmp_path / "run", folder, group=r"p\d?")
    told: list[str] = []
    job.split_data(folder, settings, told.append)
    assert told == [
        told[0],
        told[1],
        f"All of them: blemish doctor {folder}",
        "Left for evaluate --split test: 1 picture",
    ]
    assert told[0].startswith("Mended: 1 label (1 inverted); first ")
    assert told[1].startswith("Left out: 1 picture (1 unlabelled); first ")

    def tell(line: str) -> None:
        raise InterruptedError(line)

    with pytest.raises(InterruptedError, match=r"Mended: 1 label"):
        train_run(replace(settings, group=None), tell=tell)
    assert not settings.run.exists()

from pathlib import Path
from typing import Any

import typer

from blemish.cli import app
from blemish.data.folds import Split
from blemish.data.held import HELD_SHARE, SEED
from blemish.jobs.prepare import PrepareSettings
from blemish.jobs.train import TrainSettings


def test_all_doors_hold_out_the_same_part_unless_told_otherwise() -> None:
    command: Any = typer.main.get_command(app)
    given = {
        (verb, option.name): option.default
        for verb in ("prepare", "train")
        for option in command.commands[verb].params
    }
    training, prepared = TrainSettings(Path("run")), PrepareSettings(Path("data"), Path("out"))
    assert {Split().share, training.held_share, given["train", "val"]} == {HELD_SHARE}
    seeds = {Split().seed, training.seed, prepared.seed}
    assert seeds | {given["train", "seed"], given["prepare", "seed"]} == {SEED}

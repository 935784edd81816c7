import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from blemish.errors import TrainingError
from blemish.model.centernet import build_net
from blemish.training.ranks import Ranks, join_ranks
from planted import TINY_NET, write_dataset

SCRIPT = """
import json, sys
from pathlib import Path
import torch
from blemish.jobs.train import TrainSettings, train_run
from blemish.training.batches import BatchPlan
from blemish.training.loop import LoopPlan
import blemish.jobs.train as job
run, data, net = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
settings = TrainSettings(run, data, net=net, batches=BatchPlan(size=64, batch=4),
                         loop=LoopPlan(steps=3, warmup=1), threads=1)
kept = job.train
def keep(learner, batches, plan, around):
    done = kept(learner, batches, plan, around)
    torch.save(dict(done.net.named_parameters()), run.with_name(f"rank-{around.ranks.rank}.pt"))
job.train = keep
train_run(settings)
"""


def test_one_process_is_the_first_of_one_and_changes_nothing() -> None:
    with join_ranks({}) as ranks:
        assert ranks == Ranks(0, 1)
        assert ranks.is_first
        assert ranks.agree(0.25) == 0.25
        net = build_net(TINY_NET, 1)
        for parameter in net.parameters():
            parameter.grad = torch.ones_like(parameter)
        ranks.average_gradients(net)
        ranks.share(net)
        assert all(bool((p.grad == 1).all()) for p in net.parameters() if p.grad is not None)


def test_others_that_cannot_be_reached_are_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(TrainingError, match="cannot be joined"), join_ranks(os.environ):
        pass


def test_two_processes_learn_one_net_and_the_first_alone_writes(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", 6)
    script = tmp_path / "learn.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    call = [*command, str(script), str(tmp_path / "run"), str(data), json.dumps(TINY_NET)]
    done = subprocess.run(call, check=False, capture_output=True, text=True, timeout=240)  # noqa: S603
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (torch.load(tmp_path / f"rank-{rank}.pt") for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    start = build_net(TINY_NET, 1).state_dict()
    assert not all(torch.equal(first[name], start[name]) for name in first)
    rows = [json.loads(row) for row in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [3]

import json
from pathlib import Path

import pytest

from blemish.errors import TrainingError
from blemish.training.records import read_record
from planted import TINY_NET


def record(folder: Path, **changes: object) -> Path:
    facts = {
        "run": "/home/someone/run",
        "cache": "/scratch",
        "data": "/home/someone/lots/april",
        "start": None,
        "net": TINY_NET,
        "classes": ["dot"],
        "seed": 3,
    }
    (folder / "settings.json").write_text(json.dumps(facts | changes))
    rows = [{"step": 10 * i, "seconds": 60.0 * i, "ap50": 0.1 * i} for i in range(8)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "log.jsonl").write_text(lines + '{"step": 90, "sec')  # killed while writing
    return folder


def test_facts_are_the_runs_without_paths_of_the_machine(tmp_path: Path) -> None:
    facts = read_record(record(tmp_path)).facts()
    assert (facts["steps"], facts["minutes"]) == (70, 7.0)
    assert [row["step"] for row in facts["validations"]] == [30, 40, 50, 60, 70]
    assert facts["settings"]["data"] == "april"
    assert "someone" not in json.dumps(facts)
    assert "scratch" not in json.dumps(facts)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"net": {}, "classes": []}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.json").write_text(text)
    with pytest.raises(TrainingError, match=r"settings\.json") as caught:
        read_record(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="is not a training run"):
        read_record(tmp_path / "nowhere")


def test_missing_and_unfit_weights_are_named(tmp_path: Path) -> None:
    run = read_record(record(tmp_path))
    with pytest.raises(TrainingError, match="no best weights"):
        run.load_net("best")
    (tmp_path / "last.safetensors").write_bytes(b"nothing")
    with pytest.raises(TrainingError, match=r"last\.safetensors"):
        run.load_net("last")

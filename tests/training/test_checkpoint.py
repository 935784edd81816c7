import stat
from pathlib import Path

import pytest
import torch

from blemish.errors import TrainingError
from blemish.training.checkpoint import (
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
    write_beside,
)

WEIGHTS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(3)}


def test_a_checkpoint_reads_back(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "last.pt", {"step": 7, "average": WEIGHTS})
    state = load_checkpoint(tmp_path / "last.pt")
    assert state["step"] == 7
    assert torch.equal(state["average"]["a"], WEIGHTS["a"])
    assert torch.equal(load_weights(tmp_path / "last.pt")["a"], WEIGHTS["a"])


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "last.pt"
    save_checkpoint(file, {"step": 7})

    def fail(name: Path) -> None:
        name.write_bytes(b"half")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        write_beside(file, fail)
    assert load_checkpoint(file)["step"] == 7
    assert [item.name for item in tmp_path.iterdir()] == ["last.pt"]


def test_weights_come_from_files_and_folders(tmp_path: Path) -> None:
    save_weights(tmp_path / "best.safetensors", WEIGHTS)
    assert torch.equal(load_weights(tmp_path)["a"], WEIGHTS["a"])
    save_weights(tmp_path / "last.safetensors", {"a": WEIGHTS["a"] + 1})
    assert torch.equal(load_weights(tmp_path)["a"], WEIGHTS["a"] + 1)
    assert stat.S_IMODE((tmp_path / "last.safetensors").stat().st_mode) & 0o044


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_anything_else_is_refused_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    for name in ("x.pt", "x.safetensors"):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(TrainingError, match=r"x\.") as caught:
            load_weights(tmp_path / name)
        assert "\n" not in str(caught.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="holds no weights"):
        load_weights(tmp_path / "empty")


def test_another_format_is_refused(tmp_path: Path) -> None:
    torch.save({"format": 99}, tmp_path / "x.pt")
    with pytest.raises(TrainingError, match="format 1"):
        load_checkpoint(tmp_path / "x.pt")

import os
import subprocess
import sys
from pathlib import Path

import pytest

from blemish.errors import UsageError
from blemish.runtime import processor
from blemish.runtime.processor import is_held_to_some, num_cores, processor_name, read_cores


def test_this_processor_has_a_name_in_one_line() -> None:
    name = processor_name()
    assert name
    assert name == " ".join(name.split())


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's own file")
def test_the_name_is_that_of_the_first_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpuinfo"
    monkeypatch.setattr(processor, "_CPUINFO", file)
    file.write_text("processor\t: 0\nmodel name\t: A  Chip 9\n\nmodel name\t: another\n")
    assert processor_name() == "A Chip 9"
    file.write_text("processor\t: 0\n")
    assert processor_name() == os.uname().machine
    file.unlink()
    assert processor_name() == os.uname().machine


def test_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= num_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("text", "cores"),
    [("0", {0}), ("0,2-4", {0, 2, 3, 4}), (" 1 , 1-1", {1}), ("7-9,8", {7, 8, 9})],
)
def test_cores_are_read(text: str, cores: set[int]) -> None:
    assert read_cores(text) == cores


@pytest.mark.parametrize("text", ["", "a", "1,", "-1", "3-1", "1-2-3", "99999", "²", "0-99999999"])
def test_what_are_no_cores_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="--cores"):
        read_cores(text)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="asks the system")
def test_a_run_is_held_to_its_cores() -> None:
    core = min(os.sched_getaffinity(0))
    script = f"""
import os
from typer.testing import CliRunner
from blemish.cli import app
CliRunner().invoke(app, ["find", "nowhere", "--out", "never", "--cores", "{core}"])
assert os.sched_getaffinity(0) == {{{core}}}
from blemish.runtime.processor import is_held_to_some, num_cores
assert num_cores() == 1
assert is_held_to_some() == (os.cpu_count() > 1)
run = CliRunner().invoke(app, ["find", "nowhere", "--out", "never", "--cores", "4000"])
assert run.exit_code == 2
assert "there is no core 4000" in run.output
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)  # noqa: S603
    assert is_held_to_some() == (num_cores() < (os.cpu_count() or 1))

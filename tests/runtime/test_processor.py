import os
import sys
from pathlib import Path

import pytest

from blemish.runtime import processor
from blemish.runtime.processor import num_cores, processor_name


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

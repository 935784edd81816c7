import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blemish.cli import app
from blemish.jobs.engines import describe, engines_run, table
from blemish.runtime.bundle import Bundle
from blemish.runtime.choice import fastest
from blemish.runtime.processor import processor_name
from planted_bundle import planted_bundle

pytest.importorskip("openvino")

BOTH = {"openvino": ("float32",), "onnxruntime": ("float32",)}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted", precisions=BOTH)


def test_times_are_measured_known_and_measured_anew(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = engines_run(bundle.path, 1)
    assert [one.cached for one in first.found] == [False, False]
    assert first.choice.cached  # what was just measured decides
    times = {one.engine.split()[0]: one.milliseconds for one in first.found}
    assert first.choice.engine == fastest({name: ms or 0 for name, ms in times.items()})
    again = engines_run(bundle.path, 1)
    assert [one.milliseconds for one in again.found] == [one.milliseconds for one in first.found]
    assert all(one.cached for one in again.found)
    assert not any(one.cached for one in engines_run(bundle.path, 1, anew=True).found)
    assert [row[3] for row in table(again)] == ["from before"] * 2
    assert processor_name() in describe(again)[0]
    assert f"Taken: {again.choice.engine} in float32" in describe(again)[1]


def test_what_does_not_run_says_why(tmp_path: Path) -> None:
    bundle = planted_bundle(tmp_path / "one", precisions=BOTH | {"onnxruntime": ()})
    rows = table(engines_run(bundle.path, 1))
    assert [row[3] for row in rows] == ["just measured", "not offered by the model"]
    assert rows[1][2] == "-"


def test_the_command_line_shows_it(bundle: Bundle) -> None:
    run = CliRunner().invoke(app, ["engines", str(bundle.path), "--threads", "1"])
    assert run.exit_code == 0, run.output
    for words in ("meant for float32", "onnxruntime", "openvino", "Taken: "):
        assert words in run.output
    run = CliRunner().invoke(app, ["engines", str(bundle.path), "--threads", "1", "--json"])
    facts = json.loads(run.output)
    assert facts["auto"]["engine"] in {"openvino", "onnxruntime"}
    assert {one["precision"] for one in facts["engines"]} == {"float32"}
    assert CliRunner().invoke(app, ["engines", str(bundle.path / "no")]).exit_code == 2

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from blemish.runtime import probe
from blemish.runtime.bundle import Bundle
from blemish.runtime.probe import Speed, cache_folder, measure, speed_of
from planted_bundle import planted_bundle

ONE = ("onnxruntime",)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted")


def ask(bundle: Bundle, folder: Path | None, threads: int = 1) -> Speed:
    return speed_of(bundle, ONE, "float32", threads, folder)


def test_engines_are_timed_and_failures_named(bundle: Bundle) -> None:
    speed = measure(bundle, ("onnxruntime", "tensorrt"), "float32", 1)
    assert 0 < speed.milliseconds["onnxruntime"] < 10_000
    assert "tensorrt" in speed.failures["tensorrt"]


def test_another_graph_number_of_threads_processor_or_version_is_measured(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not ask(bundle, tmp_path).cached
    assert ask(bundle, tmp_path).cached
    assert ask(replace(bundle, threshold=0.31, name="calibrated"), tmp_path).cached
    other = replace(bundle, files={**bundle.files, bundle.graph.name: "0" * 64})
    assert not ask(other, tmp_path).cached
    assert not ask(bundle, tmp_path, 2).cached
    monkeypatch.setattr(probe, "version", lambda name: "0")
    assert not ask(bundle, tmp_path).cached
    monkeypatch.setattr(probe, "processor_name", lambda: "another")
    assert not ask(bundle, tmp_path).cached
    assert ask(bundle, tmp_path).cached
    assert len(list(tmp_path.iterdir())) == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"milliseconds": 5}',
        '{"milliseconds": {"onnxruntime": "x"}}',
        '{"milliseconds": {"onnxruntime": NaN}}',
        '{"milliseconds": {"onnxruntime": -1}}',
        '{"milliseconds": {"openvino": 1}}',
    ],
)
def test_what_makes_no_sense_is_measured_again(bundle: Bundle, tmp_path: Path, text: str) -> None:
    ask(bundle, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_text(text)
    assert not ask(bundle, tmp_path).cached
    assert json.loads(kept.read_text())["milliseconds"]["onnxruntime"] > 0
    assert [item.name for item in tmp_path.iterdir()] == [kept.name]


def test_a_folder_that_cannot_be_written_costs_only_time(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (None, tmp_path / "file" / "engines"):
        for _ in range(2):
            speed = ask(bundle, folder)
            assert speed.milliseconds
            assert not speed.cached


def test_many_at_once_leave_one_whole_file(bundle: Bundle, tmp_path: Path) -> None:
    threads = [threading.Thread(target=ask, args=(bundle, tmp_path)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    (kept,) = tmp_path.iterdir()
    assert ask(bundle, tmp_path).cached
    assert json.loads(kept.read_text())["precision"] == "float32"


@pytest.mark.parametrize(
    ("environment", "system", "folder"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "linux", "/c/blemish/engines"),
        ({"HOME": "/h"}, "linux", "/h/.cache/blemish/engines"),
        ({"HOME": "/h"}, "darwin", "/h/Library/Caches/blemish/engines"),
        ({"LOCALAPPDATA": "/a", "HOME": "/h"}, "win32", "/a/blemish/Cache/engines"),
        ({"HOME": "/h"}, "win32", None),
        ({}, "linux", None),
    ],
)
def test_the_cache_lies_where_the_system_keeps_such_files(
    environment: dict[str, str], system: str, folder: str | None
) -> None:
    assert cache_folder(environment, system) == (folder and Path(folder))

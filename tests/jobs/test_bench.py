"""Timings on a planted model: every way once, the numbers add up, and a failure is told."""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.data.images import write_picture
from blemish.errors import UsageError
from blemish.jobs.bench import (
    HEADINGS,
    BenchSettings,
    Spread,
    Way,
    bench_run,
    measure,
    most_memory,
    table,
)
from blemish.runtime.bundle import Bundle, write_bundle
from planted_bundle import blobs, planted_bundle

pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for index in range(3):
        write_picture(folder / f"{index}.png", blobs(200, 100, [(40, 40)]))
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def test_every_way_is_timed_and_the_fastest_comes_first(bundle: Bundle, pictures: Path) -> None:
    told: list[str] = []
    settings = BenchSettings((pictures,), bundle.path, threads=(1,), runs=2)
    report = bench_run(settings, lambda share, words: told.append(words))
    assert {(one.way.engine, one.way.precision) for one in report.timings} >= {
        ("openvino", "float32"),
        ("onnxruntime", "float32"),
    }
    assert len(told) == len(report.timings) + len(report.failures)
    medians = [one.find.median for one in report.timings]
    assert medians == sorted(medians)
    for one in report.timings:
        assert 0 < one.find.low <= one.find.median <= one.find.high
        assert one.per_megapixel == pytest.approx(one.find.median / 0.02, rel=0.02)
        assert one.total == one.find.median + one.decode.median
        assert one.memory is None or one.memory > 30
    assert report.facts["pictures"] == 3  # the broken one is left out
    rows = table(report)
    assert all(len(row) == len(HEADINGS) for row in rows)
    whole = json.loads(report.as_json())
    assert whole["processor"]
    assert len(whole["timings"]) == len(rows)


def test_a_way_that_fails_is_told_and_the_others_go_on(
    bundle: Bundle, pictures: Path, tmp_path: Path
) -> None:
    both = {"onnxruntime": ("float32", "bfloat16")}  # which that engine cannot do
    wrong = replace(bundle, path=tmp_path / "wrong", precisions=both)
    write_bundle(wrong, {"model.onnx": bundle.graph})
    report = bench_run(BenchSettings((pictures,), wrong.path, threads=(1,), runs=1, most=1))
    assert [str(one.way) for one in report.timings] == ["onnxruntime float32, 1 threads"]
    (failure,) = report.failures
    assert failure.startswith("onnxruntime bfloat16, 1 threads: ")


def test_pictures_that_cannot_be_read_are_no_bench(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match="can be read"):
        bench_run(BenchSettings((tmp_path,)))
    with pytest.raises(UsageError, match="at least one"):
        bench_run(BenchSettings((tmp_path,), runs=0))


def test_sleeping_is_seen_in_the_numbers(
    bundle: Bundle, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(path: Path) -> np.ndarray:
        time.sleep(0.03)
        return blobs(64, 64, [])

    monkeypatch.setattr("blemish.jobs.bench.open_picture", slow)
    way = Way("onnxruntime", "float32", 1)
    timing = measure(bundle.path, way, [pictures / "0.png"], 2)
    assert timing.decode.median >= 30
    assert timing.way == way


def test_the_spread_is_that_of_a_slow_count() -> None:
    assert Spread.of([5.0]) == Spread(5, 5, 5)
    assert Spread.of([4.0, 1, 3, 2, 5]) == Spread(3, 2, 4)


def test_memory_that_is_taken_shows() -> None:
    before = most_memory()
    if before is None:
        pytest.skip("this system does not tell")
    taken = np.ones(60_000_000 // 8)
    after = most_memory()
    assert taken.sum() > 0
    assert after is not None
    assert after >= before
    assert after > 60

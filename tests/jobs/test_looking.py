import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.data.images import Listed
from blemish.jobs import looking
from blemish.jobs.looking import find_in, find_in_any
from blemish.report.tables import ImageRow
from blemish.runtime.finder import MOST_LANES, Finder, Finding, open_finder
from planted_bundle import blobs, planted_bundle


@pytest.fixture
def listed(tmp_path: Path) -> list[Listed]:
    """Write pictures of rising width, each with a spot."""
    pictures = []
    for width in (160, 180, 200):
        path = tmp_path / f"{width}.png"
        path.write_bytes(cv2.imencode(".png", blobs(width, 120, [(40, 40)]))[1].tobytes())
        pictures.append(Listed(tmp_path, path, path.name))
    return pictures


@pytest.fixture
def finder(tmp_path: Path) -> Finder:
    model = planted_bundle(tmp_path / "model").path
    return open_finder(model, engine="onnxruntime", threads=1)


def test_each_picture_is_a_row_with_its_pixels(listed: list[Listed], finder: Finder) -> None:
    listed[1].path.write_bytes(b"no picture")
    looked = list(find_in(listed, finder))
    assert [row.image for row, _ in looked] == ["160.png", "180.png", "200.png"]
    assert [row.status for row, _ in looked] == ["defective", "failed", "defective"]
    assert [None if pixels is None else pixels.shape for _, pixels in looked] == [
        *((120, 160, 3), None, (120, 200, 3))
    ]
    assert str(listed[1].path) in looked[1][0].error
    assert list(find_in([], finder)) == []


def test_a_picture_that_is_nearly_black_for_want_of_a_range_is_partial(
    listed: list[Listed], finder: Finder
) -> None:
    deep = cv2.imread(str(listed[0].path)).astype(np.uint16) * 16
    listed[0].path.write_bytes(cv2.imencode(".png", deep)[1].tobytes())
    for look in (find_in, find_in_any):
        (row, _), *others = look(listed, finder)
        assert row.status == "partial"
        assert row.error.startswith(f"{listed[0].path}: its brightest value is ")
        assert "--range 0,4095" in row.error
        assert [other.status for other, _ in others] == ["defective", "defective"]
        row, _ = next(iter(look(listed[:1], finder, (0, 4095))))
        assert (row.status, row.error) == ("defective", "")


def test_a_picture_that_breaks_the_engine_is_a_row(
    listed: list[Listed], finder: Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Finder.look

    def fail_once(finder: Finder, pixels: NDArray[np.uint8]) -> Finding:
        if pixels.shape[1] == 200:
            raise RuntimeError("engine\nbroke")
        if pixels.shape[1] == 180:
            raise MemoryError
        return look(finder, pixels)

    monkeypatch.setattr(Finder, "look", fail_once)
    rows = [row for row, _ in find_in(listed, finder)]
    assert [row.status for row in rows] == ["defective", "failed", "failed"]
    assert "memory" in rows[1].error
    assert "RuntimeError: engine broke" in rows[2].error


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_several_at_once_find_what_one_after_the_other_finds(
    listed: list[Listed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    pytest.importorskip(engine)
    model = planted_bundle(tmp_path / "model").path
    finder = open_finder(model, engine=engine, precision="float32", threads=3)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    many = [*listed, Listed(tmp_path, broken, "broken.png")] * 8
    alone = list(find_in(many, finder))
    monkeypatch.setattr(looking, "WORTH_LANES", 2)
    threads: set[int] = set()
    monkeypatch.setattr(looking, "row_of", noting(looking.row_of, threads))
    together = list(find_in(many, finder))
    assert len(threads) == 3
    assert [row.image for row, _ in together] == [one.name for one in many]
    for (ours, pixels), (theirs, same) in zip(together, alone, strict=True):
        assert (ours.status, ours.error) == (theirs.status, theirs.error)
        np.testing.assert_allclose(ours.defects.boxes, theirs.defects.boxes, atol=1e-3)
        np.testing.assert_allclose(ours.defects.scores, theirs.defects.scores, atol=1e-5)
        assert (pixels is None) == (same is None)


def noting(work: Callable[..., ImageRow], threads: set[int]) -> Callable[..., ImageRow]:
    """Give the work, which then also notes the thread that it is done in."""

    def noted(*words: object) -> ImageRow:
        threads.add(threading.get_ident())
        return work(*words)

    return noted


def test_finders_beside_one_share_its_threads(tmp_path: Path) -> None:
    model = planted_bundle(tmp_path / "model").path
    finder = open_finder(model, 0.3, engine="onnxruntime", threads=9)
    beside = finder.beside()
    assert [one.engine.threads for one in beside] == [2] * MOST_LANES
    assert {one.min_score for one in beside} == {0.3}
    single = open_finder(model, engine="onnxruntime", threads=1)
    assert single.beside() == [single]

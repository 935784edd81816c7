"""`find` with a picture that is too large to be held; here all TIFFs above 100 x 100 are."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from blemish.jobs.find import FindReport, FindSettings, find_run
from blemish.runtime.bundle import Bundle
from planted_bundle import blobs, planted_bundle

SPOTS = [(40, 40), (600, 60), (320, 300), (100, 500), (600, 520)]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return planted_bundle(tmp_path / "model", window=256, overlap=96)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a huge picture and a small one."""
    monkeypatch.setattr("blemish.data.huge.WHOLE_PIXELS", 10_000)
    monkeypatch.setattr("blemish.data.huge.OVERVIEW_SIDE", 350)
    folder = tmp_path / "in"
    folder.mkdir()
    huge = blobs(700, 560, SPOTS)
    tifffile.imwrite(folder / "huge.tif", huge, tile=(64, 64), compression="deflate")
    small = cv2.imencode(".png", blobs(96, 96, [(40, 40)]))[1].tobytes()
    (folder / "small.png").write_bytes(small)
    return folder


def run(folder: Path, bundle: Bundle, **more: object) -> FindReport:
    settings = FindSettings(
        (folder,), folder.parent / "out", bundle.path, engine="onnxruntime", threads=1
    )
    return find_run(settings, **more)  # type: ignore[arg-type]


def test_it_is_a_row_with_a_drawn_copy_like_any_other(folder: Path, bundle: Bundle) -> None:
    counts: list[tuple[int, int]] = []
    report = run(folder, bundle, watch_windows=lambda *count: counts.append(count))
    assert report.exit_code() == 0
    huge, small = report.rows
    assert (huge.width, huge.height, huge.status, len(huge.defects)) == (700, 560, "defective", 5)
    assert (small.status, len(small.defects)) == ("defective", 1)
    assert counts == [(number, 12) for number in range(1, 13)]
    finds = (report.out / "finds.csv").read_text("utf-8-sig").splitlines()
    corners = [(float(row["x1"]), float(row["y1"])) for row in csv.DictReader(finds[:6])]
    for x, y in SPOTS:
        assert min(max(abs(x - 14 - a), abs(y - 14 - b)) for a, b in corners) <= 2
    drawn = cv2.imread(str(report.out / "pictures" / "huge.jpg"))
    assert drawn is not None
    assert drawn.shape == (560, 700, 3)  # 350 px, enlarged for people as all small copies are
    ground = np.abs(drawn.astype(int) - 90).max(axis=2)
    for x, y in SPOTS:
        assert ground[y - 40 : y + 40, x - 40 : x + 40].max() > 100
        ground[max(y - 60, 0) : y + 60, max(x - 60, 0) : x + 90] = 0
    assert ground.max() < 30


def test_a_damaged_window_makes_it_partial_and_no_more(folder: Path, bundle: Bundle) -> None:
    path = folder / "huge.tif"
    with tifffile.TiffFile(path) as tiff:
        place, size = tiff.pages[0].dataoffsets[33], tiff.pages[0].databytecounts[33]
    content = bytearray(path.read_bytes())
    content[place : place + size] = b"\xff" * size
    path.write_bytes(content)
    report = run(folder, bundle)
    huge, small = report.rows
    assert (huge.status, len(huge.defects), huge.num_unread) == ("partial", 4, 2)
    assert huge.error.startswith(f"{path}: 2 of 12 windows are damaged and were not looked at: ")
    assert "x 0 to 256, y 0 to 256 (" in huge.error
    assert "\n" not in huge.error
    assert small.status == "defective"
    assert report.exit_code(fail_on_find=True) == 3
    assert (report.out / "pictures" / "huge.jpg").exists()


def test_a_huge_picture_without_a_range_is_one_line(folder: Path, bundle: Bundle) -> None:
    tifffile.imwrite(folder / "huge.tif", np.ones((300, 300), np.int32), tile=(64, 64))
    huge, small = run(folder, bundle).rows
    assert huge.error.startswith(f"{folder / 'huge.tif'}: holds int32 values")
    assert (huge.status, small.status) == ("failed", "defective")

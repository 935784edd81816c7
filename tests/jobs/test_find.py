import csv
import errno
import io
import json
import os
import stat
import struct
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import blemish
from blemish.errors import BundleError, UsageError
from blemish.jobs import find as find_module
from blemish.jobs.find import FindReport, FindSettings, describe, find_run
from blemish.report.tables import ImageRow
from blemish.runtime.bundle import Bundle
from blemish.runtime.finder import Finder, Finding
from planted_bundle import blobs, planted_bundle

TABLES = {"finds.csv", "images.csv", "finds.coco.json", "run.json", "report.html"}


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted")


@pytest.fixture
def run(bundle: Bundle, tmp_path: Path) -> Callable[..., FindReport]:
    """Give a function that finds in `tmp_path/in` unless told otherwise."""
    base = FindSettings(
        (tmp_path / "in",), tmp_path / "out", bundle.path, engine="onnxruntime", threads=1
    )

    def run_with(**changes: object) -> FindReport:
        return find_run(replace(base, **changes))  # type: ignore[arg-type]

    return run_with


def put(path: Path, pixels: NDArray[np.generic]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, pixels)[1].tobytes())
    return path


def table(report: FindReport, name: str) -> list[dict[str, str]]:
    text = (report.out / name).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Draw one picture with two spots, one with none, and one in a subfolder."""
    put(tmp_path / "in" / "a.png", blobs(200, 160, [(40, 40), (120, 100)]))
    put(tmp_path / "in" / "b.png", blobs(180, 160, []))
    put(tmp_path / "in" / "lot" / "웨이퍼 10.png", blobs(160, 160, [(80, 80)]))
    return tmp_path / "in"


def test_all_is_written(run: Callable[..., FindReport], three: Path) -> None:
    report = run()
    assert report.exit_code() == 0
    assert report.exit_code(fail_on_find=True) == 10
    assert {item.name for item in report.out.iterdir()} == TABLES | {"pictures", "closeups"}
    finds = table(report, "finds.csv")
    assert [find["image"] for find in finds] == ["a.png", "a.png", "lot/웨이퍼 10.png"]
    assert float(finds[2]["x1"]) == pytest.approx(66, abs=2)
    images = table(report, "images.csv")
    assert [(row["image"], row["num_finds"], row["status"]) for row in images] == [
        ("a.png", "2", "defective"),
        ("b.png", "0", "clean"),
        ("lot/웨이퍼 10.png", "1", "defective"),
    ]
    assert (images[1]["width"], images[1]["height"]) == ("180", "160")
    drawn = [p for p in report.out.joinpath("pictures").rglob("*") if p.is_file()]
    assert {p.relative_to(report.out).as_posix() for p in drawn} == {
        "pictures/a.jpg",
        "pictures/b.jpg",
        "pictures/lot/웨이퍼 10.jpg",
    }


def test_the_command_and_the_finder_give_the_same_answer(
    run: Callable[..., FindReport], three: Path, bundle: Bundle
) -> None:
    finder = blemish.open_finder(bundle.path, engine="onnxruntime", threads=1)
    for row in run().rows:
        found = finder(three / row.image)
        np.testing.assert_array_equal(found.boxes, row.defects.boxes)
        np.testing.assert_array_equal(found.scores, row.defects.scores)


def test_run_json_says_how(run: Callable[..., FindReport], three: Path, bundle: Bundle) -> None:
    report = run(min_score=0.25, scale="native")
    facts = json.loads((report.out / "run.json").read_text(encoding="utf-8"))
    assert facts["blemish"] == blemish.__version__
    assert len(facts["bundle"]["hash"]) == 64
    assert (facts["engine"], facts["precision"]) == ("onnxruntime", "float32")
    assert facts["fallback"].endswith("float32 instead of bfloat16")
    assert f"Precision: {facts['fallback']}" in describe(report)
    assert facts["settings"]["min_score"] == 0.25
    assert facts["settings"]["scale"] == "native"
    assert facts["complete"] is True
    assert facts["statuses"] == {"defective": 2, "clean": 1}


@pytest.mark.parametrize(("pictures", "count"), [("all", 3), ("found", 2), ("none", 0)])
def test_pictures_are_drawn_as_asked(
    run: Callable[..., FindReport], three: Path, pictures: str, count: int
) -> None:
    out = run(pictures=pictures).out
    assert len(list(out.glob("pictures/**/*.jpg"))) == count


def test_two_pictures_that_differ_by_suffix_keep_their_copies(
    run: Callable[..., FindReport], tmp_path: Path
) -> None:
    for name in ("a.png", "a.bmp", "A.jpg"):
        put(tmp_path / "in" / name, blobs(64, 64, []))
    assert len(list(run().out.glob("pictures/**/*.jpg"))) == 3


def bad_pictures(folder: Path) -> set[str]:
    """Write every kind of broken picture and give their names."""
    good = cv2.imencode(".jpg", blobs(300, 300, [(100, 100)]))[1].tobytes()
    cut_png = cv2.imencode(".png", np.random.default_rng(0).integers(0, 255, (90, 90, 3)))[1]
    header = b"II*\0" + struct.pack("<I", 8)
    contents = {
        "zero.png": b"",
        "text.png": b"this is a letter\n",
        "cut.jpg": good[: len(good) // 2],
        "cut.png": cut_png.tobytes()[:4000],
        "junk.tif": header + b"\xff" * 64,
        "noise.bmp": b"BM" + bytes(range(200)),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    tifffile = pytest.importorskip("tifffile")
    values = np.full((40, 40), 0.5, np.float32)
    tifffile.imwrite(folder / "float.tif", values)
    values[3, 4] = np.nan
    tifffile.imwrite(folder / "nan.tif", values)
    return set(contents) | {"float.tif", "nan.tif"}


def test_broken_pictures_are_rows_and_the_others_are_complete(
    run: Callable[..., FindReport], three: Path
) -> None:
    bad = bad_pictures(three)
    report = run()
    assert report.exit_code() == report.exit_code(fail_on_find=True) == 3
    rows = {row["image"]: row for row in table(report, "images.csv")}
    failed = {name for name, row in rows.items() if row["status"] == "failed"}
    assert failed == bad
    for name in bad:
        assert rows[name]["error"].count(name) == 1
        assert "\n" not in rows[name]["error"]
    assert len(table(report, "finds.csv")) == 3
    assert len(list(report.out.glob("pictures/**/*.jpg"))) == 3


def test_float_pictures_with_a_range_are_looked_at(
    run: Callable[..., FindReport], tmp_path: Path
) -> None:
    tifffile = pytest.importorskip("tifffile")
    (tmp_path / "in").mkdir()
    pixels = blobs(128, 128, [(60, 60)])[..., 0]
    tifffile.imwrite(tmp_path / "in" / "float.tif", pixels.astype(np.float32) / 255)
    put(tmp_path / "in" / "deep.png", pixels.astype(np.uint16) * 16)
    report = run(value_range=(0.0, 1.0), paths=(tmp_path / "in" / "float.tif",))
    assert [len(row.defects) for row in report.rows] == [1]
    deep = (tmp_path / "in" / "deep.png",)
    assert run(paths=deep, out=tmp_path / "dark", min_score=0.1).num_finds == 0
    assert run(paths=deep, out=tmp_path / "bright", value_range=(0.0, 4095.0)).num_finds == 1


@pytest.mark.parametrize("size", [(1, 1), (20000, 3), (2, 3000)])
def test_extreme_sizes_are_looked_at(
    run: Callable[..., FindReport], tmp_path: Path, size: tuple[int, int]
) -> None:
    put(tmp_path / "in" / "odd.png", np.full((size[1], size[0], 3), 90, np.uint8))
    report = run()
    assert [row.status for row in report.rows] == ["clean"]
    assert len(list(report.out.rglob("*.jpg"))) == 1


def test_one_missing_path_of_several_is_a_row(
    run: Callable[..., FindReport], three: Path, tmp_path: Path
) -> None:
    report = run(paths=(tmp_path / "gone.png", three))
    assert report.exit_code() == 3
    assert len(table(report, "finds.csv")) == 3
    assert table(report, "images.csv")[0]["status"] == "failed"


@pytest.mark.parametrize("name", ["gone", "gone/*.png", "empty"])
def test_nothing_to_look_at_is_refused_before_anything_is_written(
    run: Callable[..., FindReport], tmp_path: Path, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=name.split("/", maxsplit=1)[0]):
        run(paths=(tmp_path / name,))
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_refused(
    run: Callable[..., FindReport], three: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="--overwrite"):
        run()
    run(overwrite=True)
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_overwriting_takes_the_earlier_result_away_and_nothing_else(
    run: Callable[..., FindReport], three: Path
) -> None:
    out = run().out
    (out / "pictures" / "mine.jpg").write_bytes(b"mine")
    report = run(paths=(three / "b.png",), overwrite=True)
    assert {p.name for p in out.rglob("*.jpg")} == {"b.jpg", "mine.jpg"}
    assert table(report, "finds.csv") == []
    assert [row["image"] for row in table(report, "images.csv")] == ["b.png"]


def test_what_a_killed_run_left_half_written_is_taken_away(
    run: Callable[..., FindReport], three: Path
) -> None:
    out = run().out
    halves = [out / ".finds.csv.71.part", out / "pictures" / ".b.jpg.71.part"]
    mine = [out / "pictures" / ".mine.71.part", out / "pictures" / ".b.jpg.new.part"]
    for path in (*halves, *mine):
        path.write_bytes(b"half")
    run(overwrite=True)
    assert [path.exists() for path in (*halves, *mine)] == [False, False, True, True]


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_names_that_are_no_text_are_looked_at(
    run: Callable[..., FindReport], tmp_path: Path
) -> None:
    folder = tmp_path / os.fsdecode(b"in \xff")
    put(folder / "w\x01\x1b.png", blobs(96, 96, [(40, 40)]))
    report = run(paths=(folder,), out=tmp_path / os.fsdecode(b"out \xff"), write=("voc",))
    assert report.exit_code() == 0
    facts = json.loads((report.out / "run.json").read_text("utf-8"))
    assert facts["settings"]["paths"] == [f"{tmp_path}/in \ufffd"]
    ElementTree.parse(report.out / "voc" / "w\ufffd\ufffd.xml")  # noqa: S314
    assert (report.out / "report.html").exists()


def test_a_changed_run_file_cannot_name_other_files_to_remove(
    run: Callable[..., FindReport], three: Path
) -> None:
    out = run().out
    (out / "run.json").write_text(json.dumps({"pictures": ["../in/a.png", str(three / "b.png")]}))
    assert len(run(overwrite=True).rows) == 3
    (out / "run.json").write_text('["pictures"]')
    assert len(run(overwrite=True).rows) == 3


def test_a_result_inside_the_input_is_not_looked_at(
    run: Callable[..., FindReport], three: Path
) -> None:
    first = run(out=three / "found")
    second = run(out=three / "found", overwrite=True)
    assert [row.image for row in first.rows] == [row.image for row in second.rows]


def test_no_earlier_result_in_the_input_is_looked_at(
    run: Callable[..., FindReport], three: Path
) -> None:
    first = run(out=three / "found")
    second = run(out=three / "found 2")
    assert [row.image for row in first.rows] == [row.image for row in second.rows]
    with pytest.raises(UsageError, match="drawn by an earlier run"):
        run(paths=(three / "found" / "pictures",))


def test_a_killed_run_leaves_no_copies_to_look_at(
    run: Callable[..., FindReport], three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*args: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(find_module.Output, "write_tables", keep_run_then(killed))
        with pytest.raises(SystemExit):
            run(out=three / "found")
    assert len(list(three.glob("found/pictures/**/*.jpg"))) == 3
    assert json.loads((three / "found" / "run.json").read_text())["complete"] is False
    assert len(run().rows) == 3
    run(out=three / "found", overwrite=True, pictures="none")
    assert not (three / "found" / "pictures").exists()


def keep_run_then(end: Callable[..., None]) -> Callable[..., None]:
    """Write the first note of a run and end at the tables."""
    write = find_module.Output.write_tables

    def write_some(output: find_module.Output, contents: dict[str, bytes]) -> None:
        (write if set(contents) == {"run.json"} else end)(output, contents)

    return write_some


def test_originals_in_a_folder_named_pictures_are_looked_at_and_kept(
    run: Callable[..., FindReport], tmp_path: Path
) -> None:
    original = put(tmp_path / "lot" / "pictures" / "a.jpg", blobs(96, 96, [(40, 40)]))
    other = put(tmp_path / "a.png", blobs(96, 96, []))
    before = original.read_bytes()
    assert run(paths=(original, other), out=tmp_path / "lot", overwrite=True).num_finds == 1
    assert run(paths=(original, other), out=tmp_path / "lot", overwrite=True).num_finds == 1
    assert original.read_bytes() == before
    drawn = sorted(path.name for path in original.parent.iterdir())
    assert drawn == ["a.jpg", "a.jpg.jpg", "a.png.jpg"]


def test_a_picture_that_cannot_be_drawn_keeps_its_finds(
    run: Callable[..., FindReport], three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import blemish.jobs.output as output

    draw = output.draw_finds

    def fail_once(pixels: NDArray[np.uint8], *rest: object) -> NDArray[np.uint8]:
        if pixels.shape[1] == 200:
            raise MemoryError("no room\nfor the copy")
        return draw(pixels, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(output, "draw_finds", fail_once)
    report = run()
    assert [row.status for row in report.rows] == ["partial", "clean", "defective"]
    assert "a.jpg: cannot be drawn (MemoryError: no room for the copy)" in report.rows[0].error
    assert report.num_finds == 3
    assert report.facts["pictures"] == ["pictures/b.jpg", "pictures/lot/웨이퍼 10.jpg"]


def test_a_label_without_a_name_is_a_failed_picture(
    run: Callable[..., FindReport], tmp_path: Path
) -> None:
    put(tmp_path / "in" / "bright.png", blobs(96, 96, [(40, 40)]))
    put(tmp_path / "in" / "dark.png", blobs(96, 96, [(40, 40)], step=-80))
    model = planted_bundle(tmp_path / "model", classes=("bright",)).path
    report = run(model=model)
    assert [row.status for row in report.rows] == ["defective", "failed"]
    assert report.rows[1].error.startswith(str(tmp_path / "in" / "dark.png"))


def test_room_for_the_tables_is_kept_while_copies_are_drawn(
    run: Callable[..., FindReport], three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import blemish.jobs.output as output

    files: list[io.BytesIO] = []
    kept_free: list[int] = []

    def remember(**wishes: object) -> io.BytesIO:
        files.append(io.BytesIO())
        return files[-1]

    def see(path: Path, pixels: object) -> None:
        kept_free.append(len(files[-1].getvalue()))

    monkeypatch.setattr(output.tempfile, "TemporaryFile", remember)
    monkeypatch.setattr(output, "write_picture", see)
    write_tables = output.Output.write_tables

    def write(self: output.Output, contents: dict[str, bytes]) -> None:
        assert all(file.closed for file in files)
        write_tables(self, contents)

    monkeypatch.setattr(output.Output, "write_tables", write)
    run()
    assert len(kept_free) == 3
    assert min(kept_free) > 30_000


def test_a_disk_without_room_for_the_tables_is_refused_at_once(
    run: Callable[..., FindReport], three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import blemish.jobs.output as output

    class Full(io.BytesIO):
        def write(self, content: bytes) -> int:  # type: ignore[override]
            no_space()
            return 0

    def open_file(buffering: int = -1, **_: object) -> io.BytesIO:
        return io.BytesIO() if buffering else Full()

    monkeypatch.setattr(output.tempfile, "TemporaryFile", open_file)
    with pytest.raises(UsageError, match="No space left"):
        run()
    assert list((three.parent / "out").iterdir()) == []


def test_a_picture_too_large_at_the_scale_is_a_row_with_its_name(
    run: Callable[..., FindReport], tmp_path: Path
) -> None:
    path = put(tmp_path / "in" / "a.png", blobs(300, 200, []))
    (row,) = run(scale="100").rows
    assert row.status == "failed"
    assert row.error.startswith(f"{path}: ")
    assert "--scale" in row.error


def test_a_place_that_cannot_be_written_is_one_line(
    run: Callable[..., FindReport], three: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(UsageError, match="file") as caught:
            run(out=out)
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_without_permission_is_one_line(
    run: Callable[..., FindReport], three: Path, tmp_path: Path
) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked").chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(UsageError, match="locked"):
        run(out=tmp_path / "locked" / "out")


def no_space(*args: object, **kwargs: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_is_full_at_the_tables_is_one_line_and_leaves_no_half(
    run: Callable[..., FindReport], three: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(UsageError, match="No space left") as caught:
        run(pictures="none")
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_is_full_at_a_picture_still_gives_the_tables(
    run: Callable[..., FindReport], three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import blemish.jobs.output as output

    tried: list[Path] = []

    def full(path: Path, pixels: object) -> None:
        tried.append(path)
        reason = f"{path}: cannot be written (No space left on device)"
        raise UsageError(reason) from OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(output, "write_picture", full)
    report = run()
    assert report.exit_code(fail_on_find=True) == 3
    assert len(tried) == 1
    assert len(table(report, "finds.csv")) == 3
    rows = table(report, "images.csv")
    assert {row["status"] for row in rows} == {"partial"}
    assert len({row["error"] for row in rows}) == 1


def test_after_ctrl_c_what_is_complete_is_written(
    run: Callable[..., FindReport], three: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Finder.look

    def look_twice(finder: Finder, pixels: NDArray[np.uint8]) -> Finding:
        if pixels.shape[1] == 160:
            raise KeyboardInterrupt
        return look(finder, pixels)

    monkeypatch.setattr(Finder, "look", look_twice)
    report = run()
    assert report.exit_code() == 130
    assert [row["image"] for row in table(report, "images.csv")] == ["a.png", "b.png"]
    assert len(table(report, "finds.csv")) == 2
    assert json.loads((report.out / "run.json").read_text())["complete"] is False
    assert any("Interrupted" in line for line in describe(report))


def test_a_wafer_that_must_be_there_and_is_not_makes_a_picture_partial(
    run: Callable[..., FindReport], three: Path
) -> None:
    report = run(region="wafer")
    assert {row.status for row in report.rows} == {"partial"}
    assert "no wafer" in report.rows[0].error
    assert report.num_finds == 3
    assert report.exit_code() == 3


def test_the_watcher_sees_every_row_in_order(three: Path, tmp_path: Path, bundle: Bundle) -> None:
    seen: list[tuple[str, int, int]] = []

    def watch(row: ImageRow, num_done: int, num_all: int) -> None:
        seen.append((row.image, num_done, num_all))

    paths = (tmp_path / "gone", three)
    find_run(FindSettings(paths, tmp_path / "out", bundle.path, engine="onnxruntime"), watch)
    assert [entry[1:] for entry in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_wrong_wishes_leave_no_folder(run: Callable[..., FindReport], three: Path) -> None:
    for wish in ({"pictures": "some"}, {"region": "disc"}, {"scale": "big"}, {"min_score": 2.0}):
        with pytest.raises(UsageError):
            run(**wish)
    with pytest.raises(BundleError):
        run(model=three)
    assert not (three.parent / "out").exists()


def test_rows_say_how_many_finds_lie_outside(
    run: Callable[..., FindReport], three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(finder: Finder, pixels: NDArray[np.uint8]) -> Finding:
        return Finding(finder._find(pixels), 4, None, 1.0)

    monkeypatch.setattr(find_module.Finder, "look", look)
    report = run()
    assert [row["num_outside"] for row in table(report, "images.csv")] == ["4", "4", "4"]
    assert "12 more outside" in describe(report)[0]

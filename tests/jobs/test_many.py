"""Shards, manifest and going on, with the shards looked at in this process."""

import csv
import gc
import json
import os
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import pyarrow.parquet
import pytest

from blemish.errors import EngineError, UsageError
from blemish.jobs.batch import How, Looked, deal_in_turn, deal_on_ray
from blemish.jobs.find import FindSettings, find_run, open_finder_of
from blemish.jobs.manifest import Manifest
from blemish.jobs.many import ManyReport, ManySettings, describe_many, find_many, list_entries
from blemish.jobs.shards import Entry, Shard, look_at_shard, make_shards
from planted_bundle import blobs, planted_bundle
from planted_wafers import Wafer, draw


@pytest.fixture
def settings(tmp_path: Path) -> ManySettings:
    """Write 11 pictures, one of them broken, and ask for shards of 3."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(10):
        spots = [(30 + 8 * number, 40), (100, 90)][: number % 3]
        content = cv2.imencode(".png", blobs(160, 120, spots))[1].tobytes()
        (folder / f"웨이퍼 {number}.png").write_bytes(content)
    (folder / "broken.png").write_bytes(b"")
    model = planted_bundle(tmp_path / "model").path
    find = FindSettings((), tmp_path / "out", model, engine="onnxruntime", threads=1)
    return ManySettings(find, (str(folder),), shard=3)


def table(out: Path, kind: str) -> list[dict[str, str]]:
    """Read the parts of one table that the manifest lists."""
    rows: list[dict[str, str]] = []
    for number, facts in sorted(Manifest.read(out).done.items()):
        (name,) = [name for name in facts["files"] if name.startswith(kind)]
        assert f"{number:06d}" in name
        rows += csv.DictReader((out / "parts" / name).read_text("utf-8-sig").splitlines())
    return rows


def as_find_does(settings: ManySettings) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Give finds and images as `find` on one machine writes them, without times."""
    out = settings.find.out.parent / "single"
    paths = tuple(Path(place) for place in settings.places)
    find_run(replace(settings.find, paths=paths, out=out, pictures="none"))
    finds, images = (
        list(csv.DictReader((out / name).read_text("utf-8-sig").splitlines()))
        for name in ("finds.csv", "images.csv")
    )
    return finds, without_times(images)


def without_times(images: list[dict[str, str]]) -> list[dict[str, str]]:
    return [row | {"milliseconds": ""} for row in images]


def ending_after(number: int, error: type[BaseException]) -> object:
    def deal(find: FindSettings, shards: Iterable[Shard]) -> Iterator[Looked]:
        for count, looked in enumerate(deal_in_turn(find, shards)):
            if count == number:
                raise error
            yield looked

    return deal


def test_the_parts_are_what_find_writes(settings: ManySettings) -> None:
    seen: list[tuple[int, int]] = []
    report = find_many(settings, deal_in_turn, lambda *count: seen.append(count))
    assert (table(report.out, "finds"), without_times(table(report.out, "images"))) == (
        as_find_does(settings)
    )
    assert seen == [(0, 11), (3, 11), (6, 11), (9, 11), (11, 11)]
    assert report.exit_code() == 3
    assert report.facts["statuses"] == {"failed": 1, "defective": 6, "clean": 4}
    assert json.loads((report.out / "run.json").read_text("utf-8")) == report.facts
    assert "11 pictures: 4 clean, 6 defective, 1 failed; 9 finds" in describe_many(report)[0]
    assert not list(report.out.rglob("*.part"))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_run_that_ended_goes_on_and_nothing_appears_twice(
    settings: ManySettings, error: type[BaseException]
) -> None:
    first = ending_after(2, error)
    if error is KeyboardInterrupt:
        report = find_many(settings, first)  # type: ignore[arg-type]
        assert report.exit_code() == 130
        assert "same command again" in describe_many(report)[1]
    else:
        with pytest.raises(SystemExit):
            find_many(settings, first)  # type: ignore[arg-type]
    (settings.find.out.parent / "in" / "new.png").write_bytes(b"")  # shards stay what they were
    asked: list[int] = []

    def deal(find: FindSettings, shards: Iterable[Shard]) -> Iterator[Looked]:
        for looked in deal_in_turn(find, shards):
            asked.append(looked.shard.number)
            yield looked

    report = find_many(settings, deal)
    assert asked == [2, 3]
    assert report.facts["resumed"] is True
    (settings.find.out.parent / "in" / "new.png").unlink()
    assert without_times(table(report.out, "images")) == as_find_does(settings)[1]
    assert find_many(settings, lambda find, shards: iter(())).facts["complete"] is True


def spoil(out: Path, how: str) -> None:
    manifest = out / "manifest.jsonl"
    content = manifest.read_bytes()
    if how == "torn line":
        manifest.write_bytes(content[:-20])
    elif how == "line of another":
        manifest.write_bytes(content + b'{"shard": "x"}\n[]\n\xff\n')
    elif how == "lost file":
        (out / "parts" / "finds-000003.csv").unlink()
    elif how == "changed file":
        (out / "parts" / "images-000003.csv").write_bytes(b"image\r\n")
    else:
        (out / "parts" / ".finds-000003.csv.1.part").write_bytes(b"half")


@pytest.mark.parametrize(
    ("how", "again"),
    [
        *(("torn line", [3]), ("lost file", [3]), ("changed file", [3])),
        *(("line of another", []), ("half a file", [])),
    ],
)
def test_what_the_manifest_does_not_prove_is_done_again(
    settings: ManySettings, how: str, again: list[int]
) -> None:
    out = find_many(settings, deal_in_turn).out
    expected = table(out, "images")
    spoil(out, how)
    asked: list[int] = []

    def deal(find: FindSettings, shards: Iterable[Shard]) -> Iterator[Looked]:
        for looked in deal_in_turn(find, shards):
            asked.append(looked.shard.number)
            yield looked

    find_many(settings, deal)
    assert asked == again
    assert without_times(table(out, "images")) == without_times(expected)
    assert len((out / "manifest.jsonl").read_text("utf-8").splitlines()) >= 5


def test_a_run_does_not_go_on_in_another_precision(settings: ManySettings) -> None:
    find_many(settings, ending_after(2, KeyboardInterrupt))  # type: ignore[arg-type]

    def deal(find: FindSettings, shards: Iterable[Shard]) -> Iterator[Looked]:
        for looked in deal_in_turn(find, shards):
            assert looked.how
            yield looked._replace(how=looked.how._replace(precision="int8"))

    with pytest.raises(EngineError, match=r"begun in float32 .* go on in int8"):
        find_many(settings, deal)
    assert len(Manifest.read(settings.find.out).done) == 2
    report = find_many(settings, deal_in_turn)
    assert report.facts["complete"] is True
    again = find_many(settings, lambda find, shards: iter(()))
    assert again.facts["how"] == report.facts["how"] == ["onnxruntime", "float32", "float32"]


@pytest.mark.parametrize(
    ("change", "word"),
    [({"shard": 4}, "shard"), ({"kind": "parquet"}, "parts"), ({"places": ("x",)}, "places")],
)
def test_another_wish_does_not_go_on_with_the_run(
    settings: ManySettings, change: dict[str, object], word: str
) -> None:
    find_many(settings, deal_in_turn)
    with pytest.raises(UsageError, match=f"another {word}"):
        find_many(replace(settings, **change), deal_in_turn)  # type: ignore[arg-type]
    other = replace(settings, find=replace(settings.find, min_score=0.9))
    with pytest.raises(UsageError, match="another min_score"):
        find_many(other, deal_in_turn)


def test_overwriting_begins_anew_and_leaves_what_is_not_its_own(settings: ManySettings) -> None:
    out = find_many(settings, deal_in_turn).out
    (out / "parts" / "mine.csv").write_text("mine")
    (out / "manifest.jsonl").write_bytes(b"torn")
    with pytest.raises(UsageError, match="manifest"):
        find_many(settings, deal_in_turn)
    anew = replace(settings, shard=100, find=replace(settings.find, overwrite=True))
    report = find_many(anew, deal_in_turn)
    assert report.facts["resumed"] is False
    names = {path.name for path in (out / "parts").iterdir()}
    assert names == {"mine.csv", "finds-000000.csv", "images-000000.csv"}
    (out.parent / "other").mkdir()
    (out.parent / "other" / "mine.txt").write_text("mine")
    elsewhere = replace(settings, find=replace(settings.find, out=out.parent / "other"))
    with pytest.raises(UsageError, match="not empty"):
        find_many(elsewhere, deal_in_turn)


def test_a_result_without_ray_and_one_with_it_replace_each_other(settings: ManySettings) -> None:
    find = replace(settings.find, overwrite=True)
    single = replace(find, paths=(Path(settings.places[0]),), pictures="none")
    for _ in range(2):
        out = find_many(replace(settings, find=find), deal_in_turn).out
        assert {one.name for one in out.iterdir()} == {
            *("manifest.jsonl", "pictures.jsonl", "parts", "run.json")
        }
        find_run(single)
        assert {one.name for one in out.iterdir()} == {
            *("finds.csv", "images.csv", "finds.coco.json", "run.json", "report.html")
        }
    (out / "manifest.jsonl").write_text("{}\n")
    with pytest.raises(UsageError, match="another result"):
        find_many(settings, deal_in_turn)


def test_parquet_holds_the_same_as_numbers(settings: ManySettings) -> None:
    report: ManyReport = find_many(replace(settings, kind="parquet"), deal_in_turn)
    finds, images = as_find_does(settings)
    parts = report.out / "parts"
    rows = [
        row
        for path in sorted(parts.glob("finds-*.parquet"))
        for row in pyarrow.parquet.read_table(path).to_pylist()
    ]
    assert [row["image"] for row in rows] == [row["image"] for row in finds]
    assert [row["x1"] for row in rows] == pytest.approx([float(row["x1"]) for row in finds])
    shown = [
        row
        for path in sorted(parts.glob("images-*.parquet"))
        for row in pyarrow.parquet.read_table(path).to_pylist()
    ]
    assert list(shown[0]) == list(images[0])
    for row, other in zip(shown, images, strict=True):
        assert (row["image"], row["status"], row["error"]) == (
            *(other["image"], other["status"], other["error"]),
        )
        assert str(row["width"] or "") == other["width"]


def test_urls_are_read_like_files(settings: ManySettings) -> None:
    folder = Path(settings.places[0])
    for place in (folder.as_uri(), folder.as_uri() + "/*.png"):
        out = settings.find.out.parent / f"of {len(place)}"
        find = replace(settings.find, out=out)
        by_url = find_many(replace(settings, places=(place,), find=find), deal_in_turn)
        finds, images = as_find_does(replace(settings, find=replace(find, overwrite=True)))
        assert sorted(row["image"] for row in table(out, "finds")) == [
            *sorted(row["image"] for row in finds)
        ]
        assert by_url.facts["statuses"] == {"failed": 1, "defective": 6, "clean": 4}
        (broken,) = [row for row in table(out, "images") if row["status"] == "failed"]
        assert broken["error"].startswith("file:///")
        assert broken["error"].count("broken.png") == 1
        assert "blemish-" not in broken["error"]
        assert len(images) == 11


def test_no_thread_is_left_to_the_garbage_collector(settings: ManySettings) -> None:
    finder = open_finder_of(settings.find)
    broken = Entry("broken.png", settings.places[0] + "/broken.png")
    gc.disable()
    try:
        (row,) = look_at_shard(finder, Shard(0, (broken,)))
        assert not [one for one in threading.enumerate() if one.name.startswith("ahead")]
    finally:
        gc.enable()
    assert row.status == "failed"


def test_a_picture_that_cannot_be_fetched_is_a_row(settings: ManySettings) -> None:
    folder = Path(settings.places[0])
    places = (folder.as_uri(),)
    find_many(replace(settings, places=places), ending_after(0, KeyboardInterrupt))  # type: ignore[arg-type]
    (folder / "웨이퍼 4.png").unlink()
    report = find_many(replace(settings, places=places), deal_in_turn)
    failed = [row for row in table(report.out, "images") if row["status"] == "failed"]
    assert [row["image"] for row in failed] == ["broken.png", "웨이퍼 4.png"]
    assert "cannot be read" in failed[1]["error"]


def test_places_that_are_not_there_are_named(settings: ManySettings, tmp_path: Path) -> None:
    for place in (str(tmp_path / "gone"), (tmp_path / "gone").as_uri(), "nosuch://a/b"):
        with pytest.raises(UsageError, match=r"gone|nosuch"):
            list_entries([place])
    assert not settings.find.out.exists()


def test_names_stay_apart(tmp_path: Path) -> None:
    for lot in ("a", "b"):
        (tmp_path / lot).mkdir()
        (tmp_path / lot / "w.png").write_bytes(b"")
    places = [str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "a" / "w.png")]
    entries = list_entries(places)
    assert [one.name for one in entries] == ["w.png", "b/w.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_picture_that_is_named_twice_is_listed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "w.png").write_bytes(b"")
    (tmp_path / "link").symlink_to("a")
    (entry,) = list_entries(["a", "a/../a", "link", "a/w.png"])
    assert entry == Entry("w.png", str(tmp_path / "a" / "w.png"))


def test_places_that_are_not_there_are_failed_rows_beside_others(settings: ManySettings) -> None:
    (Path(settings.places[0]) / "empty").mkdir()
    gone = [settings.places[0] + "/gone.png", settings.places[0] + "/empty", "nosuch://a/b"]
    entries = list_entries([*gone, *settings.places])
    assert len(entries) == 3 + 11
    assert [one.name for one in entries if one.error] == gone
    report = find_many(replace(settings, places=(*gone, *settings.places)), deal_in_turn)
    assert report.facts["statuses"] == {"failed": 4, "defective": 6, "clean": 4}
    errors = [row["error"] for row in table(report.out, "images")][:3]
    assert "gone.png: is not there" in errors[0]
    assert "empty: no pictures there" in errors[1]


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_names_that_are_no_text_go_on(settings: ManySettings, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"lot \xff")
    (tmp_path / "in").rename(folder)
    asked = replace(settings, places=(str(folder),))
    find_many(asked, ending_after(1, KeyboardInterrupt))  # type: ignore[arg-type]
    report = find_many(asked, deal_in_turn)
    assert report.facts["resumed"] is True
    assert report.facts["statuses"] == {"failed": 1, "defective": 6, "clean": 4}


def test_shards_hold_each_picture_once() -> None:
    entries = [Entry(str(number), "") for number in range(10)]
    shards = make_shards(entries, 4)
    assert [len(shard.entries) for shard in shards] == [4, 4, 2]
    assert [one for shard in shards for one in shard.entries] == entries
    assert make_shards([], 4) == []


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_millimetres_stand_in_the_parts_too(
    settings: ManySettings, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "wafers"
    folder.mkdir()
    for name, wafers in (("a", (Wafer(),)), ("none", ())):
        picture = draw(*wafers, spots=[(300, 250), (200, 200)])
        (folder / f"{name}.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    (folder / "broken.png").write_bytes(b"")
    toml = tmp_path / "wafer.toml"
    toml.write_text("diameter = 150\n[die]\npitch = [10, 10]\n")
    find = replace(settings.find, wafer=toml, min_score=0.7)
    asked = replace(settings, find=find, places=(str(folder),), kind=kind)
    report = find_many(asked, deal_in_turn)
    finds, images = as_find_does(asked)
    assert finds[0]["x_mm"]
    assert finds[-1]["x_mm"] == ""
    assert {row["mark"] for row in images} == {"flat", "none", ""}
    if kind == "csv":
        assert table(report.out, "finds") == finds
        assert without_times(table(report.out, "images")) == images
    else:
        (part,) = (report.out / "parts").glob("finds-*.parquet")
        rows = pyarrow.parquet.read_table(part).to_pylist()
        assert [row["x_mm"] for row in rows] == [
            float(row["x_mm"]) if row["x_mm"] else None for row in finds
        ]
        assert [row["die_x"] for row in rows] == [
            int(row["die_x"]) if row["die_x"] else None for row in finds
        ]
        (part,) = (report.out / "parts").glob("images-*.parquet")
        marks = [row["mark"] for row in pyarrow.parquet.read_table(part).to_pylist()]
        assert marks == [row["mark"] or None for row in images]
    toml.write_text("diameter = 200\n[die]\npitch = [10, 10]\n")
    with pytest.raises(UsageError, match="holds a run with another wafer"):
        find_many(asked, deal_in_turn)


@pytest.mark.parametrize(("name", "value"), [("grid", True), ("write", ("voc",))])
def test_what_is_no_table_is_refused(settings: ManySettings, name: str, value: object) -> None:
    find = replace(settings.find, wafer_diameter=150.0, **{name: value})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=f"--{name}: only tables are written with --ray"):
        find_many(replace(settings, find=find), deal_in_turn)
    assert not settings.find.out.exists()


def test_engines_answer_alike_in_floats_alone() -> None:
    def alike(precision: str, engine: str = "openvino", floats: str = "float32") -> bool:
        one = How("hash", "openvino", precision, "float32", "")
        return one.answers_as(How("hash", engine, precision, floats, "a note"))

    assert alike("float32", "onnxruntime")
    assert alike("int8")
    assert not alike("int8", "onnxruntime")
    assert not alike("int8", floats="bfloat16")
    assert not How("other", "openvino", "int8", "float32", "").answers_as(
        How("hash", "openvino", "int8", "float32", "")
    )


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "ray://127.0.0.1:1", "[::1]:1", "127.0.0.1:99999"]
)
def test_where_nothing_answers_is_one_line_at_once(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError, match=f"^--ray {re.escape(address)}: no Ray cluster there"):
        next(deal_on_ray(FindSettings((), tmp_path), [], address))

"""What `find --write` and millimetres add to a result, from drawn wafers to files on disk."""

import csv
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from blemish.core.defects import Defects
from blemish.data.dataset import read_dataset
from blemish.errors import UsageError
from blemish.jobs.find import FindReport, FindSettings, describe, find_run
from blemish.jobs.writing import Writing, cut_around, read_kinds
from blemish.report.tables import ImageRow
from blemish.wafer.klarf_read import KlarfWafer, open_klarf
from blemish.wafer.recipe import Orientation, Recipe
from planted_bundle import planted_bundle
from planted_wafers import Wafer, draw

WAFER = Wafer(turn=120.0)
SPOTS = [(300, 300), (350, 180), (180, 400)]
CLASSES = ("bright", "dark")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_bundle(
        tmp_path_factory.mktemp("model") / "planted", wafer_range=(100.0, 1000.0)
    ).path


@pytest.fixture
def run(model: Path, tmp_path: Path) -> Callable[..., FindReport]:
    base = FindSettings(
        (tmp_path / "in",), tmp_path / "out", model, 0.7, engine="onnxruntime", threads=1
    )

    def run_with(**changes: object) -> FindReport:
        settings = {"wafer_diameter": 150.0, "pictures": "none"} | changes
        return find_run(replace(base, **settings))  # type: ignore[arg-type]

    return run_with


def put(path: Path, *wafers: Wafer, spots: list[tuple[int, int]] = SPOTS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = draw(*wafers, spots=spots)
    path.write_bytes(cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())


def table(out: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((out / name).read_text("utf-8-sig").splitlines()))


def klarf(path: Path) -> KlarfWafer:
    (wafer,) = open_klarf(path).wafers
    return wafer


def test_a_picture_that_was_not_seen_whole_has_no_labels() -> None:
    writing = Writing(frozenset({"voc", "yolo", "coco"}), CLASSES, None, datetime.now(UTC))
    whole = ImageRow("w.png", 64, 64, "clean", Defects.none())
    damaged = replace(whole, image="d.png", status="partial", num_unread=2)
    pixels = np.zeros((64, 64, 3), np.uint8)
    assert set(writing.files("pictures/w.jpg", whole, pixels)[0]) == {"voc/w.xml", "yolo/w.txt"}
    assert writing.files("pictures/d.jpg", damaged, pixels) == ({}, "no labels are written")
    coco = json.loads(writing.last_files([whole, damaged])["coco/labels.json"])
    assert [one["file_name"] for one in coco["images"]] == ["w.png"]


def test_overwriting_leaves_files_that_others_wrote(
    run: Callable[..., FindReport], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "in" / "w1.png", WAFER)
    mine = [tmp_path / "out" / "voc" / "w1.xml", tmp_path / "out" / "yolo" / "classes.txt"]
    for path in mine:
        path.parent.mkdir(parents=True)
        path.write_text("mine")
    for _ in range(2):
        with pytest.raises(UsageError, match=r"classes\.txt: is there already; move it away"):
            run(write=("voc,yolo",), overwrite=True)
    with monkeypatch.context() as patch:
        patch.setattr(Writing, "write_each", lambda *_: exit())  # as if it were killed
        with pytest.raises(SystemExit):
            run(write=("voc",), overwrite=True)
    for _ in range(2):
        (row,) = run(write=("voc",), overwrite=True).rows
        assert "w1.xml: is there already" in row.error
    assert [path.read_text() for path in mine] == ["mine", "mine"]
    mine[1].unlink()
    for _ in range(2):  # what an earlier run wrote is replaced
        assert run(write=("yolo",), overwrite=True).exit_code() == 0


def test_all_kinds_of_a_folder(run: Callable[..., FindReport], tmp_path: Path) -> None:
    put(tmp_path / "in" / "lot 1" / "웨이퍼 1.png", WAFER)
    put(tmp_path / "in" / "clean.png", WAFER, spots=[])
    report = run(write=("voc,yolo", "coco,klarf-images,html"), pictures="all", grid=True)
    assert report.exit_code() == 0
    out = report.out
    finds, images = table(out, "finds.csv"), table(out, "images.csv")
    places = np.array([[float(row["x_mm"]), float(row["y_mm"])] for row in finds])
    true = WAFER.to_mm(SPOTS, 150.0)
    order = [int(np.hypot(*(true - place).T).argmin()) for place in places]
    assert sorted(order) == [0, 1, 2]
    assert np.hypot(*(places - true[order]).T).max() < 1.2  # the planted model is good to 3 px
    radii = [float(row["radius_mm"]) for row in finds]
    np.testing.assert_allclose(radii, np.hypot(*places.T), atol=1e-3)
    turns = np.deg2rad([float(row["angle_deg"]) for row in finds])
    np.testing.assert_allclose(np.cos(turns) * radii, places[:, 0], atol=0.01)
    assert {row["die_x"] for row in finds} == {""}
    assert [(row["mark"], row["num_excluded"]) for row in images] == [("flat", "0")] * 2
    # Labels are read back, and by the standard library's own reader.
    boxes = {row["image"]: [] for row in images}
    for row in finds:
        boxes[row["image"]].append([float(row[side]) for side in ("x1", "y1", "x2", "y2")])
    for kind in ("voc", "yolo"):
        lay = tmp_path / kind
        (out / kind).rename(lay)
        for name in boxes:
            (lay / name).parent.mkdir(parents=True, exist_ok=True)
            (lay / name).write_bytes((tmp_path / "in" / name).read_bytes())
    read = {one.path.name: one.defects.boxes for one in read_dataset(tmp_path / "voc").samples}
    for name, expected in boxes.items():
        found = read[Path(name).name]
        np.testing.assert_allclose(found, np.reshape(expected, (-1, 4)), atol=1)
    tree = ET.parse(tmp_path / "voc" / "lot 1" / "웨이퍼 1.xml").getroot()  # noqa: S314
    assert [one.findtext("name") for one in tree.iter("object")] == ["bright"] * 3
    assert tree.findtext("size/width") == "600"
    lines = (tmp_path / "yolo" / "lot 1" / "웨이퍼 1.txt").read_text().splitlines()
    centres = [[float(word) * 600 for word in line.split()[1:3]] for line in lines]
    assert sorted(np.rint(np.array(centres) / 5).astype(int).tolist()) == sorted(
        np.rint(np.array(SPOTS) / 5).astype(int).tolist()
    )
    assert (tmp_path / "yolo" / "classes.txt").read_text().split() == list(CLASSES)
    assert (tmp_path / "yolo" / "clean.txt").read_text() == ""
    coco = json.loads((out / "coco" / "labels.json").read_text("utf-8"))
    assert len(coco["annotations"]) == 3
    # KLARF: the finds, an image each, and the clean wafer too.
    wafer = klarf(out / "klarf" / "lot 1" / "웨이퍼 1.klarf")
    np.testing.assert_allclose(wafer.positions, places, atol=2e-4)
    assert wafer.wafer == "___ 1"
    assert len(klarf(out / "klarf" / "clean.klarf").rows) == 0
    (tiff,) = out.joinpath("klarf").rglob("*.tif")
    with tifffile.TiffFile(tiff) as file:
        pages = [page.asarray() for page in file.pages]
    assert [page.shape for page in pages] == [(64, 64, 3)] * 3
    picture = draw(WAFER, spots=SPOTS)
    x, y = SPOTS[order[0]]
    assert (
        np.abs(pages[0][30:34, 30:34].astype(int) - picture[y - 2 : y + 2, x - 2 : x + 2]).max()
        < 90
    )
    assert {name.split("/")[0] for name in report.facts["written"]} == {
        "voc", "yolo", "coco", "klarf", "closeups",
    }  # fmt: skip
    assert any(line.startswith("Written: ") for line in describe(report))


def test_the_grid_leaves_the_finds_as_they_are(
    run: Callable[..., FindReport], tmp_path: Path
) -> None:
    put(tmp_path / "in" / "a.png", WAFER)
    plain = cv2.imread(str(run(pictures="all").out / "pictures" / "a.jpg")).astype(int)
    drawn = cv2.imread(
        str(run(pictures="all", grid=True, overwrite=True).out / "pictures" / "a.jpg")
    )
    off = np.abs(drawn.astype(int) - plain).max(axis=2)
    assert (off > 40).mean() > 0.005
    for x, y in SPOTS:
        assert off[y - 5 : y + 5, x - 5 : x + 5].max() < 40


def test_klarf_is_not_written_where_a_place_may_be_wrong(
    run: Callable[..., FindReport], tmp_path: Path
) -> None:
    put(tmp_path / "in" / "S1.png", WAFER)
    put(tmp_path / "in" / "S2.png", Wafer(mark="none"))
    put(tmp_path / "in" / "S3.png")
    put(tmp_path / "in" / "odd.png", WAFER)
    toml = tmp_path / "wafer.toml"
    toml.write_text(
        "diameter = 300\n[names]\npattern = '^S(?P<slot>[0-9]+)'\n[klarf]\nlot = \"L\"\n"
        "[die]\npitch = [10, 10]\n"
    )
    report = run(wafer=toml, wafer_diameter=None, write=("klarf",))
    assert report.exit_code() == 3
    assert [path.name for path in report.out.joinpath("klarf").iterdir()] == ["S1.klarf"]
    first = klarf(report.out / "klarf" / "S1.klarf")
    assert (first.lot, first.slot, first.wafer, first.mark) == ("L", "1", "S1", "FLAT")
    rows = {row["image"]: row for row in table(report.out, "images.csv")}
    assert "how the wafer is turned is not known" in rows["S2.png"]["error"]
    assert "no wafer found: no millimetres" in rows["S3.png"]["error"]
    assert rows["odd.png"]["error"].endswith(
        "names.pattern does not fit its name: no KLARF is written"
    )
    assert rows["S2.png"]["error"].endswith("; no KLARF is written")
    finds = table(report.out, "finds.csv")
    assert {row["x_mm"] for row in finds if row["image"] == "S3.png"} <= {""}
    dies = [[int(row["die_x"]), int(row["die_y"])] for row in finds if row["image"] == "S1.png"]
    assert dies == first.dies.tolist()
    mine = finds[: len(dies)]
    sizes = np.array([[float(row[name]) for name in ("width_mm", "height_mm")] for row in mine])
    written = np.array([first.column("XSIZE"), first.column("YSIZE")]).T.astype(float)
    np.testing.assert_allclose(written / 1000, sizes, atol=1e-4)
    doubt = "a flat of 115 mm is seen, and wafers of 300 mm have no flat"
    assert doubt in report.facts["doubts"][0]
    assert any(doubt in line for line in describe(report))


def test_a_picture_called_like_the_list_of_classes(
    run: Callable[..., FindReport], tmp_path: Path
) -> None:
    put(tmp_path / "in" / "Classes.png", WAFER)
    report = run(write=("yolo",))
    assert [row.status for row in report.rows] == ["partial"]
    assert "rename it" in report.rows[0].error
    assert (report.out / "yolo" / "classes.txt").read_text().split() == list(CLASSES)


def test_what_others_put_there_stays_and_nothing_is_looked_at(
    run: Callable[..., FindReport], tmp_path: Path
) -> None:
    put(tmp_path / "in" / "a.png", WAFER)
    theirs = tmp_path / "out" / "coco" / "labels.json"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    with pytest.raises(UsageError, match=r"labels\.json: is there already"):
        run(write=("coco",), overwrite=True)
    assert theirs.read_text() == "theirs"
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["coco"]


def test_a_second_run_replaces_the_first(run: Callable[..., FindReport], tmp_path: Path) -> None:
    put(tmp_path / "in" / "a.png", WAFER)
    run(write=("klarf-images", "voc"))
    report = run(overwrite=True)
    assert {path.name for path in report.out.iterdir()} == {
        "finds.csv", "images.csv", "finds.coco.json", "run.json", "report.html",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"write": ("html5",)}, "--write 'html5' is not one of voc, yolo, coco, klarf, klarf-im"),
        ({"write": ("voc,",)}, "--write '' is not one of"),
        ({"write": ("klarf",), "wafer_diameter": None}, "--write klarf needs --wafer-diameter"),
        ({"grid": True, "wafer_diameter": None}, "--grid needs --wafer-diameter or --wafer"),
        ({"wafer": Path("w.toml")}, "give --wafer or --wafer-diameter"),
        ({"region": "whole"}, "--region whole looks for no wafer"),
        ({"wafer_diameter": 6.0}, "--wafer-diameter is in mm and 6 is too small"),
        ({"wafer_diameter": None, "wafer": Path("no.toml")}, "no.toml: cannot be read"),
    ],
)
def test_what_contradicts_itself_is_refused_before_anything(
    run: Callable[..., FindReport], tmp_path: Path, changes: dict[str, object], what: str
) -> None:
    put(tmp_path / "in" / "a.png", WAFER)
    with pytest.raises(UsageError) as told:
        run(**changes)
    assert str(told.value).startswith(what)
    assert not (tmp_path / "out").exists()


def test_klarf_needs_a_mark() -> None:
    recipe = Recipe(150.0, Orientation("none"))
    with pytest.raises(UsageError, match="needs a flat or notch"):
        read_kinds(("klarf",), recipe)
    assert read_kinds(("voc", "coco , yolo"), None) == {"voc", "coco", "yolo"}
    assert read_kinds((), None) == frozenset()


def test_a_model_that_looks_everywhere_looks_for_the_wafer(
    run: Callable[..., FindReport], tmp_path: Path
) -> None:
    anywhere = planted_bundle(tmp_path / "anywhere", region="whole").path
    put(tmp_path / "in" / "a.png", WAFER)
    report = run(model=anywhere)
    assert [row.status for row in report.rows] == ["defective"]
    assert table(report.out, "finds.csv")[0]["x_mm"]


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        ([100, 100, 110, 110], (64, 64)),
        ([100, 100, 200, 140], (200, 200)),
        ([-5, -5, 5, 5], (32, 32)),
        ([590, 300, 610, 320], (64, 32)),
        ([700, 900, 710, 910], (1, 1)),
    ],
)
def test_a_find_is_cut_out_with_its_surroundings(box: list[float], shape: tuple[int, int]) -> None:
    picture = np.arange(600 * 600, dtype=np.uint32).reshape(600, 600)
    pixels = np.stack([picture % 251, picture // 251 % 251, picture // 63001], 2).astype(np.uint8)
    cut = cut_around(pixels, np.array(box, np.float32))
    assert cut.shape[:2] == shape
    left, top = (max(min((box[i] + box[i + 2]) // 2 - 32, 599), 0) for i in (0, 1))
    if shape == (64, 64):
        np.testing.assert_array_equal(
            cut, pixels[int(top) : int(top) + 64, int(left) : int(left) + 64]
        )

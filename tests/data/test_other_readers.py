"""What others read of our labels, and we of theirs: panlabel, and labelImg's own classes."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from blemish.data.dataset import read_dataset
from blemish.data.formats import FORMATS
from blemish.data.labels import PictureLabels
from planted_labels import HEIGHT, WIDTH, lay_picture, write

GIVEN = (
    PictureLabels.of("w1.png", (90, 70), [[1, 2, 30, 40], [50, 6, 71, 8]], ("spot", "ring")),
    PictureLabels.of("w2.png", (90, 70), []),
)
CLASSES = ("spot", "ring")
EXPECTED = {
    "w1.png": [([1, 2, 30, 40], "spot"), ([50, 6, 71, 8], "ring")],
    "w2.png": [],
}
# our name, panlabel's name, where it looks for labels and pictures, and the label file
THEIRS = [
    ("voc", "voc", "Annotations", "JPEGImages", ""),
    ("csv", "retinanet", ".", ".", "annotations.csv"),
    ("coco", "coco", ".", ".", "annotations.json"),
    ("createml", "create-ml", ".", ".", "annotations.json"),
    ("yolo", "yolo", "labels", "images", ""),
]


def convert(source: Path, kind: str, target: Path, wanted: str) -> None:
    program = Path(sysconfig.get_path("scripts")) / (
        "panlabel.exe" if sys.platform == "win32" else "panlabel"
    )
    words = ["convert", "-i", source, "--from", kind, "-o", target, "--to", wanted]
    call = [program, *words, "--allow-lossy"]
    ran = subprocess.run(call, check=False, capture_output=True, text=True)  # noqa: S603
    assert ran.returncode == 0, ran.stderr


def as_rows(data):
    """Give picture → (box, class), slowly, of a COCO data set."""
    names = {one["id"]: one["name"] for one in data["categories"]}
    found = {}
    for image in data["images"]:
        rows = []
        for one in data["annotations"]:
            if one["image_id"] == image["id"]:
                x, y, width, height = one["bbox"]
                box = [round(side, 3) for side in (x, y, x + width, y + height)]
                rows.append((box, names[one["category_id"]]))
        found[image["file_name"]] = rows
    return found


@pytest.mark.parametrize(("ours", "theirs", "labels", "pictures", "file"), THEIRS)
def test_panlabel_reads_what_we_write(tmp_path, ours, theirs, labels, pictures, file):
    for name in EXPECTED:
        lay_picture(tmp_path / pictures / name, (WIDTH, HEIGHT))
    for name, text in FORMATS[ours].write(GIVEN, CLASSES).items():
        write(tmp_path / ("." if name == "classes.txt" else labels) / name, text)
    convert(tmp_path / file, theirs, tmp_path / "out.coco.json", "coco")
    assert as_rows(json.loads((tmp_path / "out.coco.json").read_text())) == EXPECTED


@pytest.mark.parametrize(("ours", "theirs", "labels", "pictures", "file"), THEIRS)
def test_we_read_what_panlabel_writes(tmp_path, ours, theirs, labels, pictures, file):
    write(tmp_path / "in.json", FORMATS["coco"].write(GIVEN, CLASSES)["annotations.json"])
    target = tmp_path / "set"
    target.mkdir()
    convert(tmp_path / "in.json", "coco", target / file, theirs)
    for name in EXPECTED:
        lay_picture(target / pictures / name, (WIDTH, HEIGHT))
    dataset = read_dataset(target)
    assert dataset.format == ours
    found = {
        one.path.name: [
            (np.round(box, 3).tolist(), dataset.classes[label])
            for box, label in zip(one.defects.boxes.astype(float), one.defects.labels, strict=True)
        ]
        for one in dataset.samples
    }
    assert found == EXPECTED


class Picture:
    """What labelImg's classes ask of a picture."""

    def height(self):
        return HEIGHT

    def width(self):
        return WIDTH

    def isGrayscale(self):  # noqa: N802 - Qt's name
        return False


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_labelimg_and_we_read_each_other(tmp_path):
    """Needs labelImg's sources and lxml: pip install --no-deps labelImg lxml."""
    voc_io = pytest.importorskip("libs.pascal_voc_io", reason="labelImg is not installed")
    yolo_io = pytest.importorskip("libs.yolo_io")
    ml_io = pytest.importorskip("libs.create_ml_io")
    for name in ("voc", "yolo", "createml"):
        for file, text in FORMATS[name].write(GIVEN, CLASSES).items():
            write(tmp_path / name / file, text)
    shapes = [
        voc_io.PascalVocReader(str(tmp_path / "voc" / "w1.xml")).get_shapes(),
        yolo_io.YoloReader(str(tmp_path / "yolo" / "w1.txt"), Picture()).get_shapes(),
        ml_io.CreateMLReader(
            str(tmp_path / "createml" / "annotations.json"), "w1.png"
        ).get_shapes(),
    ]
    for read in shapes:
        rows = [
            ([*map(float, corners[0]), *map(float, corners[2])], kind) for kind, corners, *_ in read
        ]
        assert rows == EXPECTED["w1.png"]
    for name in ("voc2", "yolo2"):
        lay_picture(tmp_path / name / "w1.png", (WIDTH, HEIGHT))
        writer = {"voc2": voc_io.PascalVocWriter, "yolo2": yolo_io.YOLOWriter}[name](
            name, "w1.png", (HEIGHT, WIDTH, 3), local_img_path=str(tmp_path / name / "w1.png")
        )
        for box, kind in EXPECTED["w1.png"]:
            writer.add_bnd_box(*box, kind, 0)
        if name == "voc2":
            writer.save(str(tmp_path / name / "w1.xml"))
        else:
            writer.save(class_list=[], target_file=str(tmp_path / name / "w1.txt"))
        dataset = read_dataset(tmp_path / name)
        boxes = dataset.samples[0].defects.boxes
        np.testing.assert_allclose(boxes, GIVEN[0].boxes, atol=1e-4)

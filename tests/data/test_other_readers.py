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
from planted_labelimg import labelimg
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


KINDS = ("voc", "yolo", "createml")
ROWS = [[label, *box] for box, label in EXPECTED["w1.png"]]
# what a disk, XML, JSON and a list of names may take amiss
NAMED = PictureLabels.of(
    "'w' & 얼룩.png", (90, 70), [[1, 2, 30, 40], [5, 6, 71, 8]], ('"a" <b>&amp;\'', "얼룩 1")
)


def label_file(folder, kind, picture):
    return folder / ("annotations.json" if kind == "createml" else label_name(kind, picture))


def label_name(kind, picture):
    return f"{Path(picture).stem}.{'xml' if kind == 'voc' else 'txt'}"


@pytest.mark.parametrize("kind", KINDS)
def test_labelimg_reads_what_we_write(tmp_path, kind):
    pictures = (*GIVEN, NAMED)
    for name, text in FORMATS[kind].write(pictures, (*CLASSES, *NAMED.classes)).items():
        write(tmp_path / name, text)
    tasks = [
        {"do": "read", "kind": kind, "file": label_file(tmp_path, kind, one.picture)}
        | {"picture": one.picture, "size": one.size}
        for one in pictures
    ]
    for one, shapes in zip(pictures, labelimg(*tasks), strict=True):
        expected = [[name, *box] for name, box in zip(one.classes, one.boxes.tolist(), strict=True)]
        assert [shape[:5] for shape in shapes] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_we_read_what_labelimg_writes(tmp_path, kind):
    pictures = {"w1.png": ROWS, NAMED.picture: [["얼룩", 5, 6, 71, 8]]}
    for name, rows in pictures.items():
        place = tmp_path / ("." if kind == "createml" else name)  # one list of names a picture
        lay_picture(place / name, (WIDTH, HEIGHT))
        task = {"do": "write", "kind": kind, "picture": name, "size": (WIDTH, HEIGHT)}
        labelimg(task | {"file": label_file(place, kind, name), "boxes": rows})
    dataset = read_dataset(tmp_path)
    assert dataset.format == kind
    found = {
        one.path.name: [
            [dataset.classes[label], *box]
            for label, box in zip(
                one.defects.labels, one.defects.boxes.round(3).tolist(), strict=True
            )
        ]
        for one in dataset.samples
    }
    assert found == pictures

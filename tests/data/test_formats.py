"""Every trap of label formats in the wild, each with files that show it."""

import csv
import json
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from blemish.data.dataset import read_dataset, survey_dataset
from blemish.data.formats import FORMATS
from blemish.data.labels import PictureLabels
from blemish.errors import LabelError
from planted_labels import HEIGHT, WIDTH, lay_picture, voc, write

ROW = "0 0.5 0.5 0.2 0.2\n"  # 36,28,54,42 of 90 x 70


def seen(path, labels=None):
    """Give picture → boxes, and (kind, row) of what was reported."""
    dataset = survey_dataset(path, labels)
    boxes = {one.path.name: np.rint(one.defects.boxes).tolist() for one in dataset.samples}
    return boxes, [(one.kind, one.row) for one in dataset.problems]


def lay(folder: Path, *names: str):
    for name in names or ("w1.png", "w2.png"):
        lay_picture(folder / name)


# Pascal VOC


def test_voc_is_taken_as_labelimg_writes_it(tmp_path):
    lay(tmp_path)
    write(tmp_path / "w1.xml", voc((1, 1, 30, 20)))  # clamped to 1, cut to integers
    write(tmp_path / "w2.xml", voc(filename="w2.png"))
    assert seen(tmp_path) == ({"w1.png": [[1, 1, 30, 20]], "w2.png": []}, [])


def test_voc_that_counts_pixels_from_1_is_shifted_when_told(tmp_path):
    lay(tmp_path, "w1.png")
    write(tmp_path / "w1.xml", voc((1, 1, 90, 70)))
    assert seen(tmp_path, "voc-1based") == ({"w1.png": [[0, 0, 90, 70]]}, [])


def test_voc_zero_size_inverted_and_unreadable(tmp_path):
    lay(tmp_path, "w1.png", "w2.png")
    write(tmp_path / "w1.xml", voc((5, 5, 5, 9), (30, 20, 10, 40), (1, 2, 3, 4)))
    write(tmp_path / "w2.xml", "<annotation><object>")
    boxes, told = seen(tmp_path)
    assert boxes == {"w1.png": [[10, 20, 30, 40], [1, 2, 3, 4]]}
    assert told == [("no-inside", "object 1"), ("inverted", "object 2"), ("unreadable-labels", "")]
    with pytest.raises(LabelError, match=r"w1\.xml: object 1: .*\(and 1 more: `blemish doctor`"):
        read_dataset(tmp_path)


def test_voc_in_utf16_and_behind_a_comment(tmp_path):
    lay(tmp_path)
    head = '\ufeff<?xml version="1.0" encoding="utf-16"?>'
    (tmp_path / "w1.xml").write_bytes((head + voc((1, 1, 9, 9))).encode("utf-16-le"))
    write(tmp_path / "w1.txt", ROW)
    assert seen(tmp_path)[0] == {"w1.png": [[1, 1, 9, 9]]}
    assert [kind for kind, _ in seen(tmp_path)[1]] == ["two-formats"]
    write(tmp_path / "w2.xml", "<!-- <Tool> -->" + voc(filename="w2.png"))
    assert seen(tmp_path)[0] == {"w1.png": [[1, 1, 9, 9]], "w2.png": []}
    write(tmp_path / "w2.xml", "<Annotation/>")
    assert ("unreadable-labels", "") in seen(tmp_path)[1]


def test_voc_without_a_size(tmp_path):
    lay(tmp_path, "w1.png")
    write(tmp_path / "w1.xml", voc((1, 1, 30, 20), size=(0, 0)))
    assert seen(tmp_path) == ({"w1.png": [[1, 1, 30, 20]]}, [])


@pytest.mark.parametrize("filename", ["w1", "w1.jpg", "w1.PNG", "", "other.png"])
def test_voc_names_without_or_with_another_extension(tmp_path, filename):
    lay(tmp_path, "w1.png")
    write(tmp_path / "w1.xml", voc((1, 1, 30, 20), filename=filename))
    assert seen(tmp_path) == ({"w1.png": [[1, 1, 30, 20]]}, [])


def test_korean_names_composed_or_not(tmp_path):
    name = "웨이퍼 결함.png"
    lay_picture(tmp_path / "사진" / unicodedata.normalize("NFD", name))
    write(tmp_path / "사진" / "웨이퍼 결함.xml", voc((1, 1, 30, 20), filename=name, name="먼지"))
    dataset = read_dataset(tmp_path)
    assert dataset.classes == ("먼지",)
    assert unicodedata.normalize("NFC", dataset.samples[0].path.name) == name


def test_pictures_without_xml_are_not_clean(tmp_path):
    lay(tmp_path)
    write(tmp_path / "w1.xml", voc((1, 1, 30, 20)))
    dataset = read_dataset(tmp_path)
    assert [path.name for path in dataset.unlabelled] == ["w2.png"]
    assert len(dataset) == 1


BOMB = '<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///secret.txt">]><annotation>&f;</annotation>'


@pytest.mark.parametrize("text", [BOMB, OUTSIDE])
def test_entities_are_refused(tmp_path, text):
    lay(tmp_path)
    write(tmp_path / "w1.xml", text)
    write(tmp_path / "w2.xml", voc())
    assert seen(tmp_path) == ({"w2.png": []}, [("unreadable-labels", "")])


# YOLO


@pytest.mark.parametrize(
    ("picture", "label", "names"),
    [
        ("w1.png", "w1.txt", "classes.txt"),  # labelImg
        ("images/train/w1.png", "labels/train/w1.txt", "classes.txt"),  # Label Studio
        ("images/w1.png", "labels/w1.txt", "labels/classes.txt"),  # labelImg, label folder
        ("obj_train_data/w1.png", "obj_train_data/w1.txt", "obj.names"),  # CVAT
        ("images/w1.png", "labels/w1.txt", "data.yaml"),  # ultralytics
    ],
)
def test_yolo_layouts(tmp_path, picture, label, names):
    lay(tmp_path, picture)
    write(tmp_path / label, ROW)
    write(tmp_path / names, "names: [error]\n" if names.endswith("yaml") else "error\n")
    write(tmp_path / "README.txt", "exported by hand\n")
    write(tmp_path / "train.txt", "images/w1.png\n")
    assert seen(tmp_path) == ({"w1.png": [[36, 28, 54, 42]]}, [])
    assert read_dataset(tmp_path).classes == ("error",)


def test_yolo_without_names_is_named_by_number(tmp_path):
    lay(tmp_path, "w1.png")
    write(tmp_path / "w1.txt", ROW)
    assert seen(tmp_path)[1] == [("no-class-names", "")]
    assert read_dataset(tmp_path).classes == ("0",)


def test_yolo_classes_from_1(tmp_path):
    lay(tmp_path)
    write(tmp_path / "w1.txt", ROW.replace("0 0.5", "1 0.5"))
    write(tmp_path / "w2.txt", ROW.replace("0 0.5", "2 0.5"))
    write(tmp_path / "classes.txt", "spot\nring\n")
    dataset = read_dataset(tmp_path)
    assert [problem.kind for problem in dataset.problems] == ["one-based"]
    assert dataset.classes == ("spot", "ring")
    assert [one.defects.labels.tolist() for one in dataset.samples] == [[0], [1]]


def test_yolo_numbers_that_a_yaml_gives_are_taken_as_they_are(tmp_path):
    lay(tmp_path)
    write(tmp_path / "w1.txt", ROW.replace("0 0.5", "2 0.5"))
    write(tmp_path / "w2.txt", ROW.replace("0 0.5", "3 0.5"))
    write(tmp_path / "data.yaml", "names:\n  2: ring\n  1: spot\n")
    dataset = survey_dataset(tmp_path)
    assert dataset.classes == ("spot", "ring")
    assert [one.defects.labels.tolist() for one in dataset.samples] == [[1], []]
    assert [one.kind for one in dataset.problems] == ["unknown-class"]


@pytest.mark.parametrize(
    ("names", "content"),
    [("classes.txt", "점\n".encode("cp949")), ("data.yaml", b"nc: 1\n")],
)
def test_yolo_names_that_cannot_be_read_do_not_end_the_survey(tmp_path, names, content):
    lay(tmp_path, "lot1/w1.png", "lot2/w2.png")
    write(tmp_path / "lot1/w1.txt", ROW)
    write(tmp_path / "lot2/w2.txt", ROW + "junk\n")
    (tmp_path / "lot1" / names).write_bytes(content)
    write(tmp_path / "lot2/classes.txt", "error\n")
    boxes, told = seen(tmp_path)
    assert boxes == {"w2.png": [[36, 28, 54, 42]]}
    assert told == [("unreadable-labels", ""), ("bad-row", "row 2")]


def test_yolo_slightly_outside(tmp_path):
    lay(tmp_path)
    write(tmp_path / "w1.txt", "0 0.05 0.5 0.100001 0.2\n")  # the last digit: no news
    write(tmp_path / "w2.txt", "0 0.05 0.5 0.15 0.2\n")
    write(tmp_path / "classes.txt", "error\n")
    boxes, told = seen(tmp_path)
    assert boxes == {"w1.png": [[0, 28, 9, 42]], "w2.png": [[0, 28, 11, 42]]}
    assert told == [("outside", "row 1")]


def test_yolo_empty_texts_are_clean(tmp_path):
    lay(tmp_path)
    write(tmp_path / "w1.txt", "")
    write(tmp_path / "w2.txt", ROW)
    write(tmp_path / "classes.txt", "error\n")
    assert seen(tmp_path)[0] == {"w1.png": [], "w2.png": [[36, 28, 54, 42]]}


# CreateML, keras-retinanet, COCO


def test_createml_is_one_file_a_folder(tmp_path):
    lay(tmp_path, "lot1/w1.png", "lot2/w1.png")
    box = {"label": "error", "coordinates": {"x": 20, "y": 30, "width": 10, "height": 4}}
    for lot, boxes in (("lot1", [box]), ("lot2", [])):
        write(
            tmp_path / lot / f"{lot}.json", json.dumps([{"image": "w1.png", "annotations": boxes}])
        )
    dataset = read_dataset(tmp_path)
    assert dataset.format == "createml"
    found = {one.path.parent.name: one.defects.boxes.tolist() for one in dataset.samples}
    assert found == {"lot1": [[15, 28, 25, 32]], "lot2": []}


def test_retinanet_tables_as_they_are(tmp_path):
    lay(tmp_path, "images/w1.png", "images/w, 2.png", "images/w3.png")
    rows = 'images/w1.png,1,2,30,40,"spot, faint"\r\n"images/w, 2.png",,,,,\r\n'
    other = r"C:\data\images\w3.png,5,6,7,8,ring" + "\r\n"
    write(tmp_path / "annotations.csv", rows + other)
    write(tmp_path / "classes.csv", 'ring,1\r\n"spot, faint",0\r\nunused,2\r\n')
    dataset = read_dataset(tmp_path)
    assert dataset.classes == ("spot, faint", "ring", "unused")
    assert [(one.path.name, one.defects.labels.tolist()) for one in dataset.samples] == [
        ("w1.png", [0]), ("w, 2.png", []), ("w3.png", [1]),
    ]  # fmt: skip


def test_a_table_is_relative_to_itself(tmp_path):
    lay(tmp_path, "a/w1.png", "b/w1.png")
    write(tmp_path / "a" / "train.csv", "w1.png,1,2,30,40,x\n")
    write(tmp_path / "b" / "val.csv", "./w1.png,5,6,7,8,x\n")
    dataset = read_dataset(tmp_path)
    assert [(one.path.parent.name, one.part) for one in dataset.samples] == [
        ("a", "train"), ("b", "val"),
    ]  # fmt: skip


def test_a_class_that_the_table_of_classes_lacks(tmp_path):
    lay(tmp_path, "w1.png")
    write(tmp_path / "annotations.csv", "w1.png,1,2,30,40,ring\nw1.png,1,2,9,9,spot\n")
    write(tmp_path / "classes.csv", "spot,0\n")
    assert seen(tmp_path) == ({"w1.png": [[1, 2, 9, 9]]}, [("unknown-class", "row 1")])


@pytest.mark.parametrize("heading", ["", "name,id\n"])
def test_a_wrong_row_does_not_hide_the_table_of_classes(tmp_path, heading):
    lay(tmp_path, "w1.png")
    write(tmp_path / "annotations.csv", "w1.png,1,2,30,40,rng\nw1.png,1,2,9,9,spot\n")
    write(tmp_path / "area.csv", "w1.png,3\n")
    write(tmp_path / "classes.csv", f"{heading}spot,0\nring,1\nx,1.0\n")
    boxes, told = seen(tmp_path)
    assert boxes == {"w1.png": [[1, 2, 9, 9]]}
    assert [kind for kind, _ in told] == ["bad-row", "unknown-class"]
    assert survey_dataset(tmp_path).problems[1].what == "the class 'rng' is not in classes.csv"


def test_no_path_leads_out_of_the_data_set(tmp_path):
    lay_picture(tmp_path / "secret.png")
    (tmp_path / "set").mkdir()
    rows = f"../secret.png,1,2,3,4,x\n{tmp_path / 'secret.png'},1,2,3,4,x\n"
    write(tmp_path / "set" / "annotations.csv", rows)
    boxes, told = seen(tmp_path / "set")
    assert boxes == {}
    assert [kind for kind, _ in told] == ["missing-picture"] * 2


def test_coco_ids_folders_crowd_and_what_is_missing(tmp_path):
    lay(tmp_path, "images/lot1/w1.png", "images/lot2/w1.png", "images/w3.png")
    images = [
        {"id": 70, "file_name": "lot2/w1.png", "width": WIDTH, "height": HEIGHT},
        {"id": 3, "file_name": "w3.png"},
        {"id": 9, "file_name": "gone.png"},
    ]
    notes = [
        {"id": 1, "image_id": 70, "category_id": 90, "bbox": [1, 2, 3, 4], "iscrowd": 1},
        {"id": 2, "image_id": 70, "category_id": 5, "bbox": [1, 2, 30, 40]},
        {"id": 3, "image_id": 71, "category_id": 5, "bbox": [1, 2, 30, 40]},
    ]
    kinds = [{"id": 90, "name": "ring"}, {"id": 5, "name": "spot"}]
    data = {"images": images, "annotations": notes, "categories": kinds}
    write(tmp_path / "annotations" / "instances.json", json.dumps(data))
    dataset = survey_dataset(tmp_path)
    marked, clean = dataset.samples
    assert marked.path == tmp_path / "images" / "lot2" / "w1.png"
    assert marked.strength.tolist() == [0, np.inf]
    assert len(clean.defects) == 0
    assert dataset.classes == ("spot", "ring")
    told = [(one.kind, one.row) for one in dataset.problems]
    assert told == [("bad-row", "annotations[2]"), ("missing-picture", "")]
    assert [path.parent.name for path in dataset.unlabelled] == ["lot1"]


@pytest.mark.parametrize("damage", ["{", '\ufeff{"images": ['])
def test_damaged_json_beside_good_one_is_told(tmp_path, damage):
    lay(tmp_path)
    data = {"images": [{"id": 1, "file_name": "w1.png"}], "annotations": [], "categories": []}
    write(tmp_path / "train.json", json.dumps(data))
    write(tmp_path / "val.json", damage)
    assert seen(tmp_path) == ({"w1.png": []}, [("unreadable-labels", "")])
    (tmp_path / "train.json").unlink()
    assert seen(tmp_path) == ({}, [("unreadable-labels", "")])


# Exports of Label Studio and CVAT, and mixtures


@pytest.mark.parametrize(
    ("picture", "label"),
    [("w1.png", "3f2a9c01-w1"), ("3f2a9c01-w1.png", "w1"), ("3f2a9c01-w1.png", "3f2a9c01-w1")],
)
@pytest.mark.parametrize("kind", ["xml", "txt", "json", "csv"])
def test_hash_prefixes(tmp_path, picture, label, kind):
    lay(tmp_path, f"images/{picture}")
    texts = {
        "xml": (f"annotations/{label}.xml", voc((36, 28, 54, 42), filename=f"{label}.png")),
        "txt": (f"labels/{label}.txt", ROW),
        "csv": ("labels.csv", f"images/{label}.png,36,28,54,42,error\n"),
        "json": (
            "result.json",
            json.dumps(
                {
                    "images": [{"id": 0, "file_name": f"images\\\\{label}.png"}],
                    "annotations": [{"image_id": 0, "category_id": 0, "bbox": [36, 28, 18, 14]}],
                    "categories": [{"id": 0, "name": "error"}],
                }
            ),
        ),
    }
    write(tmp_path / texts[kind][0], texts[kind][1])
    write(tmp_path / "classes.txt", "error\n")
    boxes, told = seen(tmp_path)
    assert boxes == {picture: [[36, 28, 54, 42]]}
    guessed = [] if Path(picture).stem == label else ["guessed-picture"]
    assert [kind for kind, _ in told] == guessed


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
@pytest.mark.parametrize("suffix", [".png", ".xml", ".csv", ".json", ".txt"])
def test_a_pipe_is_not_waited_for(tmp_path, suffix):
    lay(tmp_path)
    write(tmp_path / "w1.xml", voc((1, 1, 9, 9)))
    write(tmp_path / "pipe.xml", voc(filename="pipe.png"))
    (tmp_path / f"pipe{suffix}").unlink(missing_ok=True)
    os.mkfifo(tmp_path / f"pipe{suffix}")
    boxes, told = seen(tmp_path)
    assert boxes == {"w1.png": [[1, 1, 9, 9]]}
    kind = {".png": "unreadable-picture", ".xml": "unreadable-labels"}.get(suffix)
    assert told == [(kind or "missing-picture", "")]


def test_the_same_name_in_two_folders(tmp_path):
    lay(tmp_path, "images/lot1/w1.png", "images/lot2/w1.png")
    write(tmp_path / "annotations/lot1/w1.xml", voc((1, 1, 9, 9)))
    write(tmp_path / "annotations/lot2/w1.xml", voc((2, 2, 9, 9)))
    found = {
        one.path.parent.name: one.defects.boxes.tolist() for one in read_dataset(tmp_path).samples
    }
    assert found == {"lot1": [[1, 1, 9, 9]], "lot2": [[2, 2, 9, 9]]}
    (tmp_path / "annotations/lot2/w1.xml").rename(tmp_path / "annotations/w1.xml")
    _, told = seen(tmp_path)
    assert told == [("ambiguous-picture", "")]


def test_a_picture_of_another_folder_is_not_taken(tmp_path):
    lay(tmp_path, "lot2/w1.png")
    write(tmp_path / "lot1/w1.xml", voc((1, 1, 9, 9)))
    assert seen(tmp_path) == ({}, [("missing-picture", "")])


def test_empty_label_files(tmp_path):
    lay(tmp_path)
    write(tmp_path / "w1.xml", "")
    write(tmp_path / "w2.xml", voc())
    assert seen(tmp_path) == ({"w2.png": []}, [("unreadable-labels", "")])


def test_of_two_formats_xml_wins_and_the_other_is_told(tmp_path):
    lay(tmp_path)
    write(tmp_path / "w1.xml", voc((1, 1, 9, 9)))
    write(tmp_path / "w1.txt", ROW)
    write(tmp_path / "w2.txt", ROW)
    write(tmp_path / "classes.txt", "error\n")
    assert seen(tmp_path) == ({"w1.png": [[1, 1, 9, 9]]}, [("two-formats", "")])
    assert len(seen(tmp_path, "yolo")[0]) == 2


def test_a_picture_that_two_files_label(tmp_path):
    lay(tmp_path)
    write(tmp_path / "train.csv", "w1.png,1,1,9,9,x\n")
    write(tmp_path / "more.csv", "w2.png,1,1,9,9,x\nw2.PNG,2,2,9,9,x\n")
    write(tmp_path / "val.csv", "w1.png,3,3,9,9,x\n")
    boxes, told = seen(tmp_path)
    assert [kind for kind, _ in told] == ["labelled-twice", "across-split"]
    assert boxes["w1.png"] == [[1, 1, 9, 9]]


def test_a_file_that_bears_the_name_comes_before_one_that_speaks_of_it(tmp_path):
    lay(tmp_path, "w1.png")
    write(tmp_path / "w1.xml", voc((1, 1, 9, 9)))
    write(tmp_path / "lost.xml", voc((2, 2, 8, 8)))
    boxes, told = seen(tmp_path)
    assert boxes == {"w1.png": [[1, 1, 9, 9]]}
    assert told == [("guessed-picture", ""), ("labelled-twice", "")]


def test_labels_for_a_picture_that_is_stored_turned(tmp_path):
    lay_picture(tmp_path / "w1.jpg", (90, 70), orientation=6)
    write(tmp_path / "w1.xml", voc((10, 20, 30, 25), filename="w1.jpg", size=(90, 70)))
    assert seen(tmp_path) == ({"w1.jpg": [[45, 10, 50, 30]]}, [("turned-labels", "")])


# Out and in again


GIVEN = (
    PictureLabels.of("w1.png", (90, 70), [[1, 2, 30, 40], [50, 6, 71, 8]], ("점, 작은", "ring")),
    PictureLabels.of("w2.png", (90, 70), []),
)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "voc-1based"])
def test_every_format_reads_what_it_writes(tmp_path, name):
    lay(tmp_path)
    for file, text in FORMATS[name].write(GIVEN, ("점, 작은", "ring")).items():
        write(tmp_path / file, text)
    dataset = read_dataset(tmp_path)
    assert (dataset.format, set(dataset.classes)) == (name, {"점, 작은", "ring"})
    assert dataset.problems == ()
    for given, sample in zip(GIVEN, dataset.samples, strict=True):
        assert sample.path.name == given.picture
        np.testing.assert_allclose(sample.defects.boxes, given.boxes, atol=1e-4)
        assert tuple(dataset.classes[at] for at in sample.defects.labels) == given.classes


def test_tables_of_another_kind_are_not_labels(tmp_path):
    lay(tmp_path, "w1.png")
    write(tmp_path / "w1.xml", voc((1, 1, 9, 9)))
    with (tmp_path / "sizes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("lot", "w", "h", "d", "e", "f"), ("a", 1, 2, 3, "x", 5)])
    write(tmp_path / "summary.json", '{"pictures": 1}')
    assert seen(tmp_path)[1] == []

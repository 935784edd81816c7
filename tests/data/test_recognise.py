import json

import pytest

from blemish.data.recognise import recognise
from blemish.errors import UsageError
from planted_labels import lay_picture, voc, write

YOLO = "0 0.5 0.5 0.2 0.2\n"
CSV = "w1.png,1,2,3,4,x\n"
COCO = json.dumps({"images": [], "annotations": []})
CREATEML = json.dumps([{"image": "w1.png", "annotations": []}])


def seen(path, labels=None):
    told = []
    known = recognise(path, labels, told.append)
    files = [known.folder.inner(file) for file in known.files]
    return known.name, files, [(one.kind, one.what) for one in told]


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [
        ("w1.xml", voc(), "voc"),
        ("w1.txt", YOLO, "yolo"),
        ("w1.txt", "", "yolo"),
        ("a.csv", CSV, "csv"),
        ("b.json", COCO, "coco"),
        ("b.json", CREATEML, "createml"),
        ("in/a.csv", "image,x1,y1,x2,y2,class\n" + CSV, "csv"),
    ],
)
def test_each_format_shows_by_itself(tmp_path, file, text, name):
    lay_picture(tmp_path / "w1.png")
    write(tmp_path / file, text)
    write(tmp_path / "notes.txt", "hello\n")
    write(tmp_path / "pyvenv.xml", "<config/>")
    write(tmp_path / "run.json", "{}")
    write(tmp_path / "classes.csv", "x,0\n")
    assert seen(tmp_path) == (name, [file], [])
    if name in {"csv", "coco", "createml"}:
        assert seen(tmp_path / file)[0] == name


def test_the_table_for_all_is_read_alone(tmp_path):
    write(tmp_path / "annotations.csv", CSV)
    write(tmp_path / "train.csv", CSV)
    name, files, told = seen(tmp_path)
    assert (name, files) == ("csv", ["annotations.csv"])
    assert told == [("not-read", "is not read, as annotations.csv is there")]


@pytest.mark.parametrize("damage", [COCO[:-9].encode(), COCO.encode("utf-16"), b"\xb0\xa1"])
def test_damaged_json_is_left_for_the_reader_to_name(tmp_path, damage):
    (tmp_path / "val.json").write_bytes(damage)
    assert seen(tmp_path) == ("coco", ["val.json"], [])
    write(tmp_path / "train.json", COCO)
    assert seen(tmp_path) == ("coco", ["train.json", "val.json"], [])
    (tmp_path / "annotations.json").write_bytes(damage)
    name, files, told = seen(tmp_path)
    assert (name, files) == ("coco", ["annotations.json"])
    assert [kind for kind, _ in told] == ["not-read"] * 2
    lay_picture(tmp_path / "w1.png")
    write(tmp_path / "w1.xml", voc())
    assert seen(tmp_path)[:2] == ("voc", ["w1.xml"])


@pytest.mark.parametrize("other", [CSV.replace(",", ";").encode(), "lot\tw1\n".encode("utf-16")])
def test_a_table_of_another_kind_is_told(tmp_path, other):
    write(tmp_path / "good.csv", CSV)
    for name, text in (("classes.csv", "x,0\n"), ("groups.csv", "image,lot\nw1.png,A\n")):
        write(tmp_path / name, text)
    assert seen(tmp_path)[2] == []
    (tmp_path / "other.csv").write_bytes(other)
    words = "is not read, as no row of it is path,x1,y1,x2,y2,class"
    assert seen(tmp_path) == ("csv", ["good.csv"], [("not-read", words)])
    (tmp_path / "other.csv").rename(tmp_path / "annotations.csv")
    name, files, told = seen(tmp_path)
    assert (name, files) == ("csv", ["annotations.csv"])
    assert told == [("not-read", "is not read, as annotations.csv is there")]


def test_a_table_in_utf16_is_left_for_the_reader_to_name(tmp_path):
    (tmp_path / "labels.csv").write_bytes(CSV.encode("utf-16"))
    assert seen(tmp_path) == ("csv", ["labels.csv"], [])


def test_what_lies_there_instead_is_named(tmp_path):
    write(tmp_path / "labels.csv", CSV.replace(",", ";"))
    write(tmp_path / "via.json", "{}")
    with pytest.raises(UsageError, match=r"\(labels\.csv, via\.json: of no kind that is known\);"):
        seen(tmp_path)


def test_xml_wins_and_a_format_can_be_named(tmp_path):
    lay_picture(tmp_path / "w1.png")
    for name, text in (("w1.xml", voc()), ("w1.txt", YOLO), ("a.csv", CSV)):
        write(tmp_path / name, text)
    name, _, told = seen(tmp_path)
    assert name == "voc"
    assert [what.split(" too")[0] for _, what in told] == [
        "there is keras-retinanet CSV",
        "there is YOLO text",
    ]
    assert seen(tmp_path, "csv") == ("csv", ["a.csv"], [])


def test_what_is_no_data_set_is_told(tmp_path):
    with pytest.raises(UsageError, match="no labels there; put"):
        seen(tmp_path)
    with pytest.raises(UsageError, match="of the format yolo"):
        seen(tmp_path, "yolo")
    with pytest.raises(UsageError, match="not one of voc, csv, coco, createml, yolo, voc-1based"):
        seen(tmp_path, "pascal")
    for name in ("gone", "gone.json"):
        with pytest.raises(UsageError, match=r"gone(\.json)?: is not there; check the path"):
            seen(tmp_path / name)
    write(tmp_path / "w1.png", "")
    with pytest.raises(UsageError, match="is not a data set"):
        seen(tmp_path / "w1.png")

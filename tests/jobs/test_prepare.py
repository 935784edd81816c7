import json
import os
import sys

import numpy as np
import pytest

from blemish.data.dataset import own_split, read_dataset, survey_dataset
from blemish.data.folds import Split, choose_split
from blemish.data.groups import read_groups
from blemish.data.images import open_picture
from blemish.data.plain import Form
from blemish.errors import LabelError, UsageError
from blemish.jobs.prepare import PrepareSettings, describe, prepare
from planted_labels import lay_picture, voc, write


@pytest.fixture
def data(tmp_path):
    """Lay out twenty pictures of five lots, labelled in labelImg, the last one clean."""
    for index in range(20):
        name = f"lot{index // 4}_{index}.png"
        lay_picture(tmp_path / "data" / name, seed=index)
        boxes = [(5 + index, 5, 25 + index, 25)] if index < 19 else []
        write(tmp_path / "data" / name.replace("png", "xml"), voc(*boxes, filename=name))
    return tmp_path / "data"


def run(data, **options):
    return prepare(PrepareSettings(data, data.parent / "out", **options))


def names(dataset):
    return {sample.path.stem for sample in dataset.samples}


def test_a_plain_set_is_read_back_as_it_was(data):
    prepared = run(data)
    before, after = read_dataset(data), read_dataset(prepared.out)
    assert (after.format, after.classes, after.problems) == ("csv", ("error",), ())
    boxes = {one.path.stem: one.defects.boxes.tolist() for one in before.samples}
    assert {one.path.stem: one.defects.boxes.tolist() for one in after.samples} == boxes
    for one in after.samples:
        source = data / one.path.name
        np.testing.assert_array_equal(open_picture(one.path), open_picture(source))
    summary = json.loads((prepared.out / "summary.json").read_text(encoding="utf-8"))
    assert summary == json.loads(json.dumps(prepared.summary))
    assert summary["pictures"] == {"train": 16, "val": 4}
    assert summary["boxes"]["train"] + summary["boxes"]["val"] == 19
    assert sorted(path.name for path in prepared.out.iterdir()) == [
        *("annotations.csv", "classes.csv", "summary.json", "train", "val"),
    ]
    assert sorted(path.name for path in data.parent.iterdir()) == ["data", "out"]
    assert describe(prepared)[0].endswith("(train 16, val 4 pictures; split: 0.2 held, seed 0).")


def test_the_split_depends_on_the_seed_and_keeps_groups_together(data, tmp_path):
    def held(seed, out):
        settings = PrepareSettings(data, tmp_path / out, group=r"lot(\d)", val=0.4, seed=seed)
        training, validation = own_split(read_dataset(prepare(settings).out))
        lots = [{name.split("_")[0] for name in names(part)} for part in (training, validation)]
        assert not lots[0] & lots[1]
        assert len(validation) == 8
        return names(validation)

    assert held(1, "a") == held(1, "b")
    assert len({frozenset(held(seed, f"c{seed}")) for seed in range(4)}) > 1


def test_alike_pictures_stay_in_one_part(data, tmp_path):
    for index in range(0, 20, 2):  # every second picture has a copy saved as JPEG
        lay_picture(data / f"copy{index}.jpg", seed=index)
        write(data / f"copy{index}.xml", voc((1, 1, 9, 9), filename=f"copy{index}.jpg"))
    for seed in range(3):
        settings = PrepareSettings(data, tmp_path / f"out{seed}", seed=seed, val=0.5)
        training, validation = own_split(read_dataset(prepare(settings).out))
        for part in (training, validation):
            inside = names(part)
            for index in range(0, 20, 2):
                assert (f"copy{index}" in inside) == (f"lot{index // 4}_{index}" in inside)


def test_what_is_broken_is_left_out_and_said(data):
    (data / "lot0_0.png").write_bytes(b"")
    write(data / "lot0_1.xml", voc((5, 5, 5, 9), (30, 20, 10, 40), filename="lot0_1.png"))
    (data / "lot0_2.xml").unlink()
    prepared = run(data)
    left = [(one["kind"], one["row"]) for one in prepared.summary["left_out"]]
    assert left == [("no-inside", "object 1"), ("unreadable-picture", ""), ("unlabelled", "")]
    assert [one["kind"] for one in prepared.summary["mended"]] == ["inverted"]
    after = read_dataset(prepared.out)
    assert len(after) == 18
    (mended,) = (one for one in after.samples if one.path.stem == "lot0_1")
    assert mended.defects.boxes.tolist() == [[10, 20, 30, 40]]
    assert describe(prepared)[1].startswith("3 left out: see ")


def test_pictures_are_resized_with_their_boxes(data):
    after = read_dataset(run(data, form=Form(180)).out)
    for one in after.samples:
        assert open_picture(one.path).shape == (140, 180, 3)
    (first,) = (one for one in after.samples if one.path.stem == "lot0_0")
    assert first.defects.boxes.tolist() == [[10, 10, 50, 50]]


@pytest.fixture
def parted(tmp_path):
    rows = []
    for index, part in enumerate(("train", "train", "train", "val", "test")):
        lay_picture(tmp_path / "parted" / part / f"w{index}.png", seed=index)
        rows.append(f"{part}/w{index}.png,5,5,20,20,spot\n")
    write(tmp_path / "parted" / "annotations.csv", "".join(rows))
    return tmp_path / "parted"


def test_a_split_of_its_own_stays(parted):
    prepared = run(parted)
    assert prepared.summary["split"] == "its own"
    assert prepared.summary["pictures"] == {"test": 1, "train": 3, "val": 1}


def test_a_split_that_parts_alike_pictures_is_made_anew(parted):
    lay_picture(parted / "val" / "w9.png", seed=0)
    with (parted / "annotations.csv").open("a") as file:
        file.write("val/w9.png,5,5,20,20,spot\n")
    prepared = run(parted)
    assert prepared.summary["split"] == "0.2 held, seed 0"
    training, validation = own_split(read_dataset(prepared.out))
    assert {"w0", "w9"} <= names(training) or {"w0", "w9"} <= names(validation)
    assert prepared.summary["left_out"] == []
    assert [one["kind"] for one in prepared.summary["mended"]] == ["across-split"]
    assert describe(prepared)[1].startswith("1 mended: see ")


def add(parted, name, seed):
    lay_picture(parted / name, seed=seed)
    with (parted / "annotations.csv").open("a") as file:
        file.write(f"{name},5,5,20,20,spot\n")


@pytest.mark.parametrize("wish", [{"val": 0.5}, {"group": r"(w\d)"}, {}])
def test_the_test_part_stays_and_takes_what_belongs_with_it(parted, wish):
    add(parted, "train/copy.w4.png", 4)  # the picture in test/
    add(parted, "val/w0.copy.png", 0)
    prepared = run(parted, **wish)
    after = read_dataset(prepared.out)
    tested = {one.path.name for one in after.samples if one.part == "test"}
    assert tested == {"w4.png", "copy.w4.png"}
    assert all(len(part) for part in own_split(after))


def test_a_group_that_leaves_nothing_to_learn_from_is_refused(parted):
    with pytest.raises(UsageError, match="all belongs with its test part; take that away or"):
        run(parted, group="(w)")


def test_all_classes_become_one(tmp_path):
    for index, name in enumerate(("scratch", "dust", "scratch")):
        lay_picture(tmp_path / "data" / f"{index}.png", seed=index)
        text = voc((5, 5, 25, 25), filename=f"{index}.png").replace("error", name)
        write(tmp_path / "data" / f"{index}.xml", text)
    prepared = run(tmp_path / "data", one_class=True)
    after = read_dataset(prepared.out)
    assert after.classes == ("defect",)
    assert [one.defects.labels.tolist() for one in after.samples] == [[0]] * 3
    assert prepared.summary["numbers"]["classes"] == {"dust": 1, "scratch": 2}


def test_an_occupied_folder_is_refused_and_an_empty_one_taken(data):
    out = data.parent / "out"
    out.mkdir()
    write(out / "mine.txt", "keep")
    with pytest.raises(UsageError, match="is not empty"):
        run(data)
    assert (out / "mine.txt").read_text() == "keep"
    (out / "mine.txt").unlink()
    assert len(read_dataset(run(data).out)) == 20
    with pytest.raises(UsageError, match="lies in the data"):
        prepare(PrepareSettings(data, data / "out"))
    write(data / "labels.csv", "lot0_0.png,5,5,20,20,spot\n")
    with pytest.raises(UsageError, match="lies in the data"):
        prepare(PrepareSettings(data / "labels.csv", data / "out"))
    with pytest.raises(UsageError, match="is a file"):
        prepare(PrepareSettings(data, data / "lot0_0.png"))
    with pytest.raises(UsageError, match="needs a size"):
        prepare(PrepareSettings(data, data.parent / "b", form=Form(stretch=True)))


def test_what_stops_it_leaves_nothing_behind(data):
    with pytest.raises(UsageError, match="is no column"):
        run(data, group="wafer")

    def stop(share, words):
        if words.startswith("wrote 3"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(PrepareSettings(data, data.parent / "out"), stop)
    assert [path.name for path in data.parent.iterdir()] == ["data"]


def test_nothing_usable_says_why(tmp_path):
    lay_picture(tmp_path / "data" / "w1.png")
    write(tmp_path / "data" / "w1.xml", voc((5, 5, 5, 9)))
    with pytest.raises(LabelError, match=r"no box that can be .* reason: .*object 1.*label some"):
        run(tmp_path / "data")


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_groups_of_names_that_are_no_text_are_written(data):
    for index in range(4):
        for suffix in (b".png", b".xml"):
            name = data / f"lot0_{index}{suffix.decode()}"
            name.rename(os.fsdecode(os.fsencode(data) + b"/lot\xff_%d" % index + suffix))
    assert (run(data, group="lot(.)").out / "groups.csv").is_file()


def by_lot(path, wanted):
    found = read_groups(path, None, survey_dataset(path).samples, wanted)
    return {picture.stem: group for picture, group in found.items()}


@pytest.mark.parametrize("wanted", ["lot", r"^w(\d)"])
def test_what_grouped_the_pictures_is_kept(tmp_path, wanted):
    rows = ["image,x1,y1,x2,y2,class,ignored,lot"]
    for index in range(8):
        lay_picture(tmp_path / "data" / f"w{index // 2}_{index}.png", seed=index)
        rows.append(f'w{index // 2}_{index}.png,5,5,20,20,spot,,"L {index // 2}, 웨이퍼"')
    write(tmp_path / "data" / "labels.csv", "\n".join(rows))
    plain = run(tmp_path / "data", group=wanted, val=0.5).out
    assert by_lot(plain, wanted) == by_lot(tmp_path / "data", wanted)
    assert survey_dataset(plain).problems == ()
    # A later split of the plain set, and a plain set of it, keep the same groups together.
    learned, held = choose_split(read_dataset(plain), plain, Split(0.5, 3, wanted))
    lots = [{name[:2] for name in names(part)} for part in (learned, held)]
    assert not lots[0] & lots[1]
    again = prepare(PrepareSettings(plain, tmp_path / "again", group=wanted)).out
    assert by_lot(again, wanted) == by_lot(plain, wanted)
    with pytest.raises(UsageError, match="is no column"):
        by_lot(plain, "slot")

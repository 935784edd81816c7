from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.data.coco import write_coco
from blemish.data.dataset import Dataset, Sample, own_split, read_dataset, split, survey_dataset
from blemish.data.labels import PictureLabels
from blemish.data.table import write_table
from blemish.data.voc import write_voc
from blemish.errors import LabelError, UsageError

MARKED = PictureLabels.of(
    "w2.png", (90, 90), [[1, 2, 30, 40], [5, 5, 9, 9]], ("spot", "ring"), ignored=[False, True]
)
CLEAN = PictureLabels.of("w10.png", (90, 90), [])


def lay(folder: Path, pictures=("w2.png", "w10.png", "w11.png"), where="."):
    (folder / where).mkdir(parents=True, exist_ok=True)
    for name in pictures:
        _, content = cv2.imencode(Path(name).suffix, np.full((90, 90), 7, np.uint8))
        (folder / where / name).write_bytes(content.tobytes())


def write_labels(folder: Path, *labels: PictureLabels):
    folder.mkdir(exist_ok=True)
    for one in labels:
        (folder / one.picture).with_suffix(".xml").write_text(write_voc(one), encoding="utf-8")


@pytest.mark.parametrize(
    ("pictures", "annotations"),
    [(".", "."), ("images", "annotations"), (".", "annotations"), ("JPEGImages", "Annotations"),
     ("images", "images")],
)  # fmt: skip
def test_voc_folders(tmp_path, pictures, annotations):
    lay(tmp_path, where=pictures)
    write_labels(tmp_path / annotations, MARKED, CLEAN)
    dataset = read_dataset(tmp_path)
    assert dataset.classes == ("ring", "spot")
    assert [sample.path for sample in dataset.samples] == [
        tmp_path / pictures / name for name in ("w2.png", "w10.png")
    ]
    marked, clean = dataset.samples
    assert marked.defects.boxes.tolist() == MARKED.boxes.tolist()
    assert marked.defects.labels.tolist() == [1, 0]
    assert marked.strength.tolist() == [np.inf, 0]
    assert len(clean.defects) == len(clean.strength) == 0
    assert dataset.unlabelled == (tmp_path / pictures / "w11.png",)


@pytest.mark.parametrize("name", ["annotations.csv", "annotations.json", "my labels.csv"])
@pytest.mark.parametrize("where", [".", "images"])
def test_tables(tmp_path, name, where):
    lay(tmp_path, where=where)
    pictures = [PictureLabels.of("w2.png", (90, 90), [[1, 2, 3, 4]], ("spot",)), CLEAN]
    text = write_coco(pictures, ["spot"]) if name.endswith("json") else write_table(pictures)
    (tmp_path / name).write_text("\ufeff" + text, encoding="utf-8")
    for path in (tmp_path, tmp_path / name) if name.startswith("ann") else (tmp_path / name,):
        dataset = read_dataset(path)
        assert dataset.classes == ("spot",)
        assert [len(sample.defects) for sample in dataset.samples] == [1, 0]
        assert dataset.samples[0].path == tmp_path / where / "w2.png"
        assert dataset.samples[0].strength.tolist() == [np.inf]


def test_strengths_are_filled_from_their_table_but_for_the_ignored(tmp_path):
    lay(tmp_path, where="images")
    write_labels(tmp_path / "annotations", MARKED, CLEAN)
    table = "image,index,strength,kind\nw2.png,0,7.5,spot\nimages/w2.png,1,3.25,ring\n"
    (tmp_path / "strength.csv").write_text(table.replace("images/", ""))
    assert read_dataset(tmp_path).samples[0].strength.tolist() == [7.5, 0.0]
    (tmp_path / "strength.csv").write_text(table.replace("\nw2", "\nimages/w2"))
    assert read_dataset(tmp_path).samples[0].strength.tolist() == [7.5, 0.0]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("image,index,strength,kind\nw2.png,2,1,spot\n", "has no label 2"),
        ("image,index,strength,kind\nw2.png,one,1,spot\n", "row 2"),
        ("picture\nw2.png\n", "row 2"),
    ],
)
def test_wrong_strengths_are_refused(tmp_path, table, message):
    lay(tmp_path)
    write_labels(tmp_path, MARKED)
    (tmp_path / "strength.csv").write_text(table)
    with pytest.raises(LabelError, match=message):
        read_dataset(tmp_path)


def test_the_label_names_the_picture_where_two_share_a_stem(tmp_path):
    lay(tmp_path, ("w2.jpg", "w2.png"))
    write_labels(tmp_path, MARKED)
    dataset = read_dataset(tmp_path)
    assert [sample.path.name for sample in dataset.samples] == ["w2.png"]
    assert [path.name for path in dataset.unlabelled] == ["w2.jpg"]


def test_clean_pictures_alone_are_a_data_set(tmp_path):
    lay(tmp_path)
    write_labels(tmp_path, CLEAN)
    assert read_dataset(tmp_path).classes == ("defect",)


def test_what_is_missing_is_told(tmp_path):
    lay(tmp_path)
    with pytest.raises(UsageError, match="no labels there"):
        read_dataset(tmp_path)
    with pytest.raises(UsageError, match="is not a data set"):
        read_dataset(tmp_path / "w2.png")
    with pytest.raises(UsageError, match="is not there"):
        read_dataset(tmp_path / "gone.csv")
    write_labels(tmp_path, PictureLabels.of("lost.png", (9, 9), []))
    with pytest.raises(LabelError, match=r"lost\.xml: its picture is not there"):
        read_dataset(tmp_path)
    (tmp_path / "t.csv").write_text("lost.png,,,,,\n")
    with pytest.raises(LabelError, match=r"t\.csv: the picture lost\.png is not there"):
        read_dataset(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LabelError, match="not UTF-8"):
        read_dataset(tmp_path / "t.csv")


def drawn(count):
    return Dataset(
        tuple(
            Sample(Path(f"lot{n // 4}/{n}.png"), Defects.none(), np.zeros(0, np.float32))
            for n in range(count)
        ),
        ("spot",),
    )


@pytest.mark.parametrize(("share", "held"), [(0, 0), (0.2, 8), (0.001, 1), (0.999, 39), (1, 40)])
def test_a_split_is_a_partition_of_the_wanted_share(share, held):
    dataset = drawn(40)
    training, validation = split(dataset, share, seed=3)
    assert len(validation) == held
    both = {id(s) for s in training.samples} | {id(s) for s in validation.samples}
    assert both == {id(s) for s in dataset.samples}
    assert len(training) + len(validation) == 40
    assert training.classes == validation.classes == ("spot",)


def test_a_split_depends_on_the_seed_alone():
    def paths(seed):
        return [sample.path for sample in split(drawn(40), 0.3, seed)[1].samples]

    assert paths(1) == paths(1)
    assert paths(1) != paths(2)


def test_groups_stay_together():
    training, validation = split(drawn(40), 0.3, 0, group=lambda sample: sample.path.parent.name)
    lots = [{sample.path.parent for sample in part.samples} for part in (training, validation)]
    assert not lots[0] & lots[1]
    assert len(validation) == 12


def test_no_large_group_holds_out_more_than_was_asked():
    sizes = {"a": 30, "b": 10, "c": 5, "d": 5}
    names = [name for name, number in sizes.items() for _ in range(number)]
    samples = tuple(
        Sample(Path(f"{name}/{n}.png"), Defects.none(), np.zeros(0, np.float32))
        for n, name in enumerate(names)
    )
    dataset = Dataset(samples, ("spot",))
    for seed in range(20):
        parts = split(dataset, 0.2, seed, group=lambda sample: sample.path.parent.name)
        assert len(parts[1]) == 10
    parts = split(dataset, 0.02, 0, group=lambda sample: sample.path.parent.name)
    assert len(parts[1]) == 5  # all would be too much, so the smallest
    parts = split(dataset, 0.99, 0, group=lambda sample: sample.path.parent.name)
    assert 40 <= len(parts[1]) < 50


def test_a_share_beyond_one_is_refused():
    with pytest.raises(UsageError, match="between 0 and 1"):
        split(drawn(4), 20, 0)
    assert [len(part) for part in split(drawn(0), 0.5, 0)] == [0, 0]


def test_parts_that_the_data_set_names_itself(tmp_path):
    assert own_split(drawn(4)) is None
    lay(tmp_path, ("a.png", "b.png"), "images/train")
    lay(tmp_path, ("c.png",), "images/valid")
    lay(tmp_path, ("d.png",), "images/test")
    rows = "".join(f"{name}.png,1,2,3,4,x\n" for name in "abcd")
    (tmp_path / "annotations.csv").write_text(rows)
    dataset = read_dataset(tmp_path)
    assert [one.part for one in dataset.samples] == ["train", "train", "val", "test"]
    training, validation = own_split(dataset)
    assert [one.path.stem for one in training.samples] == ["a", "b"]
    assert [one.path.stem for one in validation.samples] == ["c"]
    without = Dataset(tuple(one for one in dataset.samples if one.part != "val"), ("x",))
    assert [one.path.stem for one in own_split(without)[1].samples] == ["d"]


def test_all_that_is_broken_is_kept_for_the_doctor(tmp_path):
    lay(tmp_path)
    (tmp_path / "w10.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "annotations.csv").write_text("w2.png,5,5,5,9,x\nw2.png,1,2,3,4,x\nw10.png,,,,,\n")
    dataset = survey_dataset(tmp_path)
    assert [(one.kind, one.row) for one in dataset.problems] == [
        ("no-inside", "row 1"),
        ("unreadable-picture", ""),
    ]
    (sample,) = dataset.samples
    assert (sample.rows, sample.source) == (("row 2",), str(tmp_path / "annotations.csv"))
    with pytest.raises(LabelError, match=r"row 1: .* 1 more: `blemish doctor` lists them"):
        read_dataset(tmp_path)

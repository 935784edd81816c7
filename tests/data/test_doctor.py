import shutil

import numpy as np
import pytest

from blemish.data.dataset import survey_dataset
from blemish.data.doctor import examine
from planted_labels import lay_picture, voc, write


@pytest.fixture
def root(tmp_path):
    """Lay out twelve usual pictures."""
    rows = []
    for index in range(12):
        lay_picture(tmp_path / f"w{index}.png", seed=index)
        rows.append(f"w{index}.png,10,10,{20 + index % 3},21,spot\n")
    write(tmp_path / "annotations.csv", "".join(rows))
    return tmp_path


def add(root, *rows):
    with (root / "annotations.csv").open("a") as file:
        file.writelines(f"{row}\n" for row in rows)


def told(root, **options):
    found = examine(survey_dataset(root), **options)
    return [(one.kind, one.row) for one in found.problems], found


def test_nothing_is_wrong_with_a_good_set(root):
    watched = []
    problems, found = told(root, threads=2, watch=lambda *state: watched.append(state))
    assert problems == []
    assert found.is_fit
    assert len(found.looks) == len(found.samples) == 12
    assert watched == [(done, 12) for done in range(1, 13)]


def test_every_box_far_from_the_usual_is_told(root):
    add(root, "w0.png,0,0,89,69,spot", "w1.png,30,30,33,60,spot", "w2.png,30,30,34,34,spot")
    problems, found = told(root)
    assert problems == [("odd-size", "row 13"), ("tiny-box", "row 14")]
    assert found.is_fit


def test_alike_pictures_are_told_once_each(root):
    lay_picture(root / "again.png", seed=0)
    lay_picture(root / "third.png", seed=0)
    lay_picture(root / "jpeg.jpg", seed=1)
    add(root, "again.png,,,,,", "third.png,,,,,", "jpeg.jpg,,,,,")
    problems, found = told(root)
    assert [kind for kind, _ in problems] == ["duplicate-picture"] * 2 + ["near-duplicate"]
    assert found.is_fit
    assert str(found.problems[0]).startswith(f"{root / 'again.png'}: is the same picture as")


def test_one_picture_in_two_parts_is_not_fit(root):
    for part, index in (("train", 0), ("val", 0), ("val", 1)):
        lay_picture(root / part / f"{part}{index}.png", seed=index)
        add(root, f"{part}/{part}{index}.png,10,10,20,20,spot")
    problems, found = told(root)
    assert ("across-split", "") in problems
    assert not found.is_fit


def test_nearly_the_same_picture_in_two_parts_is_told(root):
    lay_picture(root / "train" / "one.png", seed=20)
    lay_picture(root / "val" / "again.jpg", seed=20)
    add(root, "train/one.png,10,10,20,20,spot", "val/again.jpg,10,10,20,20,spot")
    found = told(root)[1]
    near = [one.what for one in found.problems if one.kind == "near-duplicate"]
    assert len(near) == 1
    assert near[0].startswith("of val is nearly the same picture as one of train, ")
    assert found.is_fit


def test_damaged_pictures_are_told_and_left_out(root):
    content = (root / "w3.png").read_bytes()
    (root / "w3.png").write_bytes(content[: len(content) // 2] + bytes(50))  # its size is there
    (root / "w4.png").write_bytes(b"")
    problems, found = told(root)
    assert problems == [("unreadable-picture", ""), ("unreadable-picture", "")]
    assert len(found.samples) == 10
    assert not found.is_fit


def test_a_picture_that_is_decoded_to_another_size_is_told(root):
    lay_picture(root / "odd.jpg", orientation=6)
    content = (root / "odd.jpg").read_bytes()
    # A text that is said to reach beyond the directory: decoders then leave the tag behind it.
    text = b"\x01\x0f\0\x02\0\x01\x86\x9f\0\0\xff\xff"
    content = content.replace(b"\0\x01\x01\x12\0\x03", b"\0\x02" + text + b"\x01\x12\0\x03")
    length = int.from_bytes(content[4:6], "big") + len(text)
    (root / "odd.jpg").write_bytes(content[:4] + length.to_bytes(2, "big") + content[6:])
    add(root, "odd.jpg,10,10,20,20,spot")
    problems, found = told(root)
    assert problems == [("turned-picture", ""), ("unreadable-picture", "")]
    assert found.problems[1].what == "is decoded as 90 x 70, but its head says 70 x 90"
    assert len(found.samples) == 12


def test_pictures_without_labels_are_told_apart_from_clean_ones(root):
    lay_picture(root / "new.png", seed=50)
    lay_picture(root / "clean.png", seed=51)
    add(root, "clean.png,,,,,")
    problems, found = told(root)
    assert problems == [("unlabelled", "")]
    pictures = found.numbers["pictures"]
    assert (pictures["clean"], pictures["without labels"], pictures["with boxes"]) == (1, 1, 12)


def test_a_set_with_nothing_usable_is_not_fit(tmp_path):
    lay_picture(tmp_path / "w1.png")
    write(tmp_path / "w1.xml", voc().replace("w2", "w1"))
    assert told(tmp_path)[0] == [("nothing-usable", "")]
    write(tmp_path / "w1.xml", voc((1, 1, 9, 9)).replace("cult>0", "cult>1"))
    assert told(tmp_path)[0] == [("nothing-usable", "")]


def test_the_page_of_numbers(tmp_path):
    lay_picture(tmp_path / "w1.png", (90, 70))
    lay_picture(tmp_path / "w2.png", (80, 60))
    rows = "w1.png,0,0,16,9,spot\nw1.png,0,20,36,29,spot\nw2.png,0,0,5,20,ring\n"
    write(tmp_path / "annotations.csv", rows)
    write(tmp_path / "classes.csv", "spot,0\nring,1\nunused,2\n")
    numbers = told(tmp_path)[1].numbers
    assert numbers["classes"] == {"spot": 2, "ring": 1, "unused": 0}
    assert numbers["boxes"] == {"all": 3, "ignored": 0, "in a picture, at most": 2}
    assert numbers["size of a picture, px"] == {"90 x 70": 1, "80 x 60": 1}
    side = numbers["side of a box, px"]
    assert (side["least"], side["median"], side["most"]) == (10, 12, 18)
    assert numbers["width / height"]["most"] == 4
    assert numbers["brightness, 0-255"]["median"] == 90
    shutil.rmtree(tmp_path)


def test_an_empty_set_has_empty_numbers(tmp_path):
    write(tmp_path / "annotations.csv", "gone.png,1,2,30,40,x\n")
    problems, found = told(tmp_path)
    assert [kind for kind, _ in problems] == ["missing-picture", "nothing-usable"]
    assert found.numbers["side of a box, px"] == {}
    assert np.sum(list(found.numbers["pictures"].values())) == 0

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.data.labels import PictureLabels
from blemish.data.yolo import (
    first_number,
    looks_like_yolo,
    numbers_used,
    read_names,
    read_yaml_names,
    read_yolo,
    write_yolo,
)
from blemish.errors import LabelError

CLASSES = ("spot", "ring")


def read(text, **changes):
    given_ = {"source": "w1.txt", "picture": "w1.png", "size": (900, 700), "classes": CLASSES}
    return read_yolo(text, **{**given_, **changes})


def slow_boxes(text, width, height):
    """Read like labelImg's own reader: clip fractions, then whole pixels."""
    boxes = []
    for line in text.split("\n")[:-1]:
        _, cx, cy, w, h = (float(word) for word in line.split(" "))
        left, right = max(cx - w / 2, 0), min(cx + w / 2, 1)
        top, bottom = max(cy - h / 2, 0), min(cy + h / 2, 1)
        sides = (width * left, height * top, width * right, height * bottom)
        boxes.append([round(side) for side in sides])
    return boxes


def test_what_labelimg_writes_is_read():
    # (100, 200)-(131, 248) on 900 x 700, written with six digits
    labels = read("1 0.128333 0.320000 0.034444 0.068571\n0 0.5 0.5 1 1\n")
    np.testing.assert_allclose(labels.boxes, [[100, 200, 131, 248], [0, 0, 900, 700]], atol=2e-3)
    assert labels.classes == ("ring", "spot")
    assert labels.rows == ("row 1", "row 2")
    assert labels.size == (900, 700)


def test_an_empty_text_is_a_clean_picture():
    for text in ("", "\n", "\ufeff", " \r\n"):
        assert read(text).boxes.shape == (0, 4)


def test_without_names_the_classes_are_numbers():
    assert read("0 .5 .5 .1 .1\n7 .5 .5 .1 .2\n", classes=()).classes == ("0", "7")


def test_a_blank_name_is_no_class():
    told = []
    read("0 .5 .5 .1 .1\n", classes=("", "ring"), report=told.append)
    assert [one.kind for one in told] == ["unknown-class"]


def test_a_sixth_number_is_a_score():
    assert read("0 .5 .5 .1 .1 0.25\n").scores.tolist() == [0.25]


sides = st.integers(0, 3000)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(3500, 9000), st.integers(3500, 9000)),
    st.lists(st.tuples(sides, sides, st.integers(1, 500), st.integers(1, 500)), max_size=5),
)
def test_round_trips_are_as_exact_as_six_digits(size, rows):
    boxes = [[x, y, x + w, y + h] for x, y, w, h in rows]
    given_ = PictureLabels.of("w1.png", size, boxes, ("ring",) * len(rows))
    text = write_yolo(given_, CLASSES)
    again = read(text, size=size)
    np.testing.assert_allclose(again.boxes, given_.boxes, atol=1e-6 * max(size))
    assert np.rint(again.boxes).tolist() == given_.boxes.tolist() == slow_boxes(text, *size)
    if all(x and y for x, y, *_ in rows):  # at the edge the last digit is cut off
        assert write_yolo(again, CLASSES) == text


def test_ignored_boxes_are_not_written_and_sizes_are_needed():
    ignored = PictureLabels.of("a.png", (9, 9), [[0, 0, 1, 1]], ("spot",), ignored=[True])
    assert write_yolo(ignored, CLASSES) == ""
    with pytest.raises(ValueError, match="size"):
        write_yolo(PictureLabels.of("a.png", (0, 0), []), CLASSES)


@pytest.mark.parametrize(
    ("row", "kind", "message"),
    [
        ("0 .5 .5 .1", "bad-row", "is not class cx cy width height"),
        ("spot .5 .5 .1 .1", "bad-row", "is not class"),
        ("0.5 .5 .5 .1 .1", "bad-row", "is not class"),
        ("-1 .5 .5 .1 .1", "bad-row", "is not class"),
        ("0 .1 .1 .2 .1 .2 .2 .1 .2", "bad-row", "is an outline"),
        ("0 450 350 31 48", "bad-row", "are pixels"),
        ("0 nan .5 .1 .1", "bad-row", "not a number"),
        ("0 .5 .5 0 .1", "no-inside", "has no inside"),
        ("0 .5 .5 .1 .1 99", "bad-row", "its score 99 is not from 0 to 1"),
        ("0 .5 .5 .1 .1 nan", "bad-row", "its score nan is not"),
        ("2 .5 .5 .1 .1", "unknown-class", "class 2 is not in the list"),
    ],
)
def test_a_broken_row_is_told_and_the_others_are_kept(row, kind, message):
    text = f"0 .5 .5 .1 .1\n{row}\n1 .5 .5 .1 .1\n"
    told = []
    labels = read(text, report=told.append)
    assert labels.classes == ("spot", "ring")
    assert [(one.kind, one.row) for one in told] == [(kind, "row 2")]
    with pytest.raises(LabelError, match=rf"^w1\.txt: row 2: .*{message}"):
        read(text)


@pytest.mark.parametrize("text", ["spot\nring\n", "\ufeffspot\r\nring\r\n\r\n"])
def test_names_are_read_from_lists(text):
    assert read_names(text) == CLASSES


@pytest.mark.parametrize(
    "text",
    [
        "path: x\nnames:\n  0: spot\n  1: 'ring'  # faint\n\nnc: 2\n",
        "\ufeffpath: x\r\nnames:\r\n- spot\r\n- ring\r\nnc: 2\r\n",
        "names: ['spot', \"ring\"]\n",
        "names: {0: spot, 1: ring}\nnc: 2",
        "names:  # of 2024\n  # the first\n  1: ring\n  0: spot\n",
        "names: {1: ring, 0: spot}\n",
        "names:\n  '0': spot\n  \"1\": ring\n",
        "names: ['spot',  # faint\n  'ring']\nnc: 2\n",
        "names:\n  [spot,\n   ring,]\n",
        "names : [spot, ring]\n",
        '{"names": ["spot","ring"], "nc": 2}\n',
        "names: spot, ring\n",
    ],
)
def test_names_are_read_from_yaml(text):
    assert read_yaml_names(text) == CLASSES


def test_names_in_yaml_keep_what_is_quoted():
    names = ("spot, small", "#1", "it's", 'a "b"', "[x]", "1: one", "점")
    written = ["'spot, small'", "'#1'", "it's", '"a \\"b\\""', "'[x]'", '"1: one"', '"\\uc810"']
    assert read_yaml_names(f"names: [{', '.join(written)}]") == names
    lines = (f"  - {name}  # isn't\n" for name in written)
    assert read_yaml_names("names:  # it's\n" + "".join(lines)) == names
    assert read_yaml_names("names: ['it''s', '', no, 1.0]") == ("it's", "", "no", "1.0")


@pytest.mark.parametrize(
    "text",
    ["names: [spot", "names: &a [*a]", "names: {a: spot}", "names: [[spot]]", "[" * 9999, "", "1"],
)
def test_what_is_no_yaml_of_names_gives_none(text):
    assert read_yaml_names(text) == ()


def test_numbers_in_yaml_may_have_gaps():
    assert read_yaml_names("names:\n  1: spot\n  3: ring\n") == ("", "spot", "", "ring")
    assert read_yaml_names("names: []") == read_yaml_names("nc: 2") == ()


def test_names_in_a_plain_list_keep_their_quotes():
    assert read_names("\"a\"\n'b\n it's \n") == ('"a"', "'b", "it's")


def test_where_counting_begins():
    assert numbers_used("1 .5 .5 .1 .1\n\nx 1\n2 .5 .5 .1 .1") == {1, 2}
    assert numbers_used("1" * 5000 + " .5 .5 .1 .1") == set()
    assert first_number({1, 2}, 2) == 1
    assert first_number({0, 2}, 2) == 0  # the last is unknown
    assert first_number({1}, 2) == 0  # both are possible
    assert first_number(set(), 2) == 0


def test_what_looks_like_labels():
    assert looks_like_yolo("\n0 0.1 0.2 0.3 0.4\n")
    for text in ("", "notes on 5 wafers I saw", "images/a.png\n", "1 2 3\n", "a 1 2 3 4"):
        assert not looks_like_yolo(text)


words = st.sampled_from(["0", "1", "7", "-1", "0.5", ".1", "nan", "inf", "1e300", "x", "\0", "\n"])


@settings(max_examples=80, deadline=None)
@given(st.lists(words, max_size=20).map(" ".join))
def test_whatever_the_text_holds_each_row_is_read_or_told(text):
    told = []
    labels = read(text, report=told.append)
    rows = [line for line in text.splitlines() if line.strip()]
    broken = [one for one in told if one.severity == "broken"]
    assert len(labels.boxes) + len(broken) == len(rows)
    assert (labels.boxes[:, :2] < labels.boxes[:, 2:]).all()

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.data.labels import PictureLabels
from blemish.data.table import (
    first_rows,
    is_class,
    is_class_table,
    is_label,
    read_classes,
    read_column,
    read_table,
    write_classes,
    write_table,
)
from blemish.errors import LabelError


def test_rows_of_one_picture_are_gathered_and_clean_pictures_kept():
    text = (
        "\ufeffimages/a.png,1,2,3,4.5,spot\r\n"
        "b.png,,,,,\r\n"
        "\r\n"
        '"c, d.png",5,6,7,8,"ring, faint"\r\n'
        "images/a.png,10,20,30,40,ring\r\n"
    )
    a, b, c = read_table(text, "labels.csv")
    assert a.picture == "images/a.png"
    assert a.boxes.tolist() == [[1, 2, 3, 4.5], [10, 20, 30, 40]]
    assert a.classes == ("spot", "ring")
    assert (b.picture, len(b.boxes)) == ("b.png", 0)
    assert (c.picture, c.classes) == ("c, d.png", ("ring, faint",))


def test_a_heading_and_windows_folders_are_understood():
    (labels,) = read_table("image,x1,y1,x2,y2,class\nlot\\a.png,1,2,3,4,\n", "labels.csv")
    assert (labels.picture, labels.classes) == ("lot/a.png", ("defect",))


def test_what_is_written_is_read_again():
    given = [
        PictureLabels.of('a,"b".png', (9, 9), [[0, 1, 2.25, 3], [100, 1, 2000, 3]], ("먼지", "x")),
        PictureLabels.of("clean.png", (9, 9), []),
    ]
    again = read_table(write_table(given), "labels.csv")
    for before, after in zip(given, again, strict=True):
        assert (after.picture, after.classes) == (before.picture, before.classes)
        np.testing.assert_array_equal(after.boxes, before.boxes)


def test_ignored_boxes_are_not_written():
    labels = PictureLabels.of("a.png", (9, 9), [[0, 0, 1, 1]], ignored=[True])
    assert write_table([labels]) == "a.png,,,,,\n"


numbers = st.floats(0, 4000, width=32)
edges = st.lists(numbers, min_size=2, max_size=2, unique=True).map(sorted)
names = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1).filter(
    lambda name: name == name.strip() and "\\" not in name
)


@settings(max_examples=60, deadline=None)
@given(names, st.lists(st.tuples(edges, edges, names, st.booleans()), max_size=5))
def test_round_trips_are_exact(picture, rows):
    boxes = [[x[0], y[0], x[1], y[1]] for x, y, _, _ in rows]
    ignored = [row[-1] for row in rows]
    kinds = tuple(row[2] for row in rows)
    given_ = PictureLabels.of(picture, (0, 0), boxes, kinds, ignored=ignored)
    text = write_table([given_], keep_ignored=True)
    (again,) = read_table(text, "labels.csv")
    assert (again.picture, again.classes) == (picture, kinds)
    np.testing.assert_array_equal(again.boxes, given_.boxes)
    np.testing.assert_array_equal(again.ignored, given_.ignored)
    assert write_table([again], keep_ignored=True) == text


def test_a_broken_row_leaves_the_others():
    told = []
    text = "a.png,1,2,3,4,spot\nb.png,9,2,x,4,spot\na.png,9,2,5,4,spot\na.png,1,1,3,3,ring\n"
    a, b = read_table(text, "labels.csv", told.append, ("spot",))
    assert a.boxes.tolist() == [[1, 2, 3, 4], [5, 2, 9, 4]]
    assert a.rows == ("row 1", "row 3")
    assert len(b.boxes) == 0
    assert [(one.kind, one.row) for one in told] == [
        ("bad-row", "row 2"), ("inverted", "row 3"), ("unknown-class", "row 4"),
    ]  # fmt: skip


def test_classes_stand_in_the_order_of_their_numbers():
    text = '\ufeffring,1\r\n"spot, faint",0\r\n점,7\r\n'
    assert read_classes(text, "classes.csv") == ("spot, faint", "ring", "점")
    again = write_classes(("spot, faint", "점"))
    assert again == '"spot, faint",0\n점,1\n'
    assert read_classes(again, "classes.csv") == ("spot, faint", "점")
    with pytest.raises(LabelError, match=r"classes\.csv: row 2: is not a new name,id"):
        read_classes("a,0\na,1\n", "classes.csv")


def test_a_table_of_classes_may_have_a_heading_and_is_not_one_of_pictures():
    assert read_classes("name,id\nspot,0\nring,1\n", "classes.csv") == ("spot", "ring")
    told = []
    assert read_classes("spot,0\nname,id\nring,1.0\n", "c.csv", told.append) == ("spot",)
    assert [one.row for one in told] == ["row 2", "row 3"]
    for text in ("name,id\nspot,0\n", "class, ID\nspot,0\n", "spot,0\n"):
        assert is_class_table(text)
    for text in ("", "name,id\n", "a.png,3\n", "spot,0\nring\n"):
        assert not is_class_table(text)


def test_the_list_that_lacks_a_class_is_named():
    with pytest.raises(LabelError, match=r"the class 'ring' is not in names\.csv; add"):
        read_table("a.png,1,2,3,4,ring\n", "t.csv", classes=("spot",), listed="names.csv")


def test_more_columns_can_group_pictures():
    text = "image,x1,y1,x2,y2,class,lot\na.png,,,,,,L1\nlot\\b.png,1,2,3,4,x,L2\n"
    assert read_column(text, "t.csv", "lot") == [("a.png", "L1"), ("lot/b.png", "L2")]
    assert read_column(text + "c.png,,,,,\n", "t.csv", "lot")[2:] == [("c.png", "")]
    assert read_column(text, "t.csv", "slot") == []
    assert len(read_table(text, "t.csv")) == 2


def test_what_a_table_holds():
    assert is_label(["a.png", "", "", "", "", ""])
    assert is_label(["a.png", "1", "2.5", "3", "4"])
    assert not is_label(["lot", "w", "h", "d", "e"])
    assert is_class(["spot", "0"])
    assert not is_class(["spot", "one"])
    assert not is_class(["spot", "1" * 5000])
    assert first_rows("a,1\n\n b ,2\nc,3", 2) == [["a", "1"], ["b", "2"]]
    assert first_rows("a\0,1\n" + '"' + "x" * 200_000, 2) == []


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('a.png,1,2,3,4,"spot\nb.png,1,2,3,4,spot\nc.png,1,2,3,4,spot\n', 1),
        ('a.png,1,2,3,4,spot\n\n"b.png,1,2,3,4,spot\nc.png,1,2,3,4,spot\n', 3),
        ('a.png,1,2,3,4,spot\nb.png,1,2,3,4,"spot\nc.png,1,2,3,4,"ring, faint"\n', 2),
        ('a.png,1,2,3,4,"spot\n' + "b.png,1,2,3,4,spot\n" * 10_000, 1),
    ],
)
def test_a_quote_that_is_left_open_swallows_nothing(text, row):
    with pytest.raises(LabelError, match=rf"^t\.csv: row {row}: is not CSV, .* quote is left open"):
        read_table(text, "t.csv")
    assert sum(map(is_label, first_rows(text, 20))) >= 1


def test_a_quote_that_a_later_one_closes_is_told():
    told = []
    text = 'a.png,1,2,3,4,"spot\nb.png,1,2,3,4,spot"\nc.png,1,2,3,4,ring,"a note\nof two lines"\n'
    (labels,) = read_table(text, "t.csv", told.append)
    assert (labels.picture, labels.classes) == ("c.png", ("ring",))
    assert [(one.kind, one.row) for one in told] == [("bad-row", "row 2")]
    assert len(read_table("a.png,1,2,3,4,spot\u2028faint\n", "t.csv")) == 1  # no end of a line


def test_nothing_is_nothing():
    assert read_table("", "labels.csv") == []
    assert write_table([]) == ""


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.png", "is not path"),
        (",1,2,3,4,spot", "is not path"),
        ("a.png,1,2,,4,spot", "a box side"),
        ("a.png,1,2,x,4,spot", "a box side"),
        ("a.png,1,2,inf,4,spot", "a box side"),
        ("a.png,3,2,3,4,spot", "has no inside"),
    ],
)
def test_broken_rows_are_named(row, message):
    with pytest.raises(LabelError, match=rf"^labels\.csv: row 2: .*{message}"):
        read_table(f"clean.png,,,,,\n{row}\n", "labels.csv")


cells = st.sampled_from(
    ["a.png", "1", "2.5", "-3", "nan", "1e999", "", "x", '"', "\r", "\0", "spot"]
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(cells, max_size=8).map(",".join), max_size=6).map("\n".join))
def test_whatever_the_text_holds_it_is_read_or_told(text):
    told, said = [], "t.csv: row "
    try:
        pictures = read_table(text, "t.csv", told.append)
    except LabelError as error:
        pictures, said = [], str(error)
    assert said.startswith("t.csv: row ")
    assert all(np.isfinite(one.boxes).all() for one in pictures)
    assert all((one.boxes[:, :2] < one.boxes[:, 2:]).all() for one in pictures)
    assert all(one.row.startswith("row ") for one in told)

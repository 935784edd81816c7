import numpy as np
import pytest

from blemish.data.labels import PictureLabels
from blemish.data.table import read_table, write_table
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
        ("a.png,3,2,1,4,spot", "has no inside"),
    ],
)
def test_broken_rows_are_named(row, message):
    with pytest.raises(LabelError, match=rf"^labels\.csv: row 2: .*{message}"):
        read_table(f"clean.png,,,,,\n{row}\n", "labels.csv")

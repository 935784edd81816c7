import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.core.defects import Defects
from blemish.data.labels import PictureLabels, from_defects
from blemish.data.voc import read_voc, write_voc
from blemish.errors import LabelError

AS_LABELIMG_WRITES = """<annotation>
	<folder>웨이퍼</folder>
	<filename>w 1.jpg</filename>
	<path>C:\\Users\\kim\\웨이퍼\\w 1.jpg</path>
	<source>
		<database>Unknown</database>
	</source>
	<size>
		<width>900</width>
		<height>700</height>
		<depth>3</depth>
	</size>
	<segmented>0</segmented>
	<object>
		<name>error</name>
		<pose>Unspecified</pose>
		<truncated>0</truncated>
		<difficult>0</difficult>
		<bndbox>
			<xmin>1</xmin>
			<ymin>20</ymin>
			<xmax>31</xmax>
			<ymax>48</ymax>
		</bndbox>
	</object>
	<object>
		<name>먼지</name>
		<difficult>1</difficult>
		<bndbox>
			<xmin>5.5</xmin>
			<ymin>6</ymin>
			<xmax>7</xmax>
			<ymax>8</ymax>
		</bndbox>
	</object>
</annotation>
"""


def test_what_labelimg_writes_is_read_as_it_is():
    for content in (AS_LABELIMG_WRITES, AS_LABELIMG_WRITES.encode()):
        labels = read_voc(content, "w 1.xml")
        assert labels.picture == "w 1.jpg"
        assert labels.size == (900, 700)
        assert labels.boxes.tolist() == [[1, 20, 31, 48], [5.5, 6, 7, 8]]
        assert labels.classes == ("error", "먼지")
        assert labels.ignored.tolist() == [False, True]


def test_no_object_is_a_clean_picture():
    labels = read_voc("<annotation><filename>a.png</filename></annotation>", "a.xml")
    assert labels.boxes.shape == (0, 4)
    assert labels.size == (0, 0)


@pytest.mark.parametrize(
    ("written", "width"), [("900.0", 900), ("900.", 900), ("900.5", 0), ("-900", 0), ("9e2", 0)]
)
def test_a_size_may_have_a_point(written, width):
    text = AS_LABELIMG_WRITES.replace("<width>900<", f"<width>{written}<")
    assert read_voc(text, "a.xml").size == (width, 700)


def test_an_object_without_a_name_has_the_default_class():
    labels = read_voc(AS_LABELIMG_WRITES.replace("<name>error</name>", "<name/>"), "a.xml")
    assert labels.classes == ("defect", "먼지")


sides = st.integers(0, 2000)
text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda name: name == name.strip() and "\\" not in name and name.isprintable()
)


@settings(max_examples=40, deadline=None)
@given(
    text,
    st.lists(
        st.tuples(sides, sides, st.integers(1, 500), st.integers(1, 500), st.booleans()), max_size=5
    ),
)
def test_what_is_written_is_read_again(name, rows):
    boxes = [[x, y, x + width, y + height] for x, y, width, height, _ in rows]
    ignored = [row[-1] for row in rows]
    given_ = PictureLabels.of(name, (900, 800), boxes, (name,) * len(rows), ignored=ignored)
    again = read_voc(write_voc(given_), "a.xml")
    assert (again.picture, again.size, again.classes) == (name, (900, 800), (name,) * len(rows))
    np.testing.assert_array_equal(again.boxes, given_.boxes)
    assert again.ignored.tolist() == ignored


def test_defects_are_written_in_whole_pixels_with_their_class_names():
    defects = Defects.of([[1.4, 2.6, 30.5, 40]], labels=[1])
    written = write_voc(from_defects("a.png", (90, 80), defects, ("spot", "ring")))
    again = read_voc(written, "a.xml")
    assert again.boxes.tolist() == [[1, 3, 30, 40]]
    assert again.defects(("spot", "ring")).labels.tolist() == [1]
    assert "\t\t\t<xmin>1</xmin>\n" in written


part = st.floats(0, 2000, width=32)


@settings(max_examples=100, deadline=None)
@given(part, part, st.floats(1 / 64, 3, width=32), st.floats(1 / 64, 3, width=32))
def test_no_box_is_lost_to_whole_pixels(x, y, width, height):
    given_ = PictureLabels.of("a.png", (2003, 2003), [[x, y, x + width, y + height]])
    again = read_voc(write_voc(given_), "a.xml")
    assert np.abs(again.boxes - given_.boxes).max() <= 1
    assert again.boxes.max() <= 2003


def test_an_object_that_is_wrong_leaves_the_others():
    told = []
    text = AS_LABELIMG_WRITES.replace("<xmin>1<", "<xmin>x<").replace("5.5", "9")
    labels = read_voc(text, "w.xml", told.append)
    assert labels.boxes.tolist() == [[7, 6, 9, 8]]
    assert labels.rows == ("object 2",)
    assert [(one.kind, one.row) for one in told] == [
        ("bad-row", "object 1"), ("inverted", "object 2"),
    ]  # fmt: skip


def test_pixels_that_count_from_1_are_shifted():
    labels = read_voc(AS_LABELIMG_WRITES, "w 1.xml", one_based=True)
    assert labels.boxes.tolist() == [[0, 19, 31, 48], [4.5, 5, 7, 8]]


BOMB = '<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not readable XML"),
        (AS_LABELIMG_WRITES[:300], "is not readable XML"),
        (b"\xff\xfe\x00", "is not readable XML"),
        (BOMB, "is not readable XML"),
        ("<html/>", "not a VOC annotation"),
        (AS_LABELIMG_WRITES.replace("<xmin>5.5</xmin>", ""), "object 2: a box side"),
        (AS_LABELIMG_WRITES.replace("5.5", "NaN"), "object 2: a box side"),
        (AS_LABELIMG_WRITES.replace("5.5", "7"), "object 2: the box 7,6,7,8 has no inside"),
    ],
)
def test_broken_labels_name_the_file_and_the_object(content, message):
    with pytest.raises(LabelError, match=message) as caught:
        read_voc(content, "lot 3/w.xml")
    assert str(caught.value).startswith("lot 3/w.xml: ")
    assert "\n" not in str(caught.value)

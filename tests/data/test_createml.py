import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.data.createml import is_createml, read_createml, write_createml
from blemish.data.labels import PictureLabels
from blemish.errors import LabelError

AS_LABELIMG_WRITES = """[{"image": "w 1.jpg", "annotations": [{"label": "error", "coordinates":
{"x": 115.5, "y": 224.0, "width": 31.0, "height": 48.0}}]}, {"image": "w2.jpg",
"annotations": []}]"""


def test_what_labelimg_writes_is_read():
    marked, clean = read_createml("\ufeff" + AS_LABELIMG_WRITES, "lot.json")
    assert (marked.picture, marked.classes, marked.size) == ("w 1.jpg", ("error",), (0, 0))
    assert marked.boxes.tolist() == [[100, 200, 131, 248]]
    assert (clean.picture, len(clean.boxes)) == ("w2.jpg", 0)
    assert read_createml("[]", "lot.json") == []


numbers = st.floats(0, 4000, width=32)
edges = st.tuples(numbers, numbers).map(sorted).filter(lambda pair: pair[1] - pair[0] > 1e-3)


def slow_boxes(text):
    return [
        [
            [
                one["coordinates"]["x"] - one["coordinates"]["width"] / 2,
                one["coordinates"]["y"] - one["coordinates"]["height"] / 2,
                one["coordinates"]["x"] + one["coordinates"]["width"] / 2,
                one["coordinates"]["y"] + one["coordinates"]["height"] / 2,
            ]
            for one in picture["annotations"]
        ]
        for picture in json.loads(text)
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(edges, edges), max_size=5))
def test_round_trips_are_exact(pairs):
    boxes = [[x[0], y[0], x[1], y[1]] for x, y in pairs]
    given_ = PictureLabels.of("먼지 1.png", (0, 0), boxes, ("점",) * len(boxes))
    text = write_createml([given_])
    (again,) = read_createml(text, "a.json")
    assert (again.picture, again.classes) == (given_.picture, given_.classes)
    np.testing.assert_allclose(again.boxes, given_.boxes, rtol=1e-7, atol=1e-9)
    if boxes:
        np.testing.assert_allclose(slow_boxes(text)[0], given_.boxes, rtol=1e-7, atol=1e-9)


def test_ignored_boxes_are_not_written():
    labels = PictureLabels.of("a.png", (9, 9), [[0, 0, 1, 1]], ignored=[True])
    assert json.loads(write_createml([labels])) == [{"image": "a.png", "annotations": []}]


def test_other_json_is_told_apart():
    assert is_createml(json.loads(AS_LABELIMG_WRITES))
    for data in ([], {}, [1], [{"image": "a"}], [{"data": {}, "annotations": []}], None):
        assert not is_createml(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not readable JSON"),
        ('{"images": []}', "not CreateML"),
        (AS_LABELIMG_WRITES.replace('"w2.jpg"', "2"), r"\[1\]: is not an object"),
        (AS_LABELIMG_WRITES.replace('"x"', '"X"'), r"\[0\].annotations\[0\]: its coordinates"),
        (AS_LABELIMG_WRITES.replace("31.0", '"wide"'), r"annotations\[0\]: its coordinates"),
        (AS_LABELIMG_WRITES.replace("31.0", "0"), r"annotations\[0\]: the box .* no inside"),
    ],
)
def test_broken_labels_name_the_file_and_the_entry(text, message):
    with pytest.raises(LabelError, match=rf"^lot\.json: .*{message}|^lot\.json: {message}"):
        read_createml(text, "lot.json")


def test_a_broken_entry_leaves_the_others():
    told = []
    text = AS_LABELIMG_WRITES.replace('"w2.jpg"', "2").replace("31.0", "-31.0")
    (marked,) = read_createml(text, "lot.json", told.append)
    assert marked.boxes.tolist() == [[100, 200, 131, 248]]
    assert [(one.kind, one.severity) for one in told] == [
        ("inverted", "mended"),
        ("bad-row", "broken"),
    ]


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
KEYS = ("image", "annotations", "label", "coordinates", "x", "y", "width", "height")
anything = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=80, deadline=None)
@given(st.lists(anything, max_size=3).map(lambda more: [*json.loads(AS_LABELIMG_WRITES), *more]))
def test_whatever_the_file_holds_it_is_read_or_told(data):
    told = []
    pictures = read_createml(json.dumps(data), "lot.json", told.append)
    assert [one.picture for one in pictures[:2]] == ["w 1.jpg", "w2.jpg"]
    assert len(pictures) + sum("image and" in one.what for one in told) == len(data)

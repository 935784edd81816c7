import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.data.coco import is_coco, read_coco, read_column, write_coco
from blemish.data.labels import PictureLabels
from blemish.errors import LabelError

DATA = {
    "images": [
        {"id": 7, "file_name": "lot/b.png", "width": 90, "height": 80},
        {"id": 3, "file_name": "a.png"},
    ],
    "categories": [{"id": 9, "name": "ring"}, {"id": 2, "name": "spot"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 9, "bbox": [1, 2, 3, 4]},
        {"id": 2, "image_id": 7, "category_id": 2, "bbox": [5, 6, 7.5, 8], "iscrowd": 1},
    ],
}
GIVEN = [
    PictureLabels.of("a.png", (90, 80), [[1, 2, 30.5, 40], [0, 0, 5, 5]], ("ring", "spot"),
                     ignored=[False, True], scores=[0.25, 1]),
    PictureLabels.of("clean 웨이퍼.png", (70, 60), []),
]  # fmt: skip


def test_ids_need_not_count_on_and_clean_pictures_are_kept():
    (b, a), classes = read_coco(json.dumps(DATA), "all.json")
    assert classes == ("spot", "ring")
    assert (b.picture, b.size, b.classes) == ("lot/b.png", (90, 80), ("ring", "spot"))
    assert b.boxes.tolist() == [[1, 2, 4, 6], [5, 6, 12.5, 14]]
    assert b.ignored.tolist() == [False, True]
    assert b.scores.tolist() == [1, 1]
    assert (a.picture, a.size, len(a.boxes)) == ("a.png", (0, 0), 0)


def test_what_is_written_is_read_again():
    again, classes = read_coco(write_coco(GIVEN, ("spot", "ring")), "all.json")
    assert classes == ("spot", "ring")
    for before, after in zip(GIVEN, again, strict=True):
        assert (after.picture, after.size, after.classes) == (
            before.picture, before.size, before.classes,
        )  # fmt: skip
        np.testing.assert_allclose(after.boxes, before.boxes)
        np.testing.assert_array_equal(after.ignored, before.ignored)
        np.testing.assert_allclose(after.scores, before.scores)


def test_pycocotools_reads_what_is_written(tmp_path):
    from pycocotools.coco import COCO

    (tmp_path / "all.json").write_text(write_coco(GIVEN, ("spot", "ring")), encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(tmp_path / "all.json"))
    assert len(coco.getImgIds()) == 2
    (ring,) = coco.loadAnns(coco.getAnnIds(catIds=coco.getCatIds(catNms=["ring"])))
    assert ring["bbox"] == [1, 2, 29.5, 38]
    assert ring["score"] == 0.25


numbers = st.floats(0, 4000, width=32)
edges = st.tuples(numbers, numbers).map(sorted).filter(lambda pair: pair[1] - pair[0] > 1e-3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(edges, edges, st.booleans()), max_size=5))
def test_round_trips_are_exact(rows):
    boxes = [[x[0], y[0], x[1], y[1]] for x, y, _ in rows]
    ignored = [row[-1] for row in rows]
    given_ = PictureLabels.of("먼지.png", (90, 80), boxes, ("점",) * len(rows), ignored=ignored)
    text = write_coco([given_], ("점",))
    ((again,), _) = read_coco(text, "all.json")
    np.testing.assert_allclose(again.boxes, given_.boxes, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(again.ignored, given_.ignored)


def test_one_wrong_entry_leaves_the_others():
    told = []
    data = json.loads(json.dumps(DATA))
    data["annotations"][0]["bbox"] = [1, 2, 0, 4]
    data["categories"].append({"id": 9, "name": "again"})
    data["images"].append({"id": 3, "file_name": "twice.png"})
    (b, a), classes = read_coco(json.dumps(data), "all.json", told.append)
    assert (len(b.boxes), len(a.boxes), classes) == (1, 0, ("spot", "ring"))
    assert b.rows == ("annotations[1]",)
    assert [(one.kind, one.row) for one in told] == [
        ("bad-row", "categories[2]"),
        ("bad-row", "images[2]"),
        ("no-inside", "annotations[0]"),
    ]


@pytest.mark.parametrize(
    ("written", "width"),
    [(90.0, 90), ("90", 90), (90.5, 0), ("x", 0), (None, 0), (-90, 0), (10**400, 0), (1e300, 0)],
)
def test_a_size_may_be_written_otherwise(written, width):
    images = [{**DATA["images"][0], "width": written}]
    ((labels,), _) = read_coco(json.dumps({"images": images, "annotations": []}), "all.json")
    assert labels.size == (width, 80)


def test_hostile_values_are_told_or_tamed():
    data = json.loads(json.dumps(DATA))
    data["annotations"] *= 2
    data["annotations"][0] = {**DATA["annotations"][0], "bbox": [10**400, 2, 3, 4]}
    data["annotations"][1] = {**DATA["annotations"][0], "bbox": [1e39, 2, 3, 4]}
    data["annotations"][2] = {**DATA["annotations"][0], "bbox": [1000, 2, 1e-9, 4]}
    data["categories"][0]["name"] = "\ud800\x1b ring\0"
    told = []
    (b, _), classes = read_coco(json.dumps(data), "all.json", told.append)
    assert [one.kind for one in told] == ["bad-row", "bad-row", "no-inside"]
    assert classes == ("spot", "ring")
    assert b.classes == ("spot",)


def test_keys_of_images_can_group_them():
    data = json.loads(json.dumps(DATA))
    data["images"][0]["lot"] = 4
    assert read_column(json.dumps(data), "all.json", "lot") == [("lot/b.png", "4")]
    data["images"][1]["lot"] = None
    assert read_column(json.dumps(data), "all.json", "lot")[1:] == [("a.png", "")]
    assert is_coco(data)
    assert not is_coco([data])
    assert not is_coco({"pictures": 3})


def broken(part, **changes):
    data = json.loads(json.dumps(DATA))
    data[part][1].update(changes)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not readable JSON"),
        ("[1]", "not a COCO data set"),
        ('{"images": [1]}', "images is not a list of objects"),
        ('{"images": [], "annotation": []}', "lists images but no annotations"),
        (broken("annotations", image_id=99), r"annotations\[1\]: its image_id 99"),
        (broken("annotations", image_id=[1]), r"annotations\[1\]: has no usable image_id"),
        (broken("annotations", category_id=99), r"annotations\[1\]: its category_id 99"),
        (broken("annotations", bbox=[1, 2, 3]), r"annotations\[1\]: its bbox"),
        (broken("annotations", bbox="1234"), r"annotations\[1\]: its bbox"),
        (broken("annotations", score=99), r"annotations\[1\]: its score 99 is not from 0 to 1"),
        (broken("annotations", score=float("nan")), r"annotations\[1\]: its score nan is not"),
        (broken("annotations", bbox=[1, 2, 0, 3]), r"annotations\[1\]: the box .* no inside"),
        (broken("images", file_name=None), r"images\[1\]: has no usable file_name"),
    ],
)
def test_broken_labels_name_the_file_and_the_entry(text, message):
    with pytest.raises(LabelError, match=rf"^all\.json: .*{message}|^all\.json: {message}"):
        read_coco(text, "all.json")


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
KEYS = ("images", "annotations", "categories", "id", "file_name", "bbox", "image_id", "name")
anything = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=80, deadline=None)
@given(st.fixed_dictionaries({"images": anything, "annotations": anything, "categories": anything}))
def test_whatever_the_file_holds_it_is_read_or_told(data):
    told, said = [], "all.json: "
    try:
        pictures, classes = read_coco(json.dumps(data), "all.json", told.append)
    except LabelError as error:
        pictures, classes, said = [], (), str(error)
    assert said.startswith("all.json: ")
    assert all(set(one.classes) <= set(classes) for one in pictures)
    assert all(one.file == "all.json" for one in told)

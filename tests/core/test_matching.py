import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.core.matching import match_centre, match_iou

TRUE = Defects.of([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]])
NO_IGNORE = np.zeros(3, bool)
LAST_IGNORED = np.array([False, False, True])


def told(match):
    """Per find: the partner, and + for hit, - for false, 0 for ignored."""
    signs = np.where(match.hit, "+", np.where(match.false, "-", "0"))
    assert not (match.hit & match.false).any()
    return list(zip(match.partner.tolist(), signs.tolist(), strict=True))


def test_by_iou_the_better_score_takes_the_box():
    found = Defects.of([[0, 0, 10, 10], [0, 0, 10, 9], [70, 0, 80, 10]], scores=[0.5, 0.9, 0.7])
    assert told(match_iou(found, TRUE, NO_IGNORE, 0.5)) == [(-1, "-"), (0, "+"), (-1, "-")]


def test_by_iou_the_best_overlap_is_taken():
    true = Defects.of([[0, 0, 10, 10], [2, 0, 12, 10]])
    found = Defects.of([[2, 0, 12, 9], [1, 0, 11, 10]], scores=[0.9, 0.8])
    assert told(match_iou(found, true, np.zeros(2, bool), 0.5)) == [(1, "+"), (0, "+")]


@pytest.mark.parametrize("iou", [0.5, 0.6, 0.7, 0.8, 0.9])
def test_an_overlap_of_exactly_the_threshold_counts(iou):
    found = Defects.of([[0, 0, 10, 10 * iou]])
    assert told(match_iou(found, TRUE, NO_IGNORE, iou))[0] == (0, "+")
    assert told(match_iou(found, TRUE, NO_IGNORE, iou + 0.001))[0] == (-1, "-")


def test_by_iou_an_ignored_box_absorbs_one_find():
    found = Defects.of([[40, 0, 50, 10]] * 2, scores=[0.8, 0.9])
    assert told(match_iou(found, TRUE, LAST_IGNORED, 0.5)) == [(-1, "-"), (2, "0")]


def test_a_counting_box_goes_before_a_better_ignored_one():
    true = Defects.of([[0, 0, 10, 10], [0, 0, 10, 8]])
    found = Defects.of([[0, 0, 10, 10]])
    ignore = np.array([True, False])
    assert told(match_iou(found, true, ignore, 0.5)) == [(1, "+")]
    assert told(match_centre(found, true, ignore)) == [(1, "+")]


def test_labels_must_be_equal():
    found = Defects.of([[0, 0, 10, 10]], labels=[1])
    assert told(match_iou(found, TRUE, NO_IGNORE, 0.5)) == [(-1, "-")]
    assert told(match_centre(found, TRUE, NO_IGNORE)) == [(-1, "-")]


def test_by_centre_size_does_not_matter_and_the_edge_is_half_open():
    found = Defects.of([[4, 4, 5, 5], [-20, -20, 60, 30], [29, 4, 31, 6], [19, 4, 21, 6]])
    assert told(match_centre(found, TRUE, NO_IGNORE)) == [
        (0, "+"),
        (1, "+"),  # centre (20, 5): the low edge belongs to the box
        (-1, "-"),  # centre (30, 5): the high edge does not
        (-1, "-"),  # the box is taken
    ]


def test_by_centre_a_second_find_in_a_box_is_false_but_in_an_ignored_one_never():
    found = Defects.of([[2, 2, 4, 4]] * 2 + [[42, 2, 44, 4]] * 3)
    assert told(match_centre(found, TRUE, LAST_IGNORED)) == [
        (0, "+"), (-1, "-"), (2, "0"), (2, "0"), (2, "0"),
    ]  # fmt: skip


def test_by_centre_the_nearest_of_two_boxes_is_taken():
    true = Defects.of([[0, 0, 30, 30], [10, 10, 20, 20]])
    found = Defects.of([[14, 14, 17, 17], [13, 14, 17, 17]], scores=[0.9, 0.8])
    partners = match_centre(found, true, np.zeros(2, bool)).partner
    assert sorted(partners.tolist()) == [0, 1]
    far = Defects.of([[1, 1, 3, 3]])
    assert match_centre(far, true, np.zeros(2, bool)).partner.tolist() == [0]


@pytest.mark.parametrize("match", [match_centre, lambda *p: match_iou(*p, 0.5)])
def test_nothing_matches_nothing(match):
    none, nothing = Defects.none(), np.zeros(0, bool)
    assert told(match(none, none, nothing)) == []
    assert told(match(none, TRUE, NO_IGNORE)) == []
    assert told(match(TRUE, none, nothing)) == [(-1, "-")] * 3


@pytest.mark.parametrize("match", [match_centre, lambda *p: match_iou(*p, 0.4)])
def test_finds_of_lower_score_change_nothing(match):
    rng = np.random.default_rng(2)
    for _ in range(30):
        true = Defects.of(random_boxes(rng, 8))
        found = Defects.of(random_boxes(rng, 20), scores=rng.permutation(20) / 20)
        ignore = rng.random(8) < 0.3
        whole = match(found, true, ignore)
        best = np.flatnonzero(found.scores >= 0.5)
        part = match(found.take(best), true, ignore)
        np.testing.assert_array_equal(part.partner, whole.partner[best])
        np.testing.assert_array_equal(part.hit, whole.hit[best])


def random_boxes(rng, count):
    corner = rng.uniform(0, 30, (count, 2))
    return np.hstack([corner, corner + rng.uniform(4, 20, (count, 2))])

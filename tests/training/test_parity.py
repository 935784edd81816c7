import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.training.parity import BFLOAT16, FLOAT32, INT8, Difference, compare, parity_facts

BOXES = np.array([[10, 10, 40, 40], [60, 60, 90, 90], [100, 10, 130, 40]], np.float32)


def finds(scores: list[float], shift: float = 0.0, labels: list[int] | None = None) -> Defects:
    return Defects.of(BOXES[: len(scores)] + np.float32(shift), labels, scores)


def test_the_same_finds_differ_by_nothing() -> None:
    result = compare([finds([0.9, 0.2])], [finds([0.9, 0.2])], 0.3, FLOAT32)
    assert result == Difference(1, 2, 0.0, 0.0, 0, 0.0, 0.0, 0)
    assert result.within(FLOAT32)


def test_order_does_not_matter_and_nothing_is_fine() -> None:
    turned = finds([0.2, 0.9]).take(np.array([1, 0]))
    assert compare([finds([0.2, 0.9])], [turned], 0.3, FLOAT32).score == 0
    assert compare([Defects.none()], [Defects.none()], 0.3, FLOAT32).within(FLOAT32)


@pytest.mark.parametrize(
    ("other", "float32", "bfloat16"),
    [
        (finds([0.9004, 0.2]), True, True),
        (finds([0.902, 0.2]), False, True),
        (finds([0.81, 0.2]), False, True),
        (finds([0.79, 0.2]), False, False),
        (finds([0.9, 0.2], shift=0.05), True, True),
        (finds([0.9, 0.2], shift=1.5), False, True),
        (finds([0.9, 0.2], shift=4), False, False),
        (finds([0.9, 0.2], labels=[1, 0]), False, False),
        (finds([0.9]), True, True),  # one under the threshold is missing
        (finds([0.9, 0.2, 0.31]), False, True),  # one too many, but near the threshold
        (finds([0.9, 0.2, 0.5]), False, False),
        (Defects.none(), False, False),
    ],
)
def test_what_is_tolerated(other: Defects, float32: bool, bfloat16: bool) -> None:
    ours = [finds([0.9, 0.2])]
    assert compare(ours, [other], 0.3, FLOAT32).within(FLOAT32) is float32
    assert compare(ours, [other], 0.3, BFLOAT16).within(BFLOAT16) is bfloat16


@pytest.mark.parametrize(
    ("pictures", "far", "fine"), [(100, 1, True), (100, 2, False), (1000, 2, True)]
)
def test_one_box_in_a_thousand_may_be_that_of_the_next_cell(pictures, far, fine) -> None:
    ours = [finds([0.9, 0.2])] * pictures
    shift = np.array([[1.5], [1.5 * (far - 1)]], np.float32)
    theirs = [Defects.of(BOXES[:2] + shift, None, [0.9, 0.2]), *ours[1:]]
    result = compare(ours, theirs, 0.3, FLOAT32)
    assert result.far == far
    assert result.within(FLOAT32) is fine


def test_which_of_two_competing_boxes_stayed_is_no_difference_of_scores() -> None:
    boxes = np.array([[10, 10, 40, 40], [10, 18, 40, 48], [10, 26, 40, 56]], np.float32)
    first = Defects.of(boxes[[0, 2]], None, [0.50, 0.40])
    second = Defects.of(boxes[[1]], None, [0.51])
    seen = Defects.of(boxes, None, [0.50, 0.49, 0.40]), Defects.of(boxes, None, [0.48, 0.51, 0.37])
    assert compare([first], [second], 0.6, INT8).score == pytest.approx(0.01)  # and one is alone
    turned = compare([second], [first], 0.6, INT8, ([seen[1]], [seen[0]]))
    both = compare([first], [second], 0.6, INT8, ([seen[0]], [seen[1]]))
    assert both.score == turned.score == pytest.approx(0.03)


@pytest.mark.parametrize(("other", "difference"), [(0.5, 0.4), (0.85, 0.05), (None, 0.9)])
def test_a_find_without_an_equal_candidate_differs(other: float | None, difference: float) -> None:
    ours, theirs = finds([0.9]), Defects.none() if other is None else finds([other])
    result = compare([ours], [theirs], 0.95, INT8, ([ours], [theirs]))
    assert result.score == pytest.approx(difference)
    labelled = finds([0.9], labels=[1])
    assert compare([ours], [labelled], 0.95, INT8, ([ours], [labelled])).score == pytest.approx(0.9)


def test_a_decision_may_turn_only_near_the_threshold() -> None:
    assert compare([finds([0.31])], [finds([0.29])], 0.3, BFLOAT16).flips == 0
    assert compare([finds([0.36])], [finds([0.29])], 0.3, BFLOAT16).flips == 1
    assert compare([finds([0.36])], [finds([0.32])], 0.3, BFLOAT16).flips == 0


def test_weak_finds_are_not_compared() -> None:
    assert compare([finds([0.09])], [finds([0.06])], 0.3, FLOAT32).within(FLOAT32)


def test_only_what_passed_is_listed() -> None:
    fine = Difference(8, 20, 1e-6, 1e-4, 0, 1e-4, 0.0, 0)
    bad = Difference(8, 20, 0.2, 30.0, 9, 9.0, 0.6, 3)
    passed = {"openvino": fine, "onnxruntime": fine}
    both = ("float32", "bfloat16")
    assert parity_facts(passed, None)[0] == dict.fromkeys(passed, ("float32",))
    assert parity_facts(passed, fine)[0] == {"openvino": both, "onnxruntime": ("float32",)}
    precisions, numbers = parity_facts(passed, bad)
    assert precisions["openvino"] == ("float32",)
    assert numbers["openvino"]["bfloat16"]["passed"] is False
    assert numbers["openvino"]["bfloat16"]["flips"] == 3

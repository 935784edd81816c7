import numpy as np
import pytest

from blemish.core.defects import Defects


def test_defaults_and_types():
    defects = Defects.of([[1, 2, 3, 4], [5, 6, 7, 8]])
    assert defects.labels.tolist() == [0, 0]
    assert defects.scores.tolist() == [1, 1]
    kinds = (defects.boxes.dtype, defects.labels.dtype, defects.scores.dtype)
    assert kinds == (np.float32, np.int64, np.float32)


def test_none_is_empty():
    assert len(Defects.none()) == 0
    assert Defects.none().boxes.shape == (0, 4)


def test_the_callers_arrays_are_copied_and_nothing_changes_in_place():
    boxes = np.array([[1, 2, 3, 4]], np.float32)
    scores = np.array([0.5], np.float32)
    defects = Defects.of(boxes, scores=scores)
    boxes[0, 0] = scores[0] = 9
    assert (defects.boxes[0, 0], defects.scores[0]) == (1, 0.5)
    with pytest.raises(ValueError, match="read-only"):
        defects.boxes[0, 0] = 9
    with pytest.raises(AttributeError):
        defects.boxes = boxes


def test_different_lengths_are_refused():
    with pytest.raises(ValueError, match="equally many"):
        Defects.of([[1, 2, 3, 4]], labels=[0, 1])


def test_take_by_mask_and_by_index():
    defects = Defects.of([[0, 0, n, n] for n in (1, 2, 3)], [0, 1, 2], [0.3, 0.2, 0.1])
    assert defects.take(np.array([True, False, True])).labels.tolist() == [0, 2]
    again = defects.take(np.array([2, 0]))
    assert again.labels.tolist() == [2, 0]
    assert again.boxes[:, 2].tolist() == [3, 1]
    assert again.scores.tolist() == pytest.approx([0.1, 0.3])
    assert len(Defects.none().take(np.zeros(0, bool))) == 0

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.data.naming import share_names
from blemish.errors import UsageError


def labels(*numbers: int) -> Defects:
    return Defects.of([[0, 0, 1, 1]] * len(numbers), numbers)


def test_equal_names_are_paired_by_name_and_not_by_place() -> None:
    naming = share_names(("spot", "ring"), ("ring", "spot"), {"ring", "spot"}, one_class=False)
    assert naming.names == ("spot", "ring")
    assert naming.note == ""
    np.testing.assert_array_equal(naming.found(labels(0, 1)).labels, [0, 1])
    np.testing.assert_array_equal(naming.true(labels(0, 1)).labels, [1, 0])


@pytest.mark.parametrize(("model", "data"), [("defect", "error"), ("error", "defect")])
def test_defect_stands_for_the_one_class_of_a_data_set(model: str, data: str) -> None:
    naming = share_names((model,), (data,), {data}, one_class=False)
    assert naming.names == (data,)
    assert f"'{model}' stands for the data set's '{data}'" in naming.note


def test_other_single_classes_are_not_the_same() -> None:
    with pytest.raises(UsageError, match=r"knows 'spot' but the labels are of 'ring'.*--one-class"):
        share_names(("spot",), ("ring",), {"ring"}, one_class=False)


def test_a_model_of_defects_does_not_know_the_classes_of_several() -> None:
    with pytest.raises(UsageError, match="'ring', 'spot'"):
        share_names(("defect",), ("ring", "spot"), {"ring", "spot"}, one_class=False)


def test_classes_that_the_model_does_not_know_are_said_once_and_kept() -> None:
    naming = share_names(("spot",), ("ring", "smear", "spot"), {"ring", "spot"}, one_class=False)
    assert naming.names == ("spot", "ring", "smear")
    assert "'ring'" in naming.note
    assert "smear" not in naming.note  # it has no labels
    np.testing.assert_array_equal(naming.true(labels(0, 1, 2)).labels, [1, 2, 0])


def test_classes_without_labels_refuse_nothing() -> None:
    naming = share_names(("spot",), ("ring", "smear"), set(), one_class=False)
    assert naming.note == ""
    assert len(naming.true(Defects.none())) == 0


@pytest.mark.parametrize(
    ("data", "name"), [(("error",), "error"), (("ring", "smear"), "defect"), (("spot",), "spot")]
)
def test_all_classes_as_one(data: tuple[str, ...], name: str) -> None:
    naming = share_names(("spot", "ring"), data, set(data), one_class=True)
    assert naming.names == (name,)
    assert naming.found(labels(1, 0)).labels.tolist() == [0, 0]
    assert f"'{name}'" in naming.note

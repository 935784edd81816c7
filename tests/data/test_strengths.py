from pathlib import Path

import numpy as np
import pytest

from blemish.data.strengths import fill_strengths, read_strengths
from blemish.errors import LabelError
from planted_labels import write

TABLE = "image,index,strength,kind\nw2.png,1,7.5,spot\nlot/w2.png,0,3.25,ring\n"


@pytest.mark.parametrize("place", [".", "annotations", "Annotations"])
def test_strengths_are_looked_up_by_inner_path_then_by_name(tmp_path, place):
    assert read_strengths(tmp_path).of == {}
    write(tmp_path / place / "strength.csv", "\ufeff" + TABLE)
    strengths = read_strengths(tmp_path)
    assert strengths.source == str(tmp_path / place / "strength.csv")
    ignored = np.array([True, False])
    for inner, filled in [
        ("lot/w2.png", [0, np.inf]),  # ignored, whatever its strength
        ("w2.png", [0, 7.5]),
        ("x/w2.png", [0, 7.5]),
        ("w3.png", [0, np.inf]),
    ]:
        assert fill_strengths(strengths, tmp_path / inner, tmp_path, ignored).tolist() == filled
    with pytest.raises(LabelError, match=r"csv: the picture w2\.png has no label 1; draw"):
        fill_strengths(strengths, tmp_path / "w2.png", Path(tmp_path), ignored[:1])


@pytest.mark.parametrize("row", ["w2.png,0,-1,", "w2.png,0,nan,", "w2.png,0,inf,", "w2.png,x,1,"])
def test_a_row_that_says_nothing_is_told_and_the_others_are_kept(tmp_path, row):
    told = []
    write(tmp_path / "strength.csv", f"{TABLE}{row}\nw3.png\nw2.png,2,0,\n")
    strengths = read_strengths(tmp_path, told.append)
    assert strengths.of == {"w2.png": {1: 7.5, 2: 0}, "lot/w2.png": {0: 3.25}}
    assert [(one.kind, one.row) for one in told] == [
        ("bad-strength", "row 4"), ("bad-strength", "row 5"),
    ]  # fmt: skip
    told.clear()
    two = np.zeros(2, np.bool_)
    filled = fill_strengths(strengths, tmp_path / "w2.png", tmp_path, two, told.append)
    assert filled.tolist() == [np.inf, np.inf]  # the labels may have moved up
    assert [one.kind for one in told] == ["bad-strength"]


@pytest.mark.parametrize("content", ["결".encode("cp949"), b'image,index,strength\n"w2.png,0,1\n'])
def test_a_table_that_cannot_be_read_is_told(tmp_path, content):
    told = []
    (tmp_path / "strength.csv").write_bytes(content)
    assert read_strengths(tmp_path, told.append).of == {}
    assert [one.kind for one in told] == ["bad-strength"]

from pathlib import Path

import numpy as np
import pytest

from blemish.data.strengths import fill_strengths, read_strengths
from blemish.errors import LabelError
from planted_labels import write

TABLE = "image,index,strength,kind\nw2.png,1,7.5,spot\nlot/w2.png,0,3.25,ring\n"


@pytest.mark.parametrize("place", [".", "annotations", "Annotations"])
def test_strengths_are_looked_up_by_inner_path_then_by_name(tmp_path, place):
    assert read_strengths(tmp_path) == {}
    write(tmp_path / place / "strength.csv", "\ufeff" + TABLE)
    strengths = read_strengths(tmp_path)
    ignored = np.array([True, False])
    for inner, filled in [
        ("lot/w2.png", [0, np.inf]),  # ignored, whatever its strength
        ("w2.png", [0, 7.5]),
        ("x/w2.png", [0, 7.5]),
        ("w3.png", [0, np.inf]),
    ]:
        assert fill_strengths(strengths, tmp_path / inner, tmp_path, ignored).tolist() == filled
    with pytest.raises(LabelError, match="has no label 1"):
        fill_strengths(strengths, tmp_path / "w2.png", Path(tmp_path), ignored[:1])

from pathlib import Path

import numpy as np
import pytest

from blemish.training.kept import Shelf, is_there, keep
from planted import planted


def test_a_kept_picture_comes_back_the_same(tmp_path: Path) -> None:
    picture = planted(1, 2)
    assert not is_there(tmp_path, 2)
    keep(tmp_path, 2, picture)
    assert is_there(tmp_path, 2)
    again = Shelf(tmp_path).load(2)
    assert np.array_equal(again.pixels, picture.pixels)
    assert np.array_equal(again.defects.boxes, picture.defects.boxes)
    assert np.array_equal(again.strength, picture.strength)


def test_a_picture_without_its_marks_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="no space"):
        keep(tmp_path, 0, planted(1, 0))
    assert not is_there(tmp_path, 0)
    assert [item.name for item in tmp_path.iterdir()] == ["000000.npy"]

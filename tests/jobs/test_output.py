import errno
from pathlib import Path

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.errors import UsageError
from blemish.jobs import output as output_module
from blemish.jobs.output import Output
from blemish.report.tables import ImageRow

GREY = np.full((32, 32, 3), 90, np.uint8)
CLEAN = ImageRow("w.png", 32, 32, "clean", Defects.none())


def test_no_copy_is_named_like_a_folder_of_others(tmp_path: Path) -> None:
    names = ["a.png", "a.jpg/b.png", "c.png", "C.xml/d.png", "e.png"]
    output = Output(tmp_path)
    copies = output.name_pictures(names)
    assert copies == [
        *("pictures/a.png.jpg", "pictures/a.jpg/b.jpg", "pictures/c.png.jpg"),
        *("pictures/C.xml/d.jpg", "pictures/e.jpg"),
    ]
    assert [output.keep(copy, CLEAN, lambda: GREY).error for copy in copies] == [""] * 5


def test_long_names_that_are_alike_can_be_written(tmp_path: Path) -> None:
    names = [f"{letter * number}{end}" for letter, number in (("w", 251), ("웨", 83))
             for end in (".png", ".bmp", ".tif")]  # fmt: skip
    output = Output(tmp_path)
    copies = output.name_pictures([*names, f"w.{'x' * 240}"])
    assert len(set(copies)) == 7
    assert max(len(Path(copy).with_suffix(".klarf").name.encode()) for copy in copies) <= 255
    assert [output.keep(copy, CLEAN, lambda: GREY).error for copy in copies] == [""] * 7


@pytest.mark.parametrize(("number", "tried"), [(errno.EISDIR, 2), (errno.EROFS, 1)])
def test_what_is_wrong_with_one_copy_does_not_end_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, tried: int
) -> None:
    asked: list[Path] = []

    def refuse(path: Path, pixels: object) -> None:
        asked.append(path)
        raise UsageError(f"{path}: cannot be written") from OSError(number, "why")

    monkeypatch.setattr(output_module, "write_picture", refuse)
    output = Output(tmp_path)
    rows = [output.keep(f"pictures/{name}.jpg", CLEAN, lambda: GREY) for name in "ab"]
    assert len(asked) == tried
    assert {row.status for row in rows} == {"partial"}

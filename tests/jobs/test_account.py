from pathlib import Path

import pytest

from blemish.data.dataset import read_dataset
from blemish.jobs.account import account_of
from planted_labels import lay_picture, voc, write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("a", "b", "c", "new"):
        lay_picture(tmp_path / f"{name}.png")
    boxes = ((20, 30, 10, 40), (5, 5, 999, 20), (1, 1, 9, 9), (1, 1, 9, 9))
    write(tmp_path / "a.xml", voc(*boxes, filename="a.png"))
    write(tmp_path / "b.xml", voc((5, 5, 20, 20), filename="b.png"))
    hard = voc((5, 5, 9, 9), (1, 1, 20, 20), filename="c.png")
    write(
        tmp_path / "c.xml",
        "<difficult>1</difficult>".join(hard.rsplit("<difficult>0</difficult>", 1)),
    )
    return tmp_path


def test_what_is_mended_left_out_and_ignored_is_told_with_the_first_place(data: Path) -> None:
    write(data / "classes.csv", "a.png,1,1,5,5,dot\n")
    lines = account_of(read_dataset(data), data)
    starts = [
        f"Mended: 2 labels (1 inverted, 1 outside); first {data / 'a.xml'}: object 1: the box ",
        f"Left out: 1 label (1 duplicate-box); first {data / 'a.xml'}: object 4: the box 1,1,9,9 ",
        "Ignored: 1 label (difficult, crowd or too faint: count neither way); first "
        f"{data / 'c.xml'}: object 2",
        f"Left out: 1 picture (1 unlabelled); first {data / 'new.png'}: has no labels",
        f"Not read: 1 label set (1 two-formats); first {data}: there is ",
        f"All of them: blemish doctor {data}",
    ]
    assert len(lines) == len(starts)
    for line, start in zip(lines, starts, strict=True):
        assert line.startswith(start)
        assert "\n" not in line


def test_mended_files_are_told_apart_from_mended_labels(tmp_path: Path) -> None:
    lay_picture(tmp_path / "a.jpg", (90, 70), orientation=6)
    write(tmp_path / "a.xml", voc((1, 2, 30, 40), filename="a.jpg", size=(90, 70)))
    (line, hint) = account_of(read_dataset(tmp_path), tmp_path)
    assert line.startswith(f"Mended: 1 label file (1 turned-labels); first {tmp_path / 'a.xml'}: ")
    assert "doctor" in hint


def test_of_a_sound_data_set_there_is_nothing_to_tell(data: Path) -> None:
    (data / "a.xml").unlink()
    (data / "c.xml").unlink()
    for name in ("a", "c", "new"):
        (data / f"{name}.png").unlink()
    assert account_of(read_dataset(data), data) == []

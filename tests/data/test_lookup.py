import os
from pathlib import Path

import pytest

from blemish.data.lookup import Folder
from blemish.data.problems import Place
from blemish.errors import UsageError
from planted_labels import write


def find(root, name, source="labels.csv"):
    """Look a name up as a table's; gives the inner path and what was told."""
    folder, told = Folder(root), []
    path = folder.named(name, root / source, Place("t", "", told.append))
    return path and folder.inner(path), [one.kind for one in told]


@pytest.fixture
def root(tmp_path):
    for name in (
        "w1.png",
        "images/w2.JPG",
        "lot1/a.png",
        "lot2/a.png",
        "lot2/b.v2.png",
        ".hidden/w9.png",
        "lot1/.w8.png",
        "deep/lot3/c.png",
        "other/lot3/c.png",
    ):
        write(tmp_path / name, "")  # fmt: skip
    return tmp_path


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("w1.png", "w1.png"),
        ("W1.PNG", "w1.png"),
        ("w1", "w1.png"),
        ("w1.jpg", "w1.png"),
        ("w2.jpg", "images/w2.JPG"),
        ("images/w2.jpg", "images/w2.JPG"),
        ("C:/Users/kim/images/w2.jpg", "images/w2.JPG"),
        ("../../lot1/a.png", "lot1/a.png"),
        ("lot2/a.png", "lot2/a.png"),
        ("b.v2", "lot2/b.v2.png"),
        ("b.v2.png", "lot2/b.v2.png"),
        ("deep/lot3/c.png", "deep/lot3/c.png"),
    ],
)
def test_names_find_their_picture(root, name, found):
    assert find(root, name) == (found, [])


def test_a_table_is_looked_up_from_its_own_folder(root):
    assert find(root, "a.png", "lot2/labels.csv") == ("lot2/a.png", [])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("w9.png", "missing-picture"),
        ("w8.png", "missing-picture"),
        ("", "missing-picture"),
        ("/", "missing-picture"),
        ("b", "missing-picture"),
        ("a.png", "ambiguous-picture"),
        ("lot3/c.png", "ambiguous-picture"),
    ],
)
def test_what_is_not_there_or_not_clear_is_told(root, name, kind):
    assert find(root, name) == (None, [kind])


def test_a_picture_elsewhere_is_a_guess(root):
    assert find(root, "lot7/b.v2.png") == ("lot2/b.v2.png", ["guessed-picture"])
    assert find(root, "0123abcd-w1.png") == ("w1.png", ["guessed-picture"])


def test_two_dates_are_two_pictures(tmp_path):
    for name in ("20240101_w1.png", "real.png", "w2.png", "3f2a9c01-w3.png"):
        write(tmp_path / name, "")
    assert find(tmp_path, "20240103_w1.png") == (None, ["missing-picture"])
    assert find(tmp_path, "77777777-w3.png") == (None, ["missing-picture"])
    assert find(tmp_path, "w3.png") == ("3f2a9c01-w3.png", ["guessed-picture"])
    folder, told = Folder(tmp_path), []
    place = Place("t", "", told.append)
    assert folder.beside(tmp_path / "20240103_w1.xml", "20240103_w1.png", place) is None
    assert [one.kind for one in told] == ["missing-picture"]
    # What the file says comes before a picture that only fits but for a hash.
    for stem in ("20240103_w1", "20240103_w2"):
        assert folder.beside(tmp_path / f"{stem}.xml", "real.png", place) == tmp_path / "real.png"
    assert folder.beside(tmp_path / "20240103_w2.xml", "", place) == tmp_path / "w2.png"


@pytest.mark.parametrize(
    ("pictures", "file", "said", "found"),
    [
        (("w1.png", "W1.png"), "w1.xml", "w1.png", "w1.png"),
        (("w1.png", "W1.png"), "W1.xml", "w1.png", "W1.png"),
        (("w1.png", "W1.png"), "0001.xml", "W1.png", "W1.png"),
        (("a.jpg", "a.png"), "a.xml", "images/a.jpg", "a.jpg"),
        (("scan.tif.png", "scan.png"), "scan.tif.txt", "", "scan.tif.png"),
        (("scan.tif.png",), "scan.tif.xml", "other", "scan.tif.png"),
        (("scan.tif", "scan.tif.png"), "scan.TIF.xml", "", "scan.tif.png"),
        (("scan.tif", "x/scan.tif.png"), "scan.tif.xml", "", "scan.tif"),
        (("y/scan.tif", "x/scan.tif.png"), "y/scan.tif.xml", "", "y/scan.tif"),
    ],
)
def test_what_is_called_so_to_the_letter_comes_first(tmp_path, pictures, file, said, found):
    for name in pictures:
        write(tmp_path / name, "")
    folder, told = Folder(tmp_path), []
    place = Place("t", "", told.append)
    assert folder.beside(tmp_path / file, said, place) == tmp_path / found
    assert [one.kind for one in told] == ["guessed-picture"] * (file == "0001.xml")


def test_a_name_is_first_looked_up_as_it_is(tmp_path):
    write(tmp_path / "scan.tif.png", "")
    assert find(tmp_path, "scan.tif") == ("scan.tif.png", [])
    write(tmp_path / "scan.tif", "")
    assert find(tmp_path, "C:/x/scan.tif") == ("scan.tif", [])


def test_linked_folders_are_walked_once(root):
    (root / "linked").mkdir()
    (root / "linked" / "circle").symlink_to(root, target_is_directory=True)
    elsewhere = root.parent / "elsewhere"
    write(elsewhere / "far.png", "")
    (root / "more").symlink_to(elsewhere, target_is_directory=True)
    assert find(root, "far.png") == ("more/far.png", [])
    assert find(root, "w1.png") == ("w1.png", [])


def test_a_folder_that_may_not_be_listed_is_refused(root, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "lot2":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UsageError, match=r"lot2: cannot be listed \(Permission denied\); check"):
        Folder(root)


def test_label_files_find_theirs(root):
    folder, told = Folder(root), []
    place = Place("t", "", told.append)
    for file, name, found in [
        ("w1.xml", "", "w1.png"),
        ("lot1/a.xml", "", "lot1/a.png"),
        ("labels/lot2/a.txt", "", "lot2/a.png"),
        ("annotations/w2.xml", "w2.jpg", "images/w2.JPG"),
    ]:
        assert folder.beside(root / file, name, place) == root / found
    assert told == []
    assert folder.beside(root / "0001.xml", "C:/x/w1.png", place) == root / "w1.png"
    assert [one.kind for one in told] == ["guessed-picture"]
    told.clear()
    assert folder.beside(root / "lot2/w1.xml", "", place) == root / "w1.png"
    assert folder.beside(root / "lot1/b.v2.xml", "", place) is None
    assert [one.kind for one in told] == ["missing-picture"]
    assert folder.files(".xml") == []
    assert len(folder.pictures) == 7

import os
import sys
from pathlib import Path

import pytest

from blemish.data.listing import find_pictures, natural_order
from blemish.errors import UsageError


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def names(*inputs):
    return [listed.name for listed in find_pictures(inputs)]


def test_a_folder_is_searched_deep_in_natural_order_and_other_files_passed_over(tmp_path):
    touch(
        tmp_path / "w10.png",
        tmp_path / "w2.PNG",
        tmp_path / "lot" / "웨이퍼.tiff",
        tmp_path / "notes.txt",
        tmp_path / "w2.xml",
        tmp_path / "._w2.png",
        tmp_path / ".cache" / "w2.png",
    )
    assert names(tmp_path) == ["lot/웨이퍼.tiff", "w2.PNG", "w10.png"]
    assert {listed.root for listed in find_pictures([tmp_path])} == {tmp_path}


def test_a_named_file_is_taken_whatever_its_suffix(tmp_path):
    touch(tmp_path / "a.dat")
    (listed,) = find_pictures([str(tmp_path / "a.dat")])
    assert listed == (tmp_path, tmp_path / "a.dat", "a.dat")


def test_each_picture_is_listed_once(tmp_path):
    touch(tmp_path / "a.png", tmp_path / "b.png")
    again = tmp_path / "x" / ".." / "a.png"
    (tmp_path / "x").mkdir()
    assert names(tmp_path / "b.png", tmp_path, again) == ["b.png", "a.png"]


def test_globs(tmp_path):
    touch(tmp_path / "lot1" / "a.png", tmp_path / "lot2" / "deep" / "b.jpg", tmp_path / "lot1.txt")
    assert names(tmp_path / "lot*") == ["lot1/a.png", "lot2/deep/b.jpg"]
    assert names(tmp_path / "**" / "*.png") == ["lot1/a.png"]
    with pytest.raises(UsageError, match="matches nothing"):
        find_pictures([tmp_path / "slot*"])


def test_a_name_with_brackets_is_a_file_first(tmp_path):
    touch(tmp_path / "w[1].png")
    assert names(tmp_path / "w[1].png") == ["w[1].png"]


def test_equal_inner_names_of_two_folders_stay_apart(tmp_path):
    touch(*(tmp_path / lot / "w.png" for lot in ("a", "b", "x/b", "y/b")))
    folders = [tmp_path / lot for lot in ("a", "b", "x/b", "y/b")]
    assert names(*folders) == ["w.png", "b/w.png", "b~2/w.png", "b~3/w.png"]


def test_what_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.png: is not there"):
        find_pictures([tmp_path / "gone.png"])
    with pytest.raises(UsageError, match="no pictures there"):
        find_pictures([tmp_path])
    with pytest.raises(UsageError, match="nothing named"):
        find_pictures([])


def test_what_cannot_be_listed_is_told_and_the_others_are_listed(tmp_path):
    touch(tmp_path / "a.png")
    (tmp_path / "empty").mkdir()
    told = []
    paths = [tmp_path / name for name in ("gone.png", "empty", "x*", "n" * 300, "a.png")]
    listed = find_pictures(paths, lambda path, reason: told.append((path, reason)))
    assert [one.name for one in listed] == ["a.png"]
    assert [path for path, _ in told] == paths[:4]
    for (_, reason), said in zip(
        told, ("is not there", "no pictures", "matches nothing", "cannot be reached"), strict=True
    ):
        assert reason.startswith(said)
        assert ";" in reason


def test_a_folder_that_may_not_be_listed_does_not_hide_the_others(tmp_path, monkeypatch):
    touch(tmp_path / "a.png", tmp_path / "locked" / "b.png", tmp_path / "open" / "c.png")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    told = []
    listed = find_pictures([tmp_path], lambda path, reason: told.append((path.name, reason)))
    assert [one.name for one in listed] == ["a.png", "open/c.png"]
    assert told == [
        ("locked", "cannot be listed (Permission denied); check its permissions"),
    ]
    told.clear()
    assert find_pictures([tmp_path / "locked"], lambda *words: told.append(words)) == []
    assert len(told) == 1
    told.clear()
    find_pictures([tmp_path / "**", tmp_path], lambda path, _: told.append(path.name))
    assert told == ["locked"]  # though it is met three times


def test_a_folder_that_a_glob_may_not_enter_is_told(tmp_path, monkeypatch):
    touch(*(tmp_path / lot / "x" / "b.png" for lot in ("lot1", "lot2", "lot3")))
    scandir, lstat = os.scandir, Path.lstat

    def refuse(path):
        if Path(path).name == "lot2":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    def refuse_inner(path):
        if path.parent.name == "lot2":
            raise PermissionError(13, "Permission denied", str(path))
        return lstat(path)

    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(Path, "lstat", refuse_inner)
    reason = "cannot be listed (Permission denied); check its permissions"
    for pattern in ("*/*/*.png", "**/*.png", "lot*/x/*.png", "lot2/*/b.png"):
        told = []
        find_pictures([tmp_path / pattern], lambda *words: told.append(words))  # noqa: B023
        assert told == [(tmp_path / "lot2", reason)], pattern


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_linked_folders_are_searched_and_none_twice(tmp_path):
    touch(tmp_path / "in" / "real" / "b.png", tmp_path / "other" / "deep" / "c.png")
    (tmp_path / "in" / "a").symlink_to(tmp_path / "in" / "real")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "other")
    (tmp_path / "other" / "deep" / "loop").symlink_to(tmp_path / "other")
    (tmp_path / "in" / "gone").symlink_to(tmp_path / "nowhere")
    assert names(tmp_path / "in") == ["link/deep/c.png", "real/b.png"]
    assert names(tmp_path / "in" / "link") == ["deep/c.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_to_itself_is_listed_like_any_broken_picture(tmp_path):
    touch(tmp_path / "a.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert names(tmp_path) == ["a.png", "loop.png"]
    assert names(tmp_path / "loop.png") == ["loop.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_a_name_that_is_not_utf8_is_still_printable(tmp_path):
    touch(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")))
    (listed,) = find_pictures([tmp_path])
    assert listed.name.encode() == "\ufffd.png".encode()
    assert listed.path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="such names cannot be there")
def test_a_name_that_would_steer_a_terminal_is_printable(tmp_path):
    touch(tmp_path / "결함 \x1b[31m\x07\n\x9b2J.png")
    (listed,) = find_pictures([tmp_path])
    assert listed.name == "결함 \ufffd[31m\ufffd\ufffd\ufffd2J.png"
    assert listed.path.exists()


def test_natural_order():
    given = ["w10", "w9a", "w9", "W1", "w", "1", "a/2", "a10"]
    assert [str(path) for path in sorted(map(Path, given), key=natural_order)] == sorted(
        given, key=["1", "a/2", "a10", "w", "W1", "w9", "w9a", "w10"].index
    )

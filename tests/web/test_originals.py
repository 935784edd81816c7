import errno
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from blemish.web.database import DiskFullError
from blemish.web.originals import Originals


@pytest.fixture
def originals(tmp_path: Path) -> Iterator[Originals]:
    originals = Originals(tmp_path)
    yield originals
    originals.close()


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "in-use"]


def test_an_original_lies_under_its_hash(tmp_path: Path, originals: Originals) -> None:
    with originals.arriving() as arriving:
        arriving.copy(io.BytesIO(b"a" * 3_000_000))
        originals.keep(arriving)
    expected = hashlib.sha256(b"a" * 3_000_000).hexdigest()
    assert arriving.sha256 == expected
    assert arriving.num_bytes == 3_000_000
    assert kept(tmp_path) == [originals.place(expected)]
    assert originals.place(expected).read_bytes() == b"a" * 3_000_000


def test_what_is_not_kept_is_gone(tmp_path: Path, originals: Originals) -> None:
    with originals.arriving() as arriving:
        arriving.write(b"half")
    assert kept(tmp_path) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path, originals: Originals) -> None:
    def fill() -> None:
        with originals.arriving() as arriving:
            arriving.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFullError):
        fill()
    assert kept(tmp_path) == []


def test_what_a_crash_left_is_removed_at_the_next_start(tmp_path: Path) -> None:
    Originals(tmp_path).close()
    (tmp_path / "incoming" / "x.part").write_bytes(b"half")
    (tmp_path / "views" / ".y.part").write_bytes(b"half")
    (tmp_path / "views" / ".z.part" / "9").mkdir(parents=True)
    (tmp_path / "views" / "a-image.jpg").write_bytes(b"whole")
    Originals(tmp_path).close()
    assert not list((tmp_path / "incoming").iterdir())
    assert [path.name for path in (tmp_path / "views").iterdir()] == ["a-image.jpg"]


def test_two_do_not_share_a_folder(tmp_path: Path) -> None:
    first = Originals(tmp_path)
    with pytest.raises(BlockingIOError):
        Originals(tmp_path)
    first.close()
    Originals(tmp_path).close()

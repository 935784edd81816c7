import errno
import hashlib
import io
from pathlib import Path

import pytest

from blemish.web.database import DiskFullError
from blemish.web.originals import Originals


def test_an_original_lies_under_its_hash(tmp_path: Path) -> None:
    originals = Originals(tmp_path)
    with originals.arriving() as arriving:
        arriving.copy(io.BytesIO(b"a" * 3_000_000))
        originals.keep(arriving)
    expected = hashlib.sha256(b"a" * 3_000_000).hexdigest()
    assert arriving.sha256 == expected
    assert arriving.num_bytes == 3_000_000
    assert originals.place(expected).read_bytes() == b"a" * 3_000_000
    assert not list((tmp_path / "incoming").iterdir())


def test_what_is_not_kept_is_gone(tmp_path: Path) -> None:
    originals = Originals(tmp_path)
    with originals.arriving() as arriving:
        arriving.write(b"half")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    originals = Originals(tmp_path)

    def fill() -> None:
        with originals.arriving() as arriving:
            arriving.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFullError):
        fill()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_a_crash_left_is_removed_at_the_next_start(tmp_path: Path) -> None:
    Originals(tmp_path)
    (tmp_path / "incoming" / "x.part").write_bytes(b"half")
    Originals(tmp_path)
    assert not list((tmp_path / "incoming").iterdir())

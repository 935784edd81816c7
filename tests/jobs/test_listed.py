from pathlib import Path

import pytest

from blemish.jobs.listed import list_pictures


def test_a_path_that_is_not_there_has_a_name_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lots").mkdir()
    (tmp_path / "lots" / "w1.png").write_bytes(b"")
    listed, rows = list_pictures([Path("lots"), Path("w1.png"), Path("gone.png"), Path("w1.png")])
    assert [one.name for one in listed] == ["w1.png"]
    assert [row.image for row in rows] == [str(tmp_path / "w1.png"), "gone.png"]
    assert {row.status for row in rows} == {"failed"}
    assert rows[0].error.startswith("w1.png: is not there")

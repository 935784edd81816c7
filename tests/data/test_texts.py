import os

import pytest

from blemish.data.texts import first_bytes, first_text, read_bytes, read_text
from blemish.errors import LabelError, UsageError


def test_texts_are_utf8_with_a_mark_or_without(tmp_path):
    path = tmp_path / "결함.txt"
    path.write_bytes("\ufeff점\r\n".encode())
    assert read_text(path) == first_text(path) == "점\r\n"
    assert first_bytes(path, 3) == b"\xef\xbb\xbf"
    path.write_bytes("점".encode("cp949"))
    with pytest.raises(LabelError, match=r"결함\.txt: is not UTF-8 text: save it as UTF-8"):
        read_text(path)


def test_utf16_is_seen_but_not_read(tmp_path):
    for order in ("utf-16-le", "utf-16-be"):
        (tmp_path / "w.csv").write_bytes("\ufeff점,1".encode(order))
        assert first_text(tmp_path / "w.csv") == "점,1"
        with pytest.raises(LabelError, match="is not UTF-8"):
            read_text(tmp_path / "w.csv")


def test_what_is_not_there_is_told_or_empty(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.txt: cannot be read \(No such file"):
        read_bytes(tmp_path / "gone.txt")
    assert first_bytes(tmp_path / "gone.txt", 9) == b""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "w.csv")
    with pytest.raises(UsageError, match=r"w\.csv: cannot be read \(it is no ordinary file\)"):
        read_bytes(tmp_path / "w.csv")
    assert first_text(tmp_path / "w.csv") == ""

"""Files of other tools, odd and damaged."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.errors import KlarfError, UsageError
from blemish.wafer import klarf_read
from blemish.wafer.klarf_read import open_klarf, read_klarf
from planted_wafers import ODD_KLARF, ODD_PLACES


def test_an_odd_file_of_another_vendor() -> None:
    first, second = read_klarf(ODD_KLARF, "odd").wafers
    assert (first.lot, first.wafer, first.slot, first.mark) == ("L;1", "A", "3", "NOTCH")
    assert (first.location, first.diameter, first.classes) == (
        "LEFT",
        200.0,
        {7: "scratch", 9: "dirt"},
    )
    np.testing.assert_allclose(first.positions, ODD_PLACES, atol=1e-12)
    assert first.dies.tolist() == [[-1, 0], [0, 0], [2, -3]]
    assert first.images == ((), (11, 12), ())
    assert first.column("OWNCOLUMN") == ["foo", "b a r", "x"]
    assert first.column("DEFECTID") == ["1", "2", "3"]
    assert first.column("XSIZE") == ["", "", ""]
    assert (second.wafer, second.slot, second.rows) == ("B", "4", ())
    assert second.positions.shape == second.dies.shape == (0, 2)


def test_bytes_that_are_no_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "웨이퍼.001"
    path.write_bytes(ODD_KLARF.replace("dirt", "d\xe9bris").replace("\n", "\r\n").encode("latin-1"))
    first = open_klarf(path).wafers[0]
    assert first.classes[9].encode("utf-8", "surrogateescape") == b"d\xe9bris"
    np.testing.assert_allclose(first.positions, ODD_PLACES, atol=1e-12)


def test_a_file_that_is_not_there_or_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=r"no\.klarf: cannot be read"):
        open_klarf(tmp_path / "no.klarf")
    monkeypatch.setattr(klarf_read, "MOST_BYTES", 100)
    path = tmp_path / "large.klarf"
    path.write_text(ODD_KLARF)
    with pytest.raises(KlarfError, match=r"large\.klarf, line 1: is larger than"):
        open_klarf(path)


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("DefectRecordSpec 8", "DefectRecordSpec 9", 18, "DefectRecordSpec says '9' columns and"),
        ("DefectRecordSpec 8", "DefectRecordSpec x", 18, "DefectRecordSpec says 'x' columns and"),
        ("8 YREL XREL", "8 YREL XRAL", 18, "DefectRecordSpec lacks XREL"),
        ("OWNCOLUMN", "YREL", 18, "DefectRecordSpec names a column twice"),
        ("DefectRecordSpec", "NoSpec", 19, "a DefectList stands before any DefectRecordSpec"),
        ("DiePitch", "NoPitch", 19, "no DiePitch stands before this DefectList"),
        ("SampleCenterLocation 5.0e+03 4.0e+03", "SampleCenterLocation 5", 12,
         "SampleCenterLocation has 1 values and not 2"),
        ("DiePitch 1.0e+04", "DiePitch wide", 10, "DiePitch is 'wide' and not a number"),
        ("SampleSize 1 200", "SampleSize 1 nan", 7, "SampleSize is 'nan' and not a number"),
        (" 2000 1000 foo -1", " 2000 1000 foo -1.5", 20, "XINDEX is '-1.5' and not a whole number"),
        (" 2000 1000 foo", " 2000 1e99 foo", 20, "XREL is '1e99' and not a number"),
        (" 2000 1000 foo", " 2000 foo", 20, "XREL is 'foo' and not a number of micrometres"),
        ("-1 0 1 7 0\n", "-1 0 1\n", 20, "a find has 6 values where DefectRecordSpec names 8"),
        ("2 9 2\n", "2 9 3\n", 21, "IMAGELIST is not a count with a page and a kind each"),
        ("2 9 2\n", "2 9 many\n", 21, "IMAGELIST is not a count with a page and a kind each"),
        ("-1 0 1 7 0\n", "-1 0 1 7 0 5\n", 20, "a find has more values than"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(old: str, new: str, line: int, what: str) -> None:
    assert ODD_KLARF.count(old) >= 1
    with pytest.raises(KlarfError) as told:
        read_klarf(ODD_KLARF.replace(old, new, 1), "odd.klarf")
    assert str(told.value).startswith(f"odd.klarf, line {line}: {what}")


def test_a_file_without_any_list_is_refused() -> None:
    with pytest.raises(KlarfError, match=r"line 3: has no DefectList"):
        read_klarf("FileVersion 1 2;\nSlot 1;\nEndOfFile;\n", "a")


@pytest.mark.parametrize("place", range(0, ODD_KLARF.rindex("EndOfFile") + 9, 17))
def test_a_file_that_is_cut_short_is_never_taken_for_whole(place: int) -> None:
    with pytest.raises(KlarfError):
        read_klarf(ODD_KLARF[:place], "cut")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_or_read_and_nothing_else(data: st.DataObject) -> None:
    text = list(ODD_KLARF)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] = data.draw(st.sampled_from([*'";\n \0x9-.', "", "\udc80", "٣"]))
    try:
        wafers = read_klarf("".join(text), "damaged").wafers
    except KlarfError as error:
        assert re.match(r"damaged, line \d+: .", str(error))  # noqa: PT017
    else:
        for wafer in wafers:
            assert np.isfinite(wafer.positions).all()
            assert len(wafer.rows) == len(wafer.positions) == len(wafer.dies) == len(wafer.images)


def test_a_list_in_very_many_parts_is_joined_once() -> None:
    head, rest = ODD_KLARF.split("AnotherOwn;\n")
    part = "DefectList\n 4000 5000 x 2 -3 3 5;\n"
    many = head + part * 500 + rest.split(part)[1]
    first = read_klarf(many, "many").wafers[0]
    assert len(first.rows) == len(first.positions) == 502

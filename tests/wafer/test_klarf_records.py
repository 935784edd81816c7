"""The grammar: records as written, and what is no KLARF is refused with its line."""

import pytest

from blemish.errors import KlarfError
from blemish.wafer.klarf_records import Record, read_records, write_records
from planted_wafers import ODD_KLARF

START = "FileVersion 1 2;\n"


def test_records_are_kept_as_they_were_written() -> None:
    records = read_records(ODD_KLARF, "a.klarf")
    assert write_records(records) == ODD_KLARF.replace(' "dirt" ;', ' "dirt";').replace(
        "IMAGELIST ;", "IMAGELIST;"
    ).replace("NDEFDIE ;", "NDEFDIE;")
    assert read_records(write_records(records), "b.klarf") == records
    own = records[2]
    assert (own.name, own.line) == ("VendorOwnRecord", 3)
    assert [tuple(word) for word in own.words()] == [
        ("with ; inside", 3), ("1", 3), ("2", 3), ("and", 4), ("a", 4), ("second", 4), ("line", 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "end", ["EndOfFile;", "EndOfFile", "endoffile ;\n\n", "EndOfFile;\x1a\0\n"]
)
@pytest.mark.parametrize("start", ["", "\ufeff", "\n \n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_ways_to_begin_and_end(start: str, end: str, newline: str) -> None:
    text = f"{start}{START}Slot 1;\n{end}".replace("\n", newline)
    assert [record.name.lower() for record in read_records(text, "a")] == [
        "fileversion", "slot", "endoffile",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "is empty"),
        ("\n\n", 1, "is empty"),
        ("II*\0\x08\0\0\0", 1, "is not text"),
        ('Record FileRecord "1.8" {', 1, "is KLARF 1.8, which is not read"),
        ("<html>;", 1, "begins with '<html>;' and not with FileVersion"),
        ("FileVersion 1 8;\nEndOfFile;", 1, "is version 1.8; 1.1 and 1.2 are read"),
        ("FileVersion ;\nEndOfFile;", 1, "is version ?"),
        (f"{START}Slot 1;\n", 2, "ends without EndOfFile"),
        (f'{START}Slot 1;\nLotID "a', 3, "a quotation mark is opened and not closed"),
        (f'{START}LotID "a\nb";\nEndOfFile;', 2, "a quotation mark is opened and not closed"),
        (f"{START}Slot 1", 2, "ends without EndOfFile: the file is cut short"),
        (f"{START}EndOfFile;\nFileVersion 1 2;", 2, "goes on after EndOfFile"),
        (f"{START}12 3;\nEndOfFile;", 2, "a record begins with '12 3'"),
        (f"{START};\nEndOfFile;", 2, "a record begins with ''"),
    ],
)
def test_what_is_no_klarf_is_said_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(KlarfError) as told:
        read_records(text, "웨이퍼.klarf")
    assert str(told.value).startswith(f"웨이퍼.klarf, line {line}: {what}")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("bad", ['"' * 100_001, 'a "b' * 30_000, " " * 100_000, "a;" * 20_000])
def test_hostile_text_takes_no_time(bad: str) -> None:
    with pytest.raises(KlarfError):
        read_records(START + bad, "a")


def test_a_record_without_a_name_has_none() -> None:
    assert Record("").name == ""
    assert Record("Slot").words() == []

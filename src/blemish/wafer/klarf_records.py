"""The grammar of KLARF 1.1 and 1.2: a flat text of records, each a name, values and a semicolon.

Whatever a record is called, it is kept as it was written. KLARF's specification is not public; what
is known comes from files and from other readers.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from blemish.errors import KlarfError

_RECORD = re.compile(r'[^";]*+(?:"[^"\n]*+"[^";]*+)*+;')
_QUOTES = re.compile(r'[^"]*+(?:"[^"\n]*+"[^"]*+)*+')
_WORD = re.compile(r'"([^"\n]*+)"|([^\s"]++)')
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_BLANK = re.compile(r"\s*")
_LAST = "endoffile"
_PADDING = "\x1a\0 \n\t"  # what old tools fill the last block of a file with


class Word(NamedTuple):
    """One value, without its quotation marks, and the line on which it stands."""

    text: str
    line: int


@dataclass(frozen=True)
class Record:
    """A record as it was written.

    Attributes:
        text: name and values, without the semicolon.
        line: on which it begins, from 1; 0 for a record that was not read.
    """

    text: str
    line: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """The first word."""
        found = _NAME.match(self.text)
        return found[0] if found else ""

    def words(self) -> list[Word]:
        """Give the values after the name, with their lines."""
        words = []
        for number, line in enumerate(self.text.split("\n"), self.line):
            for found in _WORD.finditer(line, 0 if number > self.line else len(self.name)):
                quoted, plain = found.groups()
                words.append(Word(plain if quoted is None else quoted, number))
        return words


def refuse(source: str, line: int, what: str) -> NoReturn:
    """Raise the error that names file and line."""
    raise KlarfError(f"{source}, line {line}: {what}")


def read_records(text: str, source: str) -> list[Record]:
    """Split a text into its records, the last of which is `EndOfFile`.

    Raises:
        KlarfError: it is no KLARF 1.1 or 1.2, is cut short, or goes on after its end.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    _check_beginning(text, source)
    records: list[Record] = []
    for record in _split(text, source):
        if not record.name:
            first = " ".join(record.text.split())[:30]
            refuse(source, record.line, f"a record begins with {first!r} and not with its name")
        records.append(record)
    _check_version(records[0], source)
    return records


def write_records(records: Iterable[Record]) -> str:
    """Give the text of records."""
    return "".join(f"{record.text};\n" for record in records)


def _split(text: str, source: str) -> Iterator[Record]:
    place, line = 0, 1
    while True:
        blank = _BLANK.match(text, place)
        begin = blank.end() if blank else place
        line += text.count("\n", place, begin)
        found = _RECORD.match(text, begin)
        body = text[begin : found.end() - 1] if found else text[begin:].rstrip(_PADDING)
        if found is None and body.casefold() != _LAST:
            _refuse_rest(text, begin, line, source)
        yield Record(body.rstrip(), line)
        line += body.count("\n")
        place = found.end() if found else len(text)
        if body.strip().casefold() == _LAST:
            break
    rest = text[place:].strip(_PADDING)
    if rest:
        refuse(source, line, f"goes on after EndOfFile with {rest[:20]!r}; is it two files in one?")


def _refuse_rest(text: str, begin: int, line: int, source: str) -> NoReturn:
    """Say why no record begins at ``begin``, which is on ``line``."""
    quotes = _QUOTES.match(text, begin)
    if quotes is not None and quotes.end() < len(text):
        line += text.count("\n", begin, quotes.end())
        refuse(source, line, "a quotation mark is opened and not closed")
    last = text.rstrip().count("\n") + 1
    refuse(source, last, "ends without EndOfFile: the file is cut short; copy it again")


def _check_beginning(text: str, source: str) -> None:
    head = text[:4000].rstrip(_PADDING)
    start = head.lstrip()
    line = head[: len(head) - len(start)].count("\n") + 1
    if "\0" in start or not start:
        refuse(source, line, "is not text; name a KLARF 1.2 file" if start else "is empty")
    if re.match(r"Record\s+FileRecord", start, re.IGNORECASE):
        refuse(source, line, "is KLARF 1.8, which is not read; export it as 1.2")
    if not re.match(r"FileVersion\s", start, re.IGNORECASE):
        first = start.split("\n")[0][:30]
        refuse(source, line, f"begins with {first!r} and not with FileVersion: no KLARF file")


def _check_version(record: Record, source: str) -> None:
    version = [word.text for word in record.words()]
    if version not in (["1", "1"], ["1", "2"]):
        shown = ".".join(version)[:30]
        refuse(source, record.line, f"is version {shown or '?'}; 1.1 and 1.2 are read")

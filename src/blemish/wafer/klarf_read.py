"""What a KLARF 1.2 file says of its wafers; records that are not known here are left alone.

Other tools' files differ: columns in any order and number, several wafers in a file, a list of
finds in several parts, images of a find on lines of their own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blemish.data.listing import shown
from blemish.data.texts import read_bytes
from blemish.wafer.coordinates import Doubles
from blemish.wafer.klarf_records import Record, Word, read_records, refuse

MOST_BYTES = 300_000_000
NEEDED = ("XREL", "YREL", "XINDEX", "YINDEX")
MOST_UM = 1e7  # µm, ten metres


@dataclass(frozen=True, eq=False)
class KlarfWafer:
    """A wafer and its finds, as a file says.

    Attributes:
        lot, wafer, slot, device, step, mark, location: as written; empty where not.
        diameter: mm; 0 where the sample is not round.
        positions: (N, 2) mm, wafer coordinates as the file has them, from the centre.
        dies: (N, 2) int64, the die that holds each find.
        columns: the names of the columns of the list of finds, but for IMAGELIST.
        rows: N rows of values in these columns, as written.
        images: the pages of each find's images, counted from 1.
        classes: the names of the class numbers.
    """

    lot: str
    wafer: str
    slot: str
    device: str
    step: str
    mark: str
    location: str
    diameter: float
    positions: Doubles
    dies: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    images: tuple[tuple[int, ...], ...]
    classes: dict[int, str]

    def column(self, name: str) -> list[str]:
        """Give a column's values; empty texts where the file does not have it."""
        if name not in self.columns:
            return [""] * len(self.rows)
        place = self.columns.index(name)
        return [row[place] for row in self.rows]


@dataclass(frozen=True, eq=False)
class Klarf:
    """A file: all its records as written, in their order, and the wafers that they tell of."""

    records: tuple[Record, ...]
    wafers: tuple[KlarfWafer, ...]


def open_klarf(path: Path) -> Klarf:
    """Read a file; bytes that are not UTF-8 are kept as surrogates.

    Raises:
        UsageError: it cannot be read.
        KlarfError: see `read_klarf`; or it is too large.
    """
    content = read_bytes(path)
    if len(content) > MOST_BYTES:
        refuse(shown(path), 1, f"is larger than {MOST_BYTES // 1_000_000} MB")
    return read_klarf(content.decode("utf-8", "surrogateescape"), shown(path))


def read_klarf(text: str, source: str) -> Klarf:
    """Read a text; ``source`` is how errors call it.

    Raises:
        KlarfError: it is no KLARF 1.1 or 1.2 or is damaged; the text names the line.
    """
    records = read_records(text, source)
    reader = _Reader(source)
    for record in records:
        reader.take(record)
    if not reader.parts:
        refuse(source, records[-1].line, "has no DefectList: nothing is said of any find")
    return Klarf(tuple(records), tuple(map(_joined, reader.parts)))


class _Reader:
    """Takes records in their order and gathers the parts of each wafer's list of finds."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.parts: list[list[KlarfWafer]] = []
        self._last: dict[str, Record] = {}
        self._goes_on = False

    def take(self, record: Record) -> None:
        name = record.name.casefold()
        if name == "waferid":
            self._goes_on = False
        if name != "defectlist":
            self._last[name] = record
            return
        wafer = self._wafer(record)
        if self._goes_on and self.parts[-1][0].columns == wafer.columns:
            self.parts[-1].append(wafer)
        else:
            self.parts.append([wafer])
        self._goes_on = True

    def _wafer(self, record: Record) -> KlarfWafer:
        columns = self._columns(record)
        rows, images = _Rows(self.source, columns).read(record.words())
        plain = tuple(column for column in columns if column != "IMAGELIST")
        numbers = self._numbers(plain, rows)
        pitch, centre = self._pair("DiePitch", record), self._pair("SampleCenterLocation", record)
        places = [[numbers[name] for name in pair] for pair in (NEEDED[:2], NEEDED[2:])]
        inside, index = (np.array(pair, np.float64).T.reshape(-1, 2) for pair in places)
        return KlarfWafer(
            lot=self._text("LotID"),
            wafer=self._text("WaferID"),
            slot=self._text("Slot"),
            device=self._text("DeviceID"),
            step=self._text("StepID"),
            mark=self._text("SampleOrientationMarkType").upper(),
            location=self._text("OrientationMarkLocation").upper(),
            diameter=self._diameter(),
            positions=(index * pitch + inside - centre) / 1000,
            dies=index.astype(np.int64),
            columns=plain,
            rows=tuple(tuple(word.text for word in row) for row in rows),
            images=tuple(images),
            classes=self._classes(),
        )

    def _columns(self, record: Record) -> list[str]:
        spec = self._last.get("defectrecordspec")
        if spec is None:
            refuse(self.source, record.line, "a DefectList stands before any DefectRecordSpec")
        words = [word.text for word in spec.words()]
        columns = [name.upper() for name in words[1:]]
        if not words or not words[0].isdecimal() or int(words[0][:9]) != len(columns):
            what = f"DefectRecordSpec says {' '.join(words[:1])[:12]!r} columns and names"
            refuse(self.source, spec.line, f"{what} {len(columns)}")
        lacking = [name for name in NEEDED if name not in columns]
        if lacking or len(set(columns)) < len(columns):
            what = f"lacks {lacking[0]}" if lacking else "names a column twice"
            refuse(self.source, spec.line, f"DefectRecordSpec {what}")
        return columns

    def _numbers(
        self, columns: Sequence[str], rows: Sequence[Sequence[Word]]
    ) -> dict[str, list[float]]:
        """Give the values of the columns that positions need."""
        found = {}
        for name in NEEDED:
            place, whole = columns.index(name), name.endswith("INDEX")
            found[name] = [self._number(row[place], name, whole) for row in rows]
        return found

    def _number(self, word: Word, name: str, whole: bool = False) -> float:
        try:
            value = float(word.text)
        except ValueError:
            value = np.nan
        if not abs(value) <= MOST_UM or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number of micrometres"
            refuse(self.source, word.line, f"{name} is {word.text[:30]!r} and not {kind}")
        return value

    def _pair(self, name: str, record: Record) -> Doubles:
        given = self._last.get(name.casefold())
        if given is None:
            refuse(self.source, record.line, f"no {name} stands before this DefectList")
        words = given.words()
        if len(words) != 2:
            refuse(self.source, given.line, f"{name} has {len(words)} values and not 2")
        return np.array([self._number(word, name) for word in words])

    def _text(self, name: str) -> str:
        record = self._last.get(name.casefold())
        words = record.words() if record is not None else []
        return words[0].text if words else ""

    def _diameter(self) -> float:
        record = self._last.get("samplesize")
        words = record.words() if record is not None else []
        if len(words) < 2 or words[0].text != "1":
            return 0.0
        return self._number(words[1], "SampleSize")

    def _classes(self) -> dict[int, str]:
        record = self._last.get("classlookup")
        words = record.words()[1:] if record is not None else []
        pairs = zip(words[::2], words[1::2], strict=False)
        return {int(a.text): b.text for a, b in pairs if re.fullmatch("[0-9]{1,9}", a.text)}


class _Rows:
    """Reads a list of finds: a row begins on a line of its own, images may follow on others."""

    def __init__(self, source: str, columns: Sequence[str]) -> None:
        self._source = source
        self._columns = columns

    def read(self, words: Sequence[Word]) -> tuple[list[tuple[Word, ...]], list[tuple[int, ...]]]:
        """Give the rows without their images, and the images' pages of each row."""
        rows, images = [], []
        place = 0
        while place < len(words):
            row, pages, place = self._row(words, place)
            rows.append(row)
            images.append(pages)
        return rows, images

    def _row(
        self, words: Sequence[Word], place: int
    ) -> tuple[tuple[Word, ...], tuple[int, ...], int]:
        row: list[Word] = []
        pages: tuple[int, ...] = ()
        line = words[place].line
        for column in self._columns:
            ended = place >= len(words) or words[place].line != line
            if column == "IMAGELIST":
                if ended:  # some tools leave an empty list out
                    continue
                pages, place = self._pages(words, place)
            elif ended:
                what = f"has {len(row)} values where DefectRecordSpec names"
                refuse(self._source, line, f"a find {what} {len(self._columns)}")
            else:
                row.append(words[place])
                place += 1
        if place < len(words) and words[place].line in {line, words[place - 1].line}:
            refuse(self._source, line, "a find has more values than DefectRecordSpec names")
        return tuple(row), pages, place

    def _pages(self, words: Sequence[Word], place: int) -> tuple[tuple[int, ...], int]:
        """Read how many images there are, and for each its page and kind."""
        word = words[place]
        count = int(word.text) if re.fullmatch("[0-9]{1,7}", word.text) else -1
        values = words[place + 1 : place + 1 + 2 * count] if count >= 0 else []
        pages = [one.text for one in values[::2]]
        if count < 0 or len(values) < 2 * count or not all(p.isdecimal() for p in pages):
            refuse(self._source, word.line, "IMAGELIST is not a count with a page and a kind each")
        return tuple(int(page[:9]) for page in pages), place + 1 + 2 * count


def _joined(parts: Sequence[KlarfWafer]) -> KlarfWafer:
    return replace(
        parts[0],
        positions=np.concatenate([part.positions for part in parts]),
        dies=np.concatenate([part.dies for part in parts]),
        rows=tuple(row for part in parts for row in part.rows),
        images=tuple(pages for part in parts for pages in part.images),
    )

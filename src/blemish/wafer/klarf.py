"""Write the finds of a wafer as KLARF 1.2.

Lengths are micrometres; wafer x = XINDEX · pitch + XREL - SampleCenterLocation, y up. The number
after a Spec counts columns, after ClassLookup and SampleTestPlan rows; only the last row of a table
ends in a semicolon. `blemish.wafer.klarf_read` reads it back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from blemish.wafer.coordinates import Doubles, Location
from blemish.wafer.dies import DieGrid
from blemish.wafer.klarf_records import Record, write_records
from blemish.wafer.recipe import Header, Names

COLUMNS = (
    *("DEFECTID", "XREL", "YREL", "XINDEX", "YINDEX", "XSIZE", "YSIZE", "DEFECTAREA", "DSIZE"),
    *("CLASSNUMBER", "TEST", "CLUSTERNUMBER", "ROUGHBINNUMBER", "FINEBINNUMBER"),
    *("REVIEWSAMPLE", "IMAGECOUNT", "IMAGELIST"),
)
SUMMARY = ("TESTNO", "NDEFECT", "DEFDENSITY", "NDIE", "NDEFDIE")
UNKNOWN_SLOT = 0


@dataclass(frozen=True, eq=False)
class Sheet:
    """What a KLARF file says of one wafer; lengths are mm, wafer coordinates.

    Attributes:
        names: lot, slot and wafer.
        header: tool and process.
        time: of the inspection, local.
        diameter: of the wafer.
        mark: `flat` or `notch`.
        location: where it lies.
        dies: the grid; None for a wafer without dies.
        area: that was inspected, mm².
        points: (N, 2) of the finds.
        sizes: (N, 2), their extents along x and y.
        labels: (N,) indices into ``classes``.
        classes: the names of the classes.
        tiff: name of the file that holds an image of each find, a page each; empty for none.
    """

    names: Names
    header: Header
    time: datetime
    diameter: float
    mark: str
    location: Location
    dies: DieGrid | None
    area: float
    points: Doubles
    sizes: Doubles
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    tiff: str = ""


def write_klarf(sheet: Sheet) -> str:
    """Give the file's text, ASCII; a wafer without finds is a valid file too."""
    grid = sheet.dies or DieGrid.bare(sheet.diameter)
    index, inside = grid.locate(sheet.points)
    bare = np.zeros((1, 2), np.int64)
    plan = bare if sheet.dies is None else grid.on_wafer(sheet.diameter)
    # A find on the very rim may lie in a die that the wafer does not reach.
    plan = np.unique(np.concatenate([plan, index]), axis=0)
    time = sheet.time.strftime("%m-%d-%Y %H:%M:%S")
    records = [
        *_head(sheet, time),
        f"DiePitch {_lengths(grid.pitch)}",
        f"DieOrigin {_lengths((0.0, 0.0))}",
        f"WaferID {_quoted(sheet.names.wafer or '')}",
        f"Slot {UNKNOWN_SLOT if sheet.names.slot is None else sheet.names.slot}",
        f"SampleCenterLocation {_lengths((-grid.origin[0], -grid.origin[1]))}",
        _table(f"ClassLookup {len(sheet.classes) + 1}", _class_rows(sheet.classes)),
        "InspectionTest 1",
        _table(f"SampleTestPlan {len(plan)}", (f"{x} {y}" for x, y in plan.tolist())),
        f"AreaPerTest {sheet.area * 1e6:.10e}",
        f"DefectRecordSpec {len(COLUMNS)} {' '.join(COLUMNS)} ",
        _table("DefectList", _find_rows(sheet, index, inside)),
        f"SummarySpec {len(SUMMARY)} {' '.join(SUMMARY)} ",
        _table("SummaryList", [_summary(sheet, len(plan), len(np.unique(index, axis=0)))]),
        "EndOfFile",
    ]
    return write_records(map(Record, records))


def _head(sheet: Sheet, time: str) -> list[str]:
    header = sheet.header
    images = ["TiffSpec 6.0 G R", f"TiffFileName {sheet.tiff}"] if sheet.tiff else []
    return [
        "FileVersion 1 2",
        f"FileTimestamp {time}",
        *images,
        f"InspectionStationID {' '.join(map(_quoted, header.station))}",
        "SampleType WAFER",
        f"ResultTimestamp {time}",
        f"LotID {_quoted(sheet.names.lot or '')}",
        # Whole millimetres: readers take nothing else. The exact size is in no record.
        f"SampleSize 1 {round(sheet.diameter)}",
        f"DeviceID {_quoted(header.device)}",
        f"SetupID {_quoted(header.setup)} {time}",
        f"StepID {_quoted(header.step)}",
        f"SampleOrientationMarkType {sheet.mark.upper()}",
        f"OrientationMarkLocation {sheet.location.upper()}",
    ]


def _class_rows(classes: Sequence[str]) -> Iterable[str]:
    yield f"0 {_quoted('Unclassified')}"
    for number, name in enumerate(classes, 1):
        yield f"{number} {_quoted(name)}"


def _find_rows(sheet: Sheet, index: NDArray[np.int64], inside: Doubles) -> Iterable[str]:
    columns = (index.tolist(), (inside * 1000).tolist(), (sheet.sizes * 1000).tolist())
    found = zip(*columns, sheet.labels.tolist(), strict=True)
    for number, (die, (x, y), (width, height), label) in enumerate(found, 1):
        extent = f"{width:.3f} {height:.3f} {width * height:.3f} {max(width, height):.3f}"
        images = f"1 1 {number} 0" if sheet.tiff else "0 0"
        place = f"{number} {x:.3f} {y:.3f} {die[0]} {die[1]}"
        yield f"{place} {extent} {label + 1} 1 0 0 0 0 {images}"


def _summary(sheet: Sheet, num_dies: int, num_defective: int) -> str:
    count = len(sheet.points)
    density = count / (sheet.area / 100) if sheet.area > 0 else 0.0  # a cm²
    return f"1 {count} {density:.10e} {num_dies} {num_defective}"


def _table(head: str, rows: Iterable[str]) -> str:
    """Give a record with its rows, each of which begins with a blank."""
    return "\n ".join([head, *rows])


def _lengths(values: tuple[float, float]) -> str:
    return " ".join(f"{value * 1000:.10e}" for value in values)


def _quoted(text: str) -> str:
    """Give a text as ASCII in quotation marks; what cannot stand there becomes `_`."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '";' else "_" for c in text)
    return f'"{plain[:200]}"'

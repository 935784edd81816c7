"""Find the defects in pictures and write what was found."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from blemish.data.images import check_range
from blemish.data.listing import shown
from blemish.errors import UsageError
from blemish.jobs.listed import ONLY_COPIES, list_pictures
from blemish.jobs.looking import find_in_any
from blemish.jobs.output import Output
from blemish.jobs.record import as_record, copies_of, fallback_lines, run_facts, wafer_facts
from blemish.jobs.report import check_language, report_line
from blemish.jobs.results import CLOSEUPS
from blemish.jobs.writing import Writing, last_names, read_kinds
from blemish.report.tables import (
    STATUSES,
    ImageRow,
    as_json,
    counted,
    finds_coco,
    finds_csv,
    images_csv,
)
from blemish.runtime.finder import Finder, open_finder
from blemish.runtime.huge import Watch, unwatched
from blemish.wafer.outline import find_outline
from blemish.wafer.recipe import Recipe, check_diameter, read_recipe
from blemish.wafer.standards import doubt_millimetres

PICTURES = ("all", "found", "none")
OK, SOME_FAILED, SOMETHING_FOUND, INTERRUPTED = 0, 3, 10, 130


@dataclass(frozen=True)
class FindSettings:
    """What to look at, how, and where the result goes; see `open_finder` for the middle part.

    Attributes:
        paths: files, folders and globs.
        out: the folder of the result.
        pictures: of which pictures a drawn copy is written: `all`, `found` or `none`.
        value_range: the values that become black and white in pictures of more than 8 bits.
        overwrite: whether a result that stands in the folder is replaced.
        wafer_diameter: of the wafers in mm, for positions in mm.
        wafer: a file that says more of the wafers, see `blemish.wafer.recipe`.
        write: what is written besides, see `blemish.jobs.writing`.
        grid: whether drawn copies show how the wafer was understood.
        lang: the language of `report.html`, see `blemish.report.words`.
    """

    paths: tuple[Path, ...]
    out: Path
    model: Path | None = None
    min_score: float | None = None
    region: str = "auto"
    scale: str = "auto"
    engine: str = "auto"
    precision: str = "auto"
    threads: int = 0
    pictures: str = "all"
    value_range: tuple[float, float] | None = None
    overwrite: bool = False
    wafer_diameter: float | None = None
    wafer: Path | None = None
    write: tuple[str, ...] = ()
    grid: bool = False
    lang: str = "en"


@dataclass(frozen=True, eq=False)
class FindReport:
    """What a run came to.

    Attributes:
        out: the folder of the result.
        rows: one for each picture, in the order they were listed.
        facts: what `run.json` holds.
        classes: the names of the labels.
        interrupted: whether it was stopped before the last picture.
        page: the line that says where `report.html` is, or why there is none.
    """

    out: Path
    rows: tuple[ImageRow, ...]
    facts: dict[str, Any]
    classes: tuple[str, ...]
    interrupted: bool
    page: str

    @property
    def num_finds(self) -> int:
        """The number of finds in all pictures."""
        return sum(len(row.defects) for row in self.rows)

    def exit_code(self, fail_on_find: bool = False) -> int:
        """Give the exit code of the command line: 0, 3, 10 or 130."""
        if self.interrupted:
            return INTERRUPTED
        if any(row.status in {"failed", "partial"} for row in self.rows):
            return SOME_FAILED
        return SOMETHING_FOUND if fail_on_find and self.num_finds else OK

    def as_json(self) -> dict[str, Any]:
        """Give the whole result as plain values."""
        images = [as_json(row, self.classes) for row in self.rows]
        return {"out": shown(self.out), "run": self.facts, "images": images}


Watcher = Callable[[ImageRow, int, int], None]


def find_run(
    settings: FindSettings,
    watch: Watcher = lambda row, num_done, num_all: None,
    watch_windows: Watch = unwatched,
    watch_page: Watch = unwatched,
) -> FindReport:
    """Find in all pictures and write the tables; what fails is a row, and the others go on.

    ``watch`` is told each row with the number done and the number in all, ``watch_windows`` the
    same two numbers for the windows of a huge picture, ``watch_page`` for the pictures of the
    report. After Ctrl-C the pictures that are complete are written.

    Raises:
        UsageError: nothing can be done as asked, or the result cannot be written.
        BundleError, EngineError: the model cannot be opened.
    """
    started = datetime.now(UTC)
    if settings.pictures not in PICTURES:
        raise UsageError(f"pictures {settings.pictures!r} is not one of {', '.join(PICTURES)}")
    check_range(settings.value_range)
    check_language(settings.lang)
    recipe = recipe_of(settings)
    kinds = read_kinds(settings.write, recipe)
    output = Output(settings.out)
    output.check_free(settings.overwrite, last_names(kinds))
    listed, rows = list_pictures(settings.paths)
    if not listed:
        only_copies = f"{shown(settings.paths[0])}: {ONLY_COPIES}"
        raise UsageError("; ".join(row.error for row in rows) or only_copies)
    finder = open_finder_of(settings)
    # The machine's own time, as KLARF has no word for another.
    writing = Writing(kinds, finder.bundle.classes, recipe, started.astimezone(), settings.grid)
    output.prepare()
    names = output.name_pictures([one.name for one in listed])
    # Should the run be killed, the next one finds here which copies are not pictures to look at.
    begun = _facts(settings, finder, rows, started) | {
        "pictures": names,
        "written": output.free(writing.planned(names)),
        "complete": False,
    }
    output.write_tables({"run.json": as_record(begun)})
    with output.room_for_tables(len(listed)):
        looked = find_in_any(listed, finder, settings.value_range, recipe, watch_windows)
        drawn = writing.write_each(zip(looked, names, strict=True), settings.pictures, output)
        complete = _fill(rows, drawn, len(listed), watch)
    output.write_tables(_tables(rows, finder.bundle.classes, recipe is not None))
    output.write_beside(writing.last_files(rows))
    facts = _facts(settings, finder, rows, started) | {
        "doubts": _doubts(rows, recipe),
        "wafer": None if recipe is None else wafer_facts(recipe),
        "pictures": output.drawn,
        "copies": copies_of(listed, names, output.drawn),
        "written": output.written,
        "complete": complete,
    }
    output.write_tables({"run.json": as_record(facts)})  # it says that all is written
    page = report_line(settings.out, settings.lang, watch_page)
    return FindReport(settings.out, tuple(rows), facts, finder.bundle.classes, not complete, page)


def _fill(
    rows: list[ImageRow], coming: Iterator[ImageRow], num_coming: int, watch: Watcher
) -> bool:
    """Add the coming rows to those there are, showing each; False when Ctrl-C came first."""
    num_all = len(rows) + num_coming
    try:
        for number, row in enumerate(rows, 1):
            watch(row, number, num_all)
        for row in coming:
            rows.append(row)
            watch(row, len(rows), num_all)
    except KeyboardInterrupt:
        return False
    return True


def recipe_of(settings: FindSettings) -> Recipe | None:
    """Read what is known of the wafers; None where no diameter is.

    Raises:
        UsageError: the settings contradict each other, or the file is wrong.
    """
    if settings.wafer is None and settings.wafer_diameter is None:
        if settings.grid:
            raise UsageError("--grid needs --wafer-diameter or --wafer: it is in mm")
        return None
    if settings.wafer is not None and settings.wafer_diameter is not None:
        raise UsageError("give --wafer or --wafer-diameter: the file holds the diameter too")
    if settings.region == "whole":
        raise UsageError("--region whole looks for no wafer, so there are no mm; leave it out")
    if settings.wafer is not None:
        return read_recipe(settings.wafer)
    return Recipe(check_diameter(settings.wafer_diameter or 0.0, "--wafer-diameter"))


def open_finder_of(settings: FindSettings) -> Finder:
    """Open the finder that settings ask for; see `open_finder` for what is raised."""
    finder = open_finder(
        settings.model,
        settings.min_score,
        settings.region,
        scale=settings.scale,
        engine=settings.engine,
        precision=settings.precision,
        threads=settings.threads,
    )
    if settings.wafer is None and settings.wafer_diameter is None:
        return finder
    return for_wafers(finder)


def for_wafers(finder: Finder) -> Finder:
    """Give a finder that sees what millimetres need."""
    # Millimetres need a wafer, whatever the model learned; only what turns it needs the notch.
    region = finder.region if finder.bundle.region != "whole" else "wafer"
    return replace(finder, outline_of=find_outline, region=region)


def _facts(
    settings: FindSettings,
    finder: Finder,
    rows: Sequence[ImageRow],
    started: datetime,
) -> dict[str, Any]:
    """Give what `run.json` holds."""
    wishes = asdict(settings) | {
        "paths": [shown(path) for path in settings.paths],
        "out": shown(settings.out),
        "model": shown(finder.bundle.path),
        "min_score": finder.min_score,
        "wafer": None if settings.wafer is None else shown(settings.wafer),
    }
    return run_facts(wishes, finder, started) | {
        "num_images": len(rows),
        "num_finds": sum(len(row.defects) for row in rows),
        "num_outside": sum(row.num_outside for row in rows),
        "statuses": dict(Counter(row.status for row in rows)),
    }


def _doubts(rows: Sequence[ImageRow], recipe: Recipe | None) -> list[str]:
    """Give why the millimetres of the whole run may be wrong."""
    if recipe is None:
        return []
    flats = [row.placement.flat for row in rows if row.placement and row.placement.flat]
    return doubt_millimetres(recipe.diameter, flats)


def _tables(rows: Sequence[ImageRow], classes: Sequence[str], placed: bool) -> dict[str, bytes]:
    """Give the content of the tables."""
    return {
        # The mark at the start makes spreadsheets read names that are not ASCII.
        "finds.csv": finds_csv(rows, classes, placed).encode("utf-8-sig"),
        "images.csv": images_csv(rows, placed).encode("utf-8-sig"),
        "finds.coco.json": finds_coco(rows, classes).encode(),
    }


def describe(report: FindReport) -> list[str]:
    """Give the lines that sum a run up for a reader."""
    counts = Counter(row.status for row in report.rows)
    kinds = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
    lines = [
        f"{counted(len(report.rows), 'picture')}: {kinds or 'none complete'}; "
        f"{counted(report.num_finds, 'find')}"
    ]
    if outside := sum(row.num_outside for row in report.rows):
        lines[0] += f" ({outside} more outside the wafer dropped)"
    placements = [row.placement for row in report.rows if row.placement is not None]
    if excluded := sum(placement.num_excluded for placement in placements):
        lines[0] += f" ({excluded} more in excluded places dropped)"
    if report.interrupted:
        lines.append("Interrupted: only the pictures that were complete are in the tables.")
    lines += report.facts.get("doubts", [])
    lines += fallback_lines(report.facts["fallback"])
    lines.append(f"Tables: {report.out / 'finds.csv'}, {report.out / 'images.csv'}")
    if report.facts["pictures"]:
        lines.append(f"Pictures: {report.out / 'pictures'}")
    if folders := sorted({name.split("/")[0] for name in report.facts["written"]} - {CLOSEUPS}):
        lines.append("Written: " + ", ".join(str(report.out / folder) for folder in folders))
    lines.append(report.page)
    return lines

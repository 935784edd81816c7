"""Write the page of a result from what `find` or `evaluate` left in its folder, and nothing else.

Whoever made the folder, no file outside it is read: names in its tables and records lead to a file
only where that lies in the folder itself.
"""

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from blemish.data.images import Pixels, is_ordinary_file, open_picture, shown, write_whole
from blemish.errors import BlemishError, PictureError, UsageError
from blemish.jobs.output import closeup_name
from blemish.jobs.results import CLOSEUPS, PICTURES, REPORT, RUN, SCORES
from blemish.report.closeups import enlarge_copy, split_closeups
from blemish.report.page import render
from blemish.report.plan import QUIET_BYTES, Plan, enlarged, plan_of
from blemish.report.result import Picture, Result, read_found, read_judged, read_table
from blemish.report.shots import Shot, shoot
from blemish.report.words import LANGUAGES, Words

REPEATS, MOST_REPEATS = "repeats.csv", 500
MOST_BYTES = 500_000_000
"""Of a table; a larger one is no table of a result."""

Watch = Callable[[int, int], None]


def unwatched(num_done: int, num_all: int) -> None:
    """Watch nothing."""


def check_language(lang: str) -> None:
    """Refuse a language that the page does not speak.

    Raises:
        UsageError: it is one.
    """
    if lang not in LANGUAGES:
        raise UsageError(f"--lang {lang!r} is not one of {', '.join(LANGUAGES)}")


def write_report(folder: Path, lang: str = "en", watch: Watch = unwatched) -> Path:
    """Write `report.html` into the folder of a result and give its path.

    ``watch`` is told how many pictures have been made small, and of how many.

    Raises:
        UsageError: the folder holds no result, one of its tables is damaged, or the page cannot
            be written; an earlier page then stays as it is.
    """
    check_language(lang)
    plan = plan_of(read_result(folder))
    page = render(plan, _shots(folder, plan, watch), Words(lang))
    # A name in a record may hold half a character, which UTF-8 cannot.
    write_whole(folder / REPORT, page.encode("utf-8", "replace"))
    return folder / REPORT


def report_line(folder: Path, lang: str, watch: Watch = unwatched) -> str:
    """Write the page at the end of a run, and give the line that says where it is or why not."""
    try:
        return f"Report: {write_report(folder, lang, watch)}"
    except (BlemishError, OSError, MemoryError) as error:
        return f"No report: {error}; when that is mended: blemish report {folder}"


def read_result(folder: Path) -> Result:
    """Read the tables and the record of a result.

    Raises:
        UsageError: there is none, or it is damaged.
    """
    if (folder / SCORES).exists():
        facts = _record(folder, SCORES)
        result = read_judged(facts, _text(folder, "judged.csv"), _text(folder, "curves.csv"))
    elif (folder / RUN).exists():
        facts = _record(folder, RUN)
        result = read_found(facts, _text(folder, "images.csv"), _text(folder, "finds.csv"))
    else:
        raise UsageError(
            f"{shown(folder)}: no result there; name the folder that find or evaluate wrote"
        )
    if (folder / REPEATS).exists():
        table = read_table(REPEATS, _text(folder, REPEATS), MOST_REPEATS)
        return replace(result, repeats=table)
    return result


def _record(folder: Path, name: str) -> dict[str, Any]:
    try:
        facts = json.loads(_text(folder, name))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown(folder / name)}: is no JSON; make the result anew") from error
    if not isinstance(facts, dict):
        raise UsageError(f"{shown(folder / name)}: is no record of a run; make the result anew")
    return facts


def _text(folder: Path, name: str) -> str:
    """Read a file of the result."""
    path = _inside(folder, name)
    if path is None:
        raise UsageError(f"{shown(folder / name)}: is not there; make the result anew")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{shown(path)}: is too large for a table; make the result anew")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"{shown(path)}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown(path)}: is not UTF-8; make the result anew") from error


def _inside(folder: Path, name: str, room: str = "") -> Path | None:
    """Give the real path of a file by its name in a folder.

    None where it is no file, or does not lie in the ``room`` of the folder.
    """
    with contextlib.suppress(OSError, ValueError):  # a zero byte, a name too long
        home, path = (Path(os.path.realpath(place)) for place in (folder / room, folder / name))
        if path.is_relative_to(home) and is_ordinary_file(path):
            return path
    return None


def _shots(folder: Path, plan: Plan, watch: Watch) -> dict[str, Shot]:
    """Make the small pictures from the drawn copies, of those that have one."""
    wanted = [(one, plan.card_bytes) for one in plan.cards]
    wanted += [(one, QUIET_BYTES) for one in plan.quiet]
    wanted = [(one, most) for one, most in wanted if one.copy]
    shots: dict[str, Shot] = {}
    for number, (one, most) in enumerate(wanted, 1):
        shot = _shot(folder, one, most)
        if shot is not None:
            shots[one.name] = shot
        watch(number, len(wanted))
    return shots


def _shot(folder: Path, picture: Picture, most_bytes: int) -> Shot | None:
    """Make the small pictures of one; None where its copy is not there or not to be read."""
    pixels = _copy(folder, picture.copy, PICTURES)
    if pixels is None or not picture.width:
        return None
    marks = enlarged(picture)
    sheet = _copy(folder, closeup_name(picture.copy), CLOSEUPS) if marks else None
    crops = [] if sheet is None else split_closeups(sheet, len(marks))
    if not crops:  # better what lies over it than nothing
        factor = pixels.shape[1] / picture.width
        crops = [enlarge_copy(pixels, mark.box, factor) for mark in marks]
    return shoot(pixels, crops, most_bytes)


def _copy(folder: Path, name: str, room: str) -> Pixels | None:
    """Read a drawn copy; None where it is not there or not to be read."""
    path = _inside(folder, name, room)
    if path is None:
        return None
    try:
        return open_picture(path)
    except PictureError:
        return None

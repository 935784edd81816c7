"""Find what comes back on wafer after wafer in the results of `find`, and how finds are spread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish import __version__
from blemish.core.scan import Meeting
from blemish.core.trend import Trend, find_trend
from blemish.data.found import FoundRun, read_run
from blemish.errors import UsageError
from blemish.jobs.output import REPEATS, Output
from blemish.jobs.record import as_record
from blemish.report.repeats import (
    density_csv,
    die_repeats_csv,
    meeting_facts,
    repeats_csv,
    trend_line,
    uneven_line,
    wafers_csv,
)
from blemish.report.tables import counted
from blemish.report.wafermap import wafer_map
from blemish.wafer.recipe import Recipe, check_diameter, read_recipe
from blemish.wafer.repeats import (
    Band,
    RepeatWishes,
    find_die_repeats,
    find_repeats,
    rings,
    sectors,
)
from blemish.wafer.stack import Stack, StackWishes, stack_runs

Watcher = Callable[[float, str], None]


@dataclass(frozen=True)
class RepeatsSettings:
    """What is stacked, what counts as a repeat, and where the result goes.

    Attributes:
        paths: folders of `find`, or their `finds.csv`.
        out: the folder of the result.
        wafer_diameter: mm, where the results do not tell it.
        wafer: a file that says more of the wafers, see `blemish.wafer.recipe`.
        stacking: which finds, in which order.
        wishes: what counts as a repeat.
        overwrite: whether a result that stands in the folder is replaced.
    """

    paths: tuple[Path, ...]
    out: Path
    wafer_diameter: float | None = None
    wafer: Path | None = None
    stacking: StackWishes = field(default_factory=StackWishes)
    wishes: RepeatWishes = field(default_factory=RepeatWishes)
    overwrite: bool = False


@dataclass(frozen=True, eq=False)
class RepeatsReport:
    """What a run came to.

    Attributes:
        out: the folder of the result.
        stack: the wafers.
        repeats: on the wafer, the most striking first.
        die_repeats: in the die; empty where no dies are told.
        dies: (N, 2) of the finds; None where no dies are told.
        rings, sectors: how finds are spread.
        trend: of finds a wafer; None of too few wafers.
        facts: what `repeats.json` holds.
    """

    out: Path
    stack: Stack
    repeats: list[Meeting]
    die_repeats: list[Meeting]
    dies: NDArray[np.int64] | None
    rings: list[Band]
    sectors: list[Band]
    trend: Trend | None
    facts: dict[str, Any]


def repeats_run(
    settings: RepeatsSettings, watch: Watcher = lambda share, words: None
) -> RepeatsReport:
    """Stack the wafers, look for repeats, and write what was found.

    Raises:
        UsageError, LabelError: it cannot be done as asked, or the result cannot be written.
    """
    started = datetime.now(UTC)
    _check(settings.wishes)
    output = Output(settings.out, REPEATS)
    output.check_free(settings.overwrite)
    watch(0.0, "reading")
    runs = [read_run(path) for path in dict.fromkeys(settings.paths)]
    recipe = _recipe_of(settings, runs)
    stack = stack_runs(runs, recipe, settings.stacking)
    watch(0.2, "looking for repeats")
    report = _look(settings, stack, recipe)
    watch(0.6, "writing")
    output.prepare()
    report = replace(report, facts=_facts(settings, report, started))
    output.write_tables(_tables(report, recipe))
    output.write_tables({REPEATS: as_record(report.facts | {"complete": True})})
    return report


def _check(wishes: RepeatWishes) -> None:
    if wishes.within is not None and wishes.within <= 0:
        raise UsageError(f"--within {wishes.within:g} is no distance; give mm above 0")
    if not 0 < wishes.rate <= 1:
        raise UsageError(f"--false-rate {wishes.rate:g} is not above 0 and at most 1")


def _recipe_of(settings: RepeatsSettings, runs: Sequence[FoundRun]) -> Recipe:
    """Give what is known of the wafers; all must have one diameter.

    Raises:
        UsageError: no diameter is told, or two are.
    """
    told = {run.diameter: run.source for run in runs if run.diameter is not None}
    if len(told) > 1:
        each = ", ".join(f"{source} of {size:g} mm" for size, source in told.items())
        raise UsageError(f"wafers of different diameters cannot be stacked: {each}; name one kind")
    if settings.wafer is not None and settings.wafer_diameter is not None:
        raise UsageError("give --wafer or --wafer-diameter: the file holds the diameter too")
    recipe = None
    if settings.wafer is not None:
        recipe = read_recipe(settings.wafer)
    elif settings.wafer_diameter is not None:
        recipe = Recipe(check_diameter(settings.wafer_diameter, "--wafer-diameter"))
    for size, source in told.items():
        if recipe is None:
            return Recipe(check_diameter(size, f"{source}: the diameter of run.json beside it"))
        if abs(size / recipe.diameter - 1) > 1e-6:
            raise UsageError(
                f"{source}: its wafers have {size:g} mm, not {recipe.diameter:g}; "
                "leave --wafer-diameter out or correct it"
            )
    if recipe is None:
        raise UsageError(
            f"{runs[0].source}: the diameter of the wafers is not told beside it; "
            "add --wafer-diameter or --wafer"
        )
    return recipe


def _look(settings: RepeatsSettings, stack: Stack, recipe: Recipe) -> RepeatsReport:
    repeats = find_repeats(stack, settings.wishes)
    die_repeats: list[Meeting] = []
    dies = None
    if recipe.dies is not None:
        die_repeats, dies = find_die_repeats(stack, recipe.dies, settings.wishes)
    return RepeatsReport(
        *(settings.out, stack, repeats, die_repeats, dies),
        *(rings(stack), sectors(stack), find_trend(stack.counts.tolist()), {}),
    )


def _tables(report: RepeatsReport, recipe: Recipe) -> dict[str, bytes]:
    stack, repeats = report.stack, report.repeats
    bands = [("ring", one) for one in report.rings] + [("sector", one) for one in report.sectors]
    tables = {
        "repeats.csv": repeats_csv(stack, repeats, recipe.dies),
        "wafers.csv": wafers_csv(stack, repeats),
        "density.csv": density_csv(bands),
    }
    if report.dies is not None:
        tables["die-repeats.csv"] = die_repeats_csv(stack, report.die_repeats, report.dies)
    # The mark at the start makes spreadsheets read names that are not ASCII.
    return {name: text.encode("utf-8-sig") for name, text in tables.items()}


def _facts(settings: RepeatsSettings, report: RepeatsReport, started: datetime) -> dict[str, Any]:
    stack, wishes, trend = report.stack, settings.wishes, report.trend
    return {
        "blemish": __version__,
        "started": started.isoformat(timespec="seconds"),
        "settings": {
            "paths": [str(path) for path in settings.paths],
            "diameter": stack.diameter,
            "within": wishes.reach(stack.diameter),
            "least": wishes.least,
            "false_rate": wishes.rate,
            "order": settings.stacking.order,
            "min_score": settings.stacking.min_score,
            "partial": settings.stacking.partial,
        },
        "num_wafers": len(stack.wafers),
        "num_without_finds": int((stack.counts == 0).sum()),
        "num_finds": len(stack.points),
        "repeats": [
            meeting_facts(one) | {"wafers": [stack.wafers[at].name for at in one.groups]}
            for one in report.repeats
        ],
        "die_repeats": None
        if report.dies is None
        else [meeting_facts(one) for one in report.die_repeats],
        "trend": None
        if trend is None
        else {"tau": trend.tau, "slope": trend.slope, "p_value": trend.p_value},
        "notes": list(stack.notes),
        "pictures": [],
    }


def describe(report: RepeatsReport) -> list[str]:
    """Give the lines that sum a run up for a reader."""
    stack = report.stack
    empty = int((stack.counts == 0).sum())
    come = "comes" if len(report.repeats) == 1 else "come"
    lines = [
        f"{counted(len(stack.wafers), 'wafer')} ({empty} without finds), "
        f"{counted(len(stack.points), 'find')}; "
        f"{counted(len(report.repeats), 'place')} {come} back on more wafers than by chance"
    ]
    if report.dies is not None:
        lines.append(f"{counted(len(report.die_repeats), 'place')} in the die")
    lines += [
        line
        for name, bands in (("radius, mm", report.rings), ("angle, degrees", report.sectors))
        if (line := uneven_line(name, bands))
    ]
    lines.append(trend_line(report.trend, len(stack.wafers)))
    lines += [f"Note: {note}" for note in stack.notes]
    lines.append(f"Tables: {report.out / 'repeats.csv'}, {report.out / 'density.csv'}")
    return lines


def map_of(report: RepeatsReport) -> list[str]:
    """Give the lines of a map for the terminal, the repeats with letters."""
    marked = np.array([one.place for one in report.repeats], np.float64).reshape(-1, 2)
    return wafer_map(report.stack.points, report.stack.diameter, marked=marked)

"""Find what comes back on wafer after wafer in the results of `find`, and how finds are spread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from blemish import __version__
from blemish.core.defects import Defects
from blemish.data.found import FoundRun, read_run
from blemish.errors import UsageError
from blemish.jobs.crops import Places, list_photos, sheets
from blemish.jobs.output import Output
from blemish.jobs.record import as_record
from blemish.jobs.results import REPEATS
from blemish.report.overview import repeats_drawings
from blemish.report.repeats import meeting_facts, repeats_tables, trend_line, uneven_line
from blemish.report.tables import ImageRow, counted
from blemish.report.wafermap import wafer_map
from blemish.wafer.recipe import Recipe, check_diameter, read_recipe
from blemish.wafer.repeats import RepeatWishes, Study, study
from blemish.wafer.stack import Stack, StackWishes, stack_runs

MOST_SHEETS = 100

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
        photos: folders of the pictures, one for all results or one for each; empty for no crops.
        overwrite: whether a result that stands in the folder is replaced.
    """

    paths: tuple[Path, ...]
    out: Path
    wafer_diameter: float | None = None
    wafer: Path | None = None
    stacking: StackWishes = field(default_factory=StackWishes)
    wishes: RepeatWishes = field(default_factory=RepeatWishes)
    photos: tuple[Path, ...] = ()
    overwrite: bool = False


@dataclass(frozen=True, eq=False)
class RepeatsReport:
    """What a run came to.

    Attributes:
        out: the folder of the result.
        stack: the wafers.
        study: what is learnt of them.
        facts: what `repeats.json` holds.
    """

    out: Path
    stack: Stack
    study: Study
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
    photos: Places = {}
    if settings.photos:
        photos = list_photos(settings.photos, [run.source for run in runs])
    watch(0.2, "looking for repeats")
    learnt = study(stack, recipe.dies, settings.wishes)
    facts = _facts(settings, stack, learnt, started)
    report = RepeatsReport(settings.out, stack, learnt, facts)
    watch(0.6, "writing")
    output.prepare()
    output.write_tables(repeats_tables(stack, learnt, recipe.dies))
    output.write_tables(repeats_drawings(stack, learnt, recipe))
    lacking = _write_crops(output, report, photos, recipe, watch) if photos else []
    rest = {"notes": [*stack.notes, *lacking], "pictures": output.drawn, "complete": True}
    output.write_tables({REPEATS: as_record(facts | rest)})
    return replace(report, facts=facts | rest)


def _write_crops(
    output: Output, report: RepeatsReport, photos: Places, recipe: Recipe, watch: Watcher
) -> list[str]:
    """Write the crops of each repeat; give what lacks, a line each."""
    lacking: list[str] = []
    repeats = report.study.repeats[:MOST_SHEETS]
    names = output.name_pictures([f"repeat-{number}" for number in range(1, len(repeats) + 1)])
    output.write_tables({REPEATS: as_record(report.facts | {"pictures": names})})
    drawn = sheets(report.stack, repeats, photos, recipe.orientation.location, lacking.append)
    for number, (name, sheet) in enumerate(zip(names, drawn, strict=True), 1):
        watch(0.6 + 0.4 * number / len(names), "cutting finds out")
        row = ImageRow(name, 0, 0, "defective", Defects.none())
        kept = output.keep(name, row, partial(np.asarray, sheet))
        lacking += [kept.error] if kept.error else []
    return list(dict.fromkeys(lacking))


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


def _facts(
    settings: RepeatsSettings, stack: Stack, learnt: Study, started: datetime
) -> dict[str, Any]:
    wishes, trend = settings.wishes, learnt.trend
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
            for one in learnt.repeats
        ],
        "die_repeats": None
        if learnt.dies is None
        else [meeting_facts(one) for one in learnt.die_repeats],
        "trend": None
        if trend is None
        else {"tau": trend.tau, "slope": trend.slope, "p_value": trend.p_value},
        "notes": list(stack.notes),
        "pictures": [],
        "complete": False,
    }


def describe(report: RepeatsReport) -> list[str]:
    """Give the lines that sum a run up for a reader."""
    stack, learnt = report.stack, report.study
    empty = int((stack.counts == 0).sum())
    come = "comes" if len(learnt.repeats) == 1 else "come"
    lines = [
        f"{counted(len(stack.wafers), 'wafer')} ({empty} without finds), "
        f"{counted(len(stack.points), 'find')}; "
        f"{counted(len(learnt.repeats), 'place')} {come} back on more wafers than by chance"
    ]
    if learnt.dies is not None:
        lines.append(f"{counted(len(learnt.die_repeats), 'place')} in the die")
    lines += [
        line
        for name, bands in (
            ("radius, mm", learnt.rings),
            ("angle, degrees", learnt.sectors),
        )
        if (line := uneven_line(name, bands))
    ]
    lines.append(trend_line(learnt.trend, len(stack.wafers)))
    lines += [f"Note: {note}" for note in report.facts["notes"]]
    lines.append(f"Tables: {report.out / 'repeats.csv'}, {report.out / 'density.csv'}")
    lines.append(f"Drawings: {report.out / 'map.svg'}, {report.out / 'spread.svg'}")
    if report.facts["pictures"]:
        lines.append(f"Crops: {report.out / 'pictures'}")
    return lines


def map_of(report: RepeatsReport) -> list[str]:
    """Give the lines of a map for the terminal, the repeats with letters."""
    marked = np.array([one.place for one in report.study.repeats], np.float64).reshape(-1, 2)
    return wafer_map(report.stack.points, report.stack.diameter, marked=marked)

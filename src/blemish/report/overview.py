"""The drawings of `repeats`: which map and which bars show what."""

import numpy as np

from blemish.report.repeats import listed, trend_line
from blemish.report.spread import Bar, draw_spread
from blemish.report.stacked import Chart, draw_stack
from blemish.report.tables import counted
from blemish.wafer.recipe import Recipe
from blemish.wafer.repeats import Study
from blemish.wafer.stack import Stack


def repeats_drawings(stack: Stack, study: Study, recipe: Recipe) -> dict[str, bytes]:
    """Give the content of the drawings by name."""
    num_wafers = len(stack.wafers)
    radius, names = stack.diameter / 2, [stack.wafers[at].name for at in stack.owners]
    count = f"{counted(len(stack.points), 'find')} of {counted(num_wafers, 'wafer')}"
    shorts = [wafer.position or str(at) for at, wafer in enumerate(stack.wafers, 1)]
    chart = Chart(
        *(f"{count}, {stack.diameter:g} mm", stack.points, names, study.repeats),
        *(listed(study.repeats, num_wafers, shorts), (-radius, -radius), (radius, radius)),
        mark=recipe.orientation.location if _has_mark(stack) else None,
        dies=recipe.dies,
    )
    numbers = stack.counts.tolist()
    bars = [
        Bar(short, float(number), title=f"{wafer.name}: {number}")
        for short, wafer, number in zip(shorts, stack.wafers, numbers, strict=True)
    ]
    trend = trend_line(study.trend, num_wafers)
    drawings = {
        "map.svg": draw_stack(chart),
        "spread.svg": draw_spread(study.rings, study.sectors, bars, trend),
    }
    if study.dies is not None and recipe.dies is not None:
        _, inside = recipe.dies.locate(stack.points)
        num_dies = len(np.unique(study.dies, axis=0))
        die = Chart(
            *(f"{count}, all dies upon each other", inside, names, study.die_repeats),
            *(listed(study.die_repeats, num_dies), (0.0, 0.0), recipe.dies.pitch),
            round=False,
        )
        drawings["die-map.svg"] = draw_stack(die)
    return {name: text.encode() for name, text in drawings.items()}


def _has_mark(stack: Stack) -> bool:
    """Tell whether a flat or notch was seen."""
    marks = (picture.facts.get("mark") for wafer in stack.wafers for picture in wafer.pictures)
    return any(mark in {"flat", "notch"} for mark in marks)

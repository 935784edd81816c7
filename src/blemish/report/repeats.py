"""The tables of `repeats` and what it says, as text."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.core.scan import Meeting
from blemish.core.trend import Trend
from blemish.report.tables import counted, csv_text
from blemish.report.wafermap import LETTERS
from blemish.wafer.coordinates import polar
from blemish.wafer.dies import DieGrid
from blemish.wafer.repeats import Band, Study
from blemish.wafer.stack import Stack

REPEATS_HEADER = (
    *("repeat", "x_mm", "y_mm", "radius_mm", "angle_deg", "die_x", "die_y", "num_wafers"),
    *("of_wafers", "num_finds", "spread_mm", "p_value", "by_chance", "false_places", "wafers"),
)
DIE_REPEATS_HEADER = (
    *("repeat", "x_mm", "y_mm", "num_dies", "of_dies", "num_wafers", "num_finds", "spread_mm"),
    *("p_value", "by_chance", "false_places", "dies"),
)
STACKED_HEADER = ("number", "wafer", "position", "num_finds", "repeats")
DENSITY_HEADER = ("kind", "start", "end", "num_finds", "per_cm2", "low", "high", "uniform")
HEADINGS = ("", "x mm", "y mm", "wafers", "finds", "spread mm", "by chance", "false places")
CLEAR = 0.05
MOST_TOLD = 4


def repeats_tables(stack: Stack, study: Study, grid: DieGrid | None) -> dict[str, bytes]:
    """Give the content of the tables by name."""
    bands = [("ring", one) for one in study.rings] + [("sector", one) for one in study.sectors]
    tables = {
        "repeats.csv": repeats_csv(stack, study.repeats, grid),
        "wafers.csv": wafers_csv(stack, study.repeats),
        "density.csv": density_csv(bands),
    }
    if study.dies is not None:
        tables["die-repeats.csv"] = die_repeats_csv(stack, study.die_repeats, study.dies)
    # The mark at the start makes spreadsheets read names that are not ASCII.
    return {name: text.encode("utf-8-sig") for name, text in tables.items()}


def repeats_csv(stack: Stack, repeats: Sequence[Meeting], dies: DieGrid | None) -> str:
    """Give one line for each repeat."""
    return csv_text(
        REPEATS_HEADER,
        (_repeat_line(stack, number, one, dies) for number, one in enumerate(repeats, 1)),
    )


def _repeat_line(
    stack: Stack, number: int, repeat: Meeting, dies: DieGrid | None
) -> tuple[object, ...]:
    radius, angle = polar(repeat.place[None])
    die: Sequence[object] = _common_die(stack, repeat)
    if dies is not None:
        die = dies.locate(repeat.place)[0][0].tolist()
    return (
        *(number, *(f"{value:z.3f}" for value in (*repeat.place, radius[0]))),
        *(f"{angle[0]:.2f}", *die, len(repeat.groups), len(stack.wafers), len(repeat.points)),
        *(f"{repeat.spread:.3f}", f"{repeat.p_value:.2e}", f"{repeat.by_chance:.3f}"),
        f"{repeat.false_places:.2e}",
        "; ".join(stack.wafers[at].name for at in repeat.groups),
    )


def _common_die(stack: Stack, repeat: Meeting) -> Sequence[object]:
    """Give the die that most of a repeat's finds lie in as `find` told it; blanks for none."""
    told = Counter(stack.finds[at].die for at in repeat.points)
    return told.most_common(1)[0][0] or ("", "")


def die_repeats_csv(stack: Stack, repeats: Sequence[Meeting], dies: NDArray[np.int64]) -> str:
    """Give one line for each repeat in the die; ``dies`` (N, 2) are those of the finds."""
    num_dies = len(np.unique(dies, axis=0))
    return csv_text(
        DIE_REPEATS_HEADER,
        (
            (
                *(number, f"{one.place[0]:z.4f}", f"{one.place[1]:z.4f}", len(one.groups)),
                *(num_dies, len(np.unique(stack.owners[one.points])), len(one.points)),
                *(f"{one.spread:.4f}", f"{one.p_value:.2e}", f"{one.by_chance:.3f}"),
                f"{one.false_places:.2e}",
                "; ".join(f"{x} {y}" for x, y in np.unique(dies[one.points], axis=0).tolist()),
            )
            for number, one in enumerate(repeats, 1)
        ),
    )


def wafers_csv(stack: Stack, repeats: Sequence[Meeting]) -> str:
    """Give one line for each wafer in its order, with the numbers of the repeats on it."""
    return csv_text(
        STACKED_HEADER,
        (
            (
                *(at + 1, wafer.name, wafer.position, int(stack.counts[at])),
                " ".join(str(n) for n, one in enumerate(repeats, 1) if at in one.groups),
            )
            for at, wafer in enumerate(stack.wafers)
        ),
    )


def density_csv(bands: Iterable[tuple[str, Band]]) -> str:
    """Give one line for each ring and sector."""
    return csv_text(
        DENSITY_HEADER,
        (
            (
                *(kind, f"{one.start:.2f}", f"{one.end:.2f}", one.finds),
                *(f"{value:.4f}" for value in (one.density, *one.interval)),
                f"{one.uniform:.2f}",
            )
            for kind, one in bands
        ),
    )


def repeat_rows(stack: Stack, repeats: Sequence[Meeting]) -> list[tuple[str, ...]]:
    """Give the rows of the table on the terminal, `HEADINGS` above."""
    return [
        (
            *(f"{number} {LETTERS[number - 1 : number]}", *(f"{way:z.2f}" for way in one.place)),
            *(f"{len(one.groups)} of {len(stack.wafers)}", str(len(one.points))),
            *(f"{one.spread:.2f}", f"{one.by_chance:.2f}", f"{one.false_places:.1e}"),
        )
        for number, one in enumerate(repeats, 1)
    ]


def listed(repeats: Sequence[Meeting], num_all: int, names: Sequence[str] = ()) -> list[list[str]]:
    """Say of each repeat where it is, how often, and on which, for beside a map.

    ``names`` are those of the wafers; without them it is dies.
    """
    return [
        [
            f"x {one.place[0]:z.1f}, y {one.place[1]:z.1f} mm: {len(one.groups)} of {num_all} "
            + ("wafers" if names else "dies"),
            f"spread {one.spread:.2f} mm, by chance {one.false_places:.0e} a lot",
            *([_cut("wafers " + ", ".join(names[at] for at in one.groups))] if names else []),
        ]
        for one in repeats
    ]


def _cut(text: str, most: int = 44) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def trend_line(trend: Trend | None, num_wafers: int) -> str:
    """Say whether finds a wafer rise or fall along the order."""
    if trend is None:
        return f"Trend: {counted(num_wafers, 'wafer')} are too few to tell"
    way = "rise" if trend.tau > 0 else "fall"
    said = f"finds a wafer {way}" if trend.p_value <= CLEAR and trend.tau else "none to be seen"
    return (
        f"Trend along the order: {said} ({trend.slope:+.3g} a wafer, "
        f"Mann-Kendall p = {trend.p_value:.2g})"
    )


def uneven_line(name: str, bands: Sequence[Band]) -> str:
    """Name the bands whose interval leaves out the even density; empty where none does."""
    even = sum(band.density for band in bands) / len(bands)
    odd = [one for one in bands if not one.interval[0] <= even <= one.interval[1]]
    told = ", ".join(
        f"{one.start:.0f} to {one.end:.0f} ({one.density / even:.1f} times)"
        for one in sorted(odd, key=lambda one: -abs(one.density / even - 1))[:MOST_TOLD]
    )
    told += f" and {len(odd) - MOST_TOLD} more" if len(odd) > MOST_TOLD else ""
    return f"Not even by {name}: {told}" if odd else ""


def meeting_facts(repeat: Meeting) -> dict[str, Any]:
    """Give a repeat as plain values."""
    return {
        "x_mm": round(float(repeat.place[0]), 4),
        "y_mm": round(float(repeat.place[1]), 4),
        "num": len(repeat.groups),
        "num_finds": len(repeat.points),
        "spread_mm": round(repeat.spread, 4),
        "p_value": float(f"{repeat.p_value:.3e}"),
        "by_chance": round(repeat.by_chance, 4),
        "false_places": float(f"{repeat.false_places:.3e}"),
    }

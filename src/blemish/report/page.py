"""One HTML page of a result, whole in itself: no script, nothing from elsewhere.

What comes from files is text to the templates, which escape it; the strict policy in its head
would keep a browser from loading anything even so.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from blemish.core.intervals import FEW_GROUPS
from blemish.report.cards import Card, Crop, make_cards
from blemish.report.charts import curve_of, wafer_map
from blemish.report.plan import (
    MOST_WORST,
    Plan,
    shown_marks,
    to_label_next,
    worst_false,
    worst_misses,
)
from blemish.report.reasons import reason_in
from blemish.report.result import Mark, Result, part_of, whole
from blemish.report.shots import Shot
from blemish.report.words import Words, number, plain


def render(plan: Plan, shots: Mapping[str, Shot], words: Words) -> str:
    """Give the page of a result, with the small pictures by the names of the large ones."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("blemish.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = plain
    template = environment.get_template("judged.html" if plan.result.judged else "found.html")
    return template.render(**_values(plan, shots, words))


def _values(plan: Plan, shots: Mapping[str, Shot], words: Words) -> dict[str, Any]:
    result = plan.result
    cards = make_cards(plan, shots, words)
    quiet = [(f"q{at}", one, shots.get(one.name)) for at, one in enumerate(plan.quiet, 1)]
    anchors = {card.picture.name: card.anchor for card in cards}
    anchors |= {one.name: anchor for anchor, one, _ in quiet}
    values = {
        "t": words,
        "plan": plan,
        "result": result,
        "facts": result.facts,
        "part_of": part_of,
        "number": number,
        "source": _source(result),
        "started": _time(result.facts.get("started")),
        "threshold": f"{result.threshold:.3g}",
        "statuses": Counter(one.status for one in result.pictures),
        "cards": cards,
        "reason": partial(reason_in, words.lang),
        "quiet": quiet,
        "anchors": anchors,
        "next": to_label_next(result),
    }
    return values | (_judged(cards, result, words) if result.judged else _found(result))


def _found(result: Result) -> dict[str, Any]:
    """Give what only a page of `find` shows: counts, and all finds on one wafer."""
    marks = [mark for one in result.pictures for mark in one.marks]
    # Where something is unsure places may be turned, and would seem to come again or not to.
    sure = [one for one in result.pictures if one.status != "partial"]
    points = [mark.place for one in sure for mark in one.marks if mark.place is not None]
    kinds = Counter(one.edge_mark for one in sure if one.wafer)
    disc = result.disc(kinds.most_common(1)[0][0] if kinds else "none")
    doubts = result.facts.get("doubts")
    return {
        "stack": wafer_map(points, disc) if disc and points else None,
        "num_finds": len(marks),
        "num_placed": len(points),
        "num_unsure": len(marks) - sum(len(one.marks) for one in sure),
        "num_wafers": kinds.total(),
        "num_outside": sum(one.num_outside for one in result.pictures),
        "num_excluded": sum(one.num_excluded for one in result.pictures),
        "doubts": doubts if isinstance(doubts, list) else [],
    }


def _judged(cards: Sequence[Card], result: Result, words: Words) -> dict[str, Any]:
    """Give what only a page of `evaluate` shows: scores, curves, the worst of all."""
    curves = {
        name: (curve_of(rows, logarithmic=name == "froc"), _in_words(name, rows, words))
        for name, rows in result.curves.items()
        if name in {"pr", "froc"}
    }
    misses, false = (_crops_of(cards, kind) for kind in ("missed", "false"))
    return {
        "curves": curves,
        "misses": [misses[mark] for mark in worst_misses(list(misses))[:MOST_WORST]],
        "false_finds": [false[mark] for mark in worst_false(list(false))[:MOST_WORST]],
        "num_missed": sum(len(one.of_kind("missed")) for one in result.pictures),
        "num_false": sum(len(one.of_kind("false")) for one in result.pictures),
        "scores": _score_rows(result, words),
        "drawn": whole(part_of(result.facts, "drawn").get("groups")),
        "few": FEW_GROUPS,
        "whole": whole,
    }


def _crops_of(cards: Sequence[Card], kind: str) -> dict[Mark, Crop]:
    """Give the marks of a kind that are enlarged; of two that are alike in all the first."""
    pairs = [
        (mark, crop)
        for card in cards
        for mark, crop in zip(shown_marks(card.picture), card.crops, strict=False)
        if mark.kind == kind
    ]
    return dict(reversed(pairs))


def _in_words(name: str, rows: Sequence[tuple[float, float, float, float]], words: Words) -> str:
    """Tell some points of a curve, for whoever does not see it."""
    said = []
    for wanted in (0.1, 1.0) if name == "froc" else (0.5, 0.8):
        at, *numbers = min(rows, key=lambda row: abs(row[0] - wanted))
        value, low, high = (f"{one:.2f}" for one in numbers)
        said.append(words("curve_point", at=f"{at:.2g}", value=value, low=low, high=high))
    return ", ".join(said)


def _score_rows(result: Result, words: Words) -> list[tuple[str, str, str]]:
    """Give the key, the number and the interval of each score of all classes."""
    facts = result.facts
    every, intervals, sorted_ = (part_of(facts, name) for name in ("all", "intervals", "screening"))
    centre = part_of(every, "centre")
    numbers = {
        "mAP": facts.get("mAP"),
        "coco_ap50_95": every.get("coco_ap50_95"),
        "centre_recall": centre.get("recall"),
        "centre_precision": centre.get("precision"),
        "false_per_picture": centre.get("false_per_picture"),
    }
    rows = [(key, number(value), words.ends(intervals.get(key))) for key, value in numbers.items()]
    return rows + [
        (key, number(sorted_.get(key)), words.ends(sorted_.get(f"{key}_interval")))
        for key in ("sensitivity", "specificity")
    ]


def _source(result: Result) -> str:
    """Give what was looked at, as it was named."""
    told = part_of(result.facts, "settings")
    paths = told.get("data") if result.judged else told.get("paths")
    return ", ".join(map(str, paths)) if isinstance(paths, list) else str(paths or "?")


def _time(told: object) -> str:
    """Give the time of a record as people write it; as it stands where it is none."""
    if told is None:
        return "?"
    try:
        return f"{datetime.fromisoformat(str(told)).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return plain(told)

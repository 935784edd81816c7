"""One HTML page of a result, whole in itself: no script, nothing from elsewhere.

What comes from files is text to the templates, which escape it; the strict policy in its head
would keep a browser from loading anything even so.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from blemish.report.charts import WaferMap, curve_of, wafer_map
from blemish.report.plan import (
    MOST_ROWS,
    MOST_WORST,
    Plan,
    enlarged,
    shown_marks,
    threshold_of,
    to_label_next,
    worst_false,
    worst_misses,
)
from blemish.report.result import Mark, Picture, Result, real, whole
from blemish.report.shots import Jpeg, Shot
from blemish.report.words import Words, number

MOST_FRAMES = 200


@dataclass(frozen=True, eq=False)
class Crop:
    """A mark enlarged.

    Attributes:
        number: in its card.
        jpeg: the picture; None where there was no place.
        alt: what it shows, in words.
        lines: what is known of it.
        anchor, name: of its card.
    """

    number: int
    jpeg: Jpeg | None
    alt: str
    lines: tuple[str, ...]
    anchor: str
    name: str


@dataclass(frozen=True, eq=False)
class Card:
    """A picture on the page.

    Attributes:
        anchor: where links to it lead.
        picture: what it is of.
        counts: its finds in words.
        view: the whole; None without a drawn copy.
        frames: x, y, width, height and number of boxes, in pixels of the picture.
        map: of its wafer; None without millimetres.
        crops: its first marks.
        num_left: marks without a crop.
    """

    anchor: str
    picture: Picture
    counts: str
    view: Jpeg | None
    frames: tuple[tuple[float, float, float, float, int], ...]
    map: WaferMap | None
    crops: tuple[Crop, ...]
    num_left: int


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


def plain(text: object) -> str:
    """Give a text without what cannot be printed: no control, no sign that turns the line."""
    return "".join(one if one.isprintable() else "\ufffd" for one in str(text))


def _values(plan: Plan, shots: Mapping[str, Shot], words: Words) -> dict[str, Any]:
    result = plan.result
    cards = [_card(f"p{at}", one, shots, result, words) for at, one in enumerate(plan.cards, 1)]
    anchors = {card.picture.name: card.anchor for card in cards}
    anchors |= {one.name: f"q{at}" for at, one in enumerate(plan.quiet, 1)}
    values = {
        "t": words,
        "plan": plan,
        "result": result,
        "facts": result.facts,
        "started": _time(result.facts.get("started")),
        "threshold": f"{threshold_of(result):.3g}",
        "statuses": Counter(one.status for one in result.pictures),
        "num_finds": sum(one.num_finds for one in result.pictures),
        "num_outside": sum(one.num_outside for one in result.pictures),
        "num_excluded": sum(one.num_excluded for one in result.pictures),
        "cards": cards,
        "quiet": [(anchors[one.name], one, shots.get(one.name)) for one in plan.quiet],
        "anchors": anchors,
        "rows": cards[:MOST_ROWS],
        "next": to_label_next(result),
        "diameter": _diameter(result),
        "number": number,
        "dict": _dict,
    }
    return values | (_judged(cards, result, words) if result.judged else _found(result))


def _found(result: Result) -> dict[str, Any]:
    """Give what only a page of `find` shows: all finds on one wafer."""
    diameter, wafer = _diameter(result), _dict(result.facts, "wafer")
    placed = [[mark.place for mark in one.marks if mark.place] for one in result.pictures]
    points = [place for places in placed for place in places]
    if diameter is None or not points:
        return {"stack": None}
    kinds = Counter(one.edge_mark for one in result.pictures if one.wafer)
    mark = kinds.most_common(1)[0][0] if kinds else "none"
    stack = wafer_map(points, diameter, mark, str(wafer.get("location", "")), 0)
    return {
        "stack": stack,
        "num_placed": len(points),
        "num_wafers": sum(one.wafer is not None for one in result.pictures),
    }


def _judged(cards: Sequence[Card], result: Result, words: Words) -> dict[str, Any]:
    """Give what only a page of `evaluate` shows: curves, the worst of all."""
    by_kind: dict[str, list[tuple[Mark, Crop]]] = {"missed": [], "false": []}
    for card in cards:
        for mark, crop in zip(shown_marks(card.picture), card.crops, strict=False):
            by_kind[mark.kind].append((mark, crop))
    curves = {
        name: (curve_of(rows, logarithmic=name == "froc"), _in_words(name, rows, words))
        for name, rows in result.curves.items()
        if name in {"pr", "froc"} and rows
    }
    crop_of = {id(mark): crop for pairs in by_kind.values() for mark, crop in pairs}
    return {
        "curves": curves,
        "misses": [
            crop_of[id(mark)] for mark in worst_misses([mark for mark, _ in by_kind["missed"]])
        ][:MOST_WORST],
        "false_finds": [
            crop_of[id(mark)] for mark in worst_false([mark for mark, _ in by_kind["false"]])
        ][:MOST_WORST],
        "num_missed": sum(len(one.of_kind("missed")) for one in result.pictures),
        "num_false": sum(len(one.of_kind("false")) for one in result.pictures),
        "scores": _score_rows(result.facts, words),
        "whole": whole,
        "ends": words.ends,
    }


def _in_words(name: str, rows: Sequence[tuple[float, float, float, float]], words: Words) -> str:
    """Tell some points of a curve, for whoever does not see it."""
    wanted = (0.1, 1.0) if name == "froc" else (0.5, 0.8)
    chosen = [min(rows, key=lambda row, at=at: abs(row[0] - at)) for at in wanted]  # type: ignore[misc]
    return words("and").join(
        words(
            "curve_point",
            at=f"{at:.2g}",
            value=f"{value:.2f}",
            low=f"{low:.2f}",
            high=f"{high:.2f}",
        )
        for at, value, low, high in chosen
    )


def _score_rows(facts: Mapping[str, Any], words: Words) -> list[tuple[str, str, str]]:
    """Give the key, the number and the interval of each score of all classes."""
    every, intervals, sorted_ = (_dict(facts, name) for name in ("all", "intervals", "screening"))
    centre = _dict(every, "centre")
    numbers = {
        "mAP": facts.get("mAP"),
        "coco_ap50_95": every.get("coco_ap50_95"),
        "centre_recall": centre.get("recall"),
        "centre_precision": centre.get("precision"),
        "false_per_picture": centre.get("false_per_picture"),
    }
    rows = [(key, number(value), words.ends(intervals.get(key))) for key, value in numbers.items()]
    rows += [
        (key, number(sorted_.get(key)), words.ends(sorted_.get(f"{key}_interval")))
        for key in ("sensitivity", "specificity")
    ]
    return rows


def _card(
    anchor: str, picture: Picture, shots: Mapping[str, Shot], result: Result, words: Words
) -> Card:
    shot, diameter = shots.get(picture.name), _diameter(result)
    marks = shown_marks(picture)
    crops = [
        _crop(at, mark, jpeg, (anchor, picture, diameter), words)
        for at, (mark, jpeg) in enumerate(_pairs(enlarged(picture), shot), 1)
    ]
    places = [mark.place for mark in marks if mark.place is not None]
    map_ = None
    if diameter is not None and len(places) == len(marks):
        location = str(_dict(result.facts, "wafer").get("location", ""))
        map_ = wafer_map(places, diameter, picture.edge_mark, location, len(crops))
    return Card(
        *(anchor, picture, _counts(picture, words), shot.view if shot else None),
        tuple(_frame(mark, at) for at, mark in enumerate(marks[:MOST_FRAMES], 1)),
        *(map_, tuple(crops), len(marks) - len(crops)),
    )


def _pairs(marks: Sequence[Mark], shot: Shot | None) -> list[tuple[Mark, Jpeg | None]]:
    """Give each mark with its crop: of a picture that is there, those that had a place."""
    if shot is None:
        return [(mark, None) for mark in marks]
    return list(zip(marks, shot.crops, strict=False))


def _counts(picture: Picture, words: Words) -> str:
    missed, false = len(picture.of_kind("missed")), len(picture.of_kind("false"))
    if not missed and not false:
        return words.count("n_finds", picture.num_finds)
    parts = [("n_missed", missed), ("n_false", false)]
    return words("and").join(words.count(key, count) for key, count in parts if count)


def _frame(mark: Mark, at: int) -> tuple[float, float, float, float, int]:
    x1, y1, x2, y2 = mark.box
    return round(x1, 1), round(y1, 1), round(x2 - x1, 1), round(y2 - y1, 1), at


def _crop(
    at: int,
    mark: Mark,
    jpeg: Jpeg | None,
    place: tuple[str, Picture, float | None],
    words: Words,
) -> Crop:
    anchor, picture, diameter = place
    score = "" if mark.score is None else f"{mark.score:.2f}"
    alt = {"false": "false_alt", "missed": "missed_alt"}.get(mark.kind, "crop_alt")
    alt = words(alt, number=at, score=score)
    return Crop(at, jpeg, alt, _lines(mark, score, picture, diameter, words), anchor, picture.name)


def _lines(
    mark: Mark, score: str, picture: Picture, diameter: float | None, words: Words
) -> tuple[str, ...]:
    x1, y1, x2, y2 = mark.box
    width, height = x2 - x1, y2 - y1
    if mark.kind == "missed":
        lines = [words("missed_below", score=score) if score else words("missed_word")]
    else:
        lines = [words("false_score" if mark.kind == "false" else "score", score=score)]
    lines += [mark.label] if mark.label else []
    if mark.place is not None:
        lines.append(words("at_mm", x=f"{mark.place[0]:z.1f}", y=f"{mark.place[1]:z.1f}"))
    else:
        lines.append(words("at_px", x=f"{(x1 + x2) / 2:.0f}", y=f"{(y1 + y2) / 2:.0f}"))
    if mark.die is not None:
        lines.append(words("at_die", x=mark.die[0], y=mark.die[1]))
    if diameter is not None and picture.wafer:
        scale = diameter / picture.wafer
        lines.append(words("size_mm", w=f"{width * scale:.3g}", h=f"{height * scale:.3g}"))
    else:
        lines.append(words("size_px", w=f"{width:.0f}", h=f"{height:.0f}"))
    return tuple(lines)


def _time(told: object) -> str:
    """Give the time of a record as people write it; as it stands where it is none."""
    try:
        return f"{datetime.fromisoformat(str(told)).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return plain(told)


def _diameter(result: Result) -> float | None:
    """Give the diameter of the wafers in mm; None where it was not told."""
    told = real(_dict(result.facts, "wafer").get("diameter"))
    return told if told is not None and told > 0 else None


def _dict(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give a part of a record; empty where there is none."""
    part = facts.get(name)
    return part if isinstance(part, dict) else {}

"""A model's calibration in words: how its threshold was chosen, and what it promises."""

from collections.abc import Mapping
from typing import Any

from blemish.core.promise import MIN_RECALL

CARD_HEADING = "## Calibration"


def calibration_lines(facts: Mapping[str, Any], threshold: float) -> list[str]:
    """Give a line each on the pictures, the map, the threshold, misses and false finds.

    ``facts`` are those of a bundle's calibration.
    """
    part = "all" if facts["part"] == "all" else f"the {facts['part']} part"
    split = f" ({facts['split']})" if facts["split"] else ""
    counted = facts["at_threshold"]
    groups = f" in {facts['groups']} groups" if facts["groups"] != counted["pictures"] else ""
    return [
        f"Calibrated on {part} of {facts['data']}{split}, {counted['pictures']} pictures{groups} "
        f"with {counted['labels']} labels",
        _map_line(facts),
        f"Threshold {threshold:.4g}: {_reason(facts['promise'])}",
        *_miss_lines(counted),
        f"False finds there: {counted['false']} in {counted['pictures']} pictures, "
        f"{counted['false_per_picture']:.3g} a picture{_ends(counted['false_interval'])}",
    ]


def _map_line(facts: Mapping[str, Any]) -> str:
    error, kind = facts["error"], facts["map"].get("kind")
    if kind is None:
        return f"Scores are the net's own{_off(error['raw'])}"
    points = f", {len(facts['map']['scores'])} points" if kind == "isotonic" else ""
    return (
        f"Scores are chances by a map ({kind}{points}): off by {_number(error['mapped'])} on "
        f"average over {error['finds']} finds that it was not made on; without it by "
        f"{_number(error['raw'])}"
    )


def _off(error: float | None) -> str:
    return "" if error is None else f", as chances off by {error:.3f} on average"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _reason(promise: Mapping[str, Any]) -> str:
    if not promise:
        return "kept as it was"
    how = ", 95 % sure" if promise["sure"] else " as counted here"
    if promise["kind"] == MIN_RECALL:
        return f"the highest with a recall of at least {promise['limit']:g}{how}"
    return f"the lowest with at most {promise['limit']:g} false finds a picture{how}"


def _miss_lines(counted: Mapping[str, Any]) -> list[str]:
    if not counted["labels"]:
        return ["No label is among them: nothing is known of misses"]
    hit = counted["labels"] - counted["missed"]
    rule = "" if counted["missed"] else f" (rule of three: about 3 / {counted['labels']})"
    return [
        f"Labels hit there: {hit} of {counted['labels']}, recall {counted['recall']:.3f}"
        f"{_ends(counted['recall_interval'])}",
        f"So many labels support that at most {counted['miss_bound']:.2%} of such defects are "
        f"missed, 95 % sure{rule}",
    ]


def _ends(ends: list[float | None]) -> str:
    if None in ends:
        return ""
    return f" (95 %: {ends[0]:.3g} to {ends[1]:.3g})"

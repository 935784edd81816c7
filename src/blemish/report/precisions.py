"""What a model is worth in each precision, for its card."""

from collections.abc import Collection, Mapping
from typing import Any

from blemish.report.sections import drop_section, put_section

CARD_HEADING, THRESHOLDS_HEADING = "## Precisions", "## Thresholds"


def precision_lines(
    quality: Mapping[str, Mapping[str, float]],
    offered: Mapping[str, Collection[str]],
    facts: Mapping[str, Any],
) -> list[str]:
    """Give the lines of the section.

    Args:
        quality: what was measured in each precision, as a bundle keeps it.
        offered: the precisions of each engine.
        facts: the name of the `data`, the number of `layers`, the names of those `kept` in
            float when the net runs in int8, and what the model is `meant` for.
    """
    first = quality["float32"]
    rows = [
        f"| {name} | {numbers['ap50']:.4f} | {numbers['recall']:.4f} "
        f"| {', '.join(_engines(offered, name)) or 'not offered'} |"
        for name, numbers in quality.items()
    ]
    kept = ", ".join(f"`{name}`" for name in facts["kept"]) or "none"
    return [
        f"Meant for {facts['meant']}. On {first['pictures']:g} held-out pictures of "
        f"`{facts['data']}` with {first['labels']:g} labels:",
        "",
        f"| precision | AP@0.5 | centre-hit recall at {first['false_per_picture']:g} false finds "
        "a picture | with |",
        "|---|---|---|---|",
        *rows,
        "",
        f"Layers that stay in float in int8, beside the last ones: {kept}; {len(facts['kept'])} of "
        f"{facts['layers']}.",
    ]


def put_thresholds(card: str, thresholds: Mapping[str, float]) -> str:
    """Give a card with the thresholds of precisions that have their own, or without the section."""
    if not thresholds:
        return drop_section(card, THRESHOLDS_HEADING)
    listed = ", ".join(f"{value:.4g} in {name}" for name, value in thresholds.items())
    line = f"A find counts from a score of {listed} on; elsewhere the default holds."
    return put_section(card, THRESHOLDS_HEADING, [line])


def _engines(offered: Mapping[str, Collection[str]], precision: str) -> list[str]:
    return [name for name, names in offered.items() if precision in names]

"""The sections of a model's card, each of which one verb writes."""

import re
from collections.abc import Sequence


def put_section(card: str, heading: str, lines: Sequence[str]) -> str:
    """Give a card with a section of these lines, in place of the one of that heading if any.

    ``heading`` is that of a second-level section, say `## Calibration`.
    """
    found = _find_section(card, heading)
    section = f"{heading}\n\n" + "\n".join(lines) + "\n"
    if found is None:
        return f"{card.rstrip()}\n\n{section}"
    rest = card[found.end() :]
    return card[: found.start()] + section + (f"\n{rest}" if rest else "")


def drop_section(card: str, heading: str) -> str:
    """Give a card without the section of that heading."""
    found = _find_section(card, heading)
    if found is None:
        return card
    return f"{(card[: found.start()] + card[found.end() :]).rstrip()}\n"


def _find_section(card: str, heading: str) -> re.Match[str] | None:
    return re.search(rf"^{re.escape(heading)}\n(?:(?!## ).*\n?)*", card, re.MULTILINE)

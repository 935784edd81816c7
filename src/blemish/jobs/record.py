"""The record of a run, written beside its result: what is needed to do it again."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from blemish import __version__
from blemish.data.listing import Listed
from blemish.runtime.bundle import bundle_hash
from blemish.runtime.finder import Finder
from blemish.wafer.recipe import Recipe


def run_facts(settings: Mapping[str, Any], finder: Finder, started: datetime) -> dict[str, Any]:
    """Give what is needed to know how a result came about; ``settings`` are plain values."""
    return {
        "blemish": __version__,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - started).total_seconds(), 2),
        "bundle": {"name": finder.bundle.name, "hash": bundle_hash(finder.bundle)},
        "engine": finder.engine.name,
        "precision": finder.engine.precision,
        "floats": finder.engine.floats,
        "fallback": finder.engine.note,
        "settings": dict(settings),
    }


def wafer_facts(recipe: Recipe) -> dict[str, Any]:
    """Give what a map of the wafers needs: diameter and edge in mm, and where the mark lies."""
    location = recipe.orientation.location
    return {"diameter": recipe.diameter, "edge": recipe.edge, "location": location}


def copies_of(
    listed: Sequence[Listed], names: Sequence[str], drawn: Sequence[str]
) -> dict[str, str]:
    """Give the drawn copy of each picture that has one."""
    there = set(drawn)
    pairs = zip(listed, names, strict=True)
    return {one.name: name for one, name in pairs if name in there}


def fallback_lines(note: str) -> list[str]:
    """Give the line that says why it is not the precision asked for or meant, if it is not."""
    return [f"Precision: {note}"] if note else []


def as_record(facts: Mapping[str, Any]) -> bytes:
    """Give the content of the file; a byte of a path that is no text is escaped as JSON has it."""
    text = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
    return text.encode("utf-8", "backslashreplace")

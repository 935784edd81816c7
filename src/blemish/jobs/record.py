"""The record of a run, written beside its result: what is needed to do it again."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from blemish import __version__
from blemish.runtime.bundle import bundle_hash
from blemish.runtime.finder import Finder


def run_facts(settings: Mapping[str, Any], finder: Finder, started: datetime) -> dict[str, Any]:
    """Give what is needed to know how a result came about; ``settings`` are plain values."""
    return {
        "blemish": __version__,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - started).total_seconds(), 2),
        "bundle": {"name": finder.bundle.name, "hash": bundle_hash(finder.bundle)},
        "engine": finder.engine.name,
        "precision": finder.engine.precision,
        "fallback": finder.engine.note,
        "settings": dict(settings),
    }


def fallback_lines(note: str) -> list[str]:
    """Give the line that says why it is not the precision asked for or meant, if it is not."""
    return [f"Precision: {note}"] if note else []


def as_record(facts: Mapping[str, Any]) -> bytes:
    """Give the content of the file."""
    return (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode()

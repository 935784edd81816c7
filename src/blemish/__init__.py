"""Finds small defect points in inspection images."""

import os
from typing import TYPE_CHECKING, Any

# ONNX Runtime sends reports from the moment it is imported, whoever imports it, and leaves a number
# for the device on the disk; its own switch comes too late for the first. Nothing is to leave here.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"

if TYPE_CHECKING:
    from blemish.core.defects import Defects as Defects
    from blemish.runtime.finder import Finder as Finder
    from blemish.runtime.finder import open_finder as open_finder

__all__ = ["Defects", "Finder", "__version__", "open_finder"]

_HOMES = {
    "Defects": "blemish.core.defects",
    "Finder": "blemish.runtime.finder",
    "open_finder": "blemish.runtime.finder",
}


def __getattr__(name: str) -> Any:
    """Import the public names when they are first asked for, so that `--help` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'blemish' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)

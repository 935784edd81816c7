"""Which engine is the fastest here: a short measurement, kept in the user's cache folder."""

import hashlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from blemish import __version__
from blemish.errors import EngineError
from blemish.runtime.bundle import Bundle, bundle_hash
from blemish.runtime.engines import Engine, open_engine
from blemish.runtime.processor import num_cores, processor_name

SIDE = 640  # px of the window that is timed, at most
WARMED, FEWEST, MOST = 2, 3, 9  # runs: not counted, at least and at most counted
LONGEST = 0.6  # seconds that an engine is timed, beyond the fewest runs


@dataclass(frozen=True)
class Speed:
    """What engines took for one window.

    Attributes:
        milliseconds: the median of each engine that ran.
        failures: why the others did not.
        cached: whether it was measured earlier.
    """

    milliseconds: Mapping[str, float] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    cached: bool = False


def speed_of(
    bundle: Bundle,
    engines: Sequence[str],
    precision: str,
    threads: int = 0,
    folder: Path | None = None,
    anew: bool = False,
) -> Speed:
    """Give what the engines take here, as it was measured earlier or else now.

    It is kept in ``folder`` under all that decides it: the graph, the window, the processor, the
    versions and the number of threads; what lies there is not looked at if ``anew``. A folder
    that cannot be read or written costs the measurement.
    """
    key = {
        # Not the bundle: the same net with another threshold would be timed anew, and might answer
        # in another engine than before.
        "graph": bundle.files.get(bundle.graph_for(precision).name, bundle_hash(bundle)),
        "window": _side(bundle),
        "processor": processor_name(),
        "versions": {"blemish": __version__} | {name: version(name) for name in engines},
        "engines": list(engines),
        "precision": precision,
        "threads": threads or num_cores(),
    }
    kept = None if folder is None else folder / f"{_hash(key)}.json"
    if kept is not None and not anew and (known := _recall(kept, engines)):
        return known
    speed = measure(bundle, engines, precision, threads)
    if kept is not None and speed.milliseconds and not speed.failures:
        _keep(kept, key, speed)
    return speed


def measure(bundle: Bundle, engines: Sequence[str], precision: str, threads: int = 0) -> Speed:
    """Time the engines, one after the other, on a window of noise."""
    side = _side(bundle)
    window = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), np.uint8)
    milliseconds: dict[str, float] = {}
    failures: dict[str, str] = {}
    for name in engines:
        try:
            milliseconds[name] = _time(open_engine(bundle, name, precision, threads), window)
        except EngineError as error:
            failures[name] = str(error)
    return Speed(milliseconds, failures)


def _side(bundle: Bundle) -> int:
    return max(min(bundle.window, SIDE) // bundle.stride, 1) * bundle.stride


def _time(engine: Engine, window: Any) -> float:
    times: list[float] = []
    for turn in range(WARMED + MOST):
        begun = time.perf_counter()
        engine(window)
        if turn >= WARMED:
            times.append(time.perf_counter() - begun)
        if len(times) >= FEWEST and sum(times) > LONGEST:
            break
    return round(statistics.median(times) * 1000, 2)


def cache_folder(
    environment: Mapping[str, str] = os.environ, system: str = sys.platform
) -> Path | None:
    """Give the folder for what was measured; None where the user has no home.

    `XDG_CACHE_HOME` counts on every system; else it is the system's own place for such files.
    """
    homes = {"win32": "LOCALAPPDATA", "darwin": "Library/Caches"}
    if named := environment.get("XDG_CACHE_HOME"):
        return Path(named) / "blemish" / "engines"
    if system == "win32":
        local = environment.get(homes[system])
        return Path(local) / "blemish" / "Cache" / "engines" if local else None
    home = environment.get("HOME")
    return Path(home) / homes.get(system, ".cache") / "blemish" / "engines" if home else None


def _hash(key: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()


def _recall(kept: Path, engines: Sequence[str]) -> Speed | None:
    """Give what was measured earlier; None where nothing is there that makes sense."""
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))["milliseconds"]
        milliseconds = {name: float(found[name]) for name in engines}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    if not all(0 < one < float("inf") for one in milliseconds.values()):
        return None
    return Speed(milliseconds, cached=True)


def _keep(kept: Path, key: Mapping[str, Any], speed: Speed) -> None:
    facts = dict(key) | {"milliseconds": dict(speed.milliseconds)}
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=".", dir=kept.parent)
        try:
            with os.fdopen(number, "w", encoding="utf-8") as stream:
                json.dump(facts, stream, indent=1)
            Path(name).replace(kept)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

"""What runs a model on this machine, in which precisions, how fast, and what is taken."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from blemish.runtime.bundle import Bundle, bundle_hash, default_bundle, read_bundle
from blemish.runtime.choice import Choice, choose
from blemish.runtime.engines import ENGINES, what_lacks
from blemish.runtime.probe import cache_folder, speed_of
from blemish.runtime.processor import num_cores, processor_name

Watcher = Callable[[float, str], None]


@dataclass(frozen=True)
class Found:
    """An engine in a precision.

    Attributes:
        milliseconds: for one window; None where it does not run.
        cached: whether that was measured earlier.
        why_not: why it does not run; empty where it does.
    """

    engine: str
    precision: str
    milliseconds: float | None = None
    cached: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class EnginesReport:
    """What was found.

    Attributes:
        found: every engine in every precision that the model offers with some engine.
        choice: what `find` takes by itself.
        facts: processor, model and where times are kept.
    """

    found: tuple[Found, ...]
    choice: Choice
    facts: dict[str, Any]

    def as_json(self) -> str:
        """Give all of it as JSON."""
        whole = self.facts | {
            "engines": [asdict(one) for one in self.found],
            "auto": asdict(self.choice),
        }
        return json.dumps(whole, ensure_ascii=False, indent=1)


def engines_run(
    model: Path | None = None,
    threads: int = 0,
    anew: bool = False,
    watch: Watcher = lambda share, words: None,
) -> EnginesReport:
    """Look what may run a model here; times that are not known, or all ``anew``, are measured.

    Raises:
        BundleError: the model cannot be read.
        EngineError: nothing here runs it.
    """
    bundle = read_bundle(model or default_bundle())
    folder = cache_folder()
    found: list[Found] = []
    for number, precision in enumerate(bundle.offered):
        watch(number / len(bundle.offered), precision)
        found += _find(bundle, precision, threads, folder, anew)
    choice = choose(bundle, threads=threads, folder=folder)
    facts = {
        "processor": processor_name(),
        "cores": num_cores(),
        "threads": threads or num_cores(),
        "model": {"name": bundle.name, "hash": bundle_hash(bundle)},
        "meant": bundle.precision,
        "quality": {name: dict(numbers) for name, numbers in bundle.quality.items()},
        "kept": None if folder is None else str(folder),
    }
    return EnginesReport(tuple(found), choice, facts)


def _find(
    bundle: Bundle, precision: str, threads: int, folder: Path | None, anew: bool
) -> list[Found]:
    lacks = {name: _lack(bundle, name, precision) for name in ENGINES}
    able = [name for name in ENGINES if not lacks[name]]
    speed = speed_of(bundle, able, precision, threads, folder, anew)
    return [
        Found(
            _with_version(name),
            precision,
            speed.milliseconds.get(name),
            speed.cached and not lacks[name],
            lacks[name] or speed.failures.get(name, ""),
        )
        for name in ENGINES
    ]


def _lack(bundle: Bundle, engine: str, precision: str) -> str:
    if not find_spec(engine):
        return "not installed"
    if precision not in bundle.precisions.get(engine, ()):
        return "not offered by the model"
    return what_lacks(engine, precision)


def _with_version(engine: str) -> str:
    return f"{engine} {version(engine).split('-')[0]}" if find_spec(engine) else engine


HEADINGS = ("precision", "engine", "ms", "known")


def table(report: EnginesReport) -> list[tuple[str, ...]]:
    """Give the rows of the table."""
    return [
        (
            one.precision,
            one.engine,
            "-" if one.milliseconds is None else f"{one.milliseconds:.1f}",
            one.why_not or ("from before" if one.cached else "just measured"),
        )
        for one in report.found
    ]


def describe(report: EnginesReport) -> list[str]:
    """Give the lines before the table and after it."""
    facts, choice = report.facts, report.choice
    head = f"{facts['processor']}, {facts['cores']} cores, {facts['threads']} threads; "
    head += f"model {facts['model']['name']}, meant for {facts['meant']}"
    taken = f"Taken: {choice.engine} in {choice.precision}, {choice.why}"
    return [head, taken, *([choice.note] if choice.note else [])]

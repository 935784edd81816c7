"""Which engine runs a model here, and in which precision.

The precision is the bundle's, the engine the machine's: the fastest of those that compute in it. In
float32 all machines give the same answers, in the others nearly (`blemish.training.parity`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

from blemish.errors import EngineError
from blemish.runtime.bundle import Bundle
from blemish.runtime.bundle_checks import PRECISIONS
from blemish.runtime.engines import ENGINES, Engine, check_installed, open_engine, what_lacks
from blemish.runtime.probe import cache_folder, speed_of

AUTO = "auto"
CLEARLY = 0.95  # of the first engine's time: what takes less than this is taken instead of it


@dataclass(frozen=True)
class Choice:
    """An engine and a precision, and why.

    Attributes:
        why: in words, for a reader.
        note: why it is not the precision that was asked for or meant; empty if it is.
        milliseconds: what each engine took for one window; empty where none was timed.
        cached: whether that was measured earlier.
    """

    engine: str
    precision: str
    why: str
    note: str = ""
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    cached: bool = False


def open_chosen(
    bundle: Bundle, engine: str = AUTO, precision: str = AUTO, threads: int = 0
) -> Engine:
    """Open a bundle's graph as `choose` says, its times kept in the user's cache folder."""
    choice = choose(bundle, engine, precision, threads, cache_folder())
    opened = open_engine(bundle, choice.engine, choice.precision, threads)
    return replace(opened, note=choice.note)


def choose(
    bundle: Bundle,
    engine: str = AUTO,
    precision: str = AUTO,
    threads: int = 0,
    folder: Path | None = None,
) -> Choice:
    """Choose what is left to `auto`; times are kept in ``folder``, None to keep none.

    A precision that the processor or the named engine lacks gives way to float32.

    Raises:
        EngineError: the engine is not there, or the bundle does not offer the precision.
    """
    check_wishes(engine, precision, threads)
    asked = bundle.precision if precision == AUTO else precision
    engines = [engine] if engine != AUTO else [name for name in ENGINES if find_spec(name)]
    _check_offered(bundle, engine, precision)
    able, lacks = _able(bundle, engines, asked)
    note, chosen = "", asked
    if not able:
        note, chosen = f"{'; '.join(lacks)}: float32 instead of {asked}", "float32"
        able, lacks = _able(bundle, engines, chosen)
    if not able:
        raise EngineError(f"{bundle.path}: no engine is here that may run it; export it again")
    if len(able) == 1:
        why = "as asked" if engine != AUTO else f"the only engine here for {chosen}"
        return Choice(able[0], chosen, why, note)
    speed = speed_of(bundle, able, chosen, threads, folder)
    if not speed.milliseconds:
        raise EngineError("; ".join(speed.failures.values()))
    best = fastest(speed.milliseconds)
    times = ", ".join(f"{name} {ms:.1f} ms" for name, ms in speed.milliseconds.items())
    why = f"the fastest {'when it was measured' if speed.cached else 'just now'} ({times})"
    return Choice(best, chosen, why, note, speed.milliseconds, speed.cached)


def check_wishes(engine: str, precision: str, threads: int) -> None:
    """Refuse what cannot be asked for.

    Raises:
        EngineError: it is so.
    """
    if engine != AUTO:
        check_installed(engine)
    if precision not in (AUTO, *PRECISIONS):
        raise EngineError(f"precision {precision!r} is not one of auto, {', '.join(PRECISIONS)}")
    if threads < 0:
        raise EngineError(f"threads must be 0 (all cores) or more, not {threads}")


def fastest(milliseconds: Mapping[str, float]) -> str:
    """Give the fastest engine; nearly as fast, and the first of `ENGINES` stays."""
    named = [name for name in ENGINES if name in milliseconds]
    best = min(named, key=lambda name: milliseconds[name])
    first = named[0]
    return best if milliseconds[best] < CLEARLY * milliseconds[first] else first


def _check_offered(bundle: Bundle, engine: str, precision: str) -> None:
    """Refuse a precision that was asked for and that the bundle does not offer."""
    allowed = bundle.offered if engine == AUTO else bundle.precisions.get(engine, ())
    if precision != AUTO and precision not in allowed:
        raise EngineError(
            f"{bundle.path}: this model may run in {' or '.join(allowed) or 'no precision'}"
            f"{'' if engine == AUTO else f' with {engine}'}, not in {precision}; "
            "use --engine auto --precision auto"
        )


def _able(bundle: Bundle, engines: Sequence[str], precision: str) -> tuple[list[str], list[str]]:
    """Give the engines that may and can run it so, and why the others do not."""
    able, lacks = [], []
    for name in engines:
        if precision not in bundle.precisions.get(name, ()):
            lacks.append(f"{name} may not run this model in {precision}")
        elif lack := what_lacks(name, precision):
            lacks.append(lack)
        else:
            able.append(name)
    return able, lacks

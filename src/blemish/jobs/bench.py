"""How fast this machine finds: each engine, precision and number of threads, one after the other.

A process a way of finding, because memory that one engine took is not given back, and threads of
another go on spinning for a while.
"""

import json
import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from blemish.data.images import find_pictures, open_picture
from blemish.errors import BlemishError, EngineError, UsageError
from blemish.jobs.demo import demo_pictures
from blemish.runtime.bundle import bundle_hash, default_bundle, read_bundle
from blemish.runtime.engines import ENGINES
from blemish.runtime.finder import open_finder
from blemish.runtime.processor import num_cores, processor_name

WARMED = 2  # rounds that are not counted: kernels are made in the first
Watcher = Callable[[float, str], None]


@dataclass(frozen=True)
class BenchSettings:
    """What is timed.

    Attributes:
        pictures: files, folders and globs; none for the demo's wafers.
        model: folder of a bundle; None for the one in the box.
        threads: numbers of threads to try; none for one and all cores.
        runs: rounds through the pictures, or through the first `most` of them.
        most: pictures of a round.
    """

    pictures: tuple[Path, ...] = ()
    model: Path | None = None
    threads: tuple[int, ...] = ()
    runs: int = 5
    most: int = 20


@dataclass(frozen=True)
class Way:
    """A way of finding: which engine, in which precision, with how many threads."""

    engine: str
    precision: str
    threads: int

    def __str__(self) -> str:
        """Give it in words."""
        return f"{self.engine} {self.precision}, {self.threads} threads"


@dataclass(frozen=True)
class Spread:
    """Milliseconds: the median and the quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Give those of at least one value."""
        if len(values) == 1:
            return cls(*(round(values[0], 3),) * 3)
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(round(median, 3), round(low, 3), round(high, 3))


@dataclass(frozen=True)
class Timing:
    """What a way of finding took.

    Attributes:
        way: how it was done.
        decode: ms from file to pixels, a picture.
        find: ms from pixels to finds, a picture.
        per_megapixel: median ms of `find` a megapixel of the picture.
        opened: ms until the model was ready.
        memory: most MB of memory that the process held; None where the system does not tell.
    """

    way: Way
    decode: Spread
    find: Spread
    per_megapixel: float
    opened: float
    memory: float | None

    @property
    def total(self) -> float:
        """Median ms from file to finds, one after the other."""
        return self.decode.median + self.find.median


@dataclass(frozen=True)
class BenchReport:
    """All timings, the fastest first, and what was timed on what."""

    timings: tuple[Timing, ...]
    failures: tuple[str, ...]
    facts: dict[str, Any]

    def as_json(self) -> str:
        """Give all of it as JSON."""
        rows = [asdict(one) | {"total": round(one.total, 3)} for one in self.timings]
        whole = self.facts | {"timings": rows, "failures": self.failures}
        return json.dumps(whole, ensure_ascii=False, indent=1)


def bench_run(settings: BenchSettings, watch: Watcher = lambda share, words: None) -> BenchReport:
    """Time every way that the model may be run in on this machine.

    A way that fails is told in `failures`, and the others go on.

    Raises:
        UsageError: there is no picture that can be read.
        BundleError: the model cannot be read.
    """
    if settings.runs < 1 or settings.most < 1 or min(settings.threads, default=1) < 1:
        raise UsageError("give at least one run, one picture and one thread")
    bundle = read_bundle(settings.model or default_bundle())
    listed = find_pictures(list(settings.pictures) or [demo_pictures()])[: settings.most]
    paths = [one.path for one in listed if _can_be_read(one.path)]
    if not paths:
        raise UsageError("none of the pictures can be read")
    cores = num_cores()
    ways = [
        Way(engine, precision, threads)
        for engine in ENGINES
        for precision in bundle.precisions.get(engine, ())
        for threads in settings.threads or sorted({1, cores})
    ]
    timings: list[Timing] = []
    failures: list[str] = []
    for number, way in enumerate(ways):
        watch(number / len(ways), str(way))
        outcome = in_a_process(settings.model, way, paths, settings.runs)
        (failures if isinstance(outcome, str) else timings).append(outcome)  # type: ignore[arg-type]
    facts = {
        "processor": processor_name(),
        "cores": cores,
        "model": {"name": bundle.name, "hash": bundle_hash(bundle)},
        "pictures": len(paths),
        "runs": settings.runs,
    }
    timings.sort(key=lambda timing: timing.find.median)
    return BenchReport(tuple(timings), tuple(failures), facts)


def _can_be_read(path: Path) -> bool:
    try:
        open_picture(path)
    except BlemishError:
        return False
    return True


def in_a_process(model: Path | None, way: Way, paths: Sequence[Path], runs: int) -> Timing | str:
    """Time a way of finding in a process of its own; gives why not where that fails."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        try:
            return process.submit(measure, model, way, list(paths), runs).result()
        except Exception as error:  # whatever one way does, the others go on
            return f"{way}: {' '.join(str(error).split())[:200] or type(error).__name__}"


def measure(model: Path | None, way: Way, paths: Sequence[Path], runs: int) -> Timing:
    """Time a way of finding in this process."""
    begun = time.perf_counter()
    choice = {"engine": way.engine, "precision": way.precision, "threads": way.threads}
    finder = open_finder(model, **choice)  # type: ignore[arg-type]
    opened = _since(begun)
    if finder.engine.note:
        raise EngineError(finder.engine.note)
    decodes: list[float] = []
    finds: list[float] = []
    shares: list[float] = []
    for turn in range(WARMED + runs):
        for path in paths:
            begun = time.perf_counter()
            pixels = open_picture(path)
            decode = _since(begun)
            begun = time.perf_counter()
            finder.look(pixels)
            find = _since(begun)
            if turn >= WARMED:
                decodes.append(decode)
                finds.append(find)
                shares.append(find / (pixels.shape[0] * pixels.shape[1] / 1e6))
    per_megapixel = round(statistics.median(shares), 3)
    return Timing(
        way, Spread.of(decodes), Spread.of(finds), per_megapixel, round(opened, 1), most_memory()
    )


def _since(begun: float) -> float:
    return (time.perf_counter() - begun) * 1000


def most_memory() -> float | None:
    """Give the most MB of memory that this process has held so far; None where it is not told."""
    try:  # Linux's getrusage counts what the process that started this one held, too
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1000, 1)
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # Windows
        return None
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1)  # macOS: bytes


HEADINGS = ("way", "find", "quartiles", "a MP", "decode", "total", "opened", "MB")


def table(report: BenchReport) -> list[tuple[str, ...]]:
    """Give the rows of the table: milliseconds, and MB of memory."""
    return [
        (
            f"{one.way.engine} {one.way.precision} x {one.way.threads}",
            f"{one.find.median:.1f}",
            f"{one.find.low:.1f}-{one.find.high:.1f}",
            f"{one.per_megapixel:.1f}",
            f"{one.decode.median:.1f}",
            f"{one.total:.1f}",
            f"{one.opened:.0f}",
            "" if one.memory is None else f"{one.memory:.0f}",
        )
        for one in report.timings
    ]

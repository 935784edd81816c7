"""Many machines: shards are dealt out to workers of Ray, each with a model, and brought home.

Ray is imported only here. A worker that ends, for whatever reason, is started again, and its shard
is done again; a shard that ends workers twice is done picture by picture, so that only the picture
at fault fails.
"""

import os
import socket
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from blemish.errors import BlemishError, EngineError, UsageError
from blemish.jobs.find import FindSettings, open_finder_of, recipe_of
from blemish.jobs.shards import Shard, failed_shard, look_at_shard
from blemish.report.tables import ImageRow
from blemish.runtime.bundle import bundle_hash
from blemish.runtime.finder import Finder
from blemish.wafer.recipe import Recipe

TRIES = 2
LOCAL = "local"
REACH_SECONDS = 10
"""For a cluster's machine to answer; Ray itself waits for more than five minutes."""


class How(NamedTuple):
    """How a worker looks at pictures; engines answer alike in float32, models do not."""

    bundle: str
    engine: str
    precision: str
    floats: str
    fallback: str

    def answers_as(self, other: "How") -> bool:
        """Say whether the other's answers are the same."""
        mine, theirs = ((one.bundle, one.precision, one.floats) for one in (self, other))
        return mine == theirs and (self.precision != "int8" or self.engine == other.engine)


class Looked(NamedTuple):
    """A shard, the rows of its pictures in order, and how they were looked at."""

    shard: Shard
    rows: list[ImageRow]
    how: How | None


def how_of(finder: Finder) -> How:
    """Give what decides a finder's answers, beside its settings."""
    engine = finder.engine
    return How(
        bundle_hash(finder.bundle), engine.name, engine.precision, engine.floats, engine.note
    )


class Worker:
    """One process with one model; the recipe comes along, as its file lies elsewhere."""

    def __init__(self, settings: FindSettings, recipe: Recipe | None = None) -> None:
        self.settings = settings
        self.recipe = recipe
        self.finder = open_finder_of(settings)

    def how(self) -> How:
        """Say how this worker looks at pictures."""
        return how_of(self.finder)

    def look(self, shard: Shard) -> list[ImageRow]:
        """Look at a shard."""
        return look_at_shard(self.finder, shard, self.settings.value_range, self.recipe)


def deal_in_turn(settings: FindSettings, shards: Iterable[Shard]) -> Iterator[Looked]:
    """Look at shards one after the other in this process."""
    worker = Worker(settings, recipe_of(settings))
    for shard in shards:
        yield Looked(shard, worker.look(shard), worker.how())


def deal_on_ray(
    settings: FindSettings, shards: Iterable[Shard], address: str, num_workers: int = 0
) -> Iterator[Looked]:
    """Look at shards on a Ray cluster, or on one that is started here for `local`.

    They come in the order in which they are done. Each worker takes ``settings.threads`` cores,
    one if that is 0; ``num_workers`` of 0 are as many as the cluster has cores for.

    Raises:
        UsageError: Ray is not installed, or no cluster is there.
        EngineError: the workers cannot open the model.
    """
    threads = settings.threads or 1
    with _cluster(address, num_workers * threads) as ray:
        cores = int(ray.cluster_resources().get("CPU", 0))
        number = num_workers or max(cores // threads, 1)
        kind = ray.remote(num_cpus=threads, max_restarts=-1)(Worker)
        settings = replace(settings, threads=threads)
        recipe = recipe_of(settings)
        workers = [kind.remote(settings, recipe) for _ in range(number)]
        yield from _Dealer(ray, workers).deal(shards)


@contextmanager
def _cluster(address: str, num_cores: int) -> Iterator[Any]:
    _reach(address)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address == LOCAL:  # else Ray, which does so from 2.60 on, says it each time
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise UsageError("--ray needs Ray; install it by: pip install 'blemish[ray]'") from error
    # What the workers print would tear the progress bar; their errors come with the rows.
    wishes: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    if address == LOCAL:
        wishes |= {"include_dashboard": False, "num_cpus": num_cores or None}
    try:
        ray.init(address=address, **wishes)
    except Exception as error:  # Ray raises a dozen types, OSError among them
        words = " ".join(str(error).split())[:200]
        raise UsageError(f"--ray {address}: no Ray cluster there ({words})") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Refuse a machine and port where nothing answers; `auto` and `local` are Ray's to find."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise UsageError(f"--ray {address}: no Ray cluster there ({error})") from error


@dataclass(frozen=True)
class _Task:
    """A shard, or one picture of it, and how often a worker has ended over it."""

    shard: Shard
    place: int | None = None
    ended: int = 0

    @property
    def asked(self) -> Shard:
        if self.place is None:
            return self.shard
        return replace(self.shard, entries=(self.shard.entries[self.place],))


class _Dealer:
    """Shards on their way to workers and back."""

    def __init__(self, ray: Any, workers: list[Any]) -> None:
        self._ray = ray
        self._waiting: dict[Any, tuple[Any, _Task | None]] = {}
        self._again: deque[_Task] = deque()
        self._single: dict[int, dict[int, ImageRow]] = {}
        self._how: How | None = None
        for worker in workers:
            self._greet(worker)

    def deal(self, shards: Iterable[Shard]) -> Iterator[Looked]:
        """Yield shards as they are done."""
        coming, idle = iter(shards), list[Any]()
        following = self._next(coming)
        # Not until all workers answer: one whose machine is gone never will.
        while following is not None or any(task for _, task in self._waiting.values()):
            (ready,), _ = self._ray.wait(list(self._waiting), num_returns=1)
            worker, task = self._waiting.pop(ready)
            try:
                answer = self._ray.get(ready)
            except self._ray.exceptions.RayError as error:
                if task is None:
                    raise EngineError(f"a worker cannot begin ({_reason(error)})") from error
                self._greet(worker)  # it may have ended: it says when it is back
                yield from self._take_back(task, _reason(error))
            else:
                idle.append(worker)
                if task is None:
                    self._check(answer)
                else:
                    yield from self._gather(task, answer)
            following = following or self._next(coming)
            while idle and following is not None:
                worker = idle.pop()
                self._waiting[worker.look.remote(following.asked)] = (worker, following)
                following = self._next(coming)

    def _next(self, coming: Iterator[Shard]) -> _Task | None:
        if self._again:
            return self._again.popleft()
        shard = next(coming, None)
        return None if shard is None else _Task(shard)

    def _greet(self, worker: Any) -> None:
        answer = worker.how.options(max_task_retries=-1).remote()
        self._waiting[answer] = (worker, None)

    def _check(self, how: How) -> None:
        """Hear how a worker looks at pictures: all must answer alike."""
        if self._how and not how.answers_as(self._how):
            words = "; ".join(" ".join(one[:4]) for one in (self._how, how))
            raise EngineError(
                f"workers would answer differently ({words}); give --precision float32, and the "
                "same model to all"
            )
        self._how = how

    def _take_back(self, task: _Task, reason: str) -> Iterator[Looked]:
        """Note that a task is to be done again; give its rows if that was tried enough."""
        again = replace(task, ended=task.ended + 1)
        number, entries = task.shard.number, task.shard.entries
        if again.ended < TRIES:
            self._again.append(again)
        elif task.place is None and len(entries) > 1:
            self._single[number] = {}
            self._again.extend(_Task(task.shard, place) for place in range(len(entries)))
        else:
            why = f"its worker ended {TRIES} times ({reason}); look at it by itself"
            yield from self._gather(task, failed_shard(task.asked, why))

    def _gather(self, task: _Task, rows: list[ImageRow]) -> Iterator[Looked]:
        """Give a shard that is whole with these rows."""
        if task.place is not None:
            singles = self._single[task.shard.number]
            singles[task.place] = rows[0]
            if len(singles) < len(task.shard.entries):
                return
            rows = [row for _, row in sorted(self._single.pop(task.shard.number).items())]
        yield Looked(task.shard, rows, self._how)


def _reason(error: Exception) -> str:
    """Give one line on why a worker failed; blemish's own words if there are any."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, BlemishError):
        return str(cause)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("blemish.errors.")]
    return " ".join((told or lines[:1] or [type(error).__name__])[-1].split())[:300]

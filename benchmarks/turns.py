"""Time several things side by side, taking turns, so that a machine that drifts drifts for all."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from blemish.jobs.bench import Spread

Name = TypeVar("Name")
Road = Callable[[], Any]
COUNTED, LONG = 3, 1000.0  # runs of a turn that count, unless they take so many ms together


def take_turns(roads: Mapping[Name, Road], turns: int, rest: float = 0.3) -> dict[Name, Spread]:
    """Give the median ms and quartiles of each road.

    Before its turn each rests, because threads of the one before go on spinning for a while, and
    runs once uncounted, because the rest has emptied its caches.
    """
    times: dict[Name, list[float]] = {name: [] for name in roads}
    for _ in range(turns):
        for name, road in roads.items():
            time.sleep(rest)
            road()
            counted: list[float] = []
            while len(counted) < COUNTED and sum(counted) < LONG:
                begun = time.perf_counter()
                road()
                counted.append(1000 * (time.perf_counter() - begun))
            times[name] += counted
    return {name: Spread.of(row) for name, row in times.items()}

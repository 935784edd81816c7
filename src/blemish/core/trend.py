"""Whether numbers rise or fall along their order: Mann and Kendall's test, Theil and Sen's slope.

Mann (Econometrica 13, 1945), Kendall (Rank Correlation Methods, 1975: variance with ties), Sen
(J. Am. Stat. Assoc. 63, 1968). Only the order counts, so one wafer with very many finds makes no
trend. Numbers are taken for independent of each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

FEWEST = 4
"""Of three numbers no order is rarer than one in three."""
MOST_EXACT = 8
"""Up to so many numbers all their orders are gone through; of more the normal law is near."""
MOST_PAIRED = 2000
"""Of more numbers the slope is that of so many, evenly taken."""


@dataclass(frozen=True)
class Trend:
    """What the test came to.

    Attributes:
        tau: rising pairs less falling ones, as a share of all, -1 to 1.
        slope: median of the slopes of all pairs, for one step of the order.
        p_value: two-sided: the chance of a tau as far from 0 in any order.
    """

    tau: float
    slope: float
    p_value: float


def find_trend(values: Sequence[float]) -> Trend | None:
    """Test numbers in their order; None of fewer than `FEWEST`."""
    numbers = np.asarray(values, np.float64)
    count = len(numbers)
    if count < FEWEST:
        return None
    rising = _rising(numbers)
    if count <= MOST_EXACT:
        orders = numbers[_orders(count)]
        first, second = np.triu_indices(count, 1)
        sums = np.sign(orders[:, second] - orders[:, first]).sum(axis=1)
        p_value = float((np.abs(sums) >= abs(rising)).mean())
    else:
        p_value = _normal_chance(rising, numbers)
    return Trend(rising / (count * (count - 1) / 2), _slope(numbers), p_value)


@lru_cache(maxsize=MOST_EXACT)
def _orders(count: int) -> NDArray[np.int8]:
    """Give all orders (count!, count) of so many."""
    return np.array(list(permutations(range(count))), np.int8)


def _rising(numbers: Doubles) -> int:
    """Give how many more pairs rise than fall."""
    rest = range(len(numbers) - 1)
    return int(sum(np.sign(numbers[at + 1 :] - numbers[at]).sum() for at in rest))


def _normal_chance(rising: int, numbers: Doubles) -> float:
    count = len(numbers)
    _, ties = np.unique(numbers, return_counts=True)
    variance = count * (count - 1) * (2 * count + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()
    if variance <= 0:
        return 1.0
    away = max(abs(rising) - 1, 0) / math.sqrt(float(variance) / 18)
    return math.erfc(away / math.sqrt(2))


def _slope(numbers: Doubles) -> float:
    taken = np.unique(np.linspace(0, len(numbers) - 1, MOST_PAIRED).round().astype(np.int64))
    first, second = np.triu_indices(len(taken), 1)
    rise = numbers[taken[second]] - numbers[taken[first]]
    return float(np.median(rise / (taken[second] - taken[first])))

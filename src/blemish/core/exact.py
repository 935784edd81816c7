"""Exact bounds on a share and on a rate, from counts alone.

Clopper & Pearson (Biometrika 26, 1934) for shares and Garwood (Biometrika 28, 1936) for counts of
rare events. Both take the trials for independent: marks of one picture or one lot often are not,
and then the truth lies outside more often than is said.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Terms = NDArray[np.float64]

LEVEL = 0.95
_STEPS = 60  # halvings: to the last bit of a share


def share_interval(part: int, whole: int, level: float = LEVEL) -> tuple[float, float]:
    """Give the two-sided interval of a share of which ``part`` of ``whole`` were seen; nan of none.

    Raises:
        ValueError: there are more than all.
    """
    if not 0 <= part <= whole:
        raise ValueError(f"{part} of {whole} is no share")
    if not whole:
        return math.nan, math.nan
    one_side = (1 + level) / 2
    return 1 - share_bound(whole - part, whole, one_side), share_bound(part, whole, one_side)


def share_bound(part: int, whole: int, level: float = LEVEL) -> float:
    """Give the share that the truth does not exceed, as sure as ``level``; 1 of none.

    The share at which so few or fewer would be seen with a chance of 1 - level. None seen of n
    gives 1 - (1 - level) ** (1 / n), about 3 / n at 95 %: the rule of three (Hanley &
    Lippman-Hand, JAMA 249, 1983).
    """
    if part >= whole:
        return 1.0
    ways = _ways(part, whole)
    return _where(lambda share: _at_most(ways, whole, share) - (1 - level), 0.0, 1.0)


def rate_bound(count: int, whole: int, level: float = LEVEL) -> float:
    """Give the mean number a trial that the truth does not exceed, as sure as ``level``.

    Seen were ``count`` events in ``whole`` trials that may have several; infinite for no trials.
    """
    if not whole:
        return math.inf
    terms = np.append(0.0, np.cumsum(np.log(np.arange(1, count + 1))))
    events = np.arange(count + 1)

    def chance(mean: float) -> float:
        return float(np.exp(events * math.log(mean) - mean - terms).sum())

    most = count + 10 * math.sqrt(count + 1) - math.log(1 - level) + 10
    return _where(lambda mean: chance(mean) - (1 - level), 1e-12, most) / whole


def count_interval(count: int, level: float = LEVEL) -> tuple[float, float]:
    """Give the two-sided interval of the mean of a count of independent events."""
    one_side = (1 + level) / 2
    # So many or more are seen as rarely as not even one fewer is missed.
    low = rate_bound(count - 1, 1, 1 - one_side) if count else 0.0
    return low, rate_bound(count, 1, one_side)


def most_under(bound: Callable[[int], float], limit: float, most: int) -> int | None:
    """Give the largest count up to ``most`` whose rising bound stays within the limit.

    None if not even that of 0 does.
    """
    if bound(0) > limit:
        return None
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if bound(middle) <= limit else (low, middle)
    return low


def fewest_for(limit: float, level: float = LEVEL) -> int:
    """Give how many trials without an event support a share of at most ``limit``."""
    return math.ceil(math.log(1 - level) / math.log1p(-limit) - 1e-9)


def _ways(part: int, whole: int) -> Terms:
    """Give the logarithm of the number of ways to choose 0, 1, ... ``part`` of all."""
    chosen = np.arange(1, part + 1)
    return np.append(0.0, np.cumsum(np.log((whole - chosen + 1) / chosen)))


def _at_most(ways: Terms, whole: int, share: float) -> float:
    """Give the chance of at most as many as ``ways`` goes up to."""
    if not 0 < share < 1:
        return 1.0 - share
    parts = np.arange(len(ways))
    logs = ways + parts * math.log(share) + (whole - parts) * math.log1p(-share)
    return float(np.exp(logs).sum())


def _where(falling: Callable[[float], float], low: float, high: float) -> float:
    """Give where a falling function passes 0, by halving."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2

"""Places where points of more groups meet than chance allows; a group counts once at each place.

The null hypothesis: groups are independent, and a point of any group lies in a small disc with a
chance that follows a smooth density. How many points each group has is taken as it is, and how
much they crowd: points upon each other are near to a place no more often than one.

Every point is the centre of a scan. That the m-th nearest of the other groups comes within a
distance d has the chance that m or more groups have a point in the disc of radius d: at most the
tail of a binomial with the mean of their chances (Hoeffding, Ann. Math. Stat. 27, 1956). So each
centre and m has a p-value of its own, whatever d is, and no radius has to be chosen.

The chances are shared out over centres and m before anything is seen (weighted Bonferroni: Holm,
Scand. J. Stat. 6, 1979; Genovese, Roeder & Wasserman, Biometrika 93, 2006). What comes out is the
expected number of places that chance alone would make as striking, the number of false alarms of
Desolneux, Moisan & Morel (Int. J. Computer Vision 40, 2000): its limit is the mean number of
false places in a set of groups without any true one.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from blemish.core.crowds import crowd_weights, discs_apart

Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]

Density = Callable[[NDArray[np.bool_]], Doubles]
"""From which points (N,) are left out to the density at all (N,), 1 where it is even."""

FIRST_SHARE = 0.9
"""Of the chance, for the fewest groups that count; the rest is for one more, two more and so on,
falling with the square, so that no number of groups is left without."""
SHARED = {1: 0.5, 2: 1 - 2 / 3 * (1 - 3 * math.sqrt(3) / (4 * math.pi))}
"""Places for each centre. Two points that meet are both centres of one place. Of three that meet
around one, the other two meet with a chance of 1 - 3√3/4π in a disc, and then all are centres."""
STEPS = (0.125, 0.25, 0.5, 0.75)
"""Radii, as shares of the reach, at which it is measured how much points crowd."""
HOPELESS = 1000.0
"""Times the rate, from which on no other density will make a centre striking."""
WIDEST = 0.25
"""Standard deviation, as a share of the reach, of the scatter that a place has at first."""
ROUNDS = 10
FINEST = 0.01
"""Share of the reach below which points are not known to be nearer: no place is exact."""


@dataclass(frozen=True, eq=False)
class Scan:
    """What is scanned.

    Attributes:
        points: (N, 2).
        groups: (N,) of each point, from 0.
        area: over which the points are spread.
        reach: the farthest that points of one place lie from its centre.
        least: the fewest groups that make a place, 2 or more.
    """

    points: Doubles
    groups: Whole
    area: float
    reach: float
    least: int = 3


@dataclass(frozen=True, eq=False)
class Meeting:
    """A place where groups meet.

    Attributes:
        place: (2,) mean over the groups of the mean of their points.
        points: indices of the points that belong to it, rising.
        groups: that have a point there, rising.
        spread: root mean square distance of the groups' means from the place.
        p_value: of the centre: the chance that so many others come so near to it.
        by_chance: groups that chance would bring there, the centre's own included.
        false_places: expected number of places as striking as this among all, by chance alone.
    """

    place: Doubles
    points: Whole
    groups: Whole
    spread: float
    p_value: float
    by_chance: float
    false_places: float


def find_meetings(scan: Scan, density: Density, rate: float) -> list[Meeting]:
    """Give the places, the most striking first, of which chance makes ``rate`` at most in the mean.

    A place that is found is left out of the density by which the next is judged, else a strong
    one would make the density of all others rough (Zhang, Assunção & Kulldorff, J. Probability
    and Statistics, 2010). A point belongs to one place. No points give none.
    """
    near = _neighbours(scan)
    judge = _Judge(scan)
    taken = np.zeros(len(scan.points), np.bool_)
    centres = [centre for centre in range(len(scan.points)) if len(near[centre])]
    found: list[Meeting] = []
    while centres:
        densities = density(taken)
        verdicts = {
            centre: judge.of(centre, near[centre][~taken[near[centre]]], densities[centre])
            for centre in centres
            if not taken[centre]
        }
        centres = [at for at, one in verdicts.items() if one.false_places <= rate * HOPELESS]
        best = min(centres, key=lambda at: verdicts[at].false_places, default=None)
        if best is None or verdicts[best].false_places > rate:
            break
        meeting = _gathered(scan, best, verdicts[best], taken, densities[best])
        taken[meeting.points] = True
        found.append(meeting)
    return sorted(found, key=lambda one: one.false_places)


def binomial_tail(trials: int, chance: float, least: int) -> float:
    """Give the chance of ``least`` or more successes in independent trials of one chance."""
    if least <= 0 or chance >= 1:
        return 1.0 if least <= trials else 0.0
    if least > trials or chance <= 0:
        return 0.0
    wins = np.arange(least, trials + 1)
    logs = _log_ways(trials)[least:] + wins * math.log(chance)
    logs += (trials - wins) * math.log1p(-chance)
    return min(float(np.exp(logs).sum()), 1.0)


@lru_cache(maxsize=8)
def _log_ways(trials: int) -> Doubles:
    """Give the logarithm of the number of ways to choose 0, 1, ... of all."""
    sums = np.append(0.0, np.cumsum(np.log(np.arange(1, trials + 1))))
    return np.asarray(sums[-1] - sums - sums[::-1], np.float64)


@dataclass(frozen=True)
class _Verdict:
    """How striking a centre is: at which distance, with which chance, expected groups, places."""

    distance: float
    p_value: float
    by_chance: float
    false_places: float


def _share_of(more: int) -> float:
    """Give the share of the chance for so many groups more than the fewest; all sum to 1."""
    return (1 - FIRST_SHARE) * 6 / (math.pi * more) ** 2 if more else FIRST_SHARE


_NOTHING = _Verdict(0.0, 1.0, 0.0, math.inf)


class _Judge:
    """Tells how striking a centre is."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._weights = crowd_weights(scan.points, scan.groups, scan.reach)
        self._total = float(self._weights.sum())
        members = [scan.points[scan.groups == one] for one in np.unique(scan.groups)]
        self._group = np.unique(scan.groups, return_inverse=True)[1]
        # Points overlap the more the wider the discs, so a step below errs on the safe side.
        self._steps = scan.reach * np.array(STEPS)
        self._sizes = np.array(
            [[len(one), *(discs_apart(one, step) for step in self._steps)] for one in members]
        ).reshape(len(members), len(STEPS) + 1)
        self._others = len(members) - 1

    def of(self, centre: int, near: Whole, density: float) -> _Verdict:
        """Judge a centre by the points near to it, of other groups and its own."""
        scan = self._scan
        away = np.hypot(*(scan.points[near] - scan.points[centre]).T)
        order = np.argsort(away, kind="stable")
        groups, first = np.unique(scan.groups[near][order], return_index=True)
        distances = np.sort(away[order][first[groups != scan.groups[centre]]])
        best = _NOTHING
        for number in range(scan.least - 1, len(distances) + 1):
            verdict = self._at(centre, number, float(distances[number - 1]), density)
            best = min(best, verdict, key=lambda one: one.false_places)
        return best

    def _at(self, centre: int, number: int, distance: float, density: float) -> _Verdict:
        """Judge that so many other groups come within a distance."""
        scan = self._scan
        radius = max(distance, scan.reach * FINEST)
        share = min(float(density) * math.pi * radius**2 / scan.area, 1.0)
        sizes = self._sizes[:, int((self._steps <= radius).sum())]
        chances = 1 - (1 - share) ** sizes
        hits = float(chances.sum() - chances[self._group[centre]])
        # Hoeffding's bound holds from one above the mean on.
        p_value = 1.0
        if number >= hits + 1:
            p_value = binomial_tail(self._others, hits / self._others, number)
        level = _share_of(number - scan.least + 1)
        centres = self._total / self._weights[centre] * SHARED.get(number, 1.0)
        return _Verdict(distance, p_value, hits + 1, p_value * centres / level)


def _neighbours(scan: Scan) -> Sequence[Whole]:
    """Give the other points within reach of each point; none where they are of too few groups."""
    order = np.argsort(scan.points[:, 0], kind="stable")
    points, groups = scan.points[order], scan.groups[order]
    low = np.searchsorted(points[:, 0], points[:, 0] - scan.reach, "left")
    high = np.searchsorted(points[:, 0], points[:, 0] + scan.reach, "right")
    near: list[Whole] = [np.zeros(0, np.int64)] * len(points)
    for at, (start, end) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        away = np.hypot(*(points[start:end] - points[at]).T)
        inside = start + np.flatnonzero(away <= scan.reach)
        inside = inside[inside != at]
        if len(np.unique(np.append(groups[inside], groups[at]))) >= scan.least:
            near[order[at]] = np.sort(order[inside])
    return near


def _gathered(
    scan: Scan, centre: int, verdict: _Verdict, taken: NDArray[np.bool_], density: float
) -> Meeting:
    """Gather the points of a place: where it is denser than chance.

    A place scatters normally, chance lies as densely as all points at the centre. Its middle and
    spread are fitted in turn with which points belong, from a wide spread on.
    """
    near = np.flatnonzero(_within(scan, scan.points[centre], scan.reach) & ~taken)
    among = len(scan.points) * float(density) / scan.area
    core = near[_within(scan, scan.points[centre], verdict.distance)[near]]
    middle, points, variance = scan.points[centre], core, (scan.reach * WIDEST) ** 2
    for _ in range(ROUNDS):
        away = ((scan.points[near] - middle) ** 2).sum(axis=1)
        many = len(np.unique(scan.groups[points]))
        dense = many / (2 * math.pi * variance) * np.exp(-away / (2 * variance))
        inside = near[dense > among]
        if len(np.unique(scan.groups[inside])) < scan.least:
            break
        points = inside
        middle, spread = _middle(scan, points)
        variance = max(spread**2 / 2, (scan.reach * FINEST) ** 2)
    place, spread = _middle(scan, points)
    return Meeting(
        place=place,
        points=points,
        groups=np.unique(scan.groups[points]),
        spread=spread,
        p_value=verdict.p_value,
        by_chance=verdict.by_chance,
        false_places=float(verdict.false_places),
    )


def _middle(scan: Scan, points: Whole) -> tuple[Doubles, float]:
    """Give the mean (2,) of the groups' means, and their root mean square distance from it."""
    _, place = np.unique(scan.groups[points], return_inverse=True)
    sums = np.zeros((place.max(initial=-1) + 1, 2))
    np.add.at(sums, place, scan.points[points])
    means = sums / np.bincount(place)[:, None]
    middle = means.mean(axis=0)
    return middle, float(np.sqrt(((means - middle) ** 2).sum(axis=1).mean()))


def _within(scan: Scan, middle: Doubles, distance: float) -> NDArray[np.bool_]:
    return np.asarray(np.hypot(*(scan.points - middle).T) <= distance, np.bool_)

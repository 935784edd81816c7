"""How often the 95 % interval of average precision holds the truth, over simulated detectors.

    python benchmarks/coverage.py --detectors 1000 --pictures 200

Each detector has its own share of marks found at all, scores of hits and false finds that overlap,
false finds in bunches, and pictures that are harder than others. Its true average precision, that
of endless pictures, is worked out from the distributions; those from 0.6 to 0.9 are taken. Then
pictures are drawn, and the interval is asked for as `blemish evaluate` does it.
"""

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from blemish.core.intervals import Ends, Resamples, acceleration, corrected_ends
from blemish.core.metrics import Judged
from blemish.core.resampling import (
    Values,
    Weights,
    each_alone,
    group_places,
    mean_precisions,
    points_reached,
    share_reached,
)

NORMAL = NormalDist()


@dataclass(frozen=True)
class Detector:
    """A detector and what it looks at; scores are on the scale of logits.

    Attributes:
        clean: share of pictures without a mark.
        marks: mean number of marks on the others, beside the first.
        found: share of marks with a find at all.
        height: mean score of hits over that of false finds.
        hardness: spread from picture to picture of the hits' scores; within a picture it is 1.
        false: mean number of false finds a picture.
        bunching: how far their number varies beyond chance; 0 for not at all.
    """

    clean: float
    marks: float
    found: float
    height: float
    hardness: float
    false: float
    bunching: float

    @property
    def truth(self) -> float:
        """The average precision of endless pictures."""
        cuts = np.linspace(self.height + 8, -8, 4001)
        spread = math.hypot(1, self.hardness)
        hits = np.array([NORMAL.cdf((self.height - cut) / spread) for cut in cuts])
        false = np.array([NORMAL.cdf(-cut) for cut in cuts])
        marks = (1 - self.clean) * (1 + self.marks)
        recall = self.found * hits
        precision = recall * marks / np.maximum(recall * marks + self.false * false, 1e-300)
        best_beyond = np.maximum.accumulate(precision[::-1])[::-1]
        return float((np.diff(recall) * (best_beyond[1:] + best_beyond[:-1]) / 2).sum())


def draw_detector(rng: np.random.Generator) -> Detector:
    """Draw detectors until one is as good as asked for."""
    while True:
        detector = Detector(
            clean=float(rng.uniform(0, 0.7)),
            marks=float(rng.uniform(0, 4)),
            found=float(rng.uniform(0.65, 1)),
            height=float(rng.uniform(0.5, 4)),
            hardness=float(rng.uniform(0, 1)),
            false=float(rng.choice([0.3, 1, 4])),
            bunching=float(rng.choice([0, 0.5, 2])),
        )
        if 0.6 <= detector.truth <= 0.9:
            return detector


def look(detector: Detector, number: int, rng: np.random.Generator) -> Judged:
    """Draw pictures and what the detector finds in them."""
    marks = np.where(
        rng.random(number) < detector.clean, 0, 1 + rng.poisson(detector.marks, number)
    )
    mean = np.full(number, detector.false)
    if detector.bunching:
        mean = rng.gamma(1 / detector.bunching, detector.bunching * detector.false, number)
    false = rng.poisson(mean)
    hard = rng.normal(0, detector.hardness, number)
    of_mark = np.repeat(np.arange(number), marks)
    of_hit = of_mark[rng.random(len(of_mark)) < detector.found]
    picture = np.concatenate([of_hit, np.repeat(np.arange(number), false)])
    hit = np.arange(len(picture)) < len(of_hit)
    scores = rng.normal(0, 1, len(picture))
    scores[: len(of_hit)] += detector.height + hard[of_hit]
    order = np.argsort(-scores, kind="stable")
    none = np.zeros(len(picture), np.int64)
    of_finds = (scores[order].astype(np.float32), none, hit[order], picture[order])
    return Judged(*of_finds, np.zeros(len(of_mark), np.int64), of_mark, number)


def ends_of(values: Values, estimate: float, left_out: Values) -> dict[str, Ends]:
    """Give the interval by each way of making it; `corrected` is the one in use."""
    low, high = np.quantile(values, [0.025, 0.975])
    error = float(values.std())
    odds = math.log(estimate / (1 - estimate)) if 0 < estimate < 1 else 0.0
    reach = 1.96 * error / max(estimate * (1 - estimate), 1e-9)
    share = (float((values < estimate).mean()) + float((values <= estimate).mean())) / 2
    shift = NORMAL.inv_cdf(min(max(share, 1e-4), 1 - 1e-4))
    moved = [NORMAL.cdf(2 * shift + z) for z in (-1.96, 1.96)]
    bent = [NORMAL.cdf(z / (1 - acceleration(left_out) * z)) for z in (-1.96, 1.96)]
    centre = 2 * estimate - float(values.mean())
    return {
        "percentile": (float(low), float(high)),
        "basic": (2 * estimate - float(high), 2 * estimate - float(low)),
        "normal": (centre - 1.96 * error, centre + 1.96 * error),
        "normal on the odds": tuple(1 / (1 + math.exp(-(odds + by))) for by in (-reach, reach)),  # type: ignore[dict-item]
        "bias corrected": tuple(map(float, np.quantile(values, moved))),  # type: ignore[dict-item]
        "accelerated": tuple(map(float, np.quantile(values, bent))),  # type: ignore[dict-item]
        "corrected": corrected_ends(values, estimate, left_out),
    }


def trials(asked: argparse.Namespace) -> Iterator[tuple[float, float, dict[str, Ends]]]:
    """Yield the truth, the estimate and the intervals for each detector."""
    reach = points_reached if asked.points else share_reached
    for index in range(asked.detectors):
        rng = np.random.default_rng((asked.seed, index))
        detector = draw_detector(rng)
        judged = look(detector, asked.pictures, rng)
        places = each_alone(asked.pictures)
        if asked.groups:
            places = group_places(
                [str(n * asked.groups // asked.pictures) for n in range(asked.pictures)]
            )
        resamples = Resamples.of(places, rng, asked.draws)

        def precision(weights: Weights, judged: Judged = judged) -> Values:
            return mean_precisions(judged, weights, reach)

        estimate = resamples.whole(precision)
        ends = ends_of(resamples.values(precision), estimate, resamples.left_out(precision))
        yield detector.truth, estimate, ends


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detectors", type=int, default=1000)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--groups", type=int, default=0, help="draw groups of pictures, so many")
    parser.add_argument("--points", action="store_true", help="COCO's average, not the area")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rows = list(trials(asked))
    truth, estimate = (np.array([row[at] for row in rows]) for at in (0, 1))
    numbers: dict[str, object] = {
        "detectors": len(rows),
        "pictures": asked.pictures,
        "mean truth": round(float(truth.mean()), 4),
        "mean error": round(float((estimate - truth).mean()), 4),
    }
    for name in rows[0][2]:
        low, high = (np.array([row[2][name][at] for row in rows]) for at in (0, 1))
        numbers[name] = {
            "holds": round(float(((low <= truth) & (truth <= high)).mean()), 4),
            "truth below": round(float((truth < low).mean()), 4),
            "truth above": round(float((truth > high).mean()), 4),
            "width": round(float((high - low).mean()), 4),
        }
    print(json.dumps(numbers, indent=1))


if __name__ == "__main__":
    main()

"""The tables of an evaluation that a page is made of: each mark and how it was judged, curves."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from blemish.core.boxes import box_centres
from blemish.core.curves import NUM_DRAWS, RATES, RECALLS, banded, precision_at, recall_at
from blemish.core.defects import Defects
from blemish.core.intervals import Resamples
from blemish.core.matching import match_centre
from blemish.core.metrics import Scored, above, by_iou, judge
from blemish.core.resampling import Places
from blemish.report.result import JUDGED_HEADER

BANDS_HEADER = ("curve", "at", "value", "low", "high")


def judgement_tables(
    pictures: Sequence[tuple[str, Scored]], places: Places, names: Sequence[str], threshold: float
) -> dict[str, str]:
    """Give `judged.csv` and `curves.csv` of pictures with their names and groups."""
    scored = [picture for _, picture in pictures]
    resamples = Resamples.of(places, np.random.default_rng(0), NUM_DRAWS)
    overlap, centre = judge(scored, by_iou(0.5)), judge(scored, match_centre)
    bands = {
        "pr": banded(precision_at, overlap, RECALLS, resamples).tolist(),
        "froc": banded(recall_at, centre, RATES, resamples).tolist(),
    }
    return {
        "judged.csv": judged_csv(pictures, names, threshold),
        "curves.csv": bands_csv(bands),
    }


def judged_csv(
    pictures: Iterable[tuple[str, Scored]], names: Sequence[str], threshold: float
) -> str:
    """Give a line for each find at the threshold and for each label that none of them hits.

    By the centre: a find is a `hit`, `false`, or `ignored` where it answers for a label that
    counts neither way; of a `missed` label the score is that of the best find below the threshold
    whose centre lies in it, empty without one.
    """
    lines = (
        (image, kind, *(f"{side:.2f}" for side in box), score, names[label])
        for image, picture in pictures
        for kind, box, score, label in _marks(picture, threshold)
    )
    return _csv(JUDGED_HEADER, lines)


def bands_csv(curves: Mapping[str, Sequence[Sequence[float]]]) -> str:
    """Give a line for each place of each curve: see `blemish.core.curves.banded`."""
    lines = (
        (name, *(f"{number:.6g}" for number in row))
        for name, rows in curves.items()
        for row in rows
    )
    return _csv(BANDS_HEADER, lines)


def nearest_score(found: Defects, threshold: float) -> float | None:
    """Give the score of all finds that is nearest the threshold; None of none."""
    if not len(found):
        return None
    return float(found.scores[np.abs(found.scores - threshold).argmin()])


def _marks(picture: Scored, threshold: float) -> Iterator[tuple[str, list[float], str, int]]:
    kept, true, ignore = above(picture, threshold)
    match = match_centre(kept, true, ignore)
    rows = zip(kept.boxes.tolist(), kept.scores.tolist(), kept.labels.tolist(), strict=True)
    for (box, score, label), hit, false in zip(rows, match.hit, match.false, strict=True):
        yield "hit" if hit else "false" if false else "ignored", box, f"{score:.4f}", label
    hit_ones = set(match.partner[match.hit].tolist())
    for at in np.flatnonzero(~ignore).tolist():
        if at not in hit_ones:
            label = int(true.labels[at])
            score = _best_below(picture[0], true.boxes[at].tolist(), label, threshold)
            yield "missed", true.boxes[at].tolist(), score, label


def _best_below(found: Defects, box: Sequence[float], label: int, threshold: float) -> str:
    x, y = box_centres(found.boxes).T
    inside = (box[0] <= x) & (x < box[2]) & (box[1] <= y) & (y < box[3])
    scores = found.scores[inside & (found.labels == label) & (found.scores < threshold)]
    return f"{scores.max():.4f}" if len(scores) else ""


def _csv(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()

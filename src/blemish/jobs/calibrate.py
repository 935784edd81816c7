"""Choose a model's threshold and score map on labelled pictures, and write it with them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.core.exact import rate_bound, share_interval
from blemish.core.intervals import Ends, Resamples
from blemish.core.matching import match_centre
from blemish.core.metrics import Judged, Scored, judge
from blemish.core.promise import (
    MAX_FALSE,
    MIN_RECALL,
    Kept,
    Promise,
    count_at,
    keep_promise,
)
from blemish.core.reliability import calibration_error, judged_apart, reliability
from blemish.core.resampling import Places, num_groups
from blemish.core.scoremaps import FITS, ScoreMap, map_one
from blemish.data.listing import shown
from blemish.errors import UsageError
from blemish.jobs.part import Part, choose_part, wish_of
from blemish.jobs.scoring import (
    Chosen,
    Seen,
    View,
    Watcher,
    at_any_score,
    failed_line,
    look_at,
    name_classes,
    open_view,
)
from blemish.jobs.seen import SEEN, picture_marks
from blemish.report.calibrated import CARD_HEADING, calibration_lines
from blemish.report.details import share_statistics
from blemish.report.facts import plain, plain_ends
from blemish.report.precisions import put_thresholds
from blemish.report.sections import put_section
from blemish.report.tables import ImageRow
from blemish.runtime.bundle import Bundle, default_bundle, write_bundle

NUM_FOLDS = 5
CARD = "README.md"
ONE_SIDE = 0.975  # of a two-sided 95 % interval


@dataclass(frozen=True)
class CalibrateSettings:
    """What to calibrate, on what, and to what end.

    Attributes:
        model: the folder of a bundle; None for the one that comes with blemish.
        data: labelled pictures that the model has not learned from.
        out: the folder of the new bundle.
        map: `isotonic`, `platt`, `none`; None to keep the model's.
        promise: what the threshold is to keep; None to keep the threshold.
        chosen: which pictures of the data.
        view: how they are looked at.
    """

    model: Path | None
    data: Path
    out: Path
    map: str | None = None
    promise: Promise | None = None
    chosen: Chosen = field(default_factory=Chosen)
    view: View = field(default_factory=View)


@dataclass(frozen=True, eq=False)
class CalibrateReport:
    """What a calibration came to.

    Attributes:
        bundle: as it was written.
        rows: a row a picture.
        account: what of the data is not used as it is.
    """

    bundle: Bundle
    rows: list[ImageRow]
    account: list[str]

    def exit_code(self) -> int:
        """Give the exit code of the command line: 0, or 3 if some pictures failed."""
        return 3 if failed_line(self.rows) else 0


def promise_of(min_recall: float | None, max_false: float | None, sure: bool) -> Promise | None:
    """Give the promise that the options say.

    Raises:
        UsageError: they say two, one that cannot be, or are sure of none.
    """
    if min_recall is not None and max_false is not None:
        raise UsageError(
            "one threshold keeps one promise: give --min-recall or --max-false-per-image"
        )
    try:
        if min_recall is not None:
            return Promise(MIN_RECALL, min_recall, sure)
        if max_false is not None:
            return Promise(MAX_FALSE, max_false, sure)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if sure:
        raise UsageError("--sure of what? add --min-recall or --max-false-per-image")
    return None


def calibrate_run(
    settings: CalibrateSettings, watch: Watcher = lambda row, num_done, num_all: None
) -> CalibrateReport:
    """Find in the pictures, choose map and threshold, and write the bundle with them.

    Raises:
        UsageError, LabelError: it cannot be done as asked, or the pictures do not support it.
        BundleError, EngineError: the model cannot be opened or written.
    """
    _check(settings)
    finder, view = open_view(settings.model, settings.view), settings.view
    before = finder.bundle
    bare = at_any_score(replace(finder, bundle=replace(before, calibration={})))
    chosen = settings.chosen
    wish = wish_of(before, chosen.share, chosen.seed, chosen.group)
    part = choose_part(settings.data, chosen.part, wish, chosen.group)
    naming = name_classes(part.dataset, before, chosen.one_class)
    seen = list(look_at(part, bare, naming, view, watch))
    which = [at for at, one in enumerate(seen) if not one.failed]
    fine, places = [seen[at] for at in which], part.places(which)
    try:
        held = replace(before, threshold=finder.min_score)
        threshold, facts = _calibrate([one.picture for one in fine], places, settings, held)
    except ValueError as error:
        raise UsageError(f"{shown(settings.data)}: {error}") from error
    facts |= _facts(part, fine, settings) | {
        "engine": finder.engine.name,
        "precision": finder.engine.precision,
    }
    after = replace(before, path=settings.out, calibration=facts)
    if settings.promise is None:
        after = _carry_thresholds(before, after)
    else:
        after = replace(after, threshold=threshold, thresholds={})
    return CalibrateReport(_write(before, after), [one.row for one in seen], part.account)


def _check(settings: CalibrateSettings) -> None:
    settings.chosen.check()
    settings.view.check()
    if settings.map is not None and settings.map not in FITS:
        raise UsageError(f"--map {settings.map!r} is not one of {', '.join(FITS)}")
    if settings.map is None and settings.promise is None:
        raise UsageError("nothing to do: add --map, --min-recall or --max-false-per-image")
    if settings.out.resolve() == default_bundle().resolve():
        raise UsageError(f"{settings.out}: is the model in the box; name another folder")


def _calibrate(
    pictures: Sequence[Scored], places: Places, settings: CalibrateSettings, before: Bundle
) -> tuple[float, dict[str, Any]]:
    """Give the threshold and what is kept of how it came about; scores are the graph's.

    Raises:
        ValueError: the pictures do not support it.
    """
    judged = judge(pictures, match_centre)
    score_map = before.score_map
    if settings.map is not None:
        score_map = FITS[settings.map](judged.scores, judged.hit)
    mapped = [(_mapped(found, score_map), true, ignore) for found, true, ignore in pictures]
    promise = settings.promise
    if promise is None:
        raw = lowest_raw(before.score_map, before.threshold)
        kept = count_at(judge(mapped, match_centre), map_one(score_map, raw))
    else:
        kept = keep_promise(mapped, promise)
    facts = {
        "map": score_map.facts(),
        "promise": asdict(promise) if promise else {},
        "groups": num_groups(places),
        "at_threshold": _at_threshold(judge(mapped, match_centre), kept, places),
        "error": _errors(judged, score_map, settings.map, places),
    }
    return kept.threshold, facts


def lowest_raw(score_map: ScoreMap, chance: float) -> float:
    """Give the lowest score of the graph that comes to a chance; 1 if none does."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if map_one(score_map, middle) >= np.float32(chance):
            high = middle
        else:
            low = middle
    return high


def _carry_thresholds(before: Bundle, after: Bundle) -> Bundle:
    """Give the bundle with the former one's thresholds, on the scale of its own map."""

    def carried(threshold: float) -> float:
        return map_one(after.score_map, lowest_raw(before.score_map, threshold))

    thresholds = {name: carried(one) for name, one in before.thresholds.items()}
    return replace(after, threshold=carried(before.threshold), thresholds=thresholds)


def _mapped(found: Defects, score_map: ScoreMap) -> Defects:
    return Defects.of(found.boxes, found.labels, score_map(found.scores))


def _at_threshold(judged: Judged, kept: Kept, places: Places) -> dict[str, Any]:
    resamples = Resamples.of(places, np.random.default_rng(0))
    false = resamples.interval(share_statistics(judged, kept.threshold)["false_per_picture"])
    return {
        "labels": kept.num_true,
        "missed": kept.num_missed,
        "recall": plain(kept.recall),
        "recall_interval": plain_ends(
            share_interval(kept.num_true - kept.num_missed, kept.num_true)
        ),
        "miss_bound": round(kept.miss_bound, 5),
        "pictures": kept.num_pictures,
        "false": kept.num_false,
        "false_per_picture": plain(kept.false_per_picture),
        "false_interval": plain_ends(_widened(false, kept)),
        "false_bound": plain(kept.false_bound),
    }


def _widened(ends: Ends, kept: Kept) -> Ends:
    """Give the drawn interval, reaching as high as so few false finds allow if they come singly.

    Draws of pictures without a false find know of none.
    """
    return ends[0], max(ends[1], rate_bound(kept.num_false, kept.num_pictures, ONE_SIDE))


def _errors(
    judged: Judged, score_map: ScoreMap, fitted: str | None, places: Places
) -> dict[str, Any]:
    """Give the calibration error of the graph's scores, and of chances from a map made apart."""
    chances = score_map(judged.scores)
    if fitted is not None:
        folds = deal_folds(places, np.random.default_rng(0))
        chances = judged_apart(judged.scores, judged.hit, judged.picture, FITS[fitted], folds)
    raw, mapped = (reliability(scores, judged.hit) for scores in (judged.scores, chances))
    return {
        "finds": len(judged.scores),
        "raw": plain(calibration_error(raw)),
        "mapped": plain(calibration_error(mapped)),
    }


def deal_folds(
    places: Places, generator: np.random.Generator, number: int = NUM_FOLDS
) -> NDArray[np.intp]:
    """Deal groups of pictures into folds of about equally many; give each picture's fold."""
    return np.asarray(generator.permutation(num_groups(places))[places] % number, np.intp)


def _facts(part: Part, fine: Sequence[Seen], settings: CalibrateSettings) -> dict[str, Any]:
    return {
        "data": settings.data.resolve().name,
        "part": settings.chosen.part,
        "split": part.split,
        "of": part.num_all,
        SEEN: picture_marks(one.sample.path for one in fine),
    }


def _write(before: Bundle, after: Bundle) -> Bundle:
    sources: dict[str, Path | bytes] = {name: before.path / name for name in before.files}
    card = before.path / CARD
    text = card.read_text(encoding="utf-8") if CARD in before.files else f"# {before.name}\n"
    lines = [f"- {line}" for line in _told(after)]
    text = put_section(text, CARD_HEADING, lines)
    sources[CARD] = put_thresholds(text, after.thresholds).encode()
    return write_bundle(after, sources)


def _told(bundle: Bundle) -> list[str]:
    facts = bundle.calibration
    return calibration_lines(facts, bundle.threshold_for(facts["precision"]))


def describe(report: CalibrateReport, out: Path) -> list[str]:
    """Give the lines that a reader sees."""
    facts = report.bundle.calibration
    notes = (
        learned_line(report.bundle.training.get("settings", {}), facts["part"]),
        failed_line(report.rows),
    )
    lines = [*report.account, *filter(None, notes), *_told(report.bundle)]
    return [*lines, f"Model: {out}. Next: blemish find PICTURES --model {out} --out DIR"]


def learned_line(settings: Mapping[str, Any], part: str) -> str:
    """Say that the model has learned from the pictures; empty where it has not."""
    if part not in {"train", "all"} or not settings.get("data"):
        return ""
    return (
        "The model may have learned from these pictures: it is better on them than on others, and "
        "the threshold is too high; take --split val"
    )

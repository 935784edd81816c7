"""Set two models against each other on the same labelled pictures."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish import __version__
from blemish.core.defects import Defects
from blemish.core.intervals import Resamples, Statistic
from blemish.core.matching import match_centre
from blemish.core.metrics import COCO_IOUS, Scored, by_iou, centre_hit_recall, judge
from blemish.core.paired import Difference, difference, tell_apart
from blemish.core.resampling import Places
from blemish.data.images import open_picture
from blemish.data.naming import Naming
from blemish.jobs.output import Output
from blemish.jobs.part import Part
from blemish.jobs.record import as_record
from blemish.jobs.results import COMPARED
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
    part_words,
    shared_part,
)
from blemish.jobs.seen import seen_line
from blemish.report.compared import (
    Compared,
    difference_rows,
    differences_csv,
    draw_compared,
    mark_counts,
    number_facts,
)
from blemish.report.details import DEEPPCB_IOU, area, coco, share_statistics
from blemish.report.tables import ImageRow
from blemish.runtime.bundle import bundle_hash
from blemish.runtime.finder import Finder

RATE = 0.1  # false finds a picture at which recalls are compared, as `export` chooses thresholds
FALSE = "false finds a picture"
OK, SOME_FAILED = 0, 3


@dataclass(frozen=True)
class CompareSettings:
    """What to compare, on what, and where the result goes.

    Attributes:
        models: the folders of two bundles; None for the one that comes with blemish.
        data: labelled pictures.
        out: the folder of the result; None to write nothing.
        chosen: which pictures of the data.
        view: how they are looked at.
        overwrite: whether a result that stands in the folder is replaced.
    """

    models: tuple[Path | None, Path | None]
    data: Path
    out: Path | None = None
    chosen: Chosen = field(default_factory=Chosen)
    view: View = field(default_factory=View)
    overwrite: bool = False


@dataclass(frozen=True, eq=False)
class Rivals:
    """Both models made ready, and what they are compared on.

    Attributes:
        finders: by their own thresholds.
        namings: how the class names of each go with those of the labels.
        part: the pictures.
    """

    finders: Sequence[Finder]
    namings: Sequence[Naming]
    part: Part


@dataclass(frozen=True, eq=False)
class CompareReport:
    """What a comparison came to.

    Attributes:
        numbers: of both, by name.
        pictures: those that both have looked at.
        rows: of the labels that one finds and the other misses, see `difference_rows`.
        facts: what `compare.json` holds.
        failed: names the pictures that one of them could not look at; empty for none.
        out: the folder of the result.
    """

    numbers: dict[str, Difference]
    pictures: list[Compared]
    rows: list[tuple[str, ...]]
    facts: dict[str, Any]
    failed: str
    out: Path | None

    def exit_code(self) -> int:
        """Give the exit code of the command line: 0 or 3."""
        return SOME_FAILED if self.failed or self.facts.get("errors") else OK


def compare_run(
    settings: CompareSettings, watch: Watcher = lambda row, num_done, num_all: None
) -> CompareReport:
    """Find in the pictures with both models, and compare what they find with the labels.

    Raises:
        UsageError, LabelError: it cannot be done as asked, or the result cannot be written.
        BundleError, EngineError: a model cannot be opened.
    """
    started = datetime.now(UTC)
    settings.chosen.check()
    settings.view.check()
    output = None if settings.out is None else Output(settings.out, COMPARED)
    if output is not None:
        output.check_free(settings.overwrite)
    rivals = _open(settings)
    if output is not None:
        output.prepare()
    looked = [
        list(look_at(rivals.part, at_any_score(finder), naming, settings.view, watch))
        for finder, naming in zip(rivals.finders, rivals.namings, strict=True)
    ]
    fine = [at for at, pair in enumerate(zip(*looked, strict=True)) if not _failed(pair)]
    report = _report(settings, rivals, looked, fine, started)
    if output is not None:
        paths = [looked[0][at].sample.path for at in fine]
        drawn = list(zip(paths, report.pictures, strict=True))
        _write(output, drawn, report.rows, report.facts, settings)
    return report


def _open(settings: CompareSettings) -> Rivals:
    finders = [open_view(model, settings.view) for model in settings.models]
    part = shared_part([one.bundle for one in finders], settings.data, settings.chosen)
    one_class = settings.chosen.one_class
    namings = [name_classes(part.dataset, one.bundle, one_class) for one in finders]
    return Rivals(finders, namings, part)


def _report(
    settings: CompareSettings,
    rivals: Rivals,
    looked: Sequence[Sequence[Seen]],
    fine: Sequence[int],
    started: datetime,
) -> CompareReport:
    """Compare what was found in the pictures that both could look at, ``fine``."""
    thresholds = [one.min_score for one in rivals.finders]
    pairs = [[seen[at].picture for at in fine] for seen in looked]
    numbers = compare_numbers(pairs, thresholds, rivals.part.places(fine))
    pictures = [_compared(looked, at, thresholds) for at in fine]
    rows = difference_rows(pictures, rivals.namings[0].names)
    facts = _facts(settings, rivals, started) | {
        "notes": _notes(rivals),
        "num_compared": len(fine),
        "numbers": number_facts(numbers),
        "labels": mark_counts(pictures),
    }
    failed = failed_line([one.row for pair in zip(*looked, strict=True) for one in _failed(pair)])
    return CompareReport(numbers, pictures, rows, facts, failed, settings.out)


def compare_numbers(
    pairs: Sequence[Sequence[Scored]], thresholds: Sequence[float], places: Places
) -> dict[str, Difference]:
    """Give the numbers of two detectors on the same pictures, each at its own threshold.

    The recall at `RATE` false finds a picture has thresholds of its own, which stay the same in
    all draws.
    """
    resamples = Resamples.of(places, np.random.default_rng(0))
    both = [_statistics(*one) for one in zip(pairs, thresholds, strict=True)]
    return {
        name: difference(first, both[1][name], resamples, name != FALSE)
        for name, first in both[0].items()
    }


def _statistics(pictures: Sequence[Scored], threshold: float) -> dict[str, Statistic]:
    judged = {iou: judge(pictures, by_iou(iou)) for iou in (DEEPPCB_IOU, *COCO_IOUS)}
    centre = judge(pictures, match_centre)
    kept = share_statistics(centre, threshold)
    at_rate = share_statistics(centre, centre_hit_recall(pictures, RATE).threshold)
    return {
        "mAP": area(judged[0.5]),
        "COCO AP@0.5": coco([judged[0.5]]),
        "COCO AP@0.33": coco([judged[DEEPPCB_IOU]]),
        "COCO AP@0.50:0.95": coco([judged[iou] for iou in COCO_IOUS]),
        "centre-hit recall": kept["recall"],
        "centre-hit precision": kept["precision"],
        FALSE: kept["false_per_picture"],
        f"recall at {RATE:g} false a picture": at_rate["recall"],
    }


def _compared(looked: Sequence[Sequence[Seen]], at: int, thresholds: Sequence[float]) -> Compared:
    first, second = (seen[at] for seen in looked)
    _, true, ignore = first.picture
    marks = tell_apart(first.picture, second.picture, thresholds)
    return Compared(first.row.image, true, ignore, marks)


def _failed(pair: Sequence[Seen]) -> list[Seen]:
    """Give the first of the two that failed."""
    return [one for one in pair if one.failed][:1]


def _notes(rivals: Rivals) -> list[str]:
    """Give what a reader must know, a line each."""
    finders = rivals.finders
    paths = [one.path for one in rivals.part.listed]
    seen = [seen_line(one.bundle, paths) for one in finders]
    lines = [
        f"{who}: {line}"
        for pair in ([one.note for one in rivals.namings], seen)
        for who, line in zip("AB", pair, strict=True)
        if line
    ]
    same = bundle_hash(finders[0].bundle) == bundle_hash(finders[1].bundle)
    return [*lines, "A and B are the same model."] if same else lines


def _facts(settings: CompareSettings, rivals: Rivals, started: datetime) -> dict[str, Any]:
    """Give what `compare.json` holds beside the numbers."""
    part = rivals.part
    models = {
        who: {
            "name": one.bundle.name,
            "path": str(one.bundle.path),
            "hash": bundle_hash(one.bundle),
            "threshold": one.min_score,
            "engine": one.engine.name,
            "precision": one.engine.precision,
        }
        for who, one in zip("ab", rivals.finders, strict=True)
    }
    return {
        "blemish": __version__,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - started).total_seconds(), 2),
        "models": models,
        "settings": asdict(settings.chosen) | asdict(settings.view) | {"data": str(settings.data)},
        "data": {
            "words": part_words(part, settings.chosen.part),
            "pictures": len(part.dataset),
            "groups": len(set(part.groups)) or len(part.dataset),
            "account": part.account,
        },
    }


def _write(
    output: Output,
    pictures: Sequence[tuple[Path, Compared]],
    rows: Sequence[Sequence[str]],
    facts: dict[str, Any],
    settings: CompareSettings,
) -> None:
    """Write the table of marks, pictures of those, and the record."""
    differing = [(path, one) for path, one in pictures if one.marks.differ]
    copies = output.name_pictures([one.image for _, one in differing])
    begun = facts | {"pictures": copies, "complete": False}
    output.write_tables({COMPARED: as_record(begun)})
    errors = []
    with output.room_for_tables(len(copies)):
        for (path, one), copy in zip(differing, copies, strict=True):
            row = ImageRow(one.image, 0, 0, "defective", Defects.none())
            kept = output.keep(copy, row, partial(_drawn, path, one, settings.view.value_range))
            errors += [kept.error] if kept.error else []
    facts |= {"pictures": output.drawn, "errors": errors, "complete": True}
    table = differences_csv(rows)
    output.write_tables({"differences.csv": table.encode("utf-8-sig"), COMPARED: as_record(facts)})


def _drawn(path: Path, one: Compared, value_range: tuple[float, float] | None) -> NDArray[np.uint8]:
    return draw_compared(open_picture(path, value_range), one)

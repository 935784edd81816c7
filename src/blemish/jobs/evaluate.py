"""Score a model on labelled pictures: by the same road as `find`, at any score and at its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from blemish.data.images import check_range
from blemish.data.naming import Naming
from blemish.errors import UsageError
from blemish.jobs.judging import PICTURES, Judge, Looked, box_size_line
from blemish.jobs.looking import find_in
from blemish.jobs.output import Output, closeup_name
from blemish.jobs.part import PARTS, Part, choose_part, wish_of
from blemish.jobs.record import as_record, run_facts
from blemish.jobs.report import Watch, check_language, report_line, unwatched
from blemish.jobs.results import SCORES
from blemish.jobs.scoring import at_any_score, failed_line, name_classes, part_words
from blemish.jobs.seen import seen_line
from blemish.report.curve import draw_froc
from blemish.report.details import detail_lines, too_few
from blemish.report.facts import curves_csv
from blemish.report.judgement import judgement_tables
from blemish.report.scores import Scores, original_lines, score
from blemish.report.tables import ImageRow, counted, finds_csv
from blemish.runtime.finder import Finder, open_finder

OK, SOME_FAILED, INTERRUPTED = 0, 3, 130

Watcher = Callable[[ImageRow, int, int], None]


@dataclass(frozen=True)
class EvaluateSettings:
    """What to score, on what, and where the result goes; see `open_finder` for the middle part.

    Attributes:
        model: the folder of a bundle; None for the one that comes with blemish.
        data: labelled pictures, see `blemish.data.dataset.read_dataset`.
        out: the folder of the result.
        part: `val`, `train`, `test` or `all`.
        share, seed, group: of the split; None for those that the model was trained with.
        one_class: whether all classes count as one.
        min_score: from which score finds are counted and drawn; None for the model's threshold.
        pictures: of which pictures a drawn copy is written: `all`, `wrong` or `none`.
        value_range: the values that become black and white in pictures of more than 8 bits.
        overwrite: whether a result that stands in the folder is replaced.
        lang: the language of `report.html`, see `blemish.report.words`.
    """

    model: Path | None
    data: Path
    out: Path
    part: str = "val"
    share: float | None = None
    seed: int | None = None
    group: str | None = None
    one_class: bool = False
    min_score: float | None = None
    region: str = "auto"
    scale: str = "auto"
    engine: str = "auto"
    precision: str = "auto"
    threads: int = 0
    pictures: str = "all"
    value_range: tuple[float, float] | None = None
    overwrite: bool = False
    lang: str = "en"


@dataclass(frozen=True, eq=False)
class EvaluateReport:
    """What an evaluation came to.

    Attributes:
        out: the folder of the result.
        looked: one for each picture.
        scores: the numbers.
        facts: what `scores.json` holds.
        interrupted: whether it was stopped before the last picture.
        page: the line that says where `report.html` is, or why there is none.
    """

    out: Path
    looked: tuple[Looked, ...]
    scores: Scores
    facts: dict[str, Any]
    interrupted: bool
    page: str

    def exit_code(self) -> int:
        """Give the exit code of the command line: 0, 3 or 130."""
        if self.interrupted:
            return INTERRUPTED
        bad = any(one.row.status in {"failed", "partial"} for one in self.looked)
        return SOME_FAILED if bad else OK


def evaluate_run(
    settings: EvaluateSettings,
    watch: Watcher = lambda row, num_done, num_all: None,
    watch_page: Watch = unwatched,
) -> EvaluateReport:
    """Find in the pictures of a data set, score what was found and write it all.

    A picture that cannot be looked at is a failed row and is not scored. ``watch`` is told each
    row with the number done and the number in all, ``watch_page`` the same two of the pictures of
    the report. After Ctrl-C the pictures that are complete are scored.

    Raises:
        UsageError, LabelError: nothing can be done as asked, or the result cannot be written.
        BundleError, EngineError: the model cannot be opened.
    """
    started = datetime.now(UTC)
    _check(settings)
    output = Output(settings.out, SCORES)
    output.check_free(settings.overwrite)
    finder = _open(settings)
    wish = wish_of(finder.bundle, settings.share, settings.seed, settings.group)
    part = choose_part(settings.data, settings.part, wish, settings.group)
    naming = name_classes(part.dataset, finder.bundle, settings.one_class)
    output.prepare()
    wishes = _plain(settings, finder)
    copies = output.name_pictures([one.name for one in part.listed])
    # Should the run be killed, `find` sees here which copies are not pictures to look at.
    begun = run_facts(wishes, finder, started) | {
        "pictures": copies,
        "written": [closeup_name(copy) for copy in copies],
        "complete": False,
    }
    output.write_tables({SCORES: as_record(begun)})
    looked: list[Looked] = []
    with output.room_for_tables(len(copies)):
        judge = Judge(naming, finder.min_score, settings.pictures, output)
        found = find_in(part.listed, at_any_score(finder), settings.value_range)
        coming = map(judge, found, part.dataset.samples, copies)
        complete = _fill(looked, coming, len(copies), watch)
    scores = _score(looked, part, naming, finder.min_score)
    facts = run_facts(wishes, finder, started) | _facts(part, settings.part, looked, scores, naming)
    facts["calibrated"] = seen_line(finder.bundle, [one.path for one in part.listed])
    facts |= {"pictures": output.drawn, "written": output.written, "complete": complete}
    tables = _tables(looked, finder, scores)
    output.write_tables(tables | _marks(looked, part, naming, scores.threshold))
    output.write_tables({SCORES: as_record(facts)})  # it says that all is written
    page = report_line(settings.out, settings.lang, watch_page)
    return EvaluateReport(settings.out, tuple(looked), scores, facts, not complete, page)


def _score(looked: Sequence[Looked], part: Part, naming: Naming, threshold: float) -> Scores:
    fine = [at for at, one in enumerate(looked) if one.row.status != "failed"]
    pictures = [looked[at].picture for at in fine]
    generator = np.random.default_rng(0)
    return score(pictures, naming.names, threshold, generator, part.places(fine))


def _tables(looked: Sequence[Looked], finder: Finder, scores: Scores) -> dict[str, bytes]:
    """Give the content of the tables of finds and of recall."""
    details = scores.details
    finds = finds_csv([one.row for one in looked], finder.bundle.classes)
    several = {**details.class_curves} if len(details.class_curves) > 1 else {}
    curves = {"all": details.curve, **several}
    return {
        "finds.csv": finds.encode("utf-8-sig"),
        "froc.csv": curves_csv(curves).encode("utf-8-sig"),
        "froc.svg": draw_froc(curves, scores.threshold).encode(),
    }


def _marks(
    looked: Sequence[Looked], part: Part, naming: Naming, threshold: float
) -> dict[str, bytes]:
    """Give the content of the tables of marks and of curves with their bands."""
    fine = [at for at, one in enumerate(looked) if one.row.status != "failed"]
    pictures = [(looked[at].row.image, looked[at].picture) for at in fine]
    tables = judgement_tables(pictures, part.places(fine), naming.names, threshold)
    return {name: text.encode("utf-8-sig") for name, text in tables.items()}


def _fill(looked: list[Looked], coming: Iterator[Looked], num_all: int, watch: Watcher) -> bool:
    """Add the coming pictures, showing each; False when Ctrl-C came first."""
    try:
        for one in coming:
            looked.append(one)
            watch(one.row, len(looked), num_all)
    except KeyboardInterrupt:
        return False
    return True


def _check(settings: EvaluateSettings) -> None:
    for name, value, known in (
        ("--split", settings.part, PARTS),
        ("--pictures", settings.pictures, PICTURES),
    ):
        if value not in known:
            raise UsageError(f"{name} {value!r} is not one of {', '.join(known)}")
    check_range(settings.value_range)
    check_language(settings.lang)


def _open(settings: EvaluateSettings) -> Finder:
    return open_finder(
        settings.model,
        settings.min_score,
        settings.region,
        scale=settings.scale,
        engine=settings.engine,
        precision=settings.precision,
        threads=settings.threads,
    )


def _plain(settings: EvaluateSettings, finder: Finder) -> dict[str, Any]:
    return asdict(settings) | {
        "model": str(finder.bundle.path),
        "data": str(settings.data),
        "out": str(settings.out),
        "min_score": finder.min_score,
    }


def _facts(
    part: Part, name: str, looked: Sequence[Looked], scores: Scores, naming: Naming
) -> dict[str, Any]:
    failed = sum(one.row.status == "failed" for one in looked)
    return {
        "data": {
            "pictures": len(part.dataset),
            "of": part.num_all,
            "unlabelled": part.num_unlabelled,
            "split": part.split,
            "account": part.account,
            "words": part_words(part, name),
        },
        "num_scored": len(looked) - failed,
        "num_failed": failed,
        "note": naming.note,
        **scores.facts(),
        "images": [one.facts(scores.threshold) for one in looked],
    }


def describe(report: EvaluateReport) -> list[str]:
    """Give the lines that stand before the table: what was scored, and the averages."""
    facts, overall = report.facts, report.scores.overall
    part = facts["data"]
    labels = counted(overall.centre.num_true, "label")
    ignored = f", {overall.num_ignored} ignored" if overall.num_ignored else ""
    lines = [f"Model {facts['bundle']['name']} on {part['words']}: {labels}{ignored}"]
    lines += [line for line in (facts["note"], facts["calibrated"]) if line]
    lines += part["account"]
    failed = failed_line([one.row for one in report.looked])
    lines += [failed] if failed else []
    if report.interrupted:
        lines.append("Interrupted: only the pictures that were complete are scored.")
    lines += original_lines(report.scores)
    if overall.centre.num_true:
        lines += _average_lines(report.scores, facts["num_scored"])
        lines += filter(None, [box_size_line(report.looked, report.scores)])
    return lines + detail_lines(report.scores.details)


def _average_lines(scores: Scores, num_pictures: int) -> list[str]:
    overall, details = scores.overall, scores.details
    grouped = details.num_groups != num_pictures
    over = f", drawn over {counted(details.num_groups, 'group')} of them" if grouped else ""

    def coco(name: str, value: float) -> str:
        low, high = details.intervals[name]
        return f"{value:.4f} ({low:.2f} to {high:.2f})"

    return [
        f"95 % interval of mAP: {scores.interval[0]:.2f} to {scores.interval[1]:.2f}, for "
        f"pictures like these{over}{too_few(details.num_groups)}",
        "mAP is the area under the whole precision-recall curve at IoU 0.5; COCO's AP: "
        f"{coco('coco_ap50', overall.coco[0.5])} at 0.5, "
        f"{coco('coco_ap50_95', overall.coco_mean)} at 0.50:0.95, "
        f"{coco('coco_ap33', overall.coco[0.33])} at 0.33",
    ]


def places(report: EvaluateReport) -> list[str]:
    """Give the lines that stand below the table: its threshold, and where the result is."""
    lines = [
        f"Counted at the score {report.scores.threshold:g}: precision and recall by IoU 0.5, hits "
        "and false finds by the centre of the find.",
        f"Scores: {report.out / SCORES}, {report.out / 'finds.csv'}",
    ]
    if report.facts["pictures"]:
        lines.append(f"Pictures: {report.out / 'pictures'}")
    return [*lines, report.page]

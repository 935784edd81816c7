"""Make a plain data set of labelled pictures: mended, resized if wanted, and split by group."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from blemish import __version__
from blemish.core.defects import Defects
from blemish.data.dataset import TEST, TRAIN, VAL, Dataset, Sample, split
from blemish.data.doctor import Examination
from blemish.data.groups import GROUPS, read_groups, write_groups
from blemish.data.held import HELD_SHARE, SEED
from blemish.data.images import write_whole
from blemish.data.labels import DEFAULT_CLASS, PictureLabels
from blemish.data.likeness import group_alike
from blemish.data.listing import shown
from blemish.data.plain import Form, name_pictures, write_sample, write_tables
from blemish.data.problems import BROKEN, MENDED, Problem
from blemish.errors import LabelError, UsageError
from blemish.jobs.doctor import Checkup, look_over

Show = Callable[[float, str], None]

SUMMARY = "summary.json"


@dataclass(frozen=True)
class PrepareSettings:
    """What to prepare, and how.

    Attributes:
        data: labelled pictures.
        out: a new or empty folder.
        labels: the labels' format; None for what shows by itself.
        form: size of the pictures, and whether they are copied.
        val: the share of pictures to validate on; None for the data set's own split, or
            `HELD_SHARE`.
        group: a column or a pattern, see `blemish.data.groups`; pictures of a group stay together.
        seed: decides the split.
        one_class: whether all classes become one.
    """

    data: Path
    out: Path
    labels: str | None = None
    form: Form = field(default_factory=Form)
    val: float | None = None
    group: str | None = None
    seed: int = SEED
    one_class: bool = False


@dataclass(frozen=True, eq=False)
class Prepared:
    """What was made.

    Attributes:
        out: the folder.
        summary: what `summary.json` holds.
    """

    out: Path
    summary: Mapping[str, Any]


def prepare(settings: PrepareSettings, show: Show = lambda share, words: None) -> Prepared:
    """Write the plain data set; it appears when it is whole.

    Raises:
        UsageError: the folder is occupied or cannot be written, or the call does not fit.
        LabelError: the data holds no box to learn from.
    """
    _check(settings)
    checkup = look_over(
        settings.data,
        settings.labels,
        lambda share, words: show(share / 2, f"looked at {words}"),
    )
    _check_usable(checkup)
    if settings.one_class:
        checkup = _as_one_class(checkup)
    found = checkup.examination
    parts, is_own = choose_parts(settings, checkup.dataset, found)
    with _appearing(settings.out) as folder:
        labels = _write_pictures(settings, checkup, parts, folder, show)
        write_tables(folder, labels, found.samples, checkup.dataset.classes)
        if settings.group is not None:
            named = _named_groups(settings, found, settings.group)
            names = (one.picture for one in labels)
            write_whole(folder / GROUPS, write_groups(names, named, settings.group).encode())
        summary = _summary(settings, checkup, parts, is_own)
        text = json.dumps(summary, ensure_ascii=False, indent=1) + "\n"
        write_whole(folder / SUMMARY, text.encode())
    return Prepared(settings.out, summary)


def choose_parts(
    settings: PrepareSettings, dataset: Dataset, found: Examination
) -> tuple[list[str], bool]:
    """Give the part of each sample, and whether the parts are the data set's own.

    Its own split stays if neither a share nor a group is asked for, and no picture stands in two
    parts, or nearly the same one. A new split keeps alike pictures together, and groups; what
    belongs with a picture of the data set's own test part becomes part of it.

    Raises:
        UsageError: the share or the group does not fit.
    """
    own = [sample.part or TRAIN for sample in found.samples]
    torn = any(one.kind == "across-split" for one in found.problems)
    torn |= any(own[first] != own[second] for first, second, _ in found.alike)
    wanted = settings.val is not None or settings.group is not None
    if not wanted and not torn and set(own) & {VAL, TEST} and TRAIN in own:
        return own, True
    groups = _groups_of(settings, found)
    tested = {groups[one.path] for one in found.samples if one.part == TEST and TRAIN in own}
    rest = tuple(one for one in found.samples if groups[one.path] not in tested)
    if not rest:
        words = "all belongs with its test part; take that away or group otherwise"
        raise UsageError(f"{shown(settings.data)}: {words}")
    share = HELD_SHARE if settings.val is None else settings.val
    samples = Dataset(rest, dataset.classes)
    held = split(samples, share, settings.seed, lambda sample: groups[sample.path])[1]
    parts = {one.path: TRAIN for one in rest} | {one.path: VAL for one in held.samples}
    return [parts.get(sample.path, TEST) for sample in found.samples], False


def describe(prepared: Prepared) -> list[str]:
    """Give what was made in a few lines."""
    summary = prepared.summary
    counts = ", ".join(f"{part} {number}" for part, number in summary["pictures"].items())
    lines = [f"Prepared: {prepared.out} ({counts} pictures; split: {summary['split']})."]
    for key, words in (("left_out", "left out"), ("mended", "mended")):
        if number := len(summary[key]):
            lines.append(f"{number} {words}: see {prepared.out / SUMMARY}")
    return [*lines, f"Next: blemish train {prepared.out} --out RUN"]


def _check(settings: PrepareSettings) -> None:
    out, data = settings.out, settings.data
    try:
        if out.exists() and not out.is_dir():
            raise UsageError(f"{shown(out)}: is a file; name a folder for the data set")
        if out.is_dir() and any(out.iterdir()):
            raise UsageError(f"{shown(out)}: is not empty; name another folder")
    except OSError as error:
        raise _refused(out, error) from error
    home = data if data.is_dir() else data.parent  # of a table: all below it is the data set
    if data.exists() and home.resolve() in (out.resolve(), *out.resolve().parents):
        words = f"lies in the data itself, {shown(home)}; name a folder outside of it"
        raise UsageError(f"{shown(out)}: {words}")
    if settings.form.stretch and settings.form.size is None:
        raise UsageError("to stretch needs a size; give --size too")


def _check_usable(checkup: Checkup) -> None:
    hopeless = [one for one in checkup.problems if one.kind == "nothing-usable"]
    reasons = [one for one in checkup.problems if one.severity == BROKEN and one not in hopeless]
    if hopeless:
        first = f" (first reason: {reasons[0]})" if reasons else ""
        name = shown(checkup.data)
        raise LabelError(f"{name}: {hopeless[0].what}{first}; {hopeless[0].mend}")


def _as_one_class(checkup: Checkup) -> Checkup:
    """Give what was found with all labels of one class; the numbers tell of the data as it was."""
    samples = tuple(
        replace(sample, defects=Defects.of(sample.defects.boxes))
        for sample in checkup.examination.samples
    )
    return replace(
        checkup,
        dataset=replace(checkup.dataset, classes=(DEFAULT_CLASS,)),
        examination=replace(checkup.examination, samples=samples),
    )


def _groups_of(settings: PrepareSettings, found: Examination) -> dict[Path, str]:
    """Give picture → group, where alike pictures bring their groups together."""
    samples = found.samples
    pairs = [(first, second) for first, second, _ in found.alike]
    if settings.group is not None:
        first_of: dict[str, int] = {}
        for index, group in enumerate(_named_groups(settings, found, settings.group)):
            pairs.append((first_of.setdefault(group, index), index))
    joined = group_alike(len(samples), pairs)
    return {sample.path: f"{at:09d}" for sample, at in zip(samples, joined, strict=True)}


def _named_groups(settings: PrepareSettings, found: Examination, wanted: str) -> list[str]:
    """Give the group of each sample as the data names it."""
    named = read_groups(settings.data, settings.labels, found.samples, wanted)
    return [named[sample.path] for sample in found.samples]


def _write_pictures(
    settings: PrepareSettings, checkup: Checkup, parts: Sequence[str], folder: Path, show: Show
) -> list[PictureLabels]:
    samples, data = checkup.examination.samples, settings.data
    names = name_pictures(samples, parts, data if data.is_dir() else data.parent)
    classes = checkup.dataset.classes
    labels = []
    for sample, name in zip(samples, names, strict=True):
        labels.append(write_sample(sample, classes, folder, name, settings.form))
        share = len(labels) / len(samples)
        show(0.5 + share / 2, f"wrote {len(labels)} of {len(samples)}")
    return labels


def _summary(
    settings: PrepareSettings, checkup: Checkup, parts: Sequence[str], is_own: bool
) -> dict[str, Any]:
    found, problems = checkup.examination, checkup.problems
    # A new split mends what stood in two parts of the old one.
    mended = [one for one in problems if one.severity == MENDED or one.kind == "across-split"]
    lost = [one for one in problems if one.severity == BROKEN or one.kind == "unlabelled"]
    left_out = [one for one in lost if one.kind != "across-split"]
    asked = HELD_SHARE if settings.val is None else settings.val
    return {
        "blemish": __version__,
        "data": shown(settings.data),
        "format": checkup.dataset.format,
        "size": settings.form.size,
        "stretch": settings.form.stretch,
        "split": "its own" if is_own else f"{asked:g} held, seed {settings.seed}",
        "group": settings.group,
        "pictures": dict(sorted(Counter(parts).items())),
        "boxes": _boxes_of(found.samples, parts),
        "classes": list(checkup.dataset.classes),
        "left_out": [_plain(one) for one in left_out],
        "mended": [_plain(one) for one in mended],
        "numbers": found.numbers,
    }


def _boxes_of(samples: Sequence[Sample], parts: Sequence[str]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for sample, part in zip(samples, parts, strict=True):
        counts[part] += len(sample.defects)
    return dict(sorted(counts.items()))


def _plain(problem: Problem) -> dict[str, str]:
    names = ("file", "row", "kind", "what", "prepare")
    return {name: getattr(problem, name) for name in names}


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """Give a folder beside ``out`` that becomes it at the end; whatever ends it early, it goes."""
    out = out.resolve()  # a folder named as `.` has no name of its own
    temporary = out.with_name(f".{out.name[:30]}.{os.getpid()}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield temporary
        if out.is_dir():
            out.rmdir()  # it is empty: Windows moves onto no folder
        temporary.replace(out)
    except OSError as error:
        raise _refused(out, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _refused(path: Path, error: OSError) -> UsageError:
    reason = error.strerror or type(error).__name__
    return UsageError(f"{shown(path)}: cannot be written ({reason}); free it or choose another")

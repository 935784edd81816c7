"""What every verb that scores a model does: open it for any score, name classes, look at a part."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from blemish.core.metrics import LOWEST_SCORE, Scored
from blemish.core.scoremaps import map_one
from blemish.data.dataset import Dataset, Sample
from blemish.data.images import check_range
from blemish.data.naming import Naming, share_names
from blemish.errors import UsageError
from blemish.jobs.looking import find_in
from blemish.jobs.part import PARTS, Part, choose_part, wish_of
from blemish.report.tables import ImageRow
from blemish.runtime.bundle import Bundle
from blemish.runtime.finder import Finder, open_finder
from blemish.training.calibrate import scored

Watcher = Callable[[ImageRow, int, int], None]


@dataclass(frozen=True)
class Chosen:
    """Which labelled pictures; the last three are of the split, None for what the model knows.

    Attributes:
        part: `val`, `train`, `test` or `all`.
        one_class: whether all classes count as one.
    """

    part: str = "val"
    share: float | None = None
    seed: int | None = None
    group: str | None = None
    one_class: bool = False

    def check(self) -> None:
        """Refuse a part that there is not.

        Raises:
            UsageError: it is none of `PARTS`.
        """
        if self.part not in PARTS:
            raise UsageError(f"--split {self.part!r} is not one of {', '.join(PARTS)}")


@dataclass(frozen=True)
class View:
    """How pictures are looked at, see `open_finder`.

    Attributes:
        value_range: the values that become black and white in pictures of more than 8 bits.
    """

    region: str = "auto"
    scale: str = "auto"
    engine: str = "auto"
    precision: str = "auto"
    threads: int = 0
    value_range: tuple[float, float] | None = None

    def check(self) -> None:
        """Refuse a range that is none.

        Raises:
            UsageError: it does not rise.
        """
        check_range(self.value_range)


@dataclass(frozen=True, eq=False)
class Seen:
    """One labelled picture and what was found in it.

    Attributes:
        sample: the picture and its labels.
        row: as it was found, under the model's class names; a failed one has no finds.
        picture: finds of any score and labels, under the shared class names.
    """

    sample: Sample
    row: ImageRow
    picture: Scored

    @property
    def failed(self) -> bool:
        """Whether the picture could not be looked at."""
        return self.row.status == "failed"


def open_view(model: Path | None, view: View) -> Finder:
    """Open a model to look at pictures so, by its own threshold, see `open_finder`."""
    return open_finder(
        *(model, None, view.region),
        scale=view.scale,
        engine=view.engine,
        precision=view.precision,
        threads=view.threads,
    )


def at_any_score(finder: Finder) -> Finder:
    """Give the finder with the lowest score that average precision asks for.

    What it finds from the threshold on is what the finder itself finds: suppression goes from
    the best score down.
    """
    lowest = map_one(finder.bundle.score_map, LOWEST_SCORE)
    return replace(finder, min_score=min(finder.min_score, lowest))


def name_classes(dataset: Dataset, bundle: Bundle, one_class: bool) -> Naming:
    """Bring the model's class names and those of the labels together, see `share_names`."""
    used = {dataset.classes[label] for one in dataset.samples for label in one.defects.labels}
    return share_names(bundle.classes, dataset.classes, used, one_class)


def shared_part(bundles: Sequence[Bundle], data: Path, chosen: Chosen) -> Part:
    """Take the part that all models mean by its name.

    Raises:
        UsageError: they were trained with other pictures held out, and nothing else is said.
    """
    learned = [one for one in bundles if one.training.get("settings", {}).get("data")]
    wishes = [
        wish_of(one, chosen.share, chosen.seed, chosen.group) for one in learned or bundles[:1]
    ]
    parts = [choose_part(data, chosen.part, wish, chosen.group) for wish in dict.fromkeys(wishes)]
    pictures = [{one.path for one in part.dataset.samples} for part in parts]
    if pictures[0] != pictures[-1]:
        raise UsageError(
            f"A and B were trained with other pictures held out ({parts[0].split}; "
            f"{parts[-1].split}): one has learned what the other has not seen; take --split test, "
            "or pictures that neither knows with --split all"
        )
    return parts[0]


def look_at(
    part: Part, finder: Finder, naming: Naming, view: View, watch: Watcher
) -> Iterator[Seen]:
    """Yield each picture of a part with what the finder finds in it."""
    found = find_in(part.listed, finder, view.value_range)
    number = len(part.dataset)
    for done, ((row, _), sample) in enumerate(zip(found, part.dataset.samples, strict=True), 1):
        true = naming.true(sample.defects)
        yield Seen(sample, row, scored(naming.found(row.defects), true, sample.strength))
        watch(row, done, number)


def failed_line(rows: list[ImageRow]) -> str:
    """Name the pictures that could not be looked at; empty where all could."""
    names = [row.image for row in rows if row.status == "failed"]
    if not names:
        return ""
    listed = ", ".join(names[:5]) + (" ..." if names[5:] else "")
    plural = "" if len(names) == 1 else "s"
    return f"Not scored: {len(names)} picture{plural} that cannot be looked at ({listed})"


def part_words(part: Part, name: str) -> str:
    """Give the part that was looked at, in words."""
    if name == "all":
        return f"all of {part.num_all} picture{'' if part.num_all == 1 else 's'}"
    return f"the {name} part, {len(part.dataset)} of {part.num_all} pictures ({part.split})"

"""Train once for each fold of the labelled pictures, and say how far the scores spread."""

import json
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace

from blemish.errors import TrainingError
from blemish.jobs.settings import TrainSettings
from blemish.jobs.train import Watcher, train_run
from blemish.training.checkpoint import write_beside
from blemish.training.log import LOG, read_log

SUMMARY = "folds.json"
PICTURES = "pictures"
SCORES = ("ap50", "recall")


@dataclass(frozen=True)
class Spread:
    """A score over all folds: the mean and the sample standard deviation."""

    mean: float
    deviation: float

    def __str__(self) -> str:
        """Give it in words."""
        return f"{self.mean:.3f} ± {self.deviation:.3f}"


def train_folds(
    settings: TrainSettings,
    watch: Watcher = lambda share, words: None,
    tell: Callable[[str], None] = lambda line: None,
) -> dict[str, Spread]:
    """Train `settings.folds` nets, each on all pictures but a fold, in folders of the run.

    The scores are those of the averaged weights at the end of each, on the fold that it did not
    learn from; `folds.json` keeps them. With ``resume`` folds that are done stay as they are.

    Raises:
        TrainingError: the run cannot start, or there is no data set to make folds of.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise TrainingError("folds are trained by one process; run them without torchrun")
    if settings.data is None:
        raise TrainingError("folds are made of labelled pictures; name the data set again")
    # One folder for all: each picture is decoded once, whichever fold learns from it.
    settings = replace(settings, cache=settings.cache or settings.run / PICTURES)
    rows: list[dict[str, float]] = []
    tell = _once(tell)
    for fold in range(settings.folds):
        place = settings.run / f"fold-{fold + 1}"
        resume = settings.resume and (place / "last.pt").exists()
        tell(f"fold {fold + 1} of {settings.folds}")
        one = replace(settings, run=place, fold=fold, resume=resume)
        train_run(replace(one, data=None) if resume else one, _within(watch, fold, settings), tell)
        rows.append([row for row in read_log(place / LOG) if "ap50" in row][-1])
    spreads = {name: _spread([row[name] for row in rows]) for name in SCORES}
    facts = {"folds": rows} | {name: vars(spread) for name, spread in spreads.items()}
    text = json.dumps(facts, indent=1) + "\n"
    write_beside(settings.run / SUMMARY, lambda name: name.write_text(text, encoding="utf-8"))
    return spreads


def _once(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Give a teller that passes over what it has told: all folds are of the same pictures."""
    told: set[str] = set()

    def tell_new(line: str) -> None:
        if line not in told:
            told.add(line)
            tell(line)

    return tell_new


def _within(watch: Watcher, fold: int, settings: TrainSettings) -> Watcher:
    """Give a watcher of one fold that shows the share of all."""
    return lambda share, words: watch(
        (fold + min(share, 1.0)) / settings.folds, f"fold {fold + 1}: {words}"
    )


def _spread(values: list[float]) -> Spread:
    return Spread(statistics.fmean(values), statistics.stdev(values))

"""What a model finds in each precision on held-out pictures, and what its net is given to see."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blemish.core.metrics import average_precision, centre_hit_recall
from blemish.core.scoremaps import AsItIs, map_one
from blemish.data.images import open_picture
from blemish.errors import BlemishError
from blemish.jobs.part import Part
from blemish.jobs.scoring import View, at_any_score, look_at, name_classes
from blemish.runtime.bundle import Bundle
from blemish.runtime.bundle_checks import EIGHT_BITS, PRECISIONS
from blemish.runtime.engines import ENGINES, Candidates, Engine, open_engine
from blemish.runtime.finder import Finder
from blemish.training.calibrate import MOST_FALSE, rounded_up
from blemish.training.quantize import Pixels, choose_covering, look_of

REFERENCE = "onnxruntime"  # the engine that is everywhere; the others must agree with it

Quality = dict[str, float]


@dataclass(frozen=True)
class Measured:
    """What a precision finds on held-out pictures.

    Attributes:
        quality: as `Bundle.quality` keeps it.
        threshold: the lowest score of the graph with at most `MOST_FALSE` false finds a picture,
            as `export` chooses the first one.
    """

    quality: Quality
    threshold: float


def covering_windows(bundle: Bundle, part: Part) -> list[Pixels]:
    """Give windows that cover the looks of all, as the net would be given them."""
    listed = [one.path for one in part.dataset.samples]
    looks, places = [], []
    for path in listed:
        for number, window in enumerate(_windows_of(bundle, path)):
            looks.append(look_of(window))
            places.append((path, number))
    chosen = [places[at] for at in choose_covering(looks)]
    return [list(_windows_of(bundle, path))[number] for path, number in chosen]


def _windows_of(bundle: Bundle, path: Path) -> Iterator[Pixels]:
    caught: list[Pixels] = []

    def catch(windows: Pixels) -> Candidates:
        caught.extend(windows.copy())
        none = np.zeros((len(windows), 0), np.float32)
        return np.zeros((len(windows), 0, 4), np.float32), none, none.astype(np.int64)

    with suppress(BlemishError):  # a picture that cannot be read is named by its own
        Finder(bundle, Engine("none", "float32", catch), 0.0)(open_picture(path))
    yield from caught


@dataclass(frozen=True)
class Scale:
    """Measures what a precision finds on held-out pictures.

    Attributes:
        held: the pictures.
        folder: a temporary one, for graphs in eight bits.
        threads: of the engines; 0 for all cores.
    """

    bundle: Bundle
    held: Part
    folder: Path
    threads: int = 0

    def with_graph(self, graph: bytes | None) -> Bundle:
        """Give the bundle beside a graph in eight bits, free to run in every precision."""
        place = self.bundle.path
        if graph is not None:
            place = self.folder
            (place / EIGHT_BITS).write_bytes(graph)
        free = dict.fromkeys(ENGINES, PRECISIONS)
        return replace(self.bundle, path=place, precisions=free, calibration={})

    def measure(
        self, precision: str, graph: bytes | None = None, engine: str = REFERENCE
    ) -> Measured:
        """Give AP@0.5, recall, on how much, and the threshold.

        Raises:
            EngineError: nothing here computes in that precision.
        """
        bundle = self.with_graph(graph)
        opened = open_engine(bundle, engine, precision, self.threads)
        finder = at_any_score(Finder(bundle, opened, 1.0))
        naming = name_classes(self.held.dataset, bundle, False)
        seen = look_at(self.held, finder, naming, View(), lambda row, done, all_: None)
        pictures = [one.picture for one in seen if not one.failed]
        point = centre_hit_recall(pictures, MOST_FALSE)
        quality = {
            "ap50": round(average_precision(pictures), 4),
            "recall": round(point.recall, 4),
            "false_per_picture": MOST_FALSE,
            "pictures": len(pictures),
            "labels": sum(int((~ignored).sum()) for _, _, ignored in pictures),
        }
        return Measured(quality, rounded_up(point.threshold))


def choose_thresholds(before: Bundle, measured: Mapping[str, Measured]) -> dict[str, float]:
    """Give the threshold of each precision that was measured, on the scale of the bundle's map.

    None where the bundle's was chosen otherwise, by hand or for a promise: that one holds.
    """
    by_rule = not before.calibration and before.training.get("threshold") != "given"
    if not by_rule and not before.thresholds:
        return {}
    if before.score_map == AsItIs():  # and four digits stay four
        return {name: one.threshold for name, one in measured.items()}
    return {name: map_one(before.score_map, one.threshold) for name, one in measured.items()}


def some(part: Part, most: int) -> Part:
    """Give at most so many pictures of a part, evenly spread."""
    number = len(part.dataset)
    if number <= most:
        return part
    places = np.linspace(0, number - 1, most).round().astype(int)
    samples = tuple(part.dataset.samples[at] for at in places)
    dataset = replace(part.dataset, samples=samples)
    return replace(part, dataset=dataset, listed=[part.listed[at] for at in places])

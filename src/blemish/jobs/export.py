"""Turn a training run into a model bundle, if all engines agree on what it finds."""

import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save

from blemish.core.boxes import box_centres
from blemish.core.defects import Defects
from blemish.data.images import open_picture
from blemish.data.listing import find_pictures
from blemish.errors import BundleError, UsageError
from blemish.jobs.train import held_pictures
from blemish.model.backbones import num_parameters
from blemish.model.deploy import export_graph
from blemish.model.nets import Detector
from blemish.runtime.bundle import ABOUT, GRAPH, Bundle, write_bundle
from blemish.runtime.engines import open_engine
from blemish.runtime.finder import Finder
from blemish.runtime.part import RIM_MARGIN
from blemish.training.augment import Pixels
from blemish.training.batches import Labelled
from blemish.training.calibrate import Calibration, calibrate
from blemish.training.card import write_card
from blemish.training.parity import Gate, finds_of, parity_facts
from blemish.training.records import Record, read_record
from blemish.training.road import draft_bundle, torch_engine
from blemish.wafer.outline import find_outline

WEIGHTS, CARD = "weights.safetensors", "README.md"
NUM_COMPARED = 8
NUM_SEEN = 100
STRAY = 0.1  # of the labels outside what is taken for a wafer: more, and it is none, or not all
ANY_SCORE = 0.01
# Most drawn wafers' discs, as of the photographs they stand for, and how far the drawn ones and
# the scaled crops reach.
DIAMETER, DIAMETERS = 800.0, (560.0, 1000.0)

Watcher = Callable[[float, str], None]


@dataclass(frozen=True)
class ExportSettings:
    """How a run becomes a bundle.

    Attributes:
        weights: `last` (the average at the end) or `best` (at the best validation).
        threshold: lowest score that counts as a find; None for the measured one.
        pictures: files or a folder to compare the engines on; None for validation pictures.
        name: the model's name; None for that of the bundle's folder.
        num_looked: validation pictures that the threshold is measured on, at most.
        threads: of the engines; 0 for all cores.
    """

    weights: str = "last"
    threshold: float | None = None
    pictures: Path | None = None
    name: str | None = None
    num_looked: int = 100
    threads: int = 0


DEFAULT = ExportSettings()


def export_bundle(
    run: Path,
    out: Path,
    settings: ExportSettings = DEFAULT,
    watch: Watcher = lambda share, words: None,
) -> Bundle:
    """Write the model of a run as a bundle at ``out`` and give it.

    ``watch`` is told the share that is done and what comes next.

    Raises:
        TrainingError: the run holds no usable weights.
        ParityError: in float32 an engine finds other things than the net itself.
        BundleError: ``out`` is something else, or cannot be written.
    """
    check_settings(out, settings)
    record = read_record(run)
    net = record.load_net(settings.weights)
    with tempfile.TemporaryDirectory(prefix="blemish-export-") as folder:
        watch(0.0, "writing the graph")
        draft = draw_up(record, net, Path(folder) / "draft")
        watch(0.1, "comparing the engines")
        pictures = compared_pictures(record, settings)
        reference = finds_of(draft, torch_engine(net, draft.top_k), pictures)
        gate = Gate(draft, reference, pictures, settings.threads)
        passed = gate.pass_float32()
        draft = replace(
            draft,
            precisions=dict.fromkeys(passed, ("float32",)),
            region=choose_region(itertools.islice(held_pictures(record.settings), NUM_SEEN)),
        )
        measured = measure(draft, record, settings, watch)
        threshold = measured.threshold if settings.threshold is None else settings.threshold
        watch(0.95, "comparing the precisions")
        precisions, parity = parity_facts(passed, gate.try_bfloat16(threshold))
        draft = replace(draft, threshold=threshold, precisions=precisions, parity=parity)
        training = {
            "weights": settings.weights,
            "parameters": num_parameters(net),
            "threshold": "measured" if settings.threshold is None else "given",
            "scores": measured.facts(),
            **record.facts(),
        }
        name = settings.name or out.resolve().name
        return finish(replace(draft, name=name, training=training), net, out)


def check_settings(out: Path, settings: ExportSettings) -> None:
    """Refuse now what would be refused after minutes of work.

    Raises:
        UsageError: a setting is out of range.
        BundleError: ``out`` holds something else.
    """
    if settings.weights not in {"last", "best"}:
        raise UsageError(f"weights {settings.weights!r} is neither last nor best")
    if settings.threshold is not None and not 0 <= settings.threshold <= 1:
        raise UsageError(f"the threshold must be between 0 and 1, not {settings.threshold}")
    if settings.num_looked < 1:
        raise UsageError(f"at least one picture must be looked at, not {settings.num_looked}")
    if (
        out.exists()
        and not (out / ABOUT).is_file()
        and not (out.is_dir() and not any(out.iterdir()))
    ):
        raise BundleError(f"{out}: exists and is no model bundle; choose another folder")


def draw_up(record: Record, net: Detector, place: Path) -> Bundle:
    """Write the graph, with what is known before it was run, and give the bundle."""
    wafers = record.settings.get("data") is None
    bundle = replace(
        draft_bundle(net),
        path=place,
        net=record.settings["net"],
        classes=record.classes,
        wafer_diameter=DIAMETER if wafers else None,
        wafer_range=DIAMETERS if wafers else None,
        long_side=record.settings.get("long_side"),
    )
    return write_bundle(bundle, {GRAPH: export_graph(net, bundle.top_k)})


def compared_pictures(record: Record, settings: ExportSettings) -> list[Pixels]:
    """Give the pictures that the engines are compared on."""
    if settings.pictures is not None:
        return [open_picture(one.path) for one in find_pictures([settings.pictures])]
    few = itertools.islice(held_pictures(record.settings), NUM_COMPARED)
    return [np.asarray(picture.pixels) for picture in few]


def choose_region(pictures: Iterable[Labelled]) -> str:
    """Give what `auto` should mean for a model of such labels, see `Bundle.region`.

    A round pad of a board may look like a wafer, whose surroundings hold nothing to find.
    """
    num_labels = num_stray = 0
    for picture in pictures:
        centres = box_centres(picture.defects.boxes)
        outline = find_outline(np.asarray(picture.pixels)) if len(centres) else None
        if outline is not None:
            num_labels += len(centres)
            inside = outline.contains(centres, RIM_MARGIN * outline.diameter)
            num_stray += int((~inside).sum())
    return "whole" if num_stray > STRAY * num_labels else "auto"


def measure(draft: Bundle, record: Record, settings: ExportSettings, watch: Watcher) -> Calibration:
    """Look at validation pictures as `find` will, in float32, and measure the finds."""
    engine = open_engine(draft, next(iter(draft.precisions)), "float32", settings.threads)
    finder = Finder(draft, engine, ANY_SCORE)

    def look() -> Iterator[tuple[Defects, Defects, NDArray[np.float32]]]:
        looked = itertools.islice(held_pictures(record.settings), settings.num_looked)
        for index, picture in enumerate(looked):
            watch(0.15 + 0.8 * index / settings.num_looked, "measuring the threshold")
            yield finder(np.asarray(picture.pixels)), picture.defects, picture.strength

    return calibrate(look())


def finish(bundle: Bundle, net: Detector, out: Path) -> Bundle:
    """Put graph, weights and card together at ``out``."""
    placed = replace(bundle, path=out)
    weights = {name: value.contiguous() for name, value in net.state_dict().items()}
    sources = {
        GRAPH: bundle.graph,
        WEIGHTS: save(weights),
        CARD: write_card(placed).encode(),
    }
    return write_bundle(placed, sources)

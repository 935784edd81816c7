"""Score a bundle on freshly drawn wafers: AP@0.5, centre-hit recall, outline, marks lost.

    python benchmarks/drawn.py --count 200 --seed 20261122 [--held-back] [--model BUNDLE]
        [--precision float32 int8] [--engine onnxruntime]

Several precisions look at the same wafers. Marks under the strength in question are ignored:
neither asked for nor held against a find.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import blemish
from blemish.core.boxes import box_centres
from blemish.core.metrics import average_precision, centre_hit_recall
from blemish.runtime.bundle import default_bundle, read_bundle
from blemish.runtime.finder import Finding
from blemish.runtime.part import RIM_MARGIN
from blemish.synth.strength import LABEL_STRENGTH
from blemish.synth.wafers import Wafer, draw_wafer
from blemish.training.calibrate import scored

LEAST_SCORE = 0.02


def look_at(asked: argparse.Namespace) -> dict[str, list[tuple[Wafer, Finding]]]:
    """Draw the wafers and find on each, by the road that the command line takes."""
    finders = {
        precision: blemish.open_finder(
            *(asked.model, LEAST_SCORE, asked.region),
            engine=asked.engine,
            precision=precision,
            threads=asked.threads,
        )
        for precision in asked.precision
    }
    looked: dict[str, list[tuple[Wafer, Finding]]] = defaultdict(list)
    for index in range(asked.count):
        wafer = draw_wafer(asked.seed, index, asked.held_back)
        for precision, finder in finders.items():
            looked[precision].append((wafer, finder.look(wafer.pixels)))
    return looked


def outline_numbers(looked: list[tuple[Wafer, Finding]]) -> dict[str, float]:
    """Say how often the disc was found, and which share of labels the outline would drop."""
    with_disc = [(wafer, finding.outline) for wafer, finding in looked if wafer.disc.has_edge]
    lost = labelled = 0
    for wafer, finding in looked:
        centres = box_centres(wafer.defects.boxes[wafer.strength >= LABEL_STRENGTH])
        labelled += len(centres)
        if finding.outline is not None and len(centres):
            margin = RIM_MARGIN * finding.outline.diameter
            lost += int((~finding.outline.contains(centres, margin)).sum())
    in_view = [outline for wafer, outline in with_disc if wafer.disc.radius <= 450]
    return {
        "discs_wholly_in_frame": len(in_view),
        "found_of_those": sum(outline is not None for outline in in_view) / max(len(in_view), 1),
        "discs_with_edge": len(with_disc),
        "found_of_all": sum(o is not None for _, o in with_disc) / max(len(with_disc), 1),
        "labels_lost": lost / max(labelled, 1),
    }


def by_kind(looked: list[tuple[Wafer, Finding]], threshold: float) -> dict[str, str]:
    """Count the marks of each kind and strength whose box holds a find's centre."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for wafer, finding in looked:
        points = box_centres(finding.defects.boxes[finding.defects.scores >= threshold])
        marks = zip(wafer.defects.boxes, wafer.strength, wafer.kinds, strict=True)
        for box, strength, kind in marks:
            if strength < LABEL_STRENGTH:
                continue
            band = "5-10" if strength < 10 else "10-30" if strength < 30 else "30+"
            hit = ((points >= box[:2]) & (points < box[2:])).all(axis=1).any()
            counts[f"{kind} {band}"][0] += int(hit)
            counts[f"{kind} {band}"][1] += 1
    return {name: f"{hit}/{number}" for name, (hit, number) in sorted(counts.items())}


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--held-back", action="store_true")
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--region", default="auto")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--precision", nargs="+", default=["auto"])
    parser.add_argument("--threads", type=int, default=0)
    asked = parser.parse_args()
    bundle = read_bundle(asked.model or default_bundle())
    found = {
        name: numbers_of(looked, bundle.threshold_for(bundle.precision if name == "auto" else name))
        for name, looked in look_at(asked).items()
    }
    print(json.dumps(found if len(found) > 1 else next(iter(found.values())), indent=1))


def numbers_of(looked: list[tuple[Wafer, Finding]], threshold: float) -> dict[str, object]:
    """Give what is printed."""
    numbers: dict[str, object] = {}
    for least in (10.0, LABEL_STRENGTH):
        pictures = [
            scored(finding.defects, wafer.defects, wafer.strength, least)
            for wafer, finding in looked
        ]
        hits = centre_hit_recall(pictures, 0.1)
        numbers[f"strength >= {least:g}"] = {
            "ap50": round(average_precision(pictures, 0.5), 4),
            "centre_hit_recall_at_0.1": round(hits.recall, 4),
            "its_threshold": round(hits.threshold, 4),
            "labels": int(sum((~ignored).sum() for _, _, ignored in pictures)),
        }
    numbers["outline"] = outline_numbers(looked)
    numbers["centre hits at the bundle's threshold"] = by_kind(looked, threshold)
    return numbers


if __name__ == "__main__":
    main()

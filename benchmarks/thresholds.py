"""Measure the threshold of each precision that a bundle has, and write it with them.

    blemish synth --count 600 --seed 20261130 --labels coco --out drawn
    python benchmarks/thresholds.py default drawn --split all --out default-measured

What `blemish export --int8 --calibrate` does at its end, for a bundle whose graph in eight bits is
to stay: the lowest score with at most 0.1 false finds a picture. Pictures that only gave ranges
to the eight bits may count too (`--split all`): more of them choose more surely.
"""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

from blemish.jobs.part import PARTS, choose_part, wish_of
from blemish.jobs.precisions import REFERENCE, Scale, choose_thresholds
from blemish.jobs.quantize import CARD, check_out
from blemish.report.precisions import put_thresholds
from blemish.runtime.bundle import default_bundle, read_bundle, write_bundle


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", choices=PARTS, default="val")
    parser.add_argument("--threads", type=int, default=0)
    asked = parser.parse_args()
    check_out(asked.out)
    bundle = read_bundle(default_bundle() if asked.bundle == "default" else Path(asked.bundle))
    held = choose_part(asked.data, asked.split, wish_of(bundle, None, None, None))
    with tempfile.TemporaryDirectory() as folder:
        scale = Scale(bundle, held, Path(folder), asked.threads)
        measured = {
            name: scale.measure(name, engine="openvino" if name == "bfloat16" else REFERENCE)
            for name in bundle.offered
        }
    chosen = choose_thresholds(bundle, measured)
    sources: dict[str, Path | bytes] = {name: bundle.path / name for name in bundle.files}
    card = (bundle.path / CARD).read_text(encoding="utf-8")
    sources[CARD] = put_thresholds(card, chosen).encode()
    write_bundle(replace(bundle, path=asked.out, thresholds=chosen), sources)
    quality = {name: one.quality for name, one in measured.items()}
    print(json.dumps({"thresholds": chosen, "quality": quality}, indent=1))


if __name__ == "__main__":
    main()

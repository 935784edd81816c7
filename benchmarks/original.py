"""How well a net learns from a set of the size that this work began with, from nothing.

    python benchmarks/original.py --out WORK [--seeds 3] [--classic]

280 wafers are drawn to learn from and 59 to validate on, with 1.4 labels each in the mean (about
85 in the 59); marks under a strength of 10, which stand out to nobody, are ignored. Nothing tells
the strength of the others, as nothing does in a set that a person labelled. Each seed draws a set
of its own and trains from nothing for as long as the plan chooses. Printed are AP@0.5 of each and
the mean. `--classic` trains one seed by `--recipe classic` instead. What is finished in WORK is
not done again.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

LEARNED, HELD, MARKS, LEAST = 280, 59, 2.3, 10.0


def blemish(*words: object) -> None:
    """Run the command line; a failure ends all."""
    program = "from blemish.cli import main; main()"
    subprocess.run([sys.executable, "-c", program, *map(str, words)], check=True)  # noqa: S603


def draw(folder: Path, seed: int) -> Path:
    """Draw the set of a seed: two folders that its layout names train and val."""
    for part, count, series in (("train", LEARNED, seed), ("val", HELD, seed + 1000)):
        out = folder / "data" / part
        if not (out / "strength.csv.done").exists():
            drawn = ("--marks", MARKS, "--least", LEAST, "--seed", series)
            blemish("synth", "--count", count, "--out", out, *drawn)
            (out / "strength.csv").rename(out / "strength.csv.done")
    return folder / "data"


def score(folder: Path, seed: int, recipe: tuple[str, ...]) -> dict[str, float]:
    """Draw, train, export and evaluate; give the scores of the best weights' bundle."""
    run, bundle, result = (folder / name for name in ("run", "model", "scores"))
    if not (result / "scores.json").exists():
        data = draw(folder, seed)
        going = ("--resume",) if (run / "last.pt").exists() else ()
        plan = ("--from", "nothing", "--seed", seed, "--cache", folder / "pictures")
        blemish("train", data, "--out", run, *plan, *recipe, *going)
        blemish("export", run, "--out", bundle)
        blemish("evaluate", bundle, data, "--out", result, "--overwrite")
    return dict(json.loads((result / "scores.json").read_text()))


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--classic", action="store_true")
    asked = parser.parse_args()
    recipe = ("--net", "retinanet", "--recipe", "classic") if asked.classic else ()
    values = []
    for seed in range(1 if asked.classic else asked.seeds):
        folder = asked.out / f"{'classic' if asked.classic else 'own'}-{seed}"
        scores = score(folder, seed, recipe)
        values.append(float(scores["mAP"]))
        print(seed, values[-1], flush=True)
    print(json.dumps({"ap50": values, "mean": statistics.mean(values)}))


if __name__ == "__main__":
    main()

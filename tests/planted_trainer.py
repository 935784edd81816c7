"""Stands in for `blemish train` and `export` where a test needs no torch: a process like theirs.

`planted_trainer.py HOW FILE VERB ...` leaves its exit code in FILE as `blemish.cli.noted` does.
HOW: `quick`; `real` (compares as `blemish compare` does); `waiting` (until a file `go` lies beside
FILE, or SIGTERM); `deaf` (the same, but SIGTERM is not heard); `broken` (train fails with a line);
`killed` (train kills itself, the first time after a checkpoint); `mortal` (every time).
"""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

NUMBER = {"a": 0.75, "b": 0.5, "interval": [0.125, 0.375]}
COMPARED: dict[str, Any] = {
    "num_compared": 2,
    "labels": {"both": 1, "only_a": 1, "only_b": 0, "neither": 0},
    "numbers": {
        "COCO AP@0.5": NUMBER,
        "false finds a picture": NUMBER | {"interval": [None, None]},
    },
}


def main(how: str, place: Path, verb: str, words: list[str]) -> None:
    if verb == "train":
        train(how, place, words)
    elif verb == "export":
        run, out = Path(words[0]), Path(words[words.index("--out") + 1])
        shutil.copytree((run / "from.txt").read_text(), out)
        about = json.loads((out / "bundle.json").read_text())
        about |= {"name": words[words.index("--name") + 1], "threshold": 0.25}
        (out / "bundle.json").write_text(json.dumps(about))
    elif how != "real":
        out = Path(words[words.index("--out") + 1])
        out.mkdir()
        (out / "compare.json").write_text(json.dumps(COMPARED))
    else:  # it needs no torch
        from blemish.cli.noted import run as run_noted

        run_noted(place, [verb, *words, "--engine", "onnxruntime"])
        return
    place.write_text("0")


def train(how: str, place: Path, words: list[str]) -> None:
    run = Path(words[words.index("--out") + 1])
    run.mkdir(exist_ok=True)
    if "--resume" not in words:
        (run / "from.txt").write_text(words[words.index("--from") + 1])
    if how == "broken":
        sys.stderr.write("blemish: the loss of step 3 is not a number; lower the rate\n")
        place.write_text("2")
        sys.exit(2)
    with (run / "log.jsonl").open("a") as log:
        for step in range(10, 60, 10):
            log.write(json.dumps({"step": step, "seconds": step / 10, "loss": 9 / step}) + "\n")
        log.write(json.dumps({"step": 50, "seconds": 5.0, "loss": 0.2, "ap50": 0.5}) + "\n")
    (run / "last.pt").write_text("a checkpoint")
    if how == "mortal" or (how == "killed" and "--resume" not in words):
        os.kill(os.getpid(), signal.SIGKILL)
    if how in {"waiting", "deaf"}:
        if how == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (run / "here").touch()
        while not (place.parent / "go").exists():
            time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4:])

"""Train YOLO11n by its own trainer, a few steps whenever a line comes; tells the seconds of a step.

Started by `training_speed.py` in an environment of its own, because the peer's licence is AGPL;
nothing of blemish is imported. For each line on standard input it takes some steps that do not
count, which use up what was loaded while it waited, and some that do, and prints `peer: SECONDS`.
It ends when standard input does.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from ultralytics import YOLO, settings

WARMED = 5  # its loader keeps four batches ready


def pace(steps: int) -> Iterator[None]:
    """Wait for a line, let steps pass and print their seconds, again and again.

    To be advanced at the start of each step, when its batch is loaded.
    """
    while sys.stdin.readline():
        for _ in range(WARMED):
            yield
        begun = time.perf_counter()
        for _ in range(steps):
            yield
        # A line of its own, whatever the progress bar has left.
        print(f"\npeer: {(time.perf_counter() - begun) / steps}", flush=True)
    os._exit(0)


def main() -> None:
    """Train until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="data.yaml")
    parser.add_argument("--side", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    asked = parser.parse_args()
    settings.update({"sync": False})  # no telemetry
    pacer = pace(asked.steps)
    model = YOLO("yolo11n.yaml")
    # The trainer takes a core less than there are.
    model.add_callback("on_train_start", lambda _: torch.set_num_threads(asked.threads))
    model.add_callback("on_train_batch_start", lambda _: next(pacer))
    model.train(
        data=str(asked.data),
        epochs=1000,
        imgsz=asked.side,
        batch=asked.batch,
        amp=False,  # on a processor it takes nothing else
        cache="ram",
        pretrained=False,
        device="cpu",
        workers=1,
        project=str(asked.data.parent.resolve()),
        val=False,
        save=False,
        plots=False,
    )


if __name__ == "__main__":
    main()

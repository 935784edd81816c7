"""How fast nets learn, in megapixels a second: ours, YOLO11n and torchvision's RetinaNet-R50.

    python benchmarks/training_speed.py --peer peer/bin/python

They take turns with the same number of threads, whole steps with their own loading and changing of
drawn wafers: ours on eight crops of 416 px, in bfloat16 where the processor has it; YOLO11n by its
own trainer on as many pixels, in float32 because on a processor it refuses anything else, in an
environment of its own (`peer_training.py`; its licence is AGPL); torchvision's RetinaNet-R50 in
float32 on two pictures of 900 px. Without `--peer` the peer is left out.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torchvision.models.detection import retinanet_resnet50_fpn

from blemish.data.images import write_picture
from blemish.model.centernet import DEFAULT_NET
from blemish.model.nets import build_net
from blemish.runtime.processor import processor_name
from blemish.synth.strength import LABEL_STRENGTH
from blemish.synth.wafers import draw_wafer
from blemish.training.batches import Ahead, Batches, BatchPlan, Labelled, Source
from blemish.training.loop import LoopPlan, learn, make_learner

PEER_SCRIPT = Path(__file__).parent / "peer_training.py"
WISH = (LABEL_STRENGTH, 0.5)  # as in the middle of a run
COPIES = 20  # of each picture, so that the peer's rounds are long
OURS, PEER, TORCHVISION = "blemish", "YOLO11n", "torchvision RetinaNet-R50"

Step = Callable[[], Any]
Turn = Callable[[], float]


def ours(pictures: list[Labelled], plan: BatchPlan) -> Step:
    """Give a step of the point net, as `train` takes it."""
    source = Source(pictures.__getitem__, pictures.__len__)
    ahead = Ahead(Batches(source, plan))
    learner = make_learner(build_net(DEFAULT_NET, 1), LoopPlan(steps=1000))
    return lambda: learn(learner, ahead(learner.step, WISH, WISH), 1e-3, LoopPlan().clip)


def torchvisions(pictures: list[Labelled], batch: int) -> Step:
    """Give a step of RetinaNet-R50 as torchvision's reference takes it, pictures in their size."""
    side = pictures[0].pixels.shape[0]
    net = retinanet_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=1, min_size=side, max_size=side
    )
    optimiser = torch.optim.SGD(net.parameters(), 1e-4, momentum=0.9, weight_decay=1e-4)
    marked = [one for one in pictures if len(one.defects)][:batch]

    def step() -> None:
        pixels = [torch.from_numpy(one.pixels.copy()).permute(2, 0, 1) / 255 for one in marked]
        boxes = [torch.from_numpy(one.defects.boxes.copy()) for one in marked]
        labels = [torch.zeros(len(one), dtype=torch.int64) for one in boxes]
        targets = [
            {"boxes": box, "labels": label} for box, label in zip(boxes, labels, strict=True)
        ]
        loss = sum(net(pixels, targets).values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def turn_of(step: Step, steps: int, megapixels: float) -> Turn:
    """Give a turn of some steps, after one that does not count: megapixels a second."""

    def turn() -> float:
        step()
        begun = time.perf_counter()
        for _ in range(steps):
            step()
        return megapixels * steps / (time.perf_counter() - begun)

    return turn


def turn_of_peer(process: Any, megapixels: float) -> Turn:
    """Give a turn of a peer's process, whose ends are pipes of text."""

    def turn() -> float:
        process.stdin.write("go\n")
        process.stdin.flush()
        for line in process.stdout:
            if line.startswith("peer: "):
                return megapixels / float(line.removeprefix("peer: "))
        raise SystemExit("the peer's training ended; run benchmarks/peer_training.py by itself")

    return turn


def write_yolo(pictures: list[Labelled], folder: Path) -> Path:
    """Write the pictures as the peer wants them, each several times."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for number, one in enumerate(pictures):
        height, width = one.pixels.shape[:2]
        drawn = folder / "images" / f"{number}-0.png"
        write_picture(drawn, one.pixels)
        boxes = one.defects.boxes[one.strength >= LABEL_STRENGTH]
        rows = [
            f"0 {(x1 + x2) / 2 / width} {(y1 + y2) / 2 / height} "
            f"{(x2 - x1) / width} {(y2 - y1) / height}"
            for x1, y1, x2, y2 in boxes.tolist()
        ]
        for copy in range(COPIES):
            if copy:
                (folder / "images" / f"{number}-{copy}.png").hardlink_to(drawn)
            (folder / "labels" / f"{number}-{copy}.txt").write_text("\n".join(rows))
    data = folder / "data.yaml"
    data.write_text(f"path: {folder.resolve()}\ntrain: images\nval: images\nnames: [defect]\n")
    return data


def start_peer(python: Path, data: Path, wishes: dict[str, int]) -> Any:
    """Start the peer's training, which waits for its turn."""
    options = [word for name, value in wishes.items() for word in (f"--{name}", str(value))]
    return subprocess.Popen(  # noqa: S603
        [str(python), str(PEER_SCRIPT), str(data), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=data.parent,
        text=True,
    )


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=Path, help="python of the peer's environment")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--steps", type=int, default=5, help="that count, of a turn")
    parser.add_argument("--count", type=int, default=16, help="drawn wafers")
    parser.add_argument("--rest", type=float, default=3.0, help="seconds before each turn")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    torch.manual_seed(0)
    drawn = [draw_wafer(1, index) for index in range(asked.count)]
    pictures = [Labelled(one.pixels, one.defects, one.strength) for one in drawn]
    plan, pair = BatchPlan(), 2
    crops = plan.batch * plan.size**2 / 1e6
    whole = pair * pictures[0].pixels[..., 0].size / 1e6
    turns = {
        OURS: turn_of(ours(pictures, plan), asked.steps, crops),
        TORCHVISION: turn_of(torchvisions(pictures, pair), max(asked.steps // 3, 1), whole),
    }
    wishes = {
        "side": plan.size,
        "batch": plan.batch,
        "steps": asked.steps,
        "threads": asked.threads,
    }
    process = None
    with tempfile.TemporaryDirectory() as folder:
        try:
            if asked.peer:
                data = write_yolo(pictures, Path(folder) / "yolo")
                process = start_peer(asked.peer.absolute(), data, wishes)
                turns[PEER] = turn_of_peer(process, crops)
            for turn in turns.values():  # not counted: kernels are made in the first
                turn()
            rates: dict[str, list[float]] = {name: [] for name in turns}
            for _ in range(asked.turns):
                for name, turn in turns.items():
                    time.sleep(asked.rest)
                    rates[name].append(turn())
        finally:
            if process:
                process.kill()
                process.wait()
    print(json.dumps(told(rates, asked.threads), indent=1))


def told(rates: dict[str, list[float]], threads: int) -> dict[str, object]:
    """Give what is printed: medians and ranges in megapixels a second, and our ratio to each."""
    middle = {name: statistics.median(row) for name, row in rates.items()}
    return {
        "processor": processor_name(),
        "threads": threads,
        "megapixels_a_second": {name: round(rate, 3) for name, rate in middle.items()},
        "range": {name: [round(min(row), 3), round(max(row), 3)] for name, row in rates.items()},
        "times_faster_than": {
            name: round(middle[OURS] / rate, 2) for name, rate in middle.items() if name != OURS
        },
    }


if __name__ == "__main__":
    main()

"""How much faster a RetinaNet-R50 learns in bfloat16 than in float32, on this processor.

    python benchmarks/half.py [--backbone resnet50] [--side 928] [--batch N] [--steps 5]

Whole steps (passes, optimiser, average) on pictures of 900 px, filled up to 928, taking turns; as
many a step as the plan chooses for this side, two. The target of 3 is meant for a processor with
AMX; what the processor has is printed too.
"""

import argparse
import json
import statistics
import time

import torch

from blemish.model.assign import Truth
from blemish.model.nets import build_net, losses_of
from blemish.model.retinanet import DEFAULT_RETINANET
from blemish.training.loop import Learner, LoopPlan, make_learner
from blemish.training.plan import choose_batch


def step(learner: Learner, pixels: torch.Tensor, truths: list[Truth], half: bool) -> float:
    """Take one step and give its seconds."""
    begun = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        outputs = learner.net(pixels)
    loss = losses_of(learner.net, outputs, truths)["loss"]
    learner.optimiser.zero_grad()
    loss.backward()
    learner.optimiser.step(1e-4)
    learner.average.update(learner.net, learner.step)
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--side", type=int, default=928)
    parser.add_argument("--batch", type=int, default=0, help="pictures a step; 0 for the plan's")
    parser.add_argument("--steps", type=int, default=5)
    asked = parser.parse_args()
    torch.manual_seed(0)
    net = build_net(dict(DEFAULT_RETINANET, backbone=asked.backbone), 1)
    learner = make_learner(net.train(), LoopPlan(steps=1))
    batch = asked.batch or choose_batch(asked.side)
    pixels = torch.randint(0, 256, (batch, asked.side, asked.side, 3), dtype=torch.uint8)
    boxes = torch.tensor([[100.0, 100, 130, 130], [400, 500, 460, 560]])
    truth = Truth(boxes, torch.zeros(2, dtype=torch.int64), torch.zeros(0, 4))
    times: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(asked.steps + 1):
        for half, row in times.items():
            seconds = step(learner, pixels, [truth] * batch, half)
            if turn:  # the first compiles kernels
                row.append(seconds)
    single, double = (statistics.median(times[half]) for half in (False, True))
    able = [name for name, has in torch.cpu.get_capabilities().items() if has is True]
    print(json.dumps({"float32": single, "bfloat16": double, "ratio": single / double}))
    print("processor:", ", ".join(able))


if __name__ == "__main__":
    main()

"""Train torchvision's RetinaNet-R50 as it comes, from nothing, and write its finds.

    blemish prepare DATA --group COLUMN --out prepared
    python benchmarks/peer_torchvision.py prepared --minutes 60 --out tv
    python benchmarks/judge.py prepared tv/finds.csv

Its own resizing (800 to 1,333 px), anchors, assignment and losses; SGD at the reference's rate for
a batch of 2, with a warm-up; flips; clean pictures are left out, because they crash nothing but
teach nothing at the start either.
"""

import argparse
import csv
import random
import time
from pathlib import Path

import torch
from torchvision.models.detection import retinanet_resnet50_fpn

from blemish.data.dataset import Dataset, Sample, read_dataset
from blemish.data.images import open_picture

RATE, WARMUP, BATCH = 0.01 * 2 / 16, 200, 2  # torchvision's reference trains 16 pictures at 0.01


def as_pair(sample: Sample, flip: bool, one_class: bool) -> tuple[torch.Tensor, dict[str, object]]:
    """Give a picture and its labels as torchvision wants them."""
    pixels = torch.from_numpy(open_picture(sample.path).copy()).permute(2, 0, 1) / 255
    boxes = torch.from_numpy(sample.defects.boxes.copy())
    if flip:
        pixels = pixels.flip(2)
        boxes[:, [0, 2]] = pixels.shape[2] - boxes[:, [2, 0]]
    labels = torch.from_numpy(sample.defects.labels.copy())
    return pixels, {"boxes": boxes, "labels": torch.zeros_like(labels) if one_class else labels}


def learn(data: Dataset, minutes: float, one_class: bool) -> torch.nn.Module:
    """Train for so many minutes."""
    number = 1 if one_class else len(data.classes)
    net = retinanet_resnet50_fpn(weights=None, weights_backbone=None, num_classes=number)
    optimiser = torch.optim.SGD(net.parameters(), RATE, momentum=0.9, weight_decay=1e-4)
    shown = [sample for sample in data.samples if sample.part == "train" and len(sample.defects)]
    chance, begun, step = random.Random(0), time.monotonic(), 0
    while (spent := time.monotonic() - begun) < 60 * minutes:
        pairs = [as_pair(one, chance.random() < 0.5, one_class) for one in chance.sample(shown, 2)]
        losses = net([pixels for pixels, _ in pairs], [labels for _, labels in pairs])
        loss = sum(losses.values())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / WARMUP)
        optimiser.step()
        step += 1
        if step % 20 == 0:
            print(f"step {step}, {spent / 60:.1f} minutes, loss {float(loss):.3f}", flush=True)
    return net.eval()


def main() -> None:
    """Train, find, and write ``finds.csv``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--one-class", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    data = read_dataset(asked.data)
    net = learn(data, asked.minutes, asked.one_class)
    names = ("defect",) if asked.one_class else data.classes
    asked.out.mkdir(parents=True, exist_ok=True)
    with (asked.out / "finds.csv").open("w", newline="") as file, torch.no_grad():
        writer = csv.writer(file)
        writer.writerow(["image", "x1", "y1", "x2", "y2", "score", "label"])
        for sample in data.samples:
            if sample.part != "val":
                continue
            found = net([as_pair(sample, False, asked.one_class)[0]])[0]
            for box, score, label in zip(
                found["boxes"], found["scores"], found["labels"], strict=True
            ):
                name = sample.path.relative_to(asked.data.resolve()).as_posix()
                writer.writerow([name, *box.tolist(), float(score), names[int(label)]])


if __name__ == "__main__":
    main()

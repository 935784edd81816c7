"""Train YOLO11n from nothing on a prepared data set, for so many minutes, and write its finds.

Runs in an environment of its own, because the peer's licence is AGPL; nothing of blemish is
imported:

    python3.11 -m venv peer && peer/bin/pip install ultralytics
    blemish prepare DATA --group COLUMN --out prepared
    peer/bin/python benchmarks/peer_yolo.py prepared --minutes 60 --side 640 --out yolo
    python benchmarks/judge.py prepared yolo/finds.csv
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path

from ultralytics import YOLO, settings

Rows = dict[str, dict[str, list[list[str]]]]


def read_prepared(data: Path) -> tuple[Rows, list[str]]:
    """Give the rows of each picture of each part, and the class names."""
    with (data / "classes.csv").open(newline="") as file:
        names = [row[0] for row in csv.reader(file)]
    rows: Rows = {"train": defaultdict(list), "val": defaultdict(list)}
    with (data / "annotations.csv").open(newline="") as file:
        for row in csv.reader(file):
            rows[row[0].split("/")[0]][row[0]].append(row[1:6])
    return rows, names


def write_yolo(data: Path, out: Path, one_class: bool) -> tuple[Path, Rows]:
    """Write the data set as the peer wants it: links to the pictures and text files."""
    from PIL import Image

    rows, names = read_prepared(data)
    for part, pictures in rows.items():
        for name, labels in pictures.items():
            picture = data / name
            width, height = Image.open(picture).size
            link = out / "images" / part / picture.name
            text = out / "labels" / part / f"{picture.stem}.txt"
            for file in (link, text):
                file.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                link.symlink_to(picture.resolve())
            lines = []
            for *box, label in (row for row in labels if row[0]):
                x1, y1, x2, y2 = map(float, box)
                number = 0 if one_class else names.index(label)
                middle = f"{(x1 + x2) / 2 / width} {(y1 + y2) / 2 / height}"
                lines.append(f"{number} {middle} {(x2 - x1) / width} {(y2 - y1) / height}")
            text.write_text("\n".join(lines))
    listed = ["defect"] if one_class else names
    yaml = out / "data.yaml"
    yaml.write_text(
        f"path: {out.resolve()}\ntrain: images/train\nval: images/val\nnames: {listed}\n"
    )
    return yaml, rows


def main() -> None:
    """Train, find, and write ``finds.csv``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--side", type=int, default=640)
    parser.add_argument("--one-class", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    settings.update({"sync": False})  # no telemetry
    yaml, rows = write_yolo(asked.data, asked.out, asked.one_class)
    YOLO("yolo11n.yaml").train(
        data=str(yaml),
        time=asked.minutes / 60,
        imgsz=asked.side,
        pretrained=False,
        device="cpu",
        workers=1,
        project=str(asked.out.resolve()),
        name="run",
        exist_ok=True,
        val=False,
        plots=False,
    )
    model = YOLO(asked.out / "run" / "weights" / "last.pt")
    with (asked.out / "finds.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "x1", "y1", "x2", "y2", "score", "label"])
        for name in rows["val"]:
            found = model.predict(
                asked.data / name, imgsz=asked.side, conf=0.001, max_det=300, verbose=False
            )[0].boxes
            for box, score, label in zip(found.xyxy, found.conf, found.cls, strict=True):
                writer.writerow([name, *box.tolist(), float(score), model.names[int(label)]])


if __name__ == "__main__":
    main()

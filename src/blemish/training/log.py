"""The log of a run: every ten steps and every validation a line, the validations as a table too."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from blemish.report.plots import draw_curves
from blemish.training.checkpoint import write_beside

LOG, TABLE, CURVES = "log.jsonl", "log.csv", "curves.png"
PARTS = ("loss", "classification", "regression")
COLUMNS = (
    *("epoch", "step", "seconds", "rate", *PARTS, *(f"val_{name}" for name in PARTS)),
    *("ap50", "ap50_clear", "recall"),
)
Row = Mapping[str, float]


class Log:
    """Keeps the means of ten steps, and of all steps since the last validation.

    A run that goes on from a checkpoint forgets what was logged after it: those steps are taken
    again.
    """

    def __init__(
        self, run: Path, step: int, watch: Callable[[float, Row], None], every: int = 10
    ) -> None:
        self.run = run
        self.watch = watch
        self.every = every
        self.progress = 0.0
        self.ten: list[Row] = []
        self.all: list[Row] = []
        self.seconds: float | None = None
        kept = [row for row in read_log(run / LOG) if row["step"] <= step]
        self.looks = [row for row in kept if "ap50" in row]
        if (run / LOG).exists():
            text = "".join(json.dumps(row) + "\n" for row in kept)
            write_beside(run / LOG, lambda name: name.write_text(text, encoding="utf-8"))

    def step(self, row: Row, progress: float, images: int) -> None:
        """Take note of a step, a row with its number and the seconds of training so far."""
        self.progress = progress
        self.ten.append(row)
        self.all.append(row)
        if len(self.ten) < self.every:
            return
        mean = _mean(self.ten)
        if self.seconds is not None:
            passed = max(row["seconds"] - self.seconds, 1e-9)
            mean["images_per_second"] = len(self.ten) * images / passed
        self.seconds, self.ten = row["seconds"], []
        self._write(_numbered(row) | {name: float(f"{v:.5g}") for name, v in mean.items()})

    def look(self, row: Row) -> None:
        """Take note of a validation, with the mean losses of the steps since the one before."""
        mean = {name: float(f"{value:.5g}") for name, value in _mean(self.all).items()}
        self.all = []
        known = {name: mean[name] for name in (*PARTS, "rate") if name in mean}
        self.looks.append(_numbered(row) | known | dict(row))
        self._write(self.looks[-1])
        write_beside(self.run / TABLE, lambda name: name.write_bytes(_table(self.looks)))
        if len(self.looks) > 1:
            curves = draw_curves(self.looks)
            write_beside(self.run / CURVES, lambda name: name.write_bytes(curves))

    def _write(self, row: Row) -> None:
        """Append one line, and tell the watcher."""
        self.watch(self.progress, row)
        with (self.run / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def read_log(path: Path) -> list[dict[str, float]]:
    """Give the rows of a log; none if it is not there, and not a line that was cut off."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.endswith("}")]


def _mean(rows: list[Row]) -> dict[str, float]:
    names = [name for name in rows[0] if name not in ("step", "seconds")] if rows else []
    return {name: sum(row[name] for row in rows) / len(rows) for name in names}


def _numbered(row: Row) -> dict[str, float]:
    return {"step": row["step"], "seconds": round(row["seconds"], 1)}


def _table(rows: list[dict[str, float]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")

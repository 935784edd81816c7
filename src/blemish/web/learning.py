"""How a training goes, from the log that it writes: its share, and where its curves run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOG = "log.jsonl"
WIDTH, HEIGHT = 640.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 52.0, 14.0, 30.0
MOST_POINTS = 400


@dataclass(frozen=True)
class Curves:
    """Lines in a frame of `WIDTH` by `HEIGHT`, y down.

    Attributes:
        loss: the points of the loss, on a scale of its own from 0 to ``most``.
        ap50: those of the average precision on held-out pictures, from 0 to 1.
        most: what the left scale ends at.
        minutes: where the lines of the grid lie, and what is written at them.
        last_loss, last_ap50: the latest numbers; None before there is one.
    """

    loss: str
    ap50: tuple[tuple[float, float], ...]
    most: float
    minutes: tuple[tuple[float, str], ...]
    last_loss: float | None
    last_ap50: float | None


def read_rows(run: Path) -> list[dict[str, Any]]:
    """Give the rows of a run's log; none before there is one, and not a line cut off."""
    try:
        text = (run / LOG).read_text(encoding="utf-8")
    except OSError:
        return []
    rows = []
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("seconds"), int | float):
            rows.append(row)
    return rows


def share_of(rows: Sequence[dict[str, Any]], minutes: float) -> float:
    """Give the share of the learning that is over, from 0 to 1."""
    if not rows:
        return 0.0
    seconds: float = rows[-1]["seconds"]
    return min(seconds / (60 * minutes), 1.0)


def curves_of(rows: Sequence[dict[str, Any]], minutes: float) -> Curves | None:
    """Give the curves; None before two losses are known."""
    losses: list[tuple[float, float]] = [
        (row["seconds"], row["loss"]) for row in rows if "loss" in row and "ap50" not in row
    ]
    looks: list[tuple[float, float]] = [
        (row["seconds"], row["ap50"]) for row in rows if "ap50" in row
    ]
    if len(losses) < 2:
        return None
    losses = losses[:: -(-len(losses) // MOST_POINTS)]
    # The first steps may be far above all others; the curve is cut there and not flattened.
    ordered = sorted(loss for _, loss in losses)
    most = max(1.15 * ordered[int(0.95 * (len(ordered) - 1))], 1e-6)
    end = max(60 * minutes, losses[-1][0], looks[-1][0] if looks else 0.0)

    def x_of(seconds: float) -> float:
        return LEFT + seconds / end * (WIDTH - LEFT - RIGHT)

    def y_of(share: float) -> float:
        return HEIGHT - BOTTOM - min(max(share, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)

    return Curves(
        " ".join(f"{x_of(at):.1f},{y_of(loss / most):.1f}" for at, loss in losses),
        tuple((round(x_of(at), 1), round(y_of(ap), 1)) for at, ap in looks),
        most,
        tuple((x_of(end * part / 4), f"{end * part / 240:.3g}") for part in range(5)),
        losses[-1][1],
        looks[-1][1] if looks else None,
    )

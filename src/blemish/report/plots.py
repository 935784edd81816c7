"""Curves as pictures: what a training run's numbers did, epoch after epoch."""

import io
from collections.abc import Mapping, Sequence

Row = Mapping[str, float]

# Tones that stay apart for red-green blindness and in grey print (Okabe and Ito 2008).
BLUE, ORANGE, GREEN, BLACK = "#0072b2", "#e69f00", "#009e73", "#222222"
_LOSSES = [
    ("loss", "all", BLACK),
    ("classification", "classification", BLUE),
    ("regression", "boxes", ORANGE),
]
_SCORES = [
    ("ap50", "AP@0.5", BLACK),
    ("ap50_clear", "AP@0.5, clear marks", BLUE),
    ("recall", "centre hits at 0.1 false a picture", GREEN),
]


def draw_curves(rows: Sequence[Row]) -> bytes:
    """Give a PNG of losses and scores over epochs, or over minutes of a run by the clock.

    Args:
        rows: one a validation, with `seconds`, perhaps `epoch`, and any of the losses (those of
            validation begin with `val_`) and scores in [0, 1].
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import ScalarFormatter

    by_epoch = all("epoch" in row for row in rows)
    along = [row["epoch"] if by_epoch else row["seconds"] / 60 for row in rows]
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    losses, scores = figure.subplots(1, 2)
    for name, words, colour in _LOSSES:
        for key, line, part in ((name, "-", "training"), (f"val_{name}", "--", "validation")):
            if values := [row[key] for row in rows if key in row]:
                losses.plot(
                    along[-len(values) :], values, line, color=colour, label=f"{words}, {part}"
                )
    for name, words, colour in _SCORES:
        if values := [row[name] for row in rows if name in row]:
            best = max(values)
            label = f"{words}: best {best:.3f}"
            scores.plot(along[-len(values) :], values, color=colour, label=label)
    losses.set_yscale("log")
    for level in ("major", "minor"):
        getattr(losses.yaxis, f"set_{level}_formatter")(ScalarFormatter())
    scores.set_ylim(0, 1)
    for axes, title in ((losses, "loss"), (scores, "score on validation")):
        axes.set_title(title)
        axes.set_xlabel("epoch" if by_epoch else "minutes of training")
        axes.grid(alpha=0.25)
        if axes.lines:
            axes.legend(frameon=False, fontsize=9)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    return picture.getvalue()

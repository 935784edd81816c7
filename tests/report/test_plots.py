import cv2
import numpy as np

from blemish.report.plots import draw_curves

ROWS = [
    {"epoch": n, "seconds": 60.0 * n, "loss": 4 / n, "val_loss": 5 / n, "ap50": 0.1 * n}
    for n in range(1, 6)
]


def pixels(content: bytes) -> np.ndarray:
    assert content.startswith(b"\x89PNG")
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR))


def test_curves_are_a_picture_that_changes_with_what_is_drawn() -> None:
    whole = pixels(draw_curves(ROWS))
    assert whole.shape == (504, 1200, 3)
    worse = pixels(draw_curves([row | {"ap50": 0.01} for row in ROWS]))
    left, right = (
        np.abs(whole.astype(int) - worse)[:, part].max()
        for part in (slice(0, 560), slice(640, None))
    )
    assert left == 0
    assert right > 100


def test_runs_by_the_clock_and_rows_without_losses_are_drawn_too() -> None:
    rows = [{"step": 1, "seconds": 60.0, "ap50": 0.2}, {"step": 9, "seconds": 120.0, "ap50": 0.3}]
    assert pixels(draw_curves(rows)).std() > 1

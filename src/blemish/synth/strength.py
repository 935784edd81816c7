"""How far a mark stands out: the matched filter's signal-to-noise in the stored picture."""

import numpy as np

from blemish.synth.fields import Field

LABEL_STRENGTH = 5.0  # from which a mark is a label


def mark_strength(
    signal: Field, backdrop: Field, extent: tuple[float, float, float, float]
) -> float:
    """Give the matched filter's signal-to-noise: how far a mark stands out of its backdrop.

    The filter is the noiseless mark, made blind to slow backgrounds (its projection on
    quadratic surfaces is taken off). Its noise is the typical (median) answer to the stored
    picture without marks at sixteen places around, so grain, compression blocks and streaks
    count as the filter sees them. What the backdrop answers at the mark's own place beyond two
    such deviations is taken from the mark: on an edge of the picture's own, nobody sees it.
    """
    grown = _grown(extent, signal.shape)
    part = (slice(grown[1], grown[3]), slice(grown[0], grown[2]))
    template = _without_slow(signal[part])
    energy = float((template * signal[part]).sum())
    if energy < 1e-6:
        return 0.0
    reach = max(extent[2] - extent[0], extent[3] - extent[1]) / 2 + 4
    answers = []
    for share in (1.0, 1.7):
        for turn in np.arange(8) * np.pi / 4 + share:
            x = grown[0] + round(share * reach * np.cos(turn))
            y = grown[1] + round(share * reach * np.sin(turn))
            place = backdrop[max(y, 0) : y + len(template), max(x, 0) : x + template.shape[1]]
            if place.shape == template.shape:
                answers.append(abs(float((template * place).sum())))
    rounding = 0.3 * float(np.sqrt((template**2).sum()))  # of whole grey levels alone
    noise = max(1.4826 * float(np.median(answers)) if answers else np.inf, rounding)
    here = abs(float((template * backdrop[part]).sum()))
    return max(energy - max(here - 2 * noise, 0), 0.0) / noise


def _grown(
    extent: tuple[float, float, float, float], shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """Give the extent with a third more on each side, in whole pixels within the window."""
    x1, y1, x2, y2 = extent
    beside, below = (x2 - x1) / 3 + 3, (y2 - y1) / 3 + 3
    return (
        max(int(x1 - beside), 0),
        max(int(y1 - below), 0),
        min(int(np.ceil(x2 + beside)), shape[1]),
        min(int(np.ceil(y2 + below)), shape[0]),
    )


def _without_slow(signal: Field) -> Field:
    """Take the best quadratic surface off each channel of (h, w, 3)."""
    height, width = signal.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    surfaces = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
    flat = signal.reshape(-1, 3)
    weights = np.linalg.solve(surfaces.T @ surfaces, surfaces.T @ flat)
    return np.asarray((flat - surfaces @ weights).reshape(signal.shape), np.float32)

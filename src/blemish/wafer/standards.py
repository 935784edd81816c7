"""What wafers there are: a diameter that was mistaken shows in a flat that no such wafer has.

Lengths of primary flats in mm: SEMI M1 for silicon; the shorter ones at 100 and 150 mm are JEIDA's,
and those of sapphire and silicon carbide.
"""

from collections.abc import Sequence

import numpy as np

FLATS = {
    50.8: (14.2, 18.0),
    76.2: (19.0, 25.4),
    100.0: (29.0, 35.0),
    125.0: (40.0, 45.0),
    150.0: (45.0, 60.0),
    200.0: (55.0, 60.0),
}
NOTCHED = (150.0, 200.0, 300.0, 450.0)
LEAST_NOTCHED = 145.0
"""mm; smaller wafers have no notch, so what looks like one is none."""
DIAMETERS = tuple(sorted({25.4, *FLATS, *NOTCHED}))
NEAR = 0.02
"""Share by which a diameter may be off a standard's: 2 inches are sold as 50 mm and as 50.8."""
ROOM = 0.08
"""Share by which a flat may seem longer or shorter: it is seen to some 2 %, worse if tilted."""


def flat_length(diameter: float, depth: float) -> float:
    """Give the length of a flat, mm, that cuts ``depth`` radii off a wafer of this diameter."""
    return float(diameter * np.sqrt(max(2 * depth - depth**2, 0.0)))


def doubt_diameter(diameter: float, flats: Sequence[float]) -> str:
    """Tell in words why a diameter may be mistaken; empty if nothing speaks against it.

    Args:
        diameter: mm, as it was told.
        flats: the lengths, mm, that flats in the pictures have if it is right.
    """
    size = _nearest(diameter)
    if abs(diameter / size - 1) > NEAR:
        return f"no standard wafer has {diameter:g} mm (the nearest has {size:g}): check it"
    if not flats:
        return ""
    seen = float(np.median(flats))
    low, high = FLATS.get(size, (0.0, 0.0))
    if low * (1 - ROOM) <= seen <= high * (1 + ROOM):
        return ""
    # Flats and diameters are in proportion: that of another wafer tells which one it is.
    ratio = seen / diameter
    fits = [
        f"{other:g}"
        for other, (least, most) in FLATS.items()
        if least * (1 - ROOM) <= ratio * other <= most * (1 + ROOM)
    ]
    have = f"have flats of {low:g} to {high:g} mm" if high else "have no flat"
    guess = f"; it would fit {' or '.join(fits)} mm" if fits else ""
    return f"a flat of {seen:.0f} mm is seen, and wafers of {size:g} mm {have}{guess}: check it"


def doubt_millimetres(diameter: float, flats: Sequence[float]) -> list[str]:
    """Give the line, if any, that says why all millimetres may be wrong."""
    doubt = doubt_diameter(diameter, flats)
    return [f"diameter: {doubt}, or all millimetres are wrong"] if doubt else []


def _nearest(diameter: float) -> float:
    return min(DIAMETERS, key=lambda size: abs(np.log(diameter / size)))

"""Tells whether a picture shows a second wafer: millimetres of a picture are of one."""

import numpy as np

from blemish.wafer.edges import CLEAR, Edges, Pixels, edges_of, measure_slopes, reduce_picture
from blemish.wafer.outline import Outline, find_shape

OUTSIDE = 1.06
"""From here on, in radii, an edge is none of the first wafer's rim."""
APART = 1.2
"""A wafer's centre lies so many radii from another's at least: rings and holders are concentric."""
SIZES = (0.6, 1.6)
"""Radii of another wafer in those of the first: all stand at one distance from the camera."""


def shows_another(pixels: Pixels, outline: Outline) -> bool:
    """Tell whether a picture (H, W, 3) shows another wafer beside the one that was found."""
    small, factor = reduce_picture(pixels)
    edges = edges_of(measure_slopes(small), CLEAR)
    unit = outline.to_unit(edges.points * factor)
    beside = np.hypot(unit[:, 0], unit[:, 1]) > OUTSIDE
    shape = find_shape(Edges(edges.points[beside], edges.normals[beside], edges.size))
    if shape is None:
        return False
    away = np.hypot(*outline.to_unit(shape.centre * factor)[0])
    size = shape.radius * factor * 2 / outline.diameter
    return bool(away > APART and SIZES[0] <= size <= SIZES[1])

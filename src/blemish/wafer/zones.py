"""Places where finds do not count: the edge, clamps on the rim, the camera's reflection."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.errors import PictureError
from blemish.wafer.coordinates import Doubles, WaferFrame

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Polygon:
    """A zone with straight sides.

    Attributes:
        name: how it is called in the settings.
        unit: `mm` for wafer coordinates, `px` for pixels of the picture.
        corners: (N, 2), in order; the last is joined to the first.
    """

    name: str
    unit: Literal["mm", "px"]
    corners: Doubles

    def holds(self, points: Doubles) -> Flags:
        """Tell which points (N, 2) in the polygon's unit lie inside, by the even-odd rule."""
        x, y = points[:, :1], points[:, 1:]
        (x1, y1), (x2, y2) = self.corners.T, np.roll(self.corners, -1, axis=0).T
        crosses = (y1 > y) != (y2 > y)
        level = np.where(y1 == y2, 1.0, y2 - y1)
        left = x < x1 + (y - y1) * (x2 - x1) / level
        return np.asarray((crosses & left).sum(axis=1) % 2 == 1, np.bool_)


@dataclass(frozen=True, eq=False)
class Mask:
    """A zone drawn in a picture of the shape of those that are looked at.

    Attributes:
        name: how it is called in the settings.
        excluded: (H, W) where finds do not count.
    """

    name: str
    excluded: Flags

    def holds(self, points: Doubles, size: tuple[int, int]) -> Flags:
        """Tell which points (N, 2), in pixels of a picture of this width and height, are inside.

        Raises:
            PictureError: mask and picture differ in shape.
        """
        height, width = self.excluded.shape
        factors = np.array([width / size[0], height / size[1]])
        if abs(factors[0] / factors[1] - 1) > 0.01:
            raise PictureError(
                f"is {size[0]} x {size[1]} pixels, the mask of zone {self.name!r} {width} x "
                f"{height}: draw the mask on such a picture"
            )
        cells = np.floor(points * factors).astype(np.int64).clip(0, [width - 1, height - 1])
        return np.asarray(self.excluded[cells[:, 1], cells[:, 0]], np.bool_)


Zone = Polygon | Mask


def in_zones(
    zones: tuple[Zone, ...], frame: WaferFrame, points: ArrayLike, size: tuple[int, int]
) -> Flags:
    """Tell which points (N, 2), in pixels of a picture of this width and height, are in a zone.

    Raises:
        PictureError: a mask differs in shape from the picture.
    """
    places = np.asarray(points, np.float64).reshape(-1, 2)
    inside = np.zeros(len(places), np.bool_)
    for zone in zones:
        if isinstance(zone, Mask):
            inside |= zone.holds(places, size)
        else:
            inside |= zone.holds(frame.to_mm(places) if zone.unit == "mm" else places)
    return inside


def in_edge(
    points: Doubles, diameter: float, margin: float, flat: tuple[Doubles, float] | None
) -> Flags:
    """Tell which points (N, 2) in mm lie within ``margin`` of the rim or the flat, or beyond.

    ``flat`` is its direction (2,) of length 1 and its distance from the centre in mm.
    """
    edge = np.hypot(points[:, 0], points[:, 1]) > diameter / 2 - margin
    if flat is not None:
        edge |= points @ flat[0] > flat[1] - margin
    return np.asarray(edge & (margin > 0), np.bool_)

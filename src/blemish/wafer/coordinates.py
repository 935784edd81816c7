"""Pixels to millimetres on the wafer and back; THE convention of wafer coordinates is defined here.

Millimetres count from the wafer's centre, x right, y UP, once the wafer is turned so that its flat
or notch lies where it belongs: down, unless told otherwise. Angles are in degrees,
counter-clockwise from x. The centre is that of the round rim, with or without a flat.

The camera's tilt is an ellipse: what a far camera sees of a slanted disc. Perspective and the
lens's distortion are not known from a rim and stay in the millimetres.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.wafer.outline import Outline

Doubles = NDArray[np.float64]
Location = Literal["down", "up", "left", "right"]

TURNS: dict[Location, float] = {"right": 0.0, "up": 90.0, "left": 180.0, "down": 270.0}
"""The angle of each place where a mark may lie, in degrees counter-clockwise from x."""


@dataclass(frozen=True, eq=False)
class WaferFrame:
    """The map between a picture and its wafer.

    Attributes:
        centre: of the rim, (2,) pixels.
        matrix: (2, 2); millimetres are matrix · (pixels - centre), y turned up.
        diameter: of the wafer, mm.
    """

    centre: Doubles
    matrix: Doubles
    diameter: float

    def to_mm(self, points: ArrayLike) -> Doubles:
        """Give points (N, 2) in pixels as millimetres."""
        away = np.asarray(points, np.float64).reshape(-1, 2) - self.centre
        return np.asarray(away @ self.matrix.T, np.float64)

    def to_px(self, points: ArrayLike) -> Doubles:
        """Give points (N, 2) in millimetres as pixels."""
        places = np.asarray(points, np.float64).reshape(-1, 2)
        return np.asarray(places @ np.linalg.inv(self.matrix).T + self.centre, np.float64)

    def enlarged(self, factor: float) -> "WaferFrame":
        """Give the frame of the same picture at ``factor`` times its size."""
        return WaferFrame(self.centre * factor, self.matrix / factor, self.diameter)

    def sizes(self, boxes: ArrayLike) -> Doubles:
        """Give the extents (N, 2) along x and y, mm, of the ellipses that fill boxes (N, 4).

        Ellipses and not the boxes themselves: a turned box's corners are no part of a mark.
        """
        x1, y1, x2, y2 = np.asarray(boxes, np.float64).reshape(-1, 4).T
        sides = np.stack([x2 - x1, y2 - y1], axis=1)
        return np.asarray(np.sqrt(sides**2 @ (self.matrix**2).T), np.float64)


def frame_of(
    outline: Outline, diameter: float, toward: ArrayLike, location: Location
) -> WaferFrame:
    """Make the frame of a wafer whose mark lies ``toward`` a direction (2,) in pixels, y down.

    Args:
        outline: the rim.
        diameter: of the wafer, mm.
        toward: from the centre, of any length; see `mark_toward` and `picture_toward`.
        location: where the mark lies in wafer coordinates.
    """
    to_unit = np.diag([1.0, -1.0]) @ np.linalg.inv(outline.matrix)
    across, up = to_unit @ np.asarray(toward, np.float64)
    turn = math.radians(TURNS[location]) - math.atan2(up, across)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return WaferFrame(np.array(outline.centre), rotation @ to_unit * (diameter / 2), diameter)


def mark_toward(outline: Outline) -> Doubles:
    """Give the direction (2,) in pixels of the flat or notch that was found."""
    return np.asarray(outline.matrix @ outline.mark_direction(), np.float64)


def picture_toward(angle: float) -> Doubles:
    """Give the direction (2,) in pixels of an angle, counter-clockwise from the picture's right."""
    turn = math.radians(angle)
    return np.array([math.cos(turn), -math.sin(turn)])


def picture_angle(toward: Doubles) -> float:
    """Give the angle in the picture, degrees in [0, 360), of a direction (2,) in pixels."""
    return math.degrees(math.atan2(-toward[1], toward[0])) % 360


def polar(points: Doubles) -> tuple[Doubles, Doubles]:
    """Give radius in mm and angle in degrees, [0, 360), of points (N, 2) in mm."""
    x, y = points[:, 0], points[:, 1]
    # Rounding may lift a tiny negative angle to 360 itself.
    angle = np.rad2deg(np.arctan2(y, x)) % 360
    return np.hypot(x, y), np.where(angle >= 360, 0.0, angle)

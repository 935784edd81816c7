"""Drawn wafers whose every pixel's millimetres are known, and the KLARF of another vendor."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Pixels = NDArray[np.uint8]
Doubles = NDArray[np.float64]


def rotation(degrees: float) -> Doubles:
    turn = np.deg2rad(degrees)
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])


@dataclass(frozen=True)
class Wafer:
    """A wafer in a picture, y down.

    Attributes:
        centre: px.
        radius: longer semi-axis, px.
        squeeze: shorter over longer.
        tilt: direction of the longer axis, degrees from x towards y.
        mark: flat, notch or none.
        turn: direction of the mark in the disc's own plane, degrees from x towards y.
        depth: of the mark, in radii.
    """

    centre: tuple[float, float] = (300.0, 296.0)
    radius: float = 250.0
    squeeze: float = 1.0
    tilt: float = 0.0
    mark: str = "flat"
    turn: float = 90.0
    depth: float = 0.076  # of a flat of 57.5 mm on 150 mm

    @property
    def matrix(self) -> Doubles:
        frame = rotation(self.tilt)
        stretch = np.diag([self.radius, self.radius * self.squeeze])
        return np.asarray(frame @ stretch @ frame.T)

    @property
    def picture_angle(self) -> float:
        """Give the mark's direction as seen, counter-clockwise from right."""
        x, y = self.matrix @ rotation(self.turn)[:, 0]
        return float(np.rad2deg(np.arctan2(-y, x)) % 360)

    def to_mm(self, points: ArrayLike, diameter: float) -> Doubles:
        """Give the true millimetres of pixels (N, 2), the mark down."""
        unit = (np.asarray(points, np.float64) - self.centre) @ np.linalg.inv(self.matrix).T
        upright = unit * [1, -1]  # the mark is now at -turn
        return np.asarray(upright @ rotation(self.turn - 90).T * diameter / 2)

    def inside(self, size: tuple[int, int]) -> Doubles:
        """Give how much of each pixel (H, W) the wafer covers."""
        places = np.stack(np.meshgrid(*(np.arange(side) + 0.5 for side in size)), axis=-1)
        inverse = np.linalg.inv(self.matrix)
        unit = (places - self.centre) @ inverse.T
        away = np.hypot(unit[..., 0], unit[..., 1]).clip(1e-9)
        slope = unit / away[..., None] @ inverse  # of the distance from the centre, in radii
        deep = (1 - away) / np.hypot(slope[..., 0], slope[..., 1])
        toward = rotation(self.turn)[:, 0]
        if self.mark == "flat":
            chord = (1 - self.depth - unit @ toward) / np.hypot(*(toward @ inverse))
            deep = np.minimum(deep, chord)
        if self.mark == "notch":
            bite = unit - toward
            deep = np.minimum(deep, (np.hypot(bite[..., 0], bite[..., 1]) - 0.025) * self.radius)
        return np.asarray(np.clip(deep + 0.5, 0, 1))


def draw(
    *wafers: Wafer,
    size: tuple[int, int] = (600, 600),
    spots: ArrayLike = (),
    ground: int = 60,
    seed: int = 0,
) -> Pixels:
    """Draw wafers on a dark ground with bright marks of 8 px at spots (N, 2), blurred, noisy."""
    picture = np.full((size[1], size[0], 3), ground, np.float32)
    for wafer in wafers:
        share = wafer.inside(size)[..., None]
        picture = np.asarray(picture * (1 - share) + np.array([150, 120, 170]) * share, np.float32)
    for x, y in np.asarray(spots, np.float64).reshape(-1, 2).round().astype(int).tolist():
        picture[y - 4 : y + 4, x - 4 : x + 4] = 250
    soft = cv2.GaussianBlur(picture, (0, 0), 0.8)
    noise = np.random.default_rng(seed).normal(0, 1.5, picture.shape)
    return np.clip(np.rint(soft + noise), 0, 255).astype(np.uint8)


ODD_KLARF = """\
fileversion 1 1;
FileTimestamp 03-04-19 10:11:12;
VendorOwnRecord "with ; inside" 1 2
  and a second line;
InspectionStationID "V" "M 2" "T";
LotID "L;1";
SampleSize 1 200;
SampleOrientationMarkType NOTCH;
OrientationMarkLocation LEFT;
DiePitch 1.0e+04 8.0e+03;
DieOrigin 0 0;
SampleCenterLocation 5.0e+03 4.0e+03;
WaferID "A";
Slot 3;
ClassLookup 2
 7 "scratch"
 9 "dirt" ;
DefectRecordSpec 8 YREL XREL OWNCOLUMN XINDEX YINDEX DEFECTID CLASSNUMBER IMAGELIST ;
DefectList
 2000 1000 foo -1 0 1 7 0
 4000.5 5000.5 "b a r" 0 0 2 9 2
 11 0
 12 0;
AnotherOwn;
DefectList
 4000 5000 x 2 -3 3 5;
SummarySpec 5 TESTNO NDEFECT DEFDENSITY NDIE NDEFDIE ;
SummaryList
 1 3 0.1 10 3;
WaferID "B";
Slot 4;
DefectList;
EndOfFile;
"""
"""Columns in another order, a list in two parts, two wafers, images on lines of their own."""
ODD_PLACES = [(-14.0, -2.0), (0.0005, 0.0005), (20.0, -24.0)]

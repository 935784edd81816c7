"""Draw how a wafer was understood: rim, flat or notch, millimetres or dies, excluded places."""

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.report.draw import BLACK, FONT, Pen
from blemish.wafer.coordinates import TURNS, Doubles, WaferFrame
from blemish.wafer.dies import DieGrid
from blemish.wafer.placing import Placement
from blemish.wafer.recipe import Recipe
from blemish.wafer.zones import Mask

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

RIM, LINES, ZONES = (90, 220, 255), (235, 235, 235), (255, 120, 90)
EVERY = (1, 2, 5, 10, 20, 50, 100, 200)
"""Distances of lines in mm, of which the first that gives at most 16 lines is taken."""
FAINT = 0.35
MOST_LINES = 80
"""More dies than that a side would hide the wafer: only the millimetres are drawn."""


def draw_grid(pixels: Pixels, placement: Placement, recipe: Recipe, factor: float = 1.0) -> Pixels:
    """Draw on a copy (H, W, 3) of the picture; without a wafer the copy is plain.

    The picture is reduced by ``factor`` from the one whose pixels the placement is in.
    """
    canvas = pixels.copy()
    if placement.frame is None:
        return canvas
    frame = placement.frame.enlarged(1 / factor)
    pen = Pen.for_picture(canvas)
    faint = canvas.copy()
    for ends in _lines(frame.diameter, recipe.dies):
        _polyline(faint, frame.to_px(ends), LINES, pen.line)
    canvas = np.asarray(cv2.addWeighted(canvas, 1 - FAINT, faint, FAINT, 0), np.uint8)
    for zone in recipe.zones:
        if isinstance(zone, Mask):
            _outline_mask(canvas, zone, pen)
        else:
            corners = frame.to_px(zone.corners) if zone.unit == "mm" else zone.corners / factor
            _polyline(canvas, np.concatenate([corners, corners[:1]]), ZONES, pen.line)
    if recipe.edge > 0:
        _polyline(canvas, _rim(frame, placement, recipe, recipe.edge), ZONES, pen.line)
    _polyline(canvas, _rim(frame, placement, recipe, 0.0), RIM, pen.line)
    _draw_cross(canvas, frame, placement, recipe, pen)
    return canvas


def _lines(diameter: float, dies: DieGrid | None) -> list[Doubles]:
    """Give the ends (2, 2) in mm of the lines of a grid, cut where they leave the wafer."""
    radius = diameter / 2
    at = [_steps(radius, *_spacing(diameter, dies, axis)) for axis in (0, 1)]
    lines = []
    for axis, places in enumerate(at):
        for place in places:
            reach = float(np.sqrt(radius**2 - place**2))
            ends = np.array([[place, -reach], [place, reach]])
            lines.append(ends if axis == 0 else ends[:, ::-1])
    return lines


def _spacing(diameter: float, dies: DieGrid | None, axis: int) -> tuple[float, float]:
    """Give the distance of lines across an axis and where one of them lies."""
    if dies is not None and diameter / dies.pitch[axis] <= MOST_LINES:
        return dies.pitch[axis], dies.origin[axis]
    return next((step for step in EVERY if diameter / step <= 16), EVERY[-1]), 0.0


def _steps(radius: float, step: float, origin: float) -> NDArray[np.float64]:
    first, last = np.ceil((-radius - origin) / step), np.floor((radius - origin) / step)
    places = origin + np.arange(first, last + 1) * step
    return np.asarray(places[np.abs(places) < radius], np.float64)


def _rim(frame: WaferFrame, placement: Placement, recipe: Recipe, margin: float) -> Doubles:
    """Give the line (N, 2) in px that runs ``margin`` mm within the rim and the flat."""
    radius = frame.diameter / 2
    angles = np.linspace(0, 2 * np.pi, 721)
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (radius - margin)
    if placement.mark == "flat" and placement.flat:
        depth = float(np.sqrt(max(radius**2 - (placement.flat / 2) ** 2, 0.0))) - margin
        along = points @ _toward(recipe)
        beyond = along > depth
        # Drawn towards the centre, the arc beyond the flat comes to lie on its chord.
        points[beyond] *= (depth / along[beyond])[:, None]
    return frame.to_px(points)


def _toward(recipe: Recipe) -> Doubles:
    """Give the direction (2,) in mm of the flat or notch."""
    turn = np.deg2rad(TURNS[recipe.orientation.location])
    return np.array([np.cos(turn), np.sin(turn)])


def _draw_cross(
    canvas: Pixels, frame: WaferFrame, placement: Placement, recipe: Recipe, pen: Pen
) -> None:
    """Draw the axes from the centre, x and y named, and the mark's place."""
    reach = frame.diameter / 8
    for name, x, y in (("x", reach, 0.0), ("y", 0.0, reach)):
        start, end, beyond = frame.to_px([(0, 0), (x, y), (1.15 * x, 1.15 * y)])
        _polyline(canvas, np.stack([start, end]), RIM, 2 * pen.line)
        _write(canvas, name, beyond, pen)
    place = _toward(recipe) * frame.diameter / 2
    if placement.mark != "none":
        _polyline(canvas, frame.to_px([place * 0.9, place]), RIM, 2 * pen.line)
        _write(canvas, placement.mark, frame.to_px([place * 0.87])[0], pen)


def _write(canvas: Pixels, text: str, place: Doubles, pen: Pen) -> None:
    (width, height), _ = cv2.getTextSize(text, FONT, pen.font, pen.stroke)
    left, low = round(place[0] - width / 2), round(place[1] + height / 2)
    for shift, colour in (((1, 1), BLACK), ((0, 0), RIM)):
        origin = (left + shift[0] * pen.stroke, low + shift[1] * pen.stroke)
        cv2.putText(canvas, text, origin, FONT, pen.font, colour, pen.stroke, cv2.LINE_AA)


def _outline_mask(canvas: Pixels, zone: Mask, pen: Pen) -> None:
    size = (canvas.shape[1], canvas.shape[0])
    mask = cv2.resize(zone.excluded.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    borders, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(canvas, borders, -1, ZONES, pen.line)


def _polyline(canvas: Pixels, points: Doubles, colour: Colour, width: int) -> None:
    # A far corner would overflow OpenCV's numbers; the picture is nowhere near.
    fixed = np.rint((points - 0.5).clip(-1e5, 1e5) * 16).astype(np.int32)
    cv2.polylines(canvas, [fixed], False, colour, width, cv2.LINE_AA, 4)

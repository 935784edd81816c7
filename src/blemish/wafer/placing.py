"""Finds in millimetres on their wafer, those in excluded places dropped; what is unsure is said."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import Boxes, box_centres
from blemish.wafer.coordinates import (
    TURNS,
    Doubles,
    WaferFrame,
    frame_of,
    mark_toward,
    picture_angle,
    picture_toward,
)
from blemish.wafer.edges import Pixels
from blemish.wafer.extents import mark_extents
from blemish.wafer.orientation import Mark
from blemish.wafer.others import shows_another
from blemish.wafer.outline import Outline
from blemish.wafer.recipe import Recipe
from blemish.wafer.refine import refine_outline
from blemish.wafer.standards import LEAST_NOTCHED, flat_length
from blemish.wafer.zones import Polygon, in_edge, in_zones

LEAST_IN_VIEW = 0.7
"""Share of the rim that must lie in the picture for the centre to be well held."""
WITHIN = 0.985
"""Of the radius: what lies beyond may be the rim, and is no ground that marks stand out of."""
MOST_OFF = 3.0
"""Degrees between the mark that is seen and the one that is told, beyond which one is wrong."""


@dataclass(frozen=True, eq=False)
class Placement:
    """Where the finds of a picture lie on its wafer.

    Attributes:
        frame: the map from pixels; None where no wafer was found.
        mark: the flat or notch that was found or told, `none` without.
        mark_angle: its direction in the picture, degrees counter-clockwise from right.
        points: (N, 2) mm of the finds that count; NaN without a frame.
        sizes: (N, 2) mm, the extents along x and y of what is seen of them, or of their boxes where
            that is not known, see `blemish.wafer.extents`; NaN without a frame.
        dies: (N, 2) the die of each; None without a grid of dies or a frame.
        flat: the length in mm of the flat that was seen, 0 without.
        num_excluded: finds dropped because they lie where finds do not count.
        note: why the millimetres are missing or unsure; empty where they are neither.
    """

    frame: WaferFrame | None
    mark: Mark
    mark_angle: float
    points: Doubles
    sizes: Doubles
    dies: NDArray[np.int64] | None
    flat: float
    num_excluded: int
    note: str


def place(
    view: tuple[Pixels, float], outline: Outline | None, boxes: Boxes, recipe: Recipe
) -> tuple[Placement, NDArray[np.bool_]]:
    """Place the finds (N, 4) of a picture; gives which of them count as well.

    ``view`` is the picture reduced, (H, W, 3), and the factor back to the pixels of outline and
    finds: 1 for the picture itself.

    Raises:
        PictureError: a mask of the recipe is of another shape than the picture.
    """
    if outline is None:
        return _nowhere(len(boxes)), np.ones(len(boxes), np.bool_)
    pixels, factor = view
    seen = _see(pixels, outline.enlarged(1 / factor), recipe)
    seen = replace(seen, frame=seen.frame.enlarged(factor))
    size = (round(pixels.shape[1] * factor), round(pixels.shape[0] * factor))
    kept = ~_excluded(boxes, seen, recipe, size)
    points = seen.frame.to_mm(box_centres(boxes[kept]))
    extents = boxes[kept]
    if factor == 1:  # what is seen in a reduced picture is too coarse to be measured
        extents = mark_extents(pixels, extents, seen.is_well_inside)
    placement = Placement(
        frame=seen.frame,
        mark=seen.mark,
        mark_angle=seen.mark_angle,
        points=points,
        sizes=seen.frame.sizes(extents),
        dies=None if recipe.dies is None else recipe.dies.locate(points)[0],
        flat=seen.flat_length,
        num_excluded=int((~kept).sum()),
        note="; ".join(seen.notes),
    )
    return placement, kept


def _nowhere(count: int) -> Placement:
    unknown = np.full((count, 2), np.nan)
    note = "no wafer found: no millimetres; check the picture"
    return Placement(None, "none", 0.0, unknown, unknown, None, 0.0, 0, note)


@dataclass(frozen=True, eq=False)
class _Seen:
    """A wafer's frame, its mark, its flat as direction (2,) and distance in mm, what is unsure."""

    frame: WaferFrame
    mark: Mark
    mark_angle: float
    flat: tuple[Doubles, float] | None
    flat_length: float
    sure: bool
    notes: tuple[str, ...]

    def is_well_inside(self, points: Doubles) -> NDArray[np.bool_]:
        """Tell which points (N, 2) in pixels lie on the wafer and not on its rim."""
        places, radius = self.frame.to_mm(points), self.frame.diameter / 2
        inside = np.hypot(*places.T) <= WITHIN * radius
        if self.flat is not None:
            way, distance = self.flat
            inside &= places @ way <= distance - (1 - WITHIN) * radius
        return np.asarray(inside)


def _see(pixels: Pixels, outline: Outline, recipe: Recipe) -> _Seen:
    """Fit the rim exactly and turn the wafer as the recipe tells."""
    refined = refine_outline(pixels, outline)
    outline, notes = refined.outline, []
    if shows_another(pixels, outline):
        notes.append("two wafers in view: the millimetres are of one; show one at a time")
    if not refined.clear:
        notes.append("the rim is hardly seen: the millimetres are rough; light it evenly")
    if refined.in_view < LEAST_IN_VIEW:
        notes.append(
            f"only {refined.in_view:.0%} of the rim is in the picture: the millimetres are rough; "
            "show the whole wafer"
        )
    mark, toward, what = _orient(outline, recipe)
    frame = frame_of(outline, recipe.diameter, toward, recipe.orientation.location)
    flat, length = None, 0.0
    if outline.mark.kind == "flat" and recipe.orientation.mark in {"auto", "flat"}:
        way = frame.matrix @ mark_toward(outline)
        flat = (way / np.hypot(*way), (1 - outline.mark.depth) * recipe.diameter / 2)
        length = flat_length(recipe.diameter, outline.mark.depth)
    notes += [what] if what else []
    return _Seen(frame, mark, picture_angle(toward), flat, length, not what, tuple(notes))


def _orient(outline: Outline, recipe: Recipe) -> tuple[Mark, Doubles, str]:
    """Give the mark, its direction (2,) in pixels, and what is unsure about it.

    A wafer without a mark is taken as it lies: x is the picture's right, y its top.
    """
    wish, found = recipe.orientation, outline.mark.kind
    as_it_lies = picture_toward(TURNS[wish.location])
    if wish.mark == "none":
        return "none", as_it_lies, ""
    fits = found != "none" and wish.mark in {"auto", found}
    if found == "notch" and wish.mark == "auto" and recipe.diameter < LEAST_NOTCHED:
        fits = False  # a chip or dirt on the rim: it would turn all millimetres
    seen = mark_toward(outline) if fits else as_it_lies
    if wish.angle is not None:
        mark: Mark = "flat" if wish.mark == "flat" else "notch"
        off = (picture_angle(seen) - wish.angle + 180) % 360 - 180
        what = (
            f"the {mark} is seen at {picture_angle(seen):.0f} degrees, not at "
            f"orientation.angle = {wish.angle:g}: one is wrong; check the settings"
        )
        return mark, picture_toward(wish.angle), what if fits and abs(off) > MOST_OFF else ""
    if fits:
        return found, seen, ""
    looked_for = "flat or notch" if wish.mark == "auto" else wish.mark
    what = (
        f"no {looked_for} found: how the wafer is turned is not known, and the millimetres may "
        "be turned; give orientation.angle in a file for --wafer"
    )
    return "none", seen, what


def _excluded(
    boxes: Boxes, seen: _Seen, recipe: Recipe, size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Tell which finds lie where finds do not count.

    What is told in millimetres of a wafer that may be turned would hide finds by chance.
    """
    centres = box_centres(boxes).astype(np.float64)
    points = seen.frame.to_mm(centres)
    zones = tuple(
        zone
        for zone in recipe.zones
        if seen.sure or not (isinstance(zone, Polygon) and zone.unit == "mm")
    )
    excluded = in_edge(points, recipe.diameter, recipe.edge, seen.flat)
    excluded |= in_zones(zones, seen.frame, centres, size)
    if recipe.exclude_streets and recipe.dies is not None and seen.sure:
        excluded |= recipe.dies.in_street(points)
    return np.asarray(excluded, np.bool_)

"""A drawn wafer: a pure function of (seed, index) to a picture and what is truly on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import as_boxes
from blemish.core.defects import Defects
from blemish.synth.disc import Disc, draw_disc, draw_thickness_field
from blemish.synth.fields import Field, blur, edge, grid
from blemish.synth.film import (
    MAX_THICKNESS,
    TABLE_SIZE,
    colour_table,
    draw_film,
    draw_thickness,
)
from blemish.synth.layout import SIDE, draw_marks
from blemish.synth.marks import (
    Mark,
    visible_extent,
)
from blemish.synth.rig import draw_rig
from blemish.synth.scene import (
    Camera,
    develop,
    draw_camera,
    draw_lighting,
    draw_reflections,
    expose,
)
from blemish.synth.strength import LABEL_STRENGTH, mark_strength

Box = NDArray[np.float32]  # (4,) xyxy

TOUCHING = 6.0  # px between what is seen of two labels, up to which they share a box


@dataclass(frozen=True, eq=False)
class Wafer:
    """A drawn picture and its answers.

    Attributes:
        pixels: (900, 900, 3) uint8 RGB.
        defects: every mark, the faint ones too.
        strength: (N,) float32, matched-filter signal-to-noise of each mark in the stored
            picture; under `LABEL_STRENGTH` it is no label.
        kinds: the kind of each mark.
        disc: where the wafer lies.
    """

    pixels: NDArray[np.uint8]
    defects: Defects
    strength: NDArray[np.float32]
    kinds: tuple[str, ...]
    disc: Disc


@dataclass(frozen=True, eq=False)
class _Surface:
    """A wafer's light before and after the marks are put on, all (H, W, …) float32."""

    table: Field
    thickness: Field
    gain: Field
    glow: Field
    alpha: Field
    around: Field

    def light(self, window: tuple[slice, slice], thickness: Field) -> Field:
        """Give the film's light in a window for a thickness in nm there."""
        index = thickness * np.float32((TABLE_SIZE - 1) / MAX_THICKNESS)
        index = np.clip(index + np.float32(0.5), 0, TABLE_SIZE - 1).astype(np.int32)
        return np.asarray(self.table[index] * self.gain[window] + self.glow[window])

    def compose(self, window: tuple[slice, slice], light: Field) -> Field:
        """Put the film's light and what is around it together."""
        alpha = self.alpha[window]
        return light * alpha + self.around[window] * (1 - alpha)


def draw_wafer(
    seed: int, index: int, held_back: bool = False, number: float | None = None
) -> Wafer:
    """Draw picture ``index`` of a seed.

    With ``held_back`` the film's colours, the rig and one kind of mark come from ranges that
    are never drawn without it. ``number`` as in `draw_marks`.
    """
    rng = np.random.default_rng([seed, index, int(held_back)])
    disc = draw_disc(rng, SIDE)
    depth = disc.depth(*grid((SIDE, SIDE)))
    camera = draw_camera(rng)
    surface, cover = _draw_surface(rng, disc, depth, held_back)
    everywhere = (slice(None), slice(None))
    bare = surface.compose(everywhere, surface.light(everywhere, surface.thickness))
    marks = draw_marks(rng, np.where(cover > 0.1, np.float32(-1), depth), held_back, number)
    marked = _put_on(surface, bare, marks)
    levels = develop(marked, camera)
    shot = _Shot(camera, bare, marked, levels, expose(rng, levels, camera))
    return _answers(rng, shot, marks, disc)


@dataclass(frozen=True, eq=False)
class _Shot:
    """One exposure: linear light without and with the marks, noiseless levels, stored pixels."""

    camera: Camera
    bare: Field
    marked: Field
    levels: Field
    pixels: NDArray[np.uint8]


def _draw_surface(
    rng: np.random.Generator, disc: Disc, depth: Field, held_back: bool
) -> tuple[_Surface, Field]:
    """Draw film, light and rig; gives the surface and where parts of the rig hide it."""
    film = draw_film(rng)
    table = colour_table(film)
    thickness = draw_thickness_field(rng, disc, depth, draw_thickness(rng, film, held_back))
    lighting = draw_lighting(rng, SIDE)
    shade, glow = draw_reflections(rng, SIDE)
    balance = np.exp(rng.normal(0, 0.05, 3)).astype(np.float32)
    middle = table[_table_index(float(np.median(thickness[::4, ::4][depth[::4, ::4] > 0])))]
    target = (rng.uniform(40, 205) / 255) ** 2
    target = min(target, 0.9 * float(np.mean(middle)) / float(np.max(middle)))  # not burnt out
    gain = np.float32(target / max(float(np.mean(middle)), 1e-3)) * balance
    rig = draw_rig(rng, disc, SIDE, held_back)
    behind, front = rig.behind**2, rig.front**2
    inside = edge(-depth, float(rng.uniform(1, 2.5)))
    hidden = 1 - rig.cover
    alpha = (inside * hidden)[..., None]
    # Both layers around the film, divided by their common weight, so that compose is one blend.
    weight = np.maximum(1 - alpha, 1e-6)
    around = (behind * ((1 - inside) * hidden)[..., None] + front * rig.cover[..., None]) / weight
    return _Surface(table, thickness, lighting * shade * gain, glow, alpha, around), rig.cover


def _table_index(thickness_nm: float) -> int:
    return int(np.clip(thickness_nm / MAX_THICKNESS, 0, 1) * (TABLE_SIZE - 1))


def _put_on(surface: _Surface, bare: Field, marks: list[Mark]) -> Field:
    """Give the light with all marks on, drawn only where they are."""
    marked = bare.copy()
    thickness = surface.thickness.copy()
    factor = np.ones_like(bare)
    added = np.zeros_like(bare)
    for mark in marks:
        window = mark.window
        middle = (mark.top + mark.footprint.shape[0] // 2, mark.left + mark.footprint.shape[1] // 2)
        level = np.sqrt(np.clip(bare[middle], 1e-4, 1)) * 255
        if mark.effect == "film":
            change = _film_change(surface, mark, middle)
            thickness[window] += np.float32(change) * mark.footprint
        elif mark.effect == "dark":
            share = 1 - max(1 - mark.contrast / float(level.max()), 0.12) ** 2
            factor[window] *= 1 - np.float32(share) * mark.footprint[..., None] * mark.tint
        else:
            dim = float(level.min())
            gained = ((dim + mark.contrast) ** 2 - dim**2) / 255**2
            added[window] += np.float32(gained) * mark.footprint[..., None] * mark.tint
    for mark in marks:
        window = mark.window
        light = surface.light(window, thickness[window]) * factor[window] + added[window]
        marked[window] = surface.compose(window, light)
    return marked


def _film_change(surface: _Surface, mark: Mark, middle: tuple[int, int]) -> float:
    """Give the smallest change of thickness in nm that makes the wanted contrast, at most 160."""
    start = surface.thickness[middle]
    steps = np.geomspace(0.5, 160, 60)
    colours = np.clip(surface.table * surface.gain[middle], 1e-4, 1)
    levels = np.sqrt(colours[[_table_index(start + mark.sign * step) for step in steps]])
    difference = np.abs(levels - np.sqrt(colours[_table_index(float(start))])).max(axis=1) * 255
    enough = np.flatnonzero(difference >= mark.contrast)
    return float(mark.sign * steps[enough[0] if len(enough) else -1])


def _answers(rng: np.random.Generator, shot: _Shot, marks: list[Mark], disc: Disc) -> Wafer:
    """Measure every mark in the stored picture and box it as a person would."""
    extents: list[Box] = []
    strengths: list[float] = []
    for mark in marks:
        signal, backdrop, corner = _apart(mark, shot)
        extent = visible_extent(signal)
        strengths.append(mark_strength(signal, backdrop, extent))
        extents.append(np.add(extent, corner * 2, dtype=np.float32))
    groups = _groups(extents, np.array(strengths, np.float32))
    # The strongest of a group speaks for it: its kind and its strength are the group's.
    leaders = [max(group, key=strengths.__getitem__) for group in groups]
    boxes = [_box(rng, _hull([extents[member] for member in group])) for group in groups]
    strength = np.array([strengths[leader] for leader in leaders], np.float32)
    kinds = tuple(marks[leader].kind for leader in leaders)
    return Wafer(shot.pixels, Defects.of(boxes), strength, kinds, disc)


def _groups(extents: list[Box], strength: NDArray[np.float32]) -> list[list[int]]:
    """Give the marks that a person puts into one box: labels that touch, see `TOUCHING`.

    A chain is one group. Marks too faint to be labels stay alone.
    """
    low, high = np.split(as_boxes(extents), 2, axis=1)
    gap = np.maximum(low[:, None] - high, low - high[:, None]).max(axis=-1)
    clear = strength >= LABEL_STRENGTH
    linked = (gap <= TOUCHING) & clear & clear[:, None]
    linked |= np.eye(len(extents), dtype=bool)
    while ((wider := linked @ linked) != linked).any():
        linked = wider
    return [np.flatnonzero(row).tolist() for row in np.unique(linked, axis=0)]


def _apart(mark: Mark, shot: _Shot) -> tuple[Field, Field, tuple[int, int]]:
    """Take a mark and its backdrop apart, on a window twice as large as its patch.

    Returns:
        What the mark changes in the noiseless picture and the stored picture without any mark,
        both (h, w, 3) grey levels, and the window's left and top in the picture.
    """
    rows, columns = mark.window
    margin = mark.footprint.shape[0] // 2
    top, left = max(rows.start - margin, 0), max(columns.start - margin, 0)
    window = (slice(top, rows.stop + margin), slice(left, columns.stop + margin))
    change = develop(shot.marked[window], shot.camera) - develop(shot.bare[window], shot.camera)
    backdrop = shot.pixels[window].astype(np.float32) - change
    reach = np.zeros(change.shape[:2], np.float32)
    height, width = mark.footprint.shape
    own = (slice(rows.start - top, None), slice(columns.start - left, None))
    reach[own][:height, :width] = mark.footprint
    signal = change * (blur(reach, shot.camera.blur + 0.5) > 0.05)[..., None]
    return signal, backdrop, (left, top)


def _hull(boxes: list[Box]) -> Box:
    """Give the smallest box around boxes."""
    stacked = np.stack(boxes)
    return np.concatenate([stacked[:, :2].min(axis=0), stacked[:, 2:].max(axis=0)])


def _box(rng: np.random.Generator, extent: Box) -> Box:
    """Box what is seen with a person's scatter; never under 26 px, in the picture."""
    sides = np.maximum((extent[2:] - extent[:2]) * 1.15 + 19, 26)
    sides = sides * rng.normal(1, 0.05) * rng.normal(1, 0.03, 2)
    sides = np.maximum(sides, 26)
    centre = (extent[:2] + extent[2:]) / 2 + rng.normal(0, 1 + 0.015 * sides)
    box = np.rint(np.concatenate([centre - sides / 2, centre + sides / 2]))
    return np.asarray(np.clip(box, 0, SIDE), np.float32)

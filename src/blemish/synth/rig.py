"""The rig around the wafer: plates, pads, clamps, screws, cables, bright strips.

All of it is drawn with whole-pixel brushes on a uint8 canvas in display brightness; none of it
is a defect, however round and bright.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.synth.disc import Disc
from blemish.synth.fields import Field, bezier, blur, smooth_field

Canvas = NDArray[np.uint8]
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Rig:
    """What is not wafer.

    Attributes:
        behind: (H, W, 3) float32 display brightness in [0, 1], under the wafer.
        front: (H, W, 3) the same, of parts that reach over the rim.
        cover: (H, W) share of each pixel that those parts hide.
    """

    behind: Field
    front: Field
    cover: Field


def draw_rig(rng: np.random.Generator, disc: Disc, side: int, held_back: bool) -> Rig:
    """Draw a rig around a disc; ``held_back`` draws a bright perforated tray instead."""
    canvas = np.zeros((side, side, 3), np.uint8)
    if held_back:
        _tray(rng, canvas)
    else:
        _ground(rng, canvas)
        for _ in range(int(rng.integers(2, 16))):
            part = rng.choice(len(_PARTS), p=_SHARES)
            _PARTS[part][0](rng, canvas)
    front = np.zeros((side, side, 3), np.uint8)
    cover = np.zeros((side, side), np.uint8)
    if disc.has_edge and rng.random() < 0.75:
        for _ in range(int(rng.integers(1, 7))):
            _holder(rng, disc, canvas, front, cover)
    softness = float(rng.choice([0.0, 0.6, 1.2, 3.0]))
    behind = blur(canvas.astype(np.float32) / 255, softness)
    behind += np.float32(rng.uniform(0, 0.02)) * smooth_field(rng, (side, side), 3.0)[..., None]
    return Rig(behind, front.astype(np.float32) / 255, cover.astype(np.float32) / 255)


def _grey(rng: np.random.Generator, low: float, high: float) -> Colour:
    level = rng.uniform(low, high)
    tone = level * (1 + rng.normal(0, 0.06, 3))
    if rng.random() < 0.08:
        tone = level * rng.uniform(0.2, 1.4, 3)
    red, green, blue = np.clip(tone, 0, 255)
    return float(red), float(green), float(blue)


def _anywhere(rng: np.random.Generator, canvas: Canvas) -> tuple[int, int]:
    side = canvas.shape[0]
    return int(rng.uniform(0, side)), int(rng.uniform(0, side))


def _ground(rng: np.random.Generator, canvas: Canvas) -> None:
    side = canvas.shape[0]
    level = rng.choice(
        [rng.uniform(8, 60), rng.uniform(60, 150), rng.uniform(150, 235)], p=[0.65, 0.23, 0.12]
    )
    tone = np.array(_grey(rng, level * 0.9, level * 1.1))
    shade = 1 + rng.uniform(0, 0.4) * smooth_field(rng, (side, side), float(rng.uniform(150, 500)))
    canvas[:] = np.clip(shade[..., None] * tone, 0, 255).astype(np.uint8)


def _plate(rng: np.random.Generator, canvas: Canvas) -> None:
    """A metal plate with a lit and a shaded side, at times turned, at times with screws."""
    centre = np.array(_anywhere(rng, canvas), np.float64)
    half = rng.uniform(25, 260, 2)
    angle = rng.choice([0.0, rng.uniform(0, np.pi)], p=[0.75, 0.25])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = centre + (np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half) @ turn.T
    points = np.round(corners * 16).astype(np.int32)
    cv2.fillPoly(canvas, [points], _grey(rng, 20, 190), cv2.LINE_AA, 4)
    cv2.polylines(
        canvas, [points[:3]], False, _grey(rng, 60, 240), int(rng.integers(1, 4)), cv2.LINE_AA, 4
    )
    cv2.polylines(
        canvas, [points[2:]], False, _grey(rng, 5, 60), int(rng.integers(1, 4)), cv2.LINE_AA, 4
    )
    for corner in corners[rng.random(4) < 0.35]:
        _screw_at(rng, canvas, corner + (centre - corner) * 0.15, rng.uniform(6, 16))


def _pad(rng: np.random.Generator, canvas: Canvas) -> None:
    _pad_at(rng, canvas, np.array(_anywhere(rng, canvas), np.float64), rng.uniform(8, 30))


def _pad_at(
    rng: np.random.Generator, canvas: Canvas, centre: NDArray[np.float64], radius: float
) -> None:
    """A round white pad: a bright disc, a shaded rim, a lit spot off its middle."""
    tone = np.array(_grey(rng, 130, 245))
    for share, light in ((1.0, 0.72), (0.88, 0.95), (0.55, 1.08), (0.3, 1.16)):
        place = centre - radius * (1 - share) * np.array([0.25, 0.25])
        _disc_at(canvas, place, radius * share, np.clip(tone * light, 0, 255))


def _disc_at(
    canvas: Canvas, centre: NDArray[np.float64], radius: float, tone: NDArray[np.float64]
) -> None:
    red, green, blue = (float(value) for value in tone)
    place = (round(float(centre[0]) * 16), round(float(centre[1]) * 16))
    cv2.circle(canvas, place, max(1, round(radius * 16)), (red, green, blue), -1, cv2.LINE_AA, 4)


def _screw(rng: np.random.Generator, canvas: Canvas) -> None:
    _screw_at(rng, canvas, np.array(_anywhere(rng, canvas), np.float64), rng.uniform(5, 24))


def _screw_at(
    rng: np.random.Generator, canvas: Canvas, centre: NDArray[np.float64], radius: float
) -> None:
    """A screw head: a ring, a face, and a slot, a cross or a dark socket."""
    _disc_at(canvas, centre, radius, np.array(_grey(rng, 10, 90)))
    _disc_at(canvas, centre, radius * 0.82, np.array(_grey(rng, 60, 220)))
    if rng.random() < 0.5:
        _disc_at(canvas, centre, radius * 0.42, np.array(_grey(rng, 5, 60)))
        return
    angle = rng.uniform(0, np.pi)
    for turn in (0.0, np.pi / 2)[: int(rng.integers(1, 3))]:
        reach = radius * 0.7 * np.array([np.cos(angle + turn), np.sin(angle + turn)])
        ends = [np.round((centre + sign * reach) * 16).astype(int) for sign in (-1, 1)]
        cv2.line(
            canvas,
            ends[0].tolist(),
            ends[1].tolist(),
            _grey(rng, 5, 70),
            max(1, int(radius / 5)),
            cv2.LINE_AA,
            4,
        )


def _cable(rng: np.random.Generator, canvas: Canvas) -> None:
    """A bent cable: a wide dark stroke with a thin light along its middle."""
    curve = bezier(rng, np.array(_anywhere(rng, canvas)), rng.uniform(150, 800))
    points = [np.round(curve * 16).astype(np.int32)]
    width = int(rng.integers(4, 26))
    cv2.polylines(canvas, points, False, _grey(rng, 8, 150), width, cv2.LINE_AA, 4)
    cv2.polylines(canvas, points, False, _grey(rng, 60, 255), max(1, width // 6), cv2.LINE_AA, 4)


def _strip(rng: np.random.Generator, canvas: Canvas) -> None:
    """A bright reflecting bar along one side, with burnt-out lamps in it."""
    side = canvas.shape[0]
    thick = int(rng.uniform(0.03, 0.16) * side)
    start = int(rng.choice([0, side - thick, rng.integers(0, side - thick)], p=[0.3, 0.45, 0.25]))
    bar = np.full((thick, side), rng.uniform(15, 150), np.float32)
    x = np.arange(side, dtype=np.float32)
    for _ in range(int(rng.integers(1, 6))):
        distance = np.abs(x - np.float32(rng.uniform(0, side))) - np.float32(rng.uniform(8, 90))
        bar += np.float32(rng.uniform(60, 300)) * np.clip(
            0.5 - distance / np.float32(rng.uniform(2, 60)), 0, 1
        )
    bar *= 1 + np.float32(0.25) * smooth_field(rng, (thick, side), float(rng.uniform(2, 20)))
    tone = np.array(_grey(rng, 200, 255)) / 255
    painted = np.clip(bar[..., None] * tone, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        canvas[start : start + thick] = painted
    else:
        canvas[:, start : start + thick] = painted.transpose(1, 0, 2)


def _holes(rng: np.random.Generator, canvas: Canvas) -> None:
    """A row of holes or studs, as rigs have them."""
    place = np.array(_anywhere(rng, canvas), np.float64)
    step = rng.uniform(14, 60) * np.array([[1, 0], [0, 1]][int(rng.integers(0, 2))])
    radius, tone = rng.uniform(2, 12), np.array(_grey(rng, 5, 230))
    for number in range(int(rng.integers(2, 9))):
        _disc_at(canvas, place + number * step, radius, tone)


def _label(rng: np.random.Generator, canvas: Canvas) -> None:
    """A paper label with something printed on it."""
    x, y = _anywhere(rng, canvas)
    width, height = int(rng.integers(40, 180)), int(rng.integers(20, 70))
    cv2.rectangle(canvas, (x, y), (x + width, y + height), _grey(rng, 160, 250), -1)
    text = "".join(rng.choice(list("ABCDEFHKLMNPRSTXYZ0123456789-"), int(rng.integers(3, 9))))
    scale = float(rng.uniform(0.4, 1.1))
    cv2.putText(
        canvas,
        text,
        (x + 4, y + height - 6),
        cv2.FONT_HERSHEY_SIMPLEX,
        scale,
        _grey(rng, 0, 80),
        1 + (scale > 0.7),
        cv2.LINE_AA,
    )


def _tray(rng: np.random.Generator, canvas: Canvas) -> None:
    """The held-back rig: a bright tray with a grid of holes or a woven cloth."""
    side = canvas.shape[0]
    canvas[:] = np.array(_grey(rng, 150, 230)).astype(np.uint8)
    pitch, radius = rng.uniform(26, 80), rng.uniform(4, 12)
    tone = np.array(_grey(rng, 20, 120))
    for row, y in enumerate(np.arange(0, side + pitch, pitch)):
        for x in np.arange((row % 2) * pitch / 2, side + pitch, pitch):
            _disc_at(canvas, np.array([x, y]), radius, tone)


def _holder(
    rng: np.random.Generator, disc: Disc, canvas: Canvas, front: Canvas, cover: Canvas
) -> None:
    """A pad, a clamp or a finger at the rim, before or behind the wafer."""
    angle = rng.uniform(0, 2 * np.pi)
    over = rng.random() < 0.4
    style = rng.random()
    radius = rng.uniform(9, 30)
    inset = radius * rng.uniform(-0.9, 0.2) if over else -radius * rng.uniform(0.1, 1.2)
    centre = np.array(disc.rim_point(angle, inset))
    target = front if over else canvas
    if style < 0.55:
        _pad_at(rng, target, centre, radius)
        if over:
            cv2.circle(
                cover,
                tuple(np.round(centre * 16).astype(int).tolist()),
                round(radius * 16),
                255,
                -1,
                cv2.LINE_AA,
                4,
            )
        return
    outward = np.array([np.cos(angle), np.sin(angle)])
    sideways = np.array([-outward[1], outward[0]])
    half, length = rng.uniform(8, 70), rng.uniform(40, 260)
    taper = rng.uniform(0.6, 1.3)
    corners = np.array(
        [
            centre - half * taper * sideways,
            centre + half * taper * sideways,
            centre + half * sideways + length * outward,
            centre - half * sideways + length * outward,
        ]
    )
    points = np.round(corners * 16).astype(np.int32)
    cv2.fillPoly(target, [points], _grey(rng, 30, 225), cv2.LINE_AA, 4)
    cv2.polylines(target, [points], True, _grey(rng, 10, 250), 2, cv2.LINE_AA, 4)
    if over:
        cv2.fillPoly(cover, [points], 255, cv2.LINE_AA, 4)


_PARTS: list[tuple[Callable[[np.random.Generator, Canvas], None], float]] = [
    (_plate, 0.36),
    (_pad, 0.14),
    (_screw, 0.16),
    (_cable, 0.1),
    (_strip, 0.1),
    (_holes, 0.08),
    (_label, 0.06),
]
_SHARES = [share for _, share in _PARTS]

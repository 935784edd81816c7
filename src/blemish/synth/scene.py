"""Lighting, lens and sensor: from linear light to the picture that is stored.

Light is linear, (H, W, 3) float32, about 1 for white. Grey levels are 0 to 255.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.synth.fields import Field, blur, grid, polygon, smooth_field
from blemish.synth.marks import log_uniform


@dataclass(frozen=True)
class Camera:
    """How light becomes a stored picture.

    Attributes:
        blur: Gaussian deviation of the lens in px.
        curve: share of the square-root tone curve; the rest is linear.
        noise: deviation of the read noise in grey levels.
        shot: deviation of the light's own noise in grey levels at white.
        correlation: deviation in px of the blur that demosaicing gives the noise.
        resample: factor by which the stored picture was made smaller and larger again.
        quality: JPEG quality; 0 for none.
        enlarge: size at which the JPEG was made, relative to the stored picture.
    """

    blur: float
    curve: float
    noise: float
    shot: float
    correlation: float
    resample: float
    quality: int
    enlarge: float


def draw_camera(rng: np.random.Generator) -> Camera:
    """Draw a camera: sharp or soft, quiet or noisy, with or without compression."""
    return Camera(
        blur=log_uniform(rng, 0.3, 1.5),
        curve=float(rng.uniform(0.6, 1)),
        noise=log_uniform(rng, 0.35, 2.6),
        shot=float(rng.uniform(0, 1.8)),
        correlation=float(rng.uniform(0.4, 0.8)) if rng.random() < 0.6 else 0.0,
        resample=float(rng.uniform(0.6, 1)) if rng.random() < 0.4 else 1.0,
        quality=round(98 - log_uniform(rng, 1, 32)) if rng.random() < 0.75 else 0,
        enlarge=float(rng.uniform(1.1, 1.7)) if rng.random() < 0.3 else 1.0,
    )


def develop(light: Field, camera: Camera) -> Field:
    """Turn linear light into noiseless grey levels (H, W, 3), as lens and tone curve do."""
    soft = blur(light, camera.blur)
    np.clip(soft, 0, 1, out=soft)
    levels = np.sqrt(soft) * np.float32(255 * camera.curve)
    soft *= np.float32(255 * (1 - camera.curve))
    levels += soft
    return resample(levels, camera.resample)


def resample(levels: Field, factor: float) -> Field:
    """Make a picture smaller by a factor and bring it back to its size; 1 leaves it alone."""
    if factor == 1.0:
        return levels
    height, width = levels.shape[:2]
    small = (max(2, round(width * factor)), max(2, round(height * factor)))
    less = cv2.resize(levels, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(less, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def expose(rng: np.random.Generator, levels: Field, camera: Camera) -> NDArray[np.uint8]:
    """Add the sensor's noise and the compression; gives the stored picture, uint8 RGB."""
    grain = rng.standard_normal(levels.shape, dtype=np.float32)
    if camera.correlation:
        grain = blur(grain, camera.correlation)
        grain /= grain[::7, ::7].std()
    if camera.resample != 1.0:
        grain = resample(grain, camera.resample)
    strength = np.float32(camera.noise) + np.float32(camera.shot / 16) * np.sqrt(
        np.maximum(levels, 0)
    )
    grain *= strength
    grain += levels
    stored = np.clip(np.rint(grain), 0, 255).astype(np.uint8)
    return compress(stored, camera.quality, camera.enlarge) if camera.quality else stored


def compress(picture: NDArray[np.uint8], quality: int, enlarge: float) -> NDArray[np.uint8]:
    """Send a picture through JPEG with halved colour, at times at a larger size than its own."""
    height, width = picture.shape[:2]
    source = picture
    if enlarge != 1.0:
        size = (round(width * enlarge), round(height * enlarge))
        source = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    _, code = cv2.imencode(".jpg", source, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))
    if enlarge != 1.0:
        smaller = cv2.resize(decoded, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(smaller, np.uint8)
    return np.asarray(decoded, np.uint8)


def draw_lighting(rng: np.random.Generator, side: int) -> Field:
    """Draw how much light reaches each pixel, (H, W, 1): gradient, vignetting, slow waves."""
    x, y = grid((side, side))
    u, v = x / np.float32(side) - np.float32(0.5), y / np.float32(side) - np.float32(0.5)
    vignette = 1 - np.float32(rng.uniform(0, 0.7)) * (u * u + v * v)
    slope = 1 + np.float32(rng.normal(0, 0.3)) * u + np.float32(rng.normal(0, 0.3)) * v
    waves = 1 + np.float32(rng.uniform(0, 0.12)) * smooth_field(rng, (side, side), 260.0)
    return np.asarray(np.clip(vignette * slope * waves, 0.15, 2)[..., None], np.float32)


def draw_reflections(rng: np.random.Generator, side: int) -> tuple[Field, Field]:
    """Draw what the polished wafer mirrors.

    Returns:
        A factor (H, W, 1) of dark reflections, soft and jagged, and a light (H, W, 1) to add.
    """
    factor = np.ones((side, side), np.float32)
    for _ in range(int(rng.integers(0, 4))):
        factor *= 1 - np.float32(log_uniform(rng, 0.02, 0.6)) * _blot(rng, side)
    glow = np.zeros((side, side), np.float32)
    if rng.random() < 0.3:
        glow = np.float32(log_uniform(rng, 0.004, 0.12)) * _blot(rng, side)
    return factor[..., None], glow[..., None]


def _blot(rng: np.random.Generator, side: int) -> Field:
    """Draw the shape of one mirrored thing: an oval, or a ragged outline, soft to sharp."""
    coarse = 3  # drawn at a third of the size: nothing here is finer
    small = side // coarse
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    centre = rng.uniform(-0.05, 1.05, 2) * small
    if rng.random() < 0.5:  # the camera looks from the top or the bottom
        centre[1] = rng.choice([0.02, 0.98]) * small + rng.normal(0, 0.06) * small
    jagged = rng.random() < 0.4
    axes = np.exp(rng.uniform(np.log(55 if jagged else 30), np.log(170), 2)) / coarse
    reach = 1 + (0.22 if jagged else 0.06) * rng.standard_normal(40)
    outline = np.stack([np.cos(angles) * axes[0], np.sin(angles) * axes[1]], axis=1)
    turn = rng.uniform(0, np.pi)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    softness = log_uniform(rng, 1.2, 8) if jagged else log_uniform(rng, 10, 40)
    cover = polygon((small, small), centre + (outline * reach[:, None]) @ rotation.T, softness)
    return np.asarray(cv2.resize(cover, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)

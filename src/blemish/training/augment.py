"""One crop of one picture, turned, scaled and recoloured: numpy and OpenCV, under 3 ms."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import Boxes, box_area, clip_boxes

Pixels = NDArray[np.uint8]
VISIBLE = 0.4  # a box with less of its area inside the crop is ignored, not positive


@dataclass(frozen=True)
class Augment:
    """How far crops are changed; all ranges are inclusive factors or grey levels.

    Attributes:
        scale: size of the crop's content over the picture's.
        gain: factor on each channel.
        gamma: exponent on values in [0, 1].
        shift: grey levels added to each channel, at most.
        permute: share of crops whose colour channels change places.
        noise: standard deviation of added noise in grey levels, at most.
        noisy: share of crops that noise is added to; the others keep the picture's own.
        scaled: share of crops whose scale changes; the others keep every pixel as it is,
            because scaling smooths the noise that faint marks are to be told from.
        blur: share of crops that are blurred.
    """

    scale: tuple[float, float] = (0.7, 1.4)
    gain: tuple[float, float] = (0.8, 1.2)
    gamma: tuple[float, float] = (0.8, 1.25)
    shift: float = 15.0
    permute: float = 0.5
    noise: float = 2.0
    noisy: float = 0.3
    scaled: float = 0.4
    blur: float = 0.15


@dataclass(frozen=True)
class Crop:
    """A training crop.

    Attributes:
        pixels: (S, S, 3) uint8 RGB.
        boxes: (N, 4) positives, cut off at the crop's edges.
        labels: (N,) int64.
        ignored: (M, 4) areas that teach nothing.
    """

    pixels: Pixels
    boxes: Boxes
    labels: NDArray[np.int64]
    ignored: Boxes


def random_affine(
    centre: tuple[float, float], size: int, scale: float, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Give the 2 x 3 map from picture to crop: scale, one of the eight flips and turns, shift.

    At scale 1 the shift is of whole pixels.

    Args:
        centre: the point (x, y) of the picture that comes to the crop's middle.
        size: side of the crop in pixels.
        scale: crop pixels a picture pixel.
        generator: where chance comes from.
    """
    turn = int(generator.integers(4))
    cosine, sine = (1, 0, -1, 0)[turn], (0, 1, 0, -1)[turn]
    linear = scale * np.array([[cosine, -sine], [sine, cosine]], np.float64)
    if generator.random() < 0.5:
        linear[0] = -linear[0]
    offset = size / 2 - linear @ np.array(centre, np.float64)
    if scale == 1.0:  # whole pixels, or resampling would smooth the picture's own noise
        offset = np.rint(offset)
    return np.column_stack((linear, offset))


def warp(pixels: Pixels, affine: NDArray[np.float64], size: int) -> Pixels:
    """Give the (size, size, 3) crop that the map picks; beyond the picture its edge goes on.

    The map is in the half-open convention, where pixel (0, 0)'s middle is (0.5, 0.5); OpenCV
    puts the middle at (0, 0).
    """
    shifted = affine.copy()
    shifted[:, 2] += affine[:, :2].sum(axis=1) * 0.5 - 0.5
    result = cv2.warpAffine(
        pixels, shifted, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(result, np.uint8)


def warp_boxes(boxes: Boxes, affine: NDArray[np.float64]) -> Boxes:
    """Give the boxes after a map of flips, quarter turns, scale and shift."""
    corners = np.stack((boxes[:, :2], boxes[:, 2:]), axis=1) @ affine[:, :2].T + affine[:, 2]
    return np.concatenate((corners.min(axis=1), corners.max(axis=1)), axis=1).astype(np.float32)


def cut_crop(
    pixels: Pixels,
    labelled: tuple[Boxes, NDArray[np.int64], NDArray[np.bool_]],
    affine: NDArray[np.float64],
    size: int,
) -> Crop:
    """Give the crop with its boxes: positive where enough is seen, otherwise ignored.

    Args:
        pixels: (H, W, 3) the whole picture.
        labelled: boxes (N, 4), labels (N,), and which of them count (N,).
        affine: from picture to crop, see `random_affine`.
        size: side of the crop.
    """
    boxes, labels, counts = labelled
    moved = warp_boxes(boxes, affine)
    seen = clip_boxes(moved, size, size)
    share = box_area(seen) / np.maximum(box_area(moved), 1e-6)
    positive = counts & (share >= VISIBLE)
    ignored = ~positive & (share > 0)
    return Crop(warp(pixels, affine, size), seen[positive], labels[positive], seen[ignored])


def noise_bank(side: int, seed: int = 0) -> Pixels:
    """Give (side, side, 3) noise around 128 with standard deviation 32, drawn once.

    Drawing a crop's noise afresh takes longer than all other changes together.
    """
    noise = np.random.default_rng(seed).standard_normal((side, side, 3), np.float32)
    return np.clip(np.rint(noise * 32 + 128), 0, 255).astype(np.uint8)


def colour_table(augment: Augment, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Give a (256, 3) table of new grey levels: gamma, then gain and shift a channel."""
    levels = np.linspace(0, 1, 256)[:, None] ** _log_uniform(augment.gamma, generator)
    gains = np.array([_log_uniform(augment.gain, generator) for _ in range(3)])
    shifts = generator.uniform(-augment.shift, augment.shift, 3)
    brightness = _log_uniform(augment.gain, generator)
    table = np.rint(levels * 255 * gains * brightness + shifts)
    return np.asarray(np.clip(table, 0, 255), np.uint8)


def recolour(
    pixels: Pixels, augment: Augment, bank: Pixels, generator: np.random.Generator
) -> Pixels:
    """Give the crop with other colours, perhaps blurred, perhaps with a little noise."""
    changed: Any = pixels
    if generator.random() < augment.permute:
        changed = np.ascontiguousarray(changed[..., generator.permutation(3)])
    changed = cv2.LUT(changed, colour_table(augment, generator)[None])
    if generator.random() < augment.blur:
        changed = cv2.GaussianBlur(changed, (3, 3), float(generator.uniform(0.4, 0.9)))
    if generator.random() < augment.noisy:
        changed = add_noise(np.asarray(changed, np.uint8), augment.noise, bank, generator)
    return np.asarray(changed, np.uint8)


def add_noise(pixels: Pixels, limit: float, bank: Pixels, generator: np.random.Generator) -> Pixels:
    """Give the pixels plus noise of up to ``limit`` grey levels, cut from the bank."""
    weight = float(generator.uniform(0, limit)) / 32
    size = pixels.shape[0]
    y, x = generator.integers(0, bank.shape[0] - size + 1, 2)
    noise = bank[y : y + size, x : x + size]
    return np.asarray(cv2.addWeighted(pixels, 1.0, noise, weight, -128 * weight), np.uint8)


def _log_uniform(limits: tuple[float, float], generator: np.random.Generator) -> float:
    low, high = np.log(limits)
    return float(np.exp(generator.uniform(low, high)))

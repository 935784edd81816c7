"""One crop of one picture, turned, scaled and recoloured: numpy and OpenCV, under 3 ms."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import Boxes, box_area, clip_boxes
from blemish.model.prove import VISIBLE

Pixels = NDArray[np.uint8]


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
        varied: share of the marks that stand out more or less than they did, see `transplant`.
        grafted: share of crops that get a mark of another picture at the start of a run; it falls
            to none, because in the end the marks are to lie where they do lie.
        turned: whether crops come in all eight flips and turns; if not, half are mirrored.
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
    varied: float = 0.5
    grafted: float = 0.5
    turned: bool = True


PLAIN = Augment(
    *((1.0, 1.0), (1.0, 1.0), (1.0, 1.0)),
    shift=0,
    permute=0,
    noise=0,
    noisy=0,
    scaled=0,
    blur=0,
    varied=0,
    grafted=0,
)


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
    centre: tuple[float, float],
    size: int,
    scale: float,
    generator: np.random.Generator,
    turns: bool = True,
) -> NDArray[np.float64]:
    """Give the 2 x 3 map from picture to crop: scale, one of the eight flips and turns, shift.

    The crop shows a square of whole picture pixels, so at scale 1 each pixel stays what it is.

    Args:
        centre: the point (x, y) of the picture that comes to the crop's middle, within a pixel.
        size: side of the crop in pixels.
        scale: crop pixels a picture pixel, kept to the nearest that whole pixels allow.
        generator: where chance comes from.
        turns: False to flip from left to right alone, or not at all.
    """
    turn = int(generator.integers(4)) if turns else 0
    cosine, sine = (1, 0, -1, 0)[turn], (0, 1, 0, -1)[turn]
    turned = np.array([[cosine, -sine], [sine, cosine]], np.float64)
    if generator.random() < 0.5:
        turned[0] = -turned[0]
    side = max(round(size / scale), 1)
    low = np.rint(np.array(centre, np.float64) - side / 2)
    linear = turned * size / side
    backwards = turned.sum(axis=1) < 0
    return np.column_stack((linear, size * backwards - linear @ low))


def warp(pixels: Pixels, affine: NDArray[np.float64], size: int) -> Pixels:
    """Give the (size, size, 3) crop that a map of whole source pixels picks, see `random_affine`.

    Beyond the picture its edge goes on. Cut, resized and turned one after the other, which takes
    a third of the time of one general warp.
    """
    inverse = np.linalg.inv(affine[:, :2])
    corners = (np.array([[0, 0], [size, size]]) - affine[:, 2]) @ inverse.T
    low, high = np.rint(corners.min(axis=0)).astype(int), np.rint(corners.max(axis=0)).astype(int)
    part: Any = _cut(pixels, low, high)
    if len(part) != size:
        part = cv2.resize(part, (size, size), interpolation=cv2.INTER_LINEAR)
    if affine[0, 0] == 0:
        part = cv2.transpose(part)
    across, down = affine[:, :2].sum(axis=1) < 0
    if across or down:
        part = cv2.flip(part, -1 if across and down else int(across))
    return np.ascontiguousarray(part)


def _cut(pixels: Pixels, low: NDArray[np.int_], high: NDArray[np.int_]) -> Pixels:
    """Give the part from ``low`` (x, y) to ``high``; beyond the picture its edge goes on."""
    limit = np.array(pixels.shape[1::-1])
    start, stop = np.clip(low, 0, limit - 1), np.clip(high, 1, limit)
    part = pixels[start[1] : stop[1], start[0] : stop[0]]
    if (start == low).all() and (stop == high).all():
        return part
    left, top = np.clip(start - low, 0, high - low - 1).tolist()
    right, bottom = (high - low - (left, top) - (stop - start)).tolist()
    grown = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return np.asarray(grown, np.uint8)


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
        pairs = np.column_stack((generator.permutation(3), range(3))).ravel().tolist()
        (changed,) = cv2.mixChannels([changed], [np.empty_like(changed)], pairs)
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

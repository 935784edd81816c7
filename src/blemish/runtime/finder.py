"""The one road from pixels to finds; nothing else in blemish finds defects."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import box_centres, nms
from blemish.core.defects import Defects
from blemish.core.tiles import Window, bring_home, cut, plan_windows
from blemish.data.images import MAX_PIXELS, open_picture
from blemish.errors import PictureError, UsageError
from blemish.runtime.ahead import one_ahead
from blemish.runtime.bundle import Bundle, default_bundle, read_bundle
from blemish.runtime.engines import Engine, open_engine
from blemish.wafer.outline import Outline, find_outline

Pixels = NDArray[np.uint8]
Picture = Pixels | str | Path

REGIONS = ("auto", "wafer", "whole")

# Beyond this a picture holds nothing more to see, and a mistaken outline would cost minutes.
MAX_ENLARGEMENT = 4.0

# How far outside the outline a find's centre may lie, as a share of the wafer's diameter:
# the outline is measured to about this, and a mark on the rim must not be lost by it.
RIM_MARGIN = 0.005

# Pixels beyond the rim that are looked at as well, so that the net sees what a rim is.
RIM_ROOM = 8

CELL = 8  # px, a multiple of every net's finest stride


def find_rim(pixels: Pixels) -> Outline | None:
    """Find the wafer without its notch, which does not decide what lies on it."""
    return find_outline(pixels, notch=False)


@dataclass(frozen=True, eq=False)
class Finding:
    """What was found in one picture, and how it was looked at.

    Attributes:
        defects: the finds, best score first, in pixels of the picture as it was given.
        num_outside: how many finds were dropped because they lie outside the wafer; what is
            beyond its bounding box is not looked at.
        outline: the wafer, None where none was found or looked for.
        scale: the factor by which the picture was resized before looking.
        note: why the picture was not looked at as asked; empty otherwise.
    """

    defects: Defects
    num_outside: int
    outline: Outline | None
    scale: float
    note: str = ""


@dataclass(frozen=True, eq=False)
class Finder:
    """A model made ready to look at pictures; open one with `open_finder`.

    Attributes:
        bundle: the model's facts.
        engine: what runs its graph.
        min_score: the lowest score that counts as a find.
        region: `auto` (what the bundle says: a wafer where there is one, or everything), `wafer`
            (there must be one) or `whole`.
        scale: the factor to resize by, None to follow the bundle.
        outline_of: how the wafer is found.
    """

    bundle: Bundle
    engine: Engine
    min_score: float
    region: str = "auto"
    scale: float | None = None
    outline_of: Callable[[Pixels], Outline | None] = find_rim

    def __call__(self, image: Picture) -> Defects:
        """Find the defects of an image: (H, W, 3) uint8 RGB, or the path of a picture file.

        Raises:
            PictureError: the image is of another shape or type, or the file cannot be read.
        """
        return self.look(_as_pixels(image)).defects

    def stream(self, images: Iterable[Picture]) -> Iterator[Defects]:
        """Yield the defects of each image in order; the next file is read meanwhile."""
        for _, pixels in one_ahead(_as_pixels, images):
            yield self.look(pixels.result()).defects

    def look(self, pixels: Pixels) -> Finding:
        """Find the defects of an image and say how it was looked at.

        Raises:
            PictureError: the image is not (H, W, 3) uint8, or too large at the scale asked for.
        """
        check_pixels(pixels)
        region = self.bundle.region if self.region == "auto" else self.region
        outline = None if region == "whole" else self.outline_of(pixels)
        scale = self._scale_for(outline, max(pixels.shape[:2]))
        looked_at, factors = resize(pixels, scale)
        part, corner = self._part(looked_at, outline, factors)
        found = self._find(part)
        found = Defects((found.boxes + corner) / factors, found.labels, found.scores)
        note = "no wafer found: nothing was dropped; check the picture or use --region auto"
        if outline is None:
            return Finding(found, 0, None, scale, note if self.region == "wafer" else "")
        inside = outline.contains(box_centres(found.boxes), RIM_MARGIN * outline.diameter)
        return Finding(found.take(inside), int((~inside).sum()), outline, scale)

    def _scale_for(self, outline: Outline | None, long_side: int) -> float:
        """Give the factor that brings the picture or the wafer to a size the model knows."""
        if self.scale is not None:
            return self.scale
        bundle = self.bundle
        if bundle.long_side is not None:
            return bundle.long_side / long_side
        if outline is None or bundle.wafer_diameter is None or bundle.wafer_range is None:
            return 1.0
        low, high = bundle.wafer_range
        if low <= outline.diameter <= high:
            return 1.0
        return min(bundle.wafer_diameter / outline.diameter, MAX_ENLARGEMENT)

    def _part(
        self, pixels: Pixels, outline: Outline | None, factors: NDArray[np.float32]
    ) -> tuple[Pixels, NDArray[np.float32]]:
        """Give the part of a picture that holds the wafer, and its corner as x, y, x, y.

        It begins on the nets' finest cells, so boxes come out as in the whole picture; what
        lies beyond would be looked at only to be dropped.
        """
        if outline is None:
            return pixels, np.zeros(4, np.float32)
        bounds = np.array(outline.bounds, np.float64) * factors
        margin = RIM_ROOM + RIM_MARGIN * outline.diameter * float(factors[0])
        left, top = (max(int((low - margin) // CELL) * CELL, 0) for low in bounds[:2])
        right, bottom = (int(np.ceil(high + margin)) for high in bounds[2:])
        part = pixels[top:bottom, left:right]
        if 0 in part.shape:
            return pixels, np.zeros(4, np.float32)
        return part, np.array([left, top, left, top], np.float32)

    def _find(self, pixels: Pixels) -> Defects:
        """Find the defects of a picture at the scale it has."""
        bundle = self.bundle
        height, width = pixels.shape[:2]
        windows = plan_windows(width, height, bundle.window, bundle.overlap, bundle.stride)
        found = [self._find_in_window(pixels, window) for window in windows]
        if len(found) == 1:
            return found[0]
        return _best_of_each(_join(found), bundle.nms_iou)

    def _find_in_window(self, pixels: Pixels, window: Window) -> Defects:
        # One window at a time: batches gain nothing on a processor and cost memory.
        boxes, scores, labels = self.engine(np.ascontiguousarray(cut(pixels, window))[None])
        # A score of 0 is no candidate but the filling of a window with fewer than K peaks.
        chances = self.bundle.score_map(scores[0])
        good = (chances >= self.min_score) & (scores[0] > 0)
        candidates = Defects(boxes[0][good], labels[0][good], chances[good])
        return bring_home(_best_of_each(candidates, self.bundle.nms_iou), window)


def open_finder(  # noqa: PLR0913  each is one wish of the user
    model: str | Path | None = None,
    min_score: float | None = None,
    region: str = "auto",
    *,
    scale: str | float = "auto",
    engine: str = "auto",
    precision: str = "auto",
    threads: int = 0,
) -> Finder:
    """Open a model, the one that comes with blemish unless another bundle is named.

    Args:
        model: the folder of a bundle.
        min_score: the lowest score that counts as a find; the bundle's threshold by default.
        region: `auto` drops finds outside the wafer where one is seen, unless the model learned
            from labels that lay anywhere; `wafer` always does, and notes pictures without one;
            `whole` takes the whole picture.
        scale: `auto` brings a wafer to the size the model knows, or the picture if that is what
            it knows, `native` leaves pictures as they are, a number resizes by that factor.
        engine: `auto`, `openvino` or `onnxruntime`.
        precision: `auto`, `float32` or `bfloat16`.
        threads: how many; 0 for all cores.

    Raises:
        UsageError: a value is not one of these.
        BundleError: the bundle is missing or damaged.
        EngineError: the engine is missing or cannot run the model so.
    """
    if region not in REGIONS:
        raise UsageError(f"region {region!r} is not one of {', '.join(REGIONS)}")
    if min_score is not None and not 0 <= min_score <= 1:
        raise UsageError(f"the minimum score must be between 0 and 1, not {min_score}")
    factor = _read_scale(scale)
    bundle = read_bundle(default_bundle() if model is None else Path(model))
    return Finder(
        bundle,
        open_engine(bundle, engine, precision, threads),
        bundle.threshold if min_score is None else min_score,
        region,
        factor,
    )


def check_pixels(pixels: Any) -> None:
    """Refuse anything but (H, W, 3) uint8 with at least one pixel.

    Raises:
        PictureError: it is something else.
    """
    shape, kind = getattr(pixels, "shape", None), getattr(pixels, "dtype", type(pixels).__name__)
    if kind != np.uint8 or shape is None or len(shape) != 3 or shape[2] != 3 or 0 in shape:
        raise PictureError(
            f"an image must be (height, width, 3) uint8 RGB, not {shape or ''} {kind}; "
            "`blemish.data.images.to_uint8_rgb` turns other arrays into one"
        )


def _as_pixels(image: Picture) -> Pixels:
    return open_picture(image) if isinstance(image, str | Path) else image


def _read_scale(scale: str | float) -> float | None:
    """Give the factor a scale stands for, None for `auto`."""
    if scale == "auto":
        return None
    if scale == "native":
        return 1.0
    try:
        factor = float(scale)
    except ValueError:
        factor = np.nan
    if not 0.01 <= factor <= 100:
        raise UsageError(f"scale {scale!r} is not auto, native or a factor from 0.01 to 100")
    return factor


def resize(pixels: Pixels, scale: float) -> tuple[Pixels, NDArray[np.float32]]:
    """Give the picture at this scale and the exact factors of x1, y1, x2, y2."""
    height, width = pixels.shape[:2]
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    if size[0] * size[1] > MAX_PIXELS:
        raise PictureError(
            f"would have {size[0]} x {size[1]} pixels at scale {scale:g}, above the limit of "
            f"{MAX_PIXELS // 1_000_000} million; give a smaller --scale"
        )
    if size == (width, height):
        return pixels, np.ones(4, np.float32)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)
    return resized, np.array([size[0] / width, size[1] / height] * 2, np.float32)


def _best_of_each(found: Defects, iou: float) -> Defects:
    """Suppress the weaker of overlapping finds of one class; best score first.

    Equal scores are ordered by place, so that the answer does not depend on the engine.
    """
    if len(found) < 2:
        return found
    order = np.lexsort((found.boxes[:, 0], found.boxes[:, 1], -found.scores))
    found = found.take(order)
    kept = [
        of_class[nms(found.boxes[of_class], found.scores[of_class], iou)]
        for of_class in (np.flatnonzero(found.labels == label) for label in set(found.labels))
    ]
    return found.take(np.sort(np.concatenate(kept)))


def _join(parts: list[Defects]) -> Defects:
    return Defects(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )

"""The one road from pixels to finds; nothing else in blemish finds defects."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import box_centres
from blemish.core.defects import Defects
from blemish.core.tiles import cut, plan_windows
from blemish.data.huge import HugePicture, open_by_size
from blemish.data.images import MAX_PIXELS
from blemish.errors import PictureError, UsageError
from blemish.runtime.ahead import made_ahead, one_ahead
from blemish.runtime.bundle import Bundle, default_bundle, read_bundle
from blemish.runtime.choice import open_chosen
from blemish.runtime.engines import Engine
from blemish.runtime.huge import (
    Unread,
    View,
    Watch,
    cut_windows,
    find_overview_outline,
    note_unread,
    unwatched,
)
from blemish.runtime.part import RIM_MARGIN, part_with_wafer
from blemish.runtime.windows import find_in_windows
from blemish.wafer.outline import Outline, find_outline

Pixels = NDArray[np.uint8]
Picture = Pixels | str | Path

REGIONS = ("auto", "wafer", "whole")

# Beyond this a picture holds nothing more to see, and a mistaken outline would cost minutes.
MAX_ENLARGEMENT = 4.0

WINDOWS_AHEAD = 8  # of a huge picture: a row of windows is read while those of the last are left
MOST_LANES = 4  # pictures that are looked at at once; each needs memory of its own

NO_WAFER = "no wafer found: nothing was dropped; check the picture or use --region auto"


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
        num_unread: how many windows were not looked at, as they could not be read.
    """

    defects: Defects
    num_outside: int
    outline: Outline | None
    scale: float
    note: str = ""
    num_unread: int = 0


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
        batch: how many windows of a picture run at once.
    """

    bundle: Bundle
    engine: Engine
    min_score: float
    region: str = "auto"
    scale: float | None = None
    outline_of: Callable[[Pixels], Outline | None] = find_outline
    batch: int = 1

    def __call__(self, image: Picture) -> Defects:
        """Find the defects of an image: (H, W, 3) uint8 RGB, or the path of a picture file.

        Raises:
            PictureError: the image is of another shape or type, or the file cannot be read.
        """
        return self._look_at(_open(image)).defects

    def stream(self, images: Iterable[Picture]) -> Iterator[Defects]:
        """Yield the defects of each image in order; the next file is read meanwhile."""
        for _, opening in one_ahead(_open, images):
            yield self._look_at(opening.result()).defects

    def beside(self) -> "list[Finder]":
        """Give finders for several pictures at once, which together have this one's threads.

        One picture after the other keeps many threads busy only while they agree on every layer.
        """
        engine, lanes = self.engine, min(self.engine.threads, MOST_LANES)
        if engine.apart is None or lanes < 2:
            return [self]
        engines = [engine.apart(engine.threads // lanes) for _ in range(lanes)]
        return [replace(self, engine=replace(one, note=engine.note)) for one in engines]

    def _look_at(self, picture: Pixels | HugePicture) -> Finding:
        return (
            self.look_through(picture) if isinstance(picture, HugePicture) else self.look(picture)
        )

    def look(self, pixels: Pixels) -> Finding:
        """Find the defects of an image and say how it was looked at.

        Raises:
            PictureError: the image is not (H, W, 3) uint8, or too large at the scale asked for.
        """
        check_pixels(pixels)
        outline = self.outline_of(pixels) if self._looks_for_wafer else None
        scale = self._scale_for(outline, max(pixels.shape[:2]))
        looked_at, factors = resize(pixels, scale)
        left, top, right, bottom = part_with_wafer(looked_at.shape[1::-1], outline, factors)
        found = self._find(looked_at[top:bottom, left:right])
        return self._home(found, (left, top), factors, outline, scale)

    @property
    def _looks_for_wafer(self) -> bool:
        region = self.bundle.region if self.region == "auto" else self.region
        return region != "whole"

    def look_through(self, picture: HugePicture, watch: Watch = unwatched) -> Finding:
        """Find the defects of a huge picture while it is read; the same as `look` finds.

        Damaged windows are passed over and stand in the finding's note. ``watch`` is told how
        many windows are done and how many there are.

        Raises:
            PictureError: it cannot be read, or is to be enlarged.
        """
        outline = None
        if self._looks_for_wafer:
            outline = find_overview_outline(picture, self.outline_of)
        if self.scale is not None and self.scale > 1:
            raise PictureError("is too large to be enlarged; give a --scale of at most 1")
        scale = min(self._scale_for(outline, max(picture.width, picture.height)), 1.0)
        view = View.of(picture, scale, outline)
        windows = view.plan(self.bundle, outline)
        unread: list[Unread] = []
        coming = made_ahead(cut_windows(view, windows, unread, watch), WINDOWS_AHEAD)
        found = find_in_windows(self.engine, coming, self.bundle, self.min_score, self.batch)
        if unread and len(unread) == len(windows):
            raise PictureError(f"is damaged ({unread[0].reason}); copy or export it again")
        note = note_unread(unread, len(windows))
        finding = self._home(found, view.part[:2], view.factors, outline, scale, note)
        return replace(finding, num_unread=len(unread))

    def _home(
        self,
        found: Defects,
        corner: tuple[int, int],
        factors: NDArray[np.float32],
        outline: Outline | None,
        scale: float,
        note: str = "",
    ) -> Finding:
        """Give the finds of a part as those of the picture, without any outside the wafer."""
        boxes = (found.boxes + np.array(corner * 2, np.float32)) / factors
        found = Defects(boxes, found.labels, found.scores)
        if outline is None:
            missing = NO_WAFER if self.region == "wafer" else ""
            return Finding(found, 0, None, scale, "; ".join(filter(None, (missing, note))))
        inside = outline.contains(box_centres(found.boxes), RIM_MARGIN * outline.diameter)
        return Finding(found.take(inside), int((~inside).sum()), outline, scale, note)

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

    def _find(self, pixels: Pixels) -> Defects:
        """Find the defects of a picture at the scale it has."""
        bundle = self.bundle
        height, width = pixels.shape[:2]
        windows = plan_windows(width, height, bundle.window, bundle.overlap, bundle.stride)
        cuts = ((window, cut(pixels, window)) for window in windows)
        return find_in_windows(self.engine, cuts, bundle, self.min_score, self.batch)


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
        min_score: the lowest score that counts as a find; by default the bundle's threshold, for
            the precision that runs.
        region: `auto` drops finds outside the wafer where one is seen, unless the model learned
            from labels that lay anywhere; `wafer` always does, and notes pictures without one;
            `whole` takes the whole picture.
        scale: `auto` brings a wafer to the size the model knows, or the picture if that is what
            it knows, `native` leaves pictures as they are, a number resizes by that factor.
        engine: `auto` (the fastest here, measured on first use), `openvino` or `onnxruntime`.
        precision: `auto`, `float32`, `bfloat16` or `int8`; what the processor lacks is float32, and
            the engine's `note` says so.
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
    opened = open_chosen(bundle, engine, precision, threads)
    least = bundle.threshold_for(opened.precision) if min_score is None else min_score
    return Finder(bundle, opened, least, region, factor)


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


def _open(image: Picture) -> Pixels | HugePicture:
    return open_by_size(image) if isinstance(image, str | Path) else image


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

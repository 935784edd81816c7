"""Pictures as a browser shows them: JPEG of the upright pixels, never the bytes that were sent."""

import os
import secrets
from pathlib import Path

import cv2
import numpy as np

from blemish.data.huge import HugePicture
from blemish.data.images import Pixels
from blemish.web.looks import Picture
from blemish.web.originals import Originals

SIDES = {"thumbnail": 320, "image": 4096}
"""Longest side of each kind of view, in pixels; smaller pictures stay as they are."""
_QUALITY = {"thumbnail": 82, "image": 93}


def write_views(originals: Originals, sha256: str, picture: Picture) -> None:
    """Write all views of a picture.

    Raises:
        OSError: there is no room.
    """
    pixels = pixels_of(picture)
    for kind in SIDES:
        write_view(originals.view(sha256, kind), kind, pixels)


def pixels_of(picture: Picture) -> Pixels:
    """Give the pixels of a picture, reduced if it is too large to be held."""
    return picture.overview[0] if isinstance(picture, HugePicture) else picture


def write_view(place: Path, kind: str, pixels: Pixels) -> None:
    """Write one view; its name appears when it is whole."""
    height, width = pixels.shape[:2]
    factor = min(SIDES[kind] / max(height, width), 1.0)
    if factor < 1:
        size = (max(round(width * factor), 1), max(round(height * factor), 1))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY[kind]])
    temporary = place.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with temporary.open("xb") as file:
            file.write(content.tobytes())
            file.flush()
            os.fsync(file.fileno())  # or a loss of power could leave an empty one under its name
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)

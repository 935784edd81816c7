"""Small data sets laid out as labelling tools leave them."""

from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 90, 70


def lay_picture(path: Path, size=(WIDTH, HEIGHT), seed: int | None = None, orientation: int = 0):
    """Write a picture: noise of a seed, or plain; EXIF says how it is stored turned."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0], 3)
    pixels = np.full(shape, 90, np.uint8)
    if seed is not None:
        small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
        pixels = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    # All colours are kept: such a small picture would be another one with half of them.
    full = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    _, content = cv2.imencode(path.suffix, pixels, full if path.suffix == ".jpg" else [])
    path.write_bytes(turned(content.tobytes(), orientation) if orientation else content.tobytes())


def turned(jpeg: bytes, orientation: int) -> bytes:
    """Put an EXIF orientation into a JPEG."""
    tag = b"\x01\x12\x00\x03\x00\x00\x00\x01" + orientation.to_bytes(2, "big") + b"\0\0"
    exif = b"Exif\0\0MM\0*\0\0\0\x08\x00\x01" + tag + b"\0\0\0\0"
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]


def voc(*boxes, filename="w1.png", size=(WIDTH, HEIGHT), name="error") -> str:
    """Write an annotation as labelImg does, `<path>` of another machine included."""
    objects = "".join(
        f"<object><name>{name}</name><pose>Unspecified</pose><truncated>0</truncated>"
        f"<difficult>0</difficult><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin>"
        f"<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
        for x1, y1, x2, y2 in boxes
    )
    return (
        f"<annotation><folder>x</folder><filename>{filename}</filename>"
        f"<path>C:\\Users\\kim\\{filename}</path><size><width>{size[0]}</width>"
        f"<height>{size[1]}</height><depth>3</depth></size>{objects}</annotation>"
    )


def write(path: Path, text: str) -> None:
    """Write a text, byte for byte, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())

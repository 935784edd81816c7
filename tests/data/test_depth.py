from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from blemish.data.depth import range_doubt
from blemish.data.images import open_picture

RAMP = np.linspace(0, 4080, 64 * 48).reshape(48, 64).astype(np.uint16)


def png(values: np.ndarray) -> bytes:
    return cv2.imencode(".png", values)[1].tobytes()


def tiff(path: Path, values: np.ndarray, **settings: object) -> bytes:
    tifffile.imwrite(path, values, **settings)
    return path.read_bytes()


def doubt(path: Path) -> str:
    return range_doubt(path, open_picture(path))


@pytest.mark.parametrize("kind", ["png", "png with alpha", "tiff", "tiff of planes"])
def test_12_bits_in_16_name_their_range(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "deep"
    alpha = np.full_like(RAMP, 65535)
    if kind.startswith("png"):
        path.write_bytes(png(RAMP if kind == "png" else np.dstack([RAMP] * 3 + [alpha])))
    elif kind == "tiff":
        tiff(path, RAMP, photometric="minisblack")
    else:
        tiff(path, np.stack([RAMP] * 3), photometric="rgb", planarconfig="separate")
    assert doubt(path).startswith("its brightest value is 4080 of 65535")
    assert "--range 0,4095, or 0,65535" in doubt(path)


@pytest.mark.parametrize(
    ("factor", "named"), [(0, ""), (1 / 40, "0,255"), (1.9, "0,8191"), (2.1, ""), (16, "")]
)
def test_only_a_small_part_of_the_range_is_told(tmp_path: Path, factor: float, named: str) -> None:
    path = tmp_path / "deep.png"
    path.write_bytes(png((RAMP * factor).astype(np.uint16)))
    assert (f"--range {named}, or" in doubt(path)) if named else (doubt(path) == "")


def test_dark_pictures_of_8_bits_and_inverted_or_stretched_ones_are_meant_so(
    tmp_path: Path,
) -> None:
    path = tmp_path / "p"
    path.write_bytes(png((RAMP // 256).astype(np.uint8)))
    assert doubt(path) == ""
    path.write_bytes(cv2.imencode(".jpg", (RAMP // 256).astype(np.uint8))[1].tobytes())
    assert doubt(path) == ""
    tiff(path, RAMP + np.uint16(60000), photometric="miniswhite")
    assert doubt(path) == ""

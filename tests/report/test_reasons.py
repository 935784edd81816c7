"""Reasons as the code gives them, said in Korean."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.data.images import open_picture
from blemish.errors import PictureError
from blemish.report.reasons import reason_in
from blemish.runtime.finder import NO_WAFER
from blemish.wafer.outline import find_outline
from blemish.wafer.placing import place
from blemish.wafer.recipe import Orientation, Recipe
from blemish.wafer.standards import doubt_diameter
from planted_wafers import Wafer, draw

NO_BOXES = np.zeros((0, 4), np.float32)


def is_said(reason: str) -> bool:
    """Tell whether it is Korean now, with no more than names left of the English."""
    said, lang = reason_in("ko", f"lot 7/a.png: {reason}; no KLARF is written")
    assert said.startswith("lot 7/a.png: ")
    assert said.endswith("; KLARF는 쓰지 않았습니다")
    return lang == "ko" and not re.search(r"[a-z]+ [a-z]+ [a-z]+", said)


def note(wafer: Wafer, recipe: Recipe) -> str:
    pixels = draw(wafer)
    return place((pixels, 1.0), find_outline(pixels), NO_BOXES, recipe)[0].note


@pytest.mark.parametrize(
    ("wafer", "recipe", "word"),
    [
        (Wafer(mark="none"), Recipe(150.0), "no flat or notch found"),
        (Wafer(mark="none"), Recipe(150.0, orientation=Orientation(mark="flat")), "no flat found"),
        (Wafer(), Recipe(150.0, orientation=Orientation("flat", angle=10.0)), "is seen at"),
        (Wafer(centre=(200.0, 440.0), mark="none"), Recipe(150.0), "of the rim is in the picture"),
    ],
)
def test_what_is_unsure_of_a_wafer(wafer: Wafer, recipe: Recipe, word: str) -> None:
    reason = note(wafer, recipe)
    assert word in reason
    assert is_said(reason)


def test_a_picture_without_a_wafer() -> None:
    placement, _ = place((np.zeros((50, 50, 3), np.uint8), 1.0), None, NO_BOXES, Recipe(150.0))
    assert is_said(placement.note)
    assert is_said(NO_WAFER)


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n", "whole"])
def test_pictures_that_cannot_be_read(content: bytes | str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    good = cv2.imencode(".png", np.zeros((40, 40, 3), np.uint8))[1].tobytes()
    path.write_bytes(good[:-30] if isinstance(content, str) else content)
    with pytest.raises(PictureError) as caught:
        open_picture(path)
    assert is_said(str(caught.value).removeprefix(f"{path}: "))


@pytest.mark.parametrize(
    ("diameter", "flats"), [(140.0, []), (150.0, [32.5]), (150.0, [41.0]), (300.0, [100.0])]
)
def test_a_doubted_diameter(diameter: float, flats: list[float]) -> None:
    doubt = doubt_diameter(diameter, flats)
    said, lang = reason_in("ko", f"diameter: {doubt}, or all millimetres are wrong")
    assert lang == "ko"
    assert said.startswith("지름: ")
    assert not re.search("[a-z]{3}", said)


def test_what_is_not_known_stays_and_english_is_left() -> None:
    strange = "a.png: {a} strange <b> \\1"
    assert reason_in("ko", strange) == (strange, "en")
    assert reason_in("en", "no KLARF is written") == ("no KLARF is written", "en")

"""Finds placed on drawn wafers whose every pixel's millimetres are known."""

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.errors import PictureError
from blemish.wafer.dies import DieGrid
from blemish.wafer.outline import find_outline
from blemish.wafer.placing import Placement, place
from blemish.wafer.recipe import Orientation, Recipe
from blemish.wafer.zones import Mask, Polygon
from planted_wafers import Wafer, draw

DIAMETER = 150.0
RECIPE = Recipe(DIAMETER)
POINTS = np.array([(300, 300), (350, 180), (180, 400), (420, 420), (300, 130)], np.float64)


def boxes_at(points: NDArray[np.float64], half: float = 5.0) -> NDArray[np.float32]:
    return np.hstack([points - half, points + half]).astype(np.float32)


def placed(
    pixels: NDArray[np.uint8], recipe: Recipe = RECIPE, points: NDArray[np.float64] = POINTS
) -> tuple[Placement, NDArray[np.bool_]]:
    return place((pixels, 1.0), find_outline(pixels), boxes_at(points), recipe)


@pytest.mark.parametrize("wafer", [
    Wafer(turn=120.0),
    Wafer(turn=10.0, squeeze=0.95, tilt=60.0),
    Wafer(mark="notch", turn=260.0, squeeze=0.97, tilt=20.0),
])  # fmt: skip
def test_millimetres_of_drawn_wafers(wafer: Wafer) -> None:
    placement, kept = placed(draw(wafer))
    assert placement.note == ""
    assert kept.all()
    assert placement.mark == wafer.mark
    assert (placement.mark_angle - wafer.picture_angle + 180) % 360 == pytest.approx(180, abs=0.4)
    error = np.hypot(*(placement.points - wafer.to_mm(POINTS, DIAMETER)).T) / DIAMETER
    assert error.max() < 0.0027
    assert (placement.sizes > 2.5).all()
    assert placement.dies is None


def test_the_length_of_the_flat() -> None:
    assert placed(draw(Wafer()))[0].flat == pytest.approx(57.5, abs=1)
    assert placed(draw(Wafer(mark="notch")))[0].flat == 0


def test_a_reduced_picture_places_as_the_whole() -> None:
    """What is too large to be held is placed by its overview: finds stay in its own pixels."""
    wafer = Wafer(turn=200.0, squeeze=0.97, tilt=15.0)
    pixels = draw(wafer)
    whole, _ = placed(pixels)
    factor = 5.0
    outline = find_outline(pixels)
    assert outline is not None
    view = (pixels, factor)
    huge, kept = place(view, outline.enlarged(factor), boxes_at(POINTS * factor), RECIPE)
    assert kept.all()
    np.testing.assert_allclose(huge.points, whole.points, atol=1e-6)
    np.testing.assert_allclose(huge.sizes, whole.sizes / factor, atol=1e-6)  # boxes of 10 px
    assert huge.frame is not None
    np.testing.assert_allclose(huge.frame.to_mm(POINTS * factor), whole.points, atol=1e-6)


def test_sizes_are_those_of_what_is_seen_in_the_boxes() -> None:
    wafer = Wafer(turn=90.0)  # its mark lies at the top: x is the picture's right or left
    pixels = draw(wafer)
    pixels[294:306, 297:303] //= 2
    placement, _ = place((pixels, 1.0), find_outline(pixels), boxes_at(POINTS[:1], 20.0), RECIPE)
    assert placement.frame is not None
    mark = np.array([[297, 294, 303, 306]], np.float32)
    np.testing.assert_allclose(placement.sizes, placement.frame.sizes(mark), rtol=0.2)
    assert (placement.sizes < 0.4 * placement.frame.sizes(boxes_at(POINTS[:1], 20.0))).all()


def test_what_lies_beyond_a_flat_is_no_ground() -> None:
    pixels = draw(Wafer())  # the flat lies at the bottom, at y = 527
    pixels[512:518, 297:303] //= 2
    points = np.array([[300, 515]], np.float64)
    placement, _ = place((pixels, 1.0), find_outline(pixels), boxes_at(points, 14.0), RECIPE)
    assert placement.frame is not None
    mark = np.array([[297, 512, 303, 518]], np.float32)
    np.testing.assert_allclose(placement.sizes, placement.frame.sizes(mark), rtol=0.2)


def test_no_wafer_is_said() -> None:
    placement, kept = place((draw(), 1.0), None, boxes_at(POINTS), RECIPE)
    assert placement.note == "no wafer found: no millimetres; check the picture"
    assert placement.frame is None
    assert np.isnan(placement.points).all()
    assert kept.all()


@pytest.mark.parametrize(
    ("wafers", "size", "what"),
    [
        ([Wafer((300.0, 60.0))], (600, 600), r"only [56]\d% of the rim is in the picture: the"),
        ([Wafer((260.0, 290.0), 230.0), Wafer((760.0, 300.0), 230.0)], (1000, 600),
         "two wafers in view: the millimetres are of one; show one at a time"),
        ([Wafer(mark="none")], (600, 600),
         "no flat or notch found: how the wafer is turned is not known"),
    ],
)  # fmt: skip
def test_what_is_unsure_is_said(wafers: list[Wafer], size: tuple[int, int], what: str) -> None:
    placement, _ = placed(draw(*wafers, size=size))
    assert re.search(what, placement.note)
    assert np.isfinite(placement.points).all()  # rough, with a warning


def test_a_rim_that_is_hardly_seen_is_said() -> None:
    pixels = draw(Wafer())
    outline = find_outline(pixels)
    noise = np.random.default_rng(0).integers(0, 255, pixels.shape, np.uint8)
    placement, _ = place((noise, 1.0), outline, boxes_at(POINTS), RECIPE)
    assert "the rim is hardly seen: the millimetres are rough" in placement.note


def test_an_angle_that_is_told_turns_a_wafer_without_a_mark() -> None:
    wafer = Wafer(mark="none", turn=120.0)
    recipe = replace(RECIPE, orientation=Orientation("notch", "down", wafer.picture_angle))
    placement, _ = placed(draw(wafer), recipe)
    assert (placement.note, placement.mark) == ("", "notch")
    np.testing.assert_allclose(placement.points, wafer.to_mm(POINTS, DIAMETER), atol=0.2)


def test_an_angle_that_the_picture_contradicts_is_said() -> None:
    wafer = Wafer(turn=120.0)
    wrong = replace(RECIPE, orientation=Orientation("flat", "down", 0.0))
    assert "the flat is seen at 240 degrees, not at orientation.angle = 0" in (
        placed(draw(wafer), wrong)[0].note
    )
    right = replace(RECIPE, orientation=Orientation("flat", "down", 239.0))
    assert placed(draw(wafer), right)[0].note == ""


@pytest.mark.parametrize("location", ["down", "up", "left", "right"])
def test_a_wafer_without_any_mark_is_taken_as_it_lies(location: str) -> None:
    wafer = Wafer(mark="none", turn=90.0)
    recipe = replace(RECIPE, orientation=Orientation("none", location))  # type: ignore[arg-type]
    placement, _ = placed(draw(wafer), recipe)
    assert (placement.note, placement.mark) == ("", "none")
    np.testing.assert_allclose(placement.points, wafer.to_mm(POINTS, DIAMETER), atol=0.2)


def test_a_mark_of_another_kind_than_told_is_not_taken() -> None:
    recipe = replace(RECIPE, orientation=Orientation("notch"))
    assert "no notch found" in placed(draw(Wafer()), recipe)[0].note


def test_finds_in_excluded_places_are_dropped_and_counted() -> None:
    wafer = Wafer(turn=90.0)  # mm: x right, y up, 0.3 mm a pixel
    pixels = draw(wafer)
    mask = np.zeros((600, 600), np.bool_)
    mask[390:410, 170:190] = True  # POINTS[2]
    square = np.array([[-5, -5], [5, -5], [5, 5], [-5, 5]], np.float64)
    zones = (
        Polygon("middle", "mm", square),
        Polygon("corner", "px", square + 420),
        Mask("spot", mask),
    )
    placement, kept = placed(pixels, replace(RECIPE, zones=zones))
    assert kept.tolist() == [False, True, False, False, True]
    assert (placement.num_excluded, len(placement.points)) == (3, 2)
    far = np.array([(300, 296 - 245), (300, 296 + 228), (60, 296), (300, 296)], np.float64)
    _, kept = placed(pixels, replace(RECIPE, edge=3.0), far)
    assert kept.tolist() == [False, False, True, True]  # the second lies along the flat
    streets = DieGrid((10.0, 10.0), (0.0, 0.0), (2.0, 0.0))
    recipe = replace(RECIPE, dies=streets, exclude_streets=True)
    places = np.array([(300 + 9 / 0.3, 290), (300 + 4 / 0.3, 290)])
    placement, kept = placed(pixels, recipe, places)
    assert kept.tolist() == [False, True]
    assert placement.dies is not None
    assert placement.dies.tolist() == [[0, 0]]


def test_zones_in_millimetres_hide_nothing_on_a_wafer_that_may_be_turned() -> None:
    everything = np.array([[-99, -99], [99, -99], [99, 99], [-99, 99]], np.float64)
    recipe = replace(RECIPE, zones=(Polygon("all", "mm", everything),))
    placement, kept = placed(draw(Wafer(mark="none")), recipe)
    assert "no flat or notch found" in placement.note
    assert kept.all()
    assert not placed(draw(Wafer()), recipe)[1].any()


def test_a_mask_of_another_shape_is_refused() -> None:
    recipe = replace(RECIPE, zones=(Mask("m", np.zeros((50, 90), np.bool_)),))
    with pytest.raises(PictureError, match="the mask of zone 'm' 90 x 50"):
        placed(draw(Wafer()), recipe)


def test_a_small_wafer_has_no_notch() -> None:
    pixels = draw(Wafer(mark="notch", turn=260.0))
    assert placed(pixels)[0].mark == "notch"
    small = placed(pixels, Recipe(100.0))[0]
    assert small.mark == "none"
    assert "no flat or notch found" in small.note
    told = Recipe(100.0, Orientation("notch"))
    assert placed(pixels, told)[0].mark == "notch"


def test_nothing_found_stays_nothing() -> None:
    placement, kept = placed(draw(Wafer()), RECIPE, np.zeros((0, 2)))
    assert placement.points.shape == placement.sizes.shape == (0, 2)
    assert kept.shape == (0,)


def test_a_blurred_picture_is_placed_too() -> None:
    wafer = Wafer(turn=33.0)
    soft = np.asarray(cv2.GaussianBlur(draw(wafer), (0, 0), 2.5), np.uint8)
    placement, _ = placed(soft)
    assert placement.note == ""
    np.testing.assert_allclose(placement.points, wafer.to_mm(POINTS, DIAMETER), atol=0.4)

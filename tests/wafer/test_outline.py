"""Discs planted in drawn photographs, and pictures without any."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from blemish.wafer.outline import Outline, RimMark, find_outline

Pixels = NDArray[np.uint8]


def draw_rig(rng: np.random.Generator, side: int) -> Pixels:
    """Draw plates, straight strips and round pads on grey, without regard to a wafer."""
    picture = np.full((side, side, 3), rng.integers(20, 90, 3), np.uint8)
    for _ in range(8):
        corner = rng.integers(0, side, 2)
        far = corner + rng.integers(side // 12, side // 3, 2)
        colour = rng.integers(20, 190, 3).tolist()
        cv2.rectangle(picture, corner.tolist(), far.tolist(), colour, -1)
    top = int(0.93 * side)
    cv2.rectangle(picture, (0, top), (side, top + side // 25), (250, 250, 250), -1)
    for _ in range(10):
        centre = rng.integers(0, side, 2).tolist()
        cv2.circle(picture, centre, int(rng.integers(side // 80, side // 40)), (225, 225, 220), -1)
    return picture


def draw_wafer(
    picture: Pixels,
    centre: tuple[float, float],
    axes: tuple[float, float],
    angle: float = 0.0,
    colour: tuple[int, int, int] = (190, 110, 150),
) -> Pixels:
    """Draw an anti-aliased disc, in place, with 1/16 px precision."""
    points = ellipse_points(centre, axes, angle)
    cv2.fillPoly(picture, [np.rint((points - 0.5) * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)
    return picture


def ellipse_points(
    centre: tuple[float, float], axes: tuple[float, float], angle: float
) -> NDArray[np.float64]:
    turn, around = np.deg2rad(angle), np.linspace(0, 2 * np.pi, 1440, endpoint=False)
    along, across = axes[0] * np.cos(around), axes[1] * np.sin(around)
    x = centre[0] + np.cos(turn) * along - np.sin(turn) * across
    y = centre[1] + np.sin(turn) * along + np.cos(turn) * across
    return np.stack([x, y], axis=1)


def finish(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Blur a little and add two grey levels of noise."""
    blurred = cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.float32)
    noisy = blurred + rng.normal(0, 2, picture.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def assert_found(
    outline: Outline | None, centre: tuple[float, float], diameter: float, tolerance: float = 0.01
) -> Outline:
    assert outline is not None
    off = np.hypot(outline.centre[0] - centre[0], outline.centre[1] - centre[1])
    assert off <= tolerance * diameter
    assert outline.diameter == pytest.approx(diameter, rel=tolerance)
    return outline


@pytest.mark.parametrize("side", [200, 300, 333, 640, 900, 1500])
@pytest.mark.parametrize("share", [0.7, 0.92])
def test_a_disc_in_a_rig_is_found_at_every_size(side: int, share: float) -> None:
    rng = np.random.default_rng(side)
    centre, radius = (0.51 * side, 0.49 * side), share * side / 2
    picture = draw_wafer(draw_rig(rng, side), centre, (radius, radius))
    assert_found(find_outline(finish(picture, rng)), centre, 2 * radius)


@given(
    seed=st.integers(0, 10_000),
    share=st.floats(0.7, 0.97),
    squeeze=st.floats(0.9, 1),
    angle=st.floats(0, 180),
    shift=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_random_discs_in_random_rigs_are_found(
    seed: int, share: float, squeeze: float, angle: float, shift: tuple[float, float]
) -> None:
    rng, side = np.random.default_rng(seed), 450
    a = share * side / 2
    room = side / 2 - 0.95 * a
    centre = (side / 2 + shift[0] * room, side / 2 + shift[1] * room)
    picture = draw_wafer(draw_rig(rng, side), centre, (a, squeeze * a), angle)
    diameter = 2 * a * float(np.sqrt(squeeze))
    outline = assert_found(find_outline(finish(picture, rng)), centre, diameter)
    assert outline.axes[1] / outline.axes[0] == pytest.approx(squeeze, abs=0.02)
    rim = ellipse_points(centre, (a, squeeze * a), angle)
    inner = centre + (rim - centre) * 0.98
    outer = centre + (rim - centre) * 1.03
    if outline.mark.kind != "flat":
        assert outline.contains(inner).all()
    assert not outline.contains(outer).any()


def test_the_axes_directions_are_told() -> None:
    rng = np.random.default_rng(3)
    picture = draw_wafer(draw_rig(rng, 600), (300, 310), (270, 245), 30)
    outline = assert_found(find_outline(finish(picture, rng)), (300, 310), 2 * np.sqrt(270 * 245))
    assert outline.angle == pytest.approx(30, abs=4)
    assert outline.axes == pytest.approx((270, 245), rel=0.01)


def test_the_edge_ring_and_rim_blobs_belong_to_the_wafer() -> None:
    rng = np.random.default_rng(4)
    picture = draw_wafer(draw_rig(rng, 900), (455, 440), (405, 405), colour=(170, 190, 195))
    draw_wafer(picture, (455, 440), (393, 393), colour=(70, 30, 60))
    for turn in (0.3, 1.9, 3.4, 5.1):
        x, y = 455 + 396 * np.cos(turn), 440 + 396 * np.sin(turn)
        cv2.circle(picture, (int(x), int(y)), 18, (220, 170, 20), -1)
    assert_found(find_outline(finish(picture, rng)), (455, 440), 810)


@pytest.mark.parametrize("centre", [(450, 250), (180, 450), (640, 640)])
def test_a_disc_partly_outside_is_found(centre: tuple[float, float]) -> None:
    rng = np.random.default_rng(5)
    picture = draw_wafer(draw_rig(rng, 900), centre, (410, 410))
    assert_found(find_outline(finish(picture, rng)), centre, 820, 0.02)


def test_a_disc_larger_than_the_frame_is_found_by_its_arc() -> None:
    rng = np.random.default_rng(6)
    picture = draw_wafer(draw_rig(rng, 900), (250, 450), (560, 560))
    assert_found(find_outline(finish(picture, rng)), (250, 450), 1120, 0.02)


def cut_flat(picture: Pixels, rig: Pixels, normal: float, reach: float) -> None:
    """Put the rig back beyond a chord ``reach`` px from the centre of the picture."""
    rows, columns = np.indices(picture.shape[:2]) + 0.5
    side = picture.shape[0] / 2
    turn = np.deg2rad(normal)
    beyond = (columns - side) * np.cos(turn) + (rows - side) * np.sin(turn) > reach
    picture[beyond] = rig[beyond]


@pytest.mark.parametrize("normal", [0.0, 47.0, 90.0, 241.0, 359.0])
@pytest.mark.parametrize("depth", [0.035, 0.07])
def test_a_flat_is_found_and_respected(normal: float, depth: float) -> None:
    rng = np.random.default_rng(7)
    rig = np.full((900, 900, 3), (60, 65, 62), np.uint8)
    picture = draw_wafer(rig.copy(), (450, 450), (400, 400))
    cut_flat(picture, rig, normal, 400 * (1 - depth))
    outline = assert_found(find_outline(finish(picture, rng)), (450, 450), 800)
    assert outline.mark.kind == "flat"
    assert abs((outline.mark.angle - normal + 180) % 360 - 180) < 1.5
    assert outline.mark.depth == pytest.approx(depth, abs=0.006)
    toward = np.array([np.cos(np.deg2rad(normal)), np.sin(np.deg2rad(normal))])
    chord = 450 + toward * 400 * (1 - depth)
    assert outline.contains([chord - 4 * toward])[0]
    assert not outline.contains([chord + 4 * toward])[0]
    assert outline.contains([chord + 4 * toward], margin=8)[0]


def test_a_round_disc_and_a_pad_over_its_rim_have_no_mark() -> None:
    rng = np.random.default_rng(9)
    picture = draw_wafer(np.full((900, 900, 3), 40, np.uint8), (450, 450), (410, 410))
    for turn in (0.5, 2.5):
        x, y = 450 + 416 * np.cos(turn), 450 + 416 * np.sin(turn)
        cv2.circle(picture, (int(x), int(y)), 14, (230, 230, 225), -1, cv2.LINE_AA)
    outline = assert_found(find_outline(finish(picture, rng)), (450, 450), 820)
    assert outline.mark == ("none", 0.0, 0.0)


def test_a_margin_is_in_pixels() -> None:
    outline = Outline((100.0, 90.0), (50.0, 50.0), 0.0)
    points = [(149.0, 90.0), (151.0, 90.0), (100.0, 145.0)]
    assert outline.contains(points).tolist() == [True, False, False]
    assert outline.contains(points, margin=2).tolist() == [True, True, False]
    assert outline.contains(points, margin=5.1).tolist() == [True, True, True]
    assert outline.contains(np.zeros((0, 2))).shape == (0,)


def test_a_flat_is_looked_for_once_and_only_for_what_lies_near_the_rim() -> None:
    asked: list[int] = []

    def look() -> RimMark:
        asked.append(1)
        return RimMark("flat", 0.0, 0.1)

    outline = Outline((100.0, 90.0), (50.0, 50.0), 0.0, look)
    assert outline.contains([(100.0, 90.0), (142.0, 90.0)]).tolist() == [True, True]
    assert outline.contains([(160.0, 90.0)]).tolist() == [False]
    assert asked == []
    assert outline.contains([(147.0, 90.0), (53.0, 90.0)]).tolist() == [False, True]
    assert outline.contains([(144.0, 90.0)]).tolist() == [True]
    assert asked == [1]


def test_the_unit_frame_round_trips() -> None:
    outline = Outline((100.0, 90.0), (60.0, 50.0), 30.0)
    unit = outline.to_unit(ellipse_points((100, 90), (60, 50), 30))
    np.testing.assert_allclose(np.hypot(unit[:, 0], unit[:, 1]), 1, atol=1e-9)


def fabric(side: int) -> Pixels:
    rows, columns = np.indices((side, side))
    grey = 120 + 60 * np.sin(rows / 7.0) * np.sin(columns / 7.0)
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


def board(side: int) -> Pixels:
    picture = np.full((side, side, 3), 255, np.uint8)
    rng = np.random.default_rng(10)
    for _ in range(40):
        x, y = rng.integers(0, side, 2).tolist()
        cv2.line(picture, (x, y), (x, side - y), (0, 0, 0), 6)
        cv2.line(picture, (x, y), (x + side // 5, y + side // 5), (0, 0, 0), 5)
        cv2.circle(picture, (x, y), side // 45, (0, 0, 0), -1)
    return picture


def ramp(side: int) -> Pixels:
    rows, columns = np.indices((side, side))
    grey = (rows + columns) * (250 / (2 * side))
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("side", [100, 640, 900])
def test_nothing_is_found_where_no_wafer_is(side: int) -> None:
    rng = np.random.default_rng(side)
    noise = rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
    soft_noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), side / 60), np.uint8)
    blank = np.full((side, side, 3), 128, np.uint8)
    rig = finish(draw_rig(rng, side), rng)
    for picture in (noise, soft_noise, blank, rig, fabric(side), board(side), ramp(side)):
        assert find_outline(picture) is None


def test_a_close_up_without_rim_gives_none() -> None:
    rng = np.random.default_rng(11)
    picture = ramp(900)
    for _ in range(6):
        cv2.circle(picture, rng.integers(0, 900, 2).tolist(), 12, (90, 80, 120), -1)
    assert find_outline(finish(picture, rng)) is None


@pytest.mark.parametrize(
    "shape",
    [(1, 1), (1, 900), (900, 1), (2, 3), (23, 23), (24, 24), (30, 5000), (5000, 30), (64, 64)],
)
def test_any_size_is_taken(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(12)
    assert find_outline(rng.integers(0, 256, (*shape, 3)).astype(np.uint8)) is None
    assert find_outline(np.zeros((*shape, 3), np.uint8)) is None


def test_the_same_picture_gives_the_same_outline_and_is_not_changed() -> None:
    rng = np.random.default_rng(13)
    picture = finish(draw_wafer(draw_rig(rng, 400), (200, 205), (180, 178)), rng)
    before = picture.copy()
    assert find_outline(picture) == find_outline(picture)
    np.testing.assert_array_equal(picture, before)

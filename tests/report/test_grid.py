"""The drawn frame lies where the wafer is."""

from dataclasses import replace

import numpy as np
import pytest

from blemish.core.boxes import as_boxes
from blemish.report.grid import LINES, RIM, ZONES, draw_grid
from blemish.wafer.dies import DieGrid
from blemish.wafer.outline import find_outline
from blemish.wafer.placing import Placement, place
from blemish.wafer.recipe import Recipe
from blemish.wafer.zones import Mask, Polygon
from planted_wafers import Wafer, draw

WAFER = Wafer(turn=90.0)  # mm as the picture lies, 0.3 mm a pixel
BLACK = np.zeros((600, 600, 3), np.uint8)


@pytest.fixture(scope="module")
def placement() -> Placement:
    pixels = draw(WAFER)
    return place((pixels, 1.0), find_outline(pixels), as_boxes([]), Recipe(150.0))[0]


def reddest(drawn: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Give the places (N, 2) of a colour, x and y."""
    off = np.abs(drawn.astype(int) - colour).max(axis=2)
    return np.argwhere(off < 140)[:, ::-1]


def test_the_rim_is_drawn_on_the_rim(placement: Placement) -> None:
    drawn = draw_grid(BLACK, placement, Recipe(150.0))
    assert not BLACK.any()
    places = reddest(drawn, RIM)
    away = np.hypot(*(places - WAFER.centre).T)
    assert (np.abs(away - 250) < 3).sum() > 900
    assert away.max() < 253


def test_the_flat_is_a_chord_and_the_excluded_edge_is_parallel_to_it(placement: Placement) -> None:
    drawn = draw_grid(BLACK, placement, Recipe(150.0, edge=6.0))
    flat = WAFER.centre[1] + 250 * (1 - WAFER.depth)  # the flat is down
    for colour, low in ((RIM, flat), (ZONES, flat - 6.0 / 0.3)):
        places = reddest(drawn, colour)
        for x in (260, 280, 340, 360):  # beside the mark's own line
            below = places[(places[:, 0] == x) & (places[:, 1] > 400), 1]
            assert abs(below.max() - low) < 4


@pytest.mark.parametrize(
    ("dies", "step"), [(None, 10.0), (DieGrid((20.0, 30.0), (0.0, 0.0)), 20.0)]
)
def test_lines_stand_at_millimetres_or_dies(
    placement: Placement, dies: DieGrid | None, step: float
) -> None:
    drawn = draw_grid(BLACK, placement, Recipe(150.0, dies=dies))
    row = drawn[round(296 + 12.3 / 0.3)].max(axis=1)  # between lines, below the middle
    found = np.flatnonzero(row > 40)
    found = found[np.abs(found - 300) < 240]
    expected = 300 + np.arange(-4, 5) * step / 0.3
    inside = expected[np.abs(expected - 300) < 235]
    for place_ in inside:
        assert np.abs(found - place_).min() < 2
    for place_ in found:
        assert np.abs(300 + np.round((place_ - 300) * 0.3 / step) * step / 0.3 - place_) < 3


def test_excluded_places_are_drawn_and_reduced_pictures_alike(placement: Placement) -> None:
    mask = np.zeros((600, 600), np.bool_)
    mask[100:140, 300:340] = True
    corners = np.array([[10, 10], [30, 10], [30, 30]], np.float64)
    recipe = Recipe(
        150.0,
        edge=9.0,
        zones=(
            Polygon("a", "mm", corners),
            Polygon("b", "px", corners * 10),
            Mask("c", mask),
        ),
    )
    drawn = reddest(draw_grid(BLACK, placement, recipe), ZONES)
    for x, y in [(300 + 30 / 0.3, 296 - 20 / 0.3), (200, 100), (300, 120), (300 - 66 / 0.3, 296)]:
        assert np.hypot(*(drawn - [x, y]).T).min() < 2.5
    half = reddest(draw_grid(BLACK[::2, ::2], placement, recipe, 2.0), ZONES)
    for x, y in [(200, 148 - 33), (100, 50), (150, 60), (150 - 110, 148)]:
        assert np.hypot(*(half - [x, y]).T).min() < 2.5


def test_without_a_wafer_the_copy_is_plain(placement: Placement) -> None:
    picture = draw()
    nowhere = replace(placement, frame=None)
    np.testing.assert_array_equal(draw_grid(picture, nowhere, Recipe(150.0)), picture)


def test_tiny_dies_do_not_hide_the_wafer(placement: Placement) -> None:
    tiny = Recipe(150.0, dies=DieGrid((0.5, 0.5), (0.0, 0.0)))
    plain = draw_grid(BLACK, placement, Recipe(150.0))
    np.testing.assert_array_equal(draw_grid(BLACK, placement, tiny), plain)
    assert LINES != RIM

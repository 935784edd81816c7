"""The film's colours against physics that can be done by hand."""

import cmath
import math

import numpy as np
import pytest

from blemish.synth.film import (
    HELD_BACK_OPTICAL,
    MAX_THICKNESS,
    TABLE_SIZE,
    Film,
    _reflectance,
    colour_table,
    draw_film,
    draw_thickness,
    silicon_index,
)


def film(**changes: float) -> Film:
    values: dict[str, object] = {
        "index": 1.46,
        "under_index": 1.9,
        "under_nm": 0.0,
        "bands_nm": (610.0, 535.0, 455.0),
        "band_width_nm": 25.0,
        "saturation": 1.0,
    }
    return Film(**{**values, **changes})  # type: ignore[arg-type]


def matrix_reflectance(layers: list[tuple[float, float]], substrate: float, nm: float) -> float:
    """The characteristic-matrix method, another road to the same answer than the Airy sum."""
    a, b, c, d = 1 + 0j, 0j, 0j, 1 + 0j
    for index, thickness in layers:
        phase = 2 * math.pi * index * thickness / nm
        cosine, sine = cmath.cos(phase), 1j * cmath.sin(phase)
        m = (cosine, sine / index, sine * index, cosine)
        a, b, c, d = (
            a * m[0] + b * m[2],
            a * m[1] + b * m[3],
            c * m[0] + d * m[2],
            c * m[1] + d * m[3],
        )
    top, bottom = a + b * substrate, c + d * substrate
    return abs((top - bottom) / (top + bottom)) ** 2


@pytest.mark.parametrize("under_nm", [0.0, 130.0])
@pytest.mark.parametrize("thickness", [0.0, 95.0, 480.0, 1333.0])
def test_reflectance_agrees_with_the_matrix_method(thickness: float, under_nm: float) -> None:
    wavelengths = np.array([450.0, 540.0, 620.0])
    ours = _reflectance(film(under_nm=under_nm), np.array([[thickness]]), wavelengths)[0]
    layers = [(1.46, thickness)] + ([(1.9, under_nm)] if under_nm else [])
    for value, nm, substrate in zip(ours, wavelengths, silicon_index(wavelengths), strict=True):
        assert value == pytest.approx(matrix_reflectance(layers, substrate, nm), abs=1e-9)


def test_bare_silicon_reflects_as_its_index_says() -> None:
    silicon = silicon_index(np.array([550.0]))[0]
    assert silicon == pytest.approx(4.08, rel=0.03)
    bare = _reflectance(film(), np.zeros((1, 1)), np.array([550.0]))[0, 0]
    assert bare == pytest.approx(((silicon - 1) / (silicon + 1)) ** 2, abs=1e-9)


def test_a_quarter_wave_of_the_right_index_kills_the_reflection() -> None:
    index = math.sqrt(silicon_index(np.array([540.0]))[0])
    quarter = 540.0 / (4 * index)
    value = _reflectance(film(index=index), np.array([[quarter]]), np.array([540.0]))[0, 0]
    assert value < 1e-12


def test_colours_fade_as_films_grow_thick() -> None:
    colours = colour_table(film(band_width_nm=30.0))
    assert colours.shape == (TABLE_SIZE, 3)
    step = TABLE_SIZE / MAX_THICKNESS
    swing = [
        float(np.ptp(colours[int(nm * step) : int((nm + 230) * step), 1])) for nm in (50, 1100)
    ]
    assert swing[1] < 0.6 * swing[0]


def test_the_held_back_colours_are_never_drawn_otherwise() -> None:
    rng = np.random.default_rng(0)
    low, high = HELD_BACK_OPTICAL
    for _ in range(400):
        one = draw_film(rng)
        open_optical = draw_thickness(rng, one, held_back=False) * one.index
        held_optical = draw_thickness(rng, one, held_back=True) * one.index
        assert not low < open_optical < high
        assert low < held_optical < high

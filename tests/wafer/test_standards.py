"""A mistaken diameter shows in a flat that no such wafer has."""

import numpy as np
import pytest

from blemish.wafer.standards import FLATS, doubt_diameter, flat_length


@pytest.mark.parametrize("diameter", [25.4, 50.0, 50.8, 76.2, 100.0, 125.0, 150.0, 200.0, 300.0])
def test_a_standard_wafer_is_not_doubted(diameter: float) -> None:
    assert doubt_diameter(diameter, []) == ""
    for length in FLATS.get(diameter, ()):
        assert doubt_diameter(diameter, [length, length, 1.0]) == ""  # one mistake says nothing


def test_a_flat_tells_the_wafer() -> None:
    true = 57.5 / 150
    assert doubt_diameter(100.0, [true * 100]) == (
        "a flat of 38 mm is seen, and wafers of 100 mm have flats of 29 to 35 mm; it would fit "
        "125 or 150 mm: check it"
    )
    assert "wafers of 300 mm have no flat" in doubt_diameter(300.0, [true * 300])
    assert "check it" in doubt_diameter(200.0, [true * 200])


def test_a_size_that_no_standard_has() -> None:
    assert doubt_diameter(140.0, []) == (
        "no standard wafer has 140 mm (the nearest has 150): check it"
    )


def test_the_length_of_a_flat_is_that_of_its_chord() -> None:
    half = np.deg2rad(22)
    depth = 1 - np.cos(half)
    assert flat_length(150.0, float(depth)) == pytest.approx(150 * np.sin(half))
    assert flat_length(150.0, 0.0) == 0

"""Thin-film colour: what a camera sees of a transparent film on silicon.

The reflectance is the Airy sum of a film over a substrate, with one optional layer between
(Born & Wolf, Principles of Optics, section 1.6.4), averaged over each channel's band.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_THICKNESS = 1400.0  # nm; beyond it a camera's broad bands wash the colours out
TABLE_SIZE = 5601  # one entry each quarter nanometre

# Held back: optical thickness (index times nm) never drawn in training, only in its own test.
HELD_BACK_OPTICAL = (760.0, 930.0)

_BAND_OFFSETS = np.linspace(-2.0, 2.0, 9)


@dataclass(frozen=True)
class Film:
    """A film on silicon seen by a camera.

    Attributes:
        index: refractive index of the film.
        under_index: refractive index of the layer between film and silicon.
        under_nm: thickness of that layer in nm; 0 for none.
        bands_nm: centre wavelength of the red, green and blue channel in nm.
        band_width_nm: standard deviation of each channel's band in nm.
        saturation: factor on the distance of a colour from grey.
    """

    index: float
    under_index: float
    under_nm: float
    bands_nm: tuple[float, float, float]
    band_width_nm: float
    saturation: float


def draw_film(rng: np.random.Generator) -> Film:
    """Draw a film at random: oxide, nitride, resist, half of them on a second layer."""
    return Film(
        index=float(rng.uniform(1.38, 2.1)),
        under_index=float(rng.uniform(1.4, 2.4)),
        under_nm=float(rng.uniform(20, 400)) if rng.random() < 0.5 else 0.0,
        bands_nm=(
            float(rng.uniform(590, 625)),
            float(rng.uniform(525, 550)),
            float(rng.uniform(445, 470)),
        ),
        band_width_nm=float(rng.uniform(14, 38)),
        saturation=float(rng.uniform(0.6, 1.7)),
    )


def draw_thickness(rng: np.random.Generator, film: Film, held_back: bool) -> float:
    """Draw a mean thickness in nm, inside or outside of the optical range that is held back."""
    low, high = HELD_BACK_OPTICAL
    if held_back:
        return float(rng.uniform(low + 40, high - 40)) / film.index
    if rng.random() < 0.14:
        return float(rng.uniform(0, 25))  # bare silicon with its native oxide
    while True:
        optical = float(rng.uniform(60, 1800))
        if not low - 40 < optical < high + 40 and optical / film.index < MAX_THICKNESS - 250:
            return optical / film.index


def silicon_index(wavelength_nm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give silicon's refractive index: a Cauchy fit to Green (2008), within 3 % in 440-640 nm."""
    micrometres = wavelength_nm / 1000
    return 3.55 + 0.054 / micrometres**2 + 0.0255 / micrometres**4


def colour_table(film: Film) -> NDArray[np.float32]:
    """Give the linear colour for each quarter nanometre of film, (TABLE_SIZE, 3) RGB."""
    thickness = np.linspace(0, MAX_THICKNESS, TABLE_SIZE)[:, None]
    weights = np.exp(-(_BAND_OFFSETS**2) / 2)
    channels = []
    for centre in film.bands_nm:
        wavelength = centre + _BAND_OFFSETS * film.band_width_nm
        reflectance = _reflectance(film, thickness, wavelength)
        channels.append(reflectance @ weights / weights.sum())
    colours = np.stack(channels, axis=1)
    grey = colours.mean(axis=1, keepdims=True)
    vivid = grey + film.saturation * (colours - grey)
    return np.asarray(np.maximum(vivid, 0.004), np.float32)


def _reflectance(
    film: Film, thickness: NDArray[np.float64], wavelength: NDArray[np.float64]
) -> NDArray[np.float64]:
    silicon = silicon_index(wavelength)
    bottom = _fresnel(film.under_index, silicon)
    top = _fresnel(film.index, film.under_index)
    below: NDArray[np.complexfloating[Any, Any]]
    below = _airy(top, bottom, film.under_index * film.under_nm / wavelength)
    if film.under_nm == 0:
        below = _fresnel(film.index, silicon) + 0j
    amplitude = _airy(_fresnel(1.0, film.index), below, film.index * thickness / wavelength)
    return np.asarray(np.abs(amplitude) ** 2, np.float64)


def _fresnel(above: float, below: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((above - below) / (above + below))


def _airy(
    top: NDArray[np.float64],
    bottom: NDArray[np.float64] | NDArray[np.complexfloating[Any, Any]],
    waves: NDArray[np.float64],
) -> NDArray[np.complex128]:
    """Sum the reflections of one layer that is ``waves`` wavelengths of optical path thick."""
    turned = bottom * np.exp(-4j * np.pi * waves)
    return np.asarray((top + turned) / (1 + top * turned))

"""The disc's rim: what is put there stays there."""

import numpy as np
import pytest

from blemish.synth import disc as discs
from blemish.synth.disc import Disc, draw_disc, draw_thickness_field
from blemish.synth.fields import grid

SIDE = 600


@pytest.fixture
def disc() -> Disc:
    return Disc(300, 290, 260, 0.97, 0.4, "none", 0.0, 0.0)


@pytest.mark.parametrize("draw", [discs._add_contacts, discs._add_rim_blob])
def test_what_touched_the_rim_changes_the_film_there_and_nowhere_else(draw, disc) -> None:
    depth = disc.depth(*grid((SIDE, SIDE)))
    for seed in range(20):
        field = np.zeros((SIDE, SIDE), np.float32)
        draw(np.random.default_rng(seed), disc, field)
        changed = np.abs(field) > 0.05 * np.abs(field).max()
        assert changed.any()
        assert np.abs(depth[changed]).max() < 90


def test_contacts_stand_in_a_row_at_one_depth(disc) -> None:
    """Of a row whose patches stand apart the middles lie about as deep as each other."""
    depth = disc.depth(*grid((SIDE, SIDE)))
    spreads = []
    for seed in range(40):
        field = np.zeros((SIDE, SIDE), np.float32)
        discs._add_contacts(np.random.default_rng(seed), disc, field)
        strong = np.abs(field)
        tops = [
            depth[place]
            for place in zip(*np.nonzero(strong > 0.3 * strong.max()), strict=True)
            if strong[place]
            == strong[
                max(place[0] - 6, 0) : place[0] + 7, max(place[1] - 6, 0) : place[1] + 7
            ].max()
        ]
        if len(tops) > 2:
            spreads.append(np.std(tops))
    assert len(spreads) > 5
    assert np.median(spreads) < 8


def test_a_close_up_has_no_rim_to_touch() -> None:
    rng = np.random.default_rng(3)
    while (disc := draw_disc(rng, SIDE)).has_edge:
        pass
    depth = disc.depth(*grid((SIDE, SIDE)))
    field = draw_thickness_field(rng, disc, depth, 120.0)
    assert field.shape == (SIDE, SIDE)
    assert np.isfinite(field).all()

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.data.likeness import SIDE, find_alike, group_alike, look_at, look_of
from blemish.errors import PictureError
from planted import dot_picture


def scene(seed, size=(160, 120)):
    """Draw something smooth with a little noise, like a surface under a lamp."""
    rng = np.random.default_rng(seed)
    small = rng.integers(40, 200, (4, 4, 3)).astype(np.uint8)
    smooth = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC).astype(np.float64)
    return np.clip(smooth + rng.normal(0, 2, smooth.shape), 0, 255).astype(np.uint8)


def pairs(*pictures):
    return [tuple(one) for one in find_alike([look_of(picture) for picture in pictures])]


def again_as_jpeg(pixels, quality=60):
    _, content = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(content, cv2.IMREAD_COLOR)


def test_what_is_remembered():
    look = look_of(np.full((20, 30, 3), 7, np.uint8))
    assert (look.size, look.brightness, look.contrast) == ((30, 20), 7, 0)
    assert look.small.shape == (SIDE, SIDE, 3)


def test_the_same_the_nearly_same_and_others():
    first = scene(1)
    brighter = np.clip(first * 0.9 + 12, 0, 255).astype(np.uint8)
    smaller = cv2.resize(first, (120, 90), interpolation=cv2.INTER_AREA)
    found = pairs(first, scene(2), first.copy(), again_as_jpeg(first), brighter, smaller)
    assert found == [
        *[(0, 2, True), (0, 3, False), (0, 4, False), (0, 5, False)],
        *[(2, 3, False), (2, 4, False), (2, 5, False)],
        *[(3, 4, False), (3, 5, False), (4, 5, False)],
    ]


def test_pictures_of_one_rig_are_told_apart():
    """The same scene with a spot of another place or another film is another picture."""
    rig = scene(1).astype(np.float64)
    film = np.mgrid[:120, :160].sum(axis=0)[..., None] / 280 * [14, 0, -14]
    assert pairs(rig.astype(np.uint8), np.clip(rig + film, 0, 255).astype(np.uint8)) == []
    one, other = (dot_picture([(x, 40, 5)], seed=seed) for seed, x in ((1, 40), (2, 90)))
    assert pairs(one, other) == []


def test_plain_pictures_are_alike_only_to_their_equal():
    plain = [np.full((50, 60, 3), value, np.uint8) for value in (0, 90, 90)]
    assert pairs(*plain) == [(1, 2, True)]
    assert pairs(*(dot_picture([], seed=seed) for seed in range(5))) == []
    assert pairs() == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_groups_are_what_chains_of_pairs_join(links):
    groups = group_alike(10, links)
    reach = np.eye(10, dtype=bool)
    for first, second in links:
        reach[first, second] = reach[second, first] = True
    for _ in range(10):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    for first, second in itertools.product(range(10), repeat=2):
        assert (groups[first] == groups[second]) is bool(reach[first, second])
    assert all(groups[at] == at for at in groups)


def test_a_damaged_picture_is_told(tmp_path):
    _, content = cv2.imencode(".jpg", scene(3))
    (tmp_path / "w.jpg").write_bytes(content.tobytes()[:-200])
    with pytest.raises(PictureError, match="cut short"):
        look_at(tmp_path / "w.jpg")

import time
from pathlib import Path

import numpy as np

from blemish.training.drawn import Pool, draw_some
from planted import planted


def test_the_first_pictures_are_there_at_once_and_the_others_come(tmp_path: Path) -> None:
    pool = Pool(planted, 5, 6, tmp_path / "pool")
    try:
        pool.begin(1, at_least=2)
        assert pool.source().num_ready() >= 2
        end = time.monotonic() + 60
        while pool.num_ready() < 6 and time.monotonic() < end:
            time.sleep(0.05)
        assert pool.num_ready() == 6
        assert np.array_equal(pool.source().load(5).pixels, planted(5, 5).pixels)
    finally:
        pool.close()


def test_what_is_there_is_not_drawn_again(tmp_path: Path) -> None:
    drawn: list[int] = []

    def draw(seed: int, index: int):
        drawn.append(index)
        return planted(seed, index)

    draw_some(draw, 5, tmp_path, range(3))
    draw_some(draw, 5, tmp_path, range(5))
    assert drawn == [0, 1, 2, 3, 4]
    pool = Pool(draw, 5, 5, tmp_path)
    pool.begin(2, at_least=5)
    assert pool.workers == []
    pool.close()


def test_a_gap_is_not_counted(tmp_path: Path) -> None:
    draw_some(planted, 5, tmp_path, range(0, 5, 2))
    assert Pool(planted, 5, 5, tmp_path).num_ready() == 1

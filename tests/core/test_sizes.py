import math

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.core.matching import match_centre
from blemish.core.metrics import (
    Scored,
    average_precision,
    by_iou,
    count_hits,
    judge,
    precisions_of,
)
from blemish.core.sizes import BANDS, band_name, box_sizes, in_band, only_finds, only_marks
from planted_finds import by_pycocotools, draw_pictures

INF = float("inf")


def precision_in(pictures, band, iou):
    values = precisions_of(judge(only_marks(pictures, band), only_finds(by_iou(iou), band)))
    return np.mean(list(values.values())) if values else math.nan


@pytest.mark.parametrize("band", [(4, 11.5), (11.5, 17.3), (17.3, INF)])
@pytest.mark.parametrize("iou", [0.33, 0.5, 0.75])
def test_the_precision_of_a_size_is_that_of_pycocotools(band, iou):
    seen = set()
    for seed in range(8):
        pictures = draw_pictures(seed, num_classes=2)
        expected = by_pycocotools(pictures, iou, sizes=(band[0], min(band[1], 1e5)))
        value = precision_in(pictures, band, iou)
        assert value == pytest.approx(expected, abs=1e-12, nan_ok=True)
        seen.add(round(value, 3))
    assert len(seen) > 4


def test_every_mark_is_in_one_band():
    sides = np.array([1, 2, 7.99, 8, 15, 16, 31.9, 32, 900], np.float32)
    boxes = np.stack([0 * sides, 0 * sides, sides, sides], axis=1)
    counts = np.sum([in_band(boxes, band) for band in BANDS], axis=0)
    assert counts.tolist() == [0, 1, 1, 1, 1, 1, 1, 1, 1]
    assert [band_name(band) for band in BANDS] == ["2-8", "8-16", "16-32", "32+"]
    assert box_sizes(np.float32([[0, 0, 4, 16], [3, 3, 2, 9]])).tolist() == [8, 0]


def test_marks_and_finds_of_other_sizes_count_neither_way():
    small, large = [0, 0, 8, 8], [40, 40, 80, 80]
    stray_small, stray_large = [100, 0, 110, 10], [100, 100, 140, 140]
    one: Scored = (
        Defects.of([large, stray_small, stray_large]),
        Defects.of([small, large]),
        np.zeros(2, bool),
    )

    def counts(band):
        return count_hits(only_marks([one], band), only_finds(match_centre, band))

    assert (counts((8, 16)).num_true, counts((8, 16)).num_hits, counts((8, 16)).num_false) == (
        *(1, 0, 1),
    )
    assert (counts((32, INF)).num_hits, counts((32, INF)).num_false) == (1, 1)
    assert counts((16, 32)).num_true == counts((16, 32)).num_false == 0
    assert average_precision(only_marks([one], (32, INF))) == 1

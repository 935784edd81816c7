import math

import numpy as np

from blemish.core.defects import Defects
from blemish.core.paired import Difference, tell_apart
from blemish.report.compared import (
    HEADINGS,
    Compared,
    difference_rows,
    differences_csv,
    draw_compared,
    mark_counts,
    number_facts,
    number_table,
)

BOXES = [[100, 100, 140, 140], [300, 100, 340, 140], [500, 100, 540, 140], [700, 100, 740, 140]]


def compared() -> Compared:
    """Found by A alone, by B alone, by both, by neither; the second by A too weakly."""
    true, ignore = Defects.of(BOXES, [0, 1, 0, 1]), np.zeros(4, bool)
    first = Defects.of([BOXES[0], BOXES[1], BOXES[2]], [0, 1, 0], [0.9, 0.2, 0.8])
    second = Defects.of([BOXES[1], BOXES[2]], [1, 0], [0.7, 0.8])
    marks = tell_apart((first, true, ignore), (second, true, ignore), (0.5, 0.5))
    return Compared("결함, 1.png", true, ignore, marks)


def test_each_mark_that_one_finds_alone_is_a_row() -> None:
    rows = difference_rows([compared()], ("spot", "ring"))
    assert rows == [
        ("결함, 1.png", *("100.00", "100.00", "140.00", "140.00"), "spot", "A", "0.9000", ""),
        ("결함, 1.png", *("300.00", "100.00", "340.00", "140.00"), "ring", "B", "0.2000", "0.7000"),
    ]
    assert differences_csv(rows).splitlines()[1].startswith('"결함, 1.png",100.00')
    assert mark_counts([compared()] * 2) == dict.fromkeys(
        ("both", "only_a", "only_b", "neither"), 2
    )


def test_marks_are_drawn_by_who_finds_them() -> None:
    grey = np.full((900, 900, 3), 128, np.uint8)
    picture = draw_compared(grey, compared())
    assert picture.shape[1] == 900
    assert picture.shape[0] > 900  # the strip that explains
    looks = []
    for x1, y1, x2, _ in BOXES:
        for reach in (2, 1):  # a line of two pixels, or of one, just outside the box
            row = picture[y1 - reach, x1 - 2 : x2 + 2].max(axis=1) > 150
            parts = int(np.diff(np.concatenate([[0], row.astype(int), [0]])).clip(0).sum())
            if parts:
                looks.append((parts, row.mean()))
                break
    solid, corners, dotted, dashed = looks
    assert (solid[0], corners[0]) == (1, 2)
    assert min(dotted[0], dashed[0]) > 5
    assert dotted[1] < 0.45 < dashed[1]
    for x1, y1, x2, y2 in BOXES:
        assert (picture[y1:y2, x1:x2] == 128).all()  # nothing is drawn inside a box


def test_numbers_that_nobody_knows_are_left_out_of_the_table_and_null_in_the_record() -> None:
    numbers = {
        "mAP": Difference(0.8, 0.75, (0.01, 0.09), 0.98),
        "recall": Difference(math.nan, math.nan, (math.nan, math.nan), math.nan),
    }
    (row,) = number_table(numbers)
    assert row == ("mAP", "0.8000", "0.7500", "+0.0500", "+0.010 to +0.090", "98.0%")
    assert len(row) == len(HEADINGS)
    assert number_facts(numbers)["recall"] == {
        "a": None,
        "b": None,
        "difference": None,
        "interval": [None, None],
        "a_better": None,
    }

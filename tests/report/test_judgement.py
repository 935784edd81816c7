import csv

import numpy as np
import pytest

from blemish.core.defects import Defects
from blemish.core.matching import match_centre
from blemish.core.metrics import above
from blemish.core.resampling import each_alone
from blemish.report.judgement import judged_csv, judgement_tables, nearest_score
from blemish.report.result import read_judged
from planted_finds import draw_pictures

NAMES = ("dot", "긁힘")


@pytest.mark.parametrize("seed", range(8))
def test_the_table_holds_every_find_and_every_miss_once(seed: int) -> None:
    pictures = [(f"{at}.png", one) for at, one in enumerate(draw_pictures(seed, num_classes=2))]
    rows = list(csv.DictReader(judged_csv(pictures, NAMES, 0.4).splitlines()))
    for name, picture in pictures:
        kept, true, ignore = above(picture, 0.4)
        match = match_centre(kept, true, ignore)
        kinds = [row["kind"] for row in rows if row["image"] == name]
        assert kinds.count("hit") == match.hit.sum()
        assert kinds.count("false") == match.false.sum()
        assert kinds.count("ignored") == len(kept) - match.hit.sum() - match.false.sum()
        assert kinds.count("missed") == (~ignore).sum() - match.hit.sum()


def test_a_miss_tells_the_best_score_below_the_threshold() -> None:
    true = Defects.of([[0, 0, 10, 10], [50, 50, 60, 60]], [1, 1])
    found = Defects.of(
        [[2, 2, 8, 8], [1, 1, 9, 9], [3, 3, 7, 7], [50, 50, 60, 60]],
        [1, 1, 0, 1],
        [0.2, 0.3, 0.35, 0.9],
    )
    table = judged_csv([("a.png", (found, true, np.zeros(2, bool)))], NAMES, 0.4)
    rows = list(csv.DictReader(table.splitlines()))
    assert [(row["kind"], row["score"], row["label"]) for row in rows] == [
        ("hit", "0.9000", "긁힘"),
        ("missed", "0.3000", "긁힘"),
    ]


def test_the_score_nearest_the_threshold_may_lie_below_it() -> None:
    found = Defects.of([[0, 0, 1, 1]] * 3, [0] * 3, [0.9, 0.5, 0.36])
    assert nearest_score(found, 0.4) == pytest.approx(0.36)
    assert nearest_score(Defects.none(), 0.4) is None


def test_what_is_written_is_read_back() -> None:
    pictures = [(f"{at}.png", one) for at, one in enumerate(draw_pictures(2))]
    tables = judgement_tables(pictures, each_alone(len(pictures)), NAMES, 0.3)
    facts = {"images": [{"image": name} for name, _ in pictures]}
    result = read_judged(facts, tables["judged.csv"], tables["curves.csv"])
    assert {name: len(rows) for name, rows in result.curves.items()} == {"pr": 101, "froc": 61}
    assert sum(one.num_wrong for one in result.pictures) > 0
    nothing = judgement_tables([], each_alone(0), NAMES, 0.3)
    assert read_judged({}, nothing["judged.csv"], nothing["curves.csv"]).curves == {}

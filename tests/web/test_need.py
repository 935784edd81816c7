import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from blemish.core.defects import Defects
from blemish.web.database import Database
from blemish.web.need import (
    LEAST_KNOWN,
    LEAST_USUAL,
    SIDE,
    TOLD_FROM,
    Need,
    disagreement,
    nearness,
    rareness,
    small_of,
    sureness,
)
from blemish.web.reviews import Change, change_labels, judge
from blemish.web.store import (
    Who,
    add_picture,
    ask_look,
    finds_of,
    finish_look,
    last_look,
    list_pictures,
    next_waiting,
    register_model,
)
from blemish.web.tables import Picture
from blemish.web.weighing import weigh
from blemish.web.words import KOREAN, REASONS

KIM = Who("kim")
THRESHOLD = 0.4
HERE, THERE = (10.0, 10.0, 30.0, 30.0), (60.0, 60.0, 80.0, 80.0)


def plain(level: int) -> np.ndarray:
    return np.full((SIDE * 4, SIDE * 5, 3), level, np.uint8)


def look(
    session: Session, number: int, *finds: tuple[tuple[float, ...], float], model: str = "a"
) -> Need:
    """Look at a picture, which is new the first time, and give what it needs."""
    picture, new = add_picture(session, f"{number:064x}", 9, f"{number}.png", KIM)
    if not new:
        ask_look(session, picture)
    known = {"hash": model * 64, "name": model, "place": "zoo", "classes": ["spot"]}
    model_id = register_model(session, known | {"threshold": THRESHOLD}, KIM).id
    session.flush()
    waiting = next_waiting(session)
    assert waiting is not None
    found = [
        dict(zip(("x1", "y1", "x2", "y2"), box, strict=True)) | {"score": score, "label": "spot"}
        for box, score in finds
    ]
    facts = {"status": "defective", "error": "", "width": 99, "height": 99, "finds": found}
    need = weigh(session, waiting[0].id, model_id, facts, 0.0, b"")
    finish_look(session, waiting[0].id, model_id, facts, need)
    return need


def test_the_largest_counts_and_is_the_reason() -> None:
    assert Need(0.6, 0.9, 0.2).total == 0.9
    assert Need(0.6, 0.9, 0.2).reason == "rare"
    assert Need(0.9, 0.6, 0.2).reason == "near"
    assert Need(0.6, 0.6, 0.7).reason == "disagreement"
    assert (Need(0.1, is_partial=True).total, Need(0.1, is_partial=True).reason) == (1.0, "partial")
    assert Need(TOLD_FROM["near"] - 0.01).reason == ""
    assert set(REASONS) == {"near", "rare", "disagreement", "partial"}
    assert not set(REASONS.values()) - KOREAN.keys()


def test_nearness_and_sureness_by_hand() -> None:
    assert [nearness(scores, 0.4) for scores in ((), (0.4,), (0.7,), (0.9, 0.37))] == [
        0,
        1,
        0.5,
        0.95,
    ]
    assert [sureness(score, 0.4) for score in (0.4, 0.7, 1.0, 0.0)] == pytest.approx(
        [0.5, 0.75, 1, 1 / 6]
    )


def test_a_picture_unlike_all_others_looks_rare() -> None:
    usual = [small_of(plain(level)) for level in range(50, 130, 4)]  # 4 levels apart
    assert rareness(small_of(plain(90)), usual) == 0  # one of them
    assert rareness(small_of(plain(52)), usual) == 0  # between two
    assert rareness(small_of(plain(146)), usual) == pytest.approx(1 - 4 / 20, abs=1e-3)
    assert rareness(small_of(plain(246)), usual) > 0.95
    assert rareness(small_of(plain(246)), usual[: LEAST_KNOWN - 1]) == 0
    assert rareness(b"", usual) == 0
    same = [small_of(plain(100))] * LEAST_KNOWN
    assert rareness(small_of(plain(104)), same) == pytest.approx(1 - LEAST_USUAL / 4)


@given(st.permutations(range(50, 130, 7)), st.integers(0, 255))
def test_rareness_is_that_of_a_slow_count(levels: list[int], level: int) -> None:
    def nearest(one: int, others: list[int]) -> int:
        return min(abs(one - other) for other in others)

    usual = sorted(nearest(one, [o for o in levels if o != one]) for one in levels)
    middle = max(np.median(usual), LEAST_USUAL)
    near = nearest(level, levels)
    expected = max(1 - middle / near, 0) if near else 0
    found = rareness(small_of(plain(level)), [small_of(plain(one)) for one in levels])
    assert found == pytest.approx(expected, abs=1e-3)


def test_the_surest_mark_of_one_side_alone_is_the_disagreement() -> None:
    both = Defects.of([HERE, THERE], None, [0.9, 0.6])
    moved = Defects.of([(12, 8, 32, 28)], None, [0.7])
    none = Defects.none()
    assert disagreement(none, none) == 0
    assert disagreement(both, both) == 0
    assert disagreement(both, moved) == pytest.approx(0.6)
    assert disagreement(moved, both) == pytest.approx(0.6)
    assert disagreement(none, both) == pytest.approx(0.9)
    small_in_large = Defects.of([(11, 11, 15, 15)], None, [0.8])
    assert disagreement(small_in_large, Defects.of([HERE], None, [0.8])) == 0


def test_two_models_disagree_where_only_one_finds_a_mark(database: Database) -> None:
    with database.writing() as session:
        assert look(session, 1, (HERE, 0.7)).total == 0  # nothing to compare with
        assert look(session, 1, (HERE, 0.6)).total == 0  # the same model
        assert look(session, 1, (HERE, 0.9), model="b").disagreement == 0
        need = look(session, 1, (HERE, 0.9), (THERE, 0.7), model="c")
        assert (need.disagreement, need.reason) == (0.75, "disagreement")
        look(session, 2)
        listed, _ = list_pictures(session)
        assert [(one.name, one.reason) for one in listed] == [
            ("1.png", "disagreement"),
            ("2.png", ""),
        ]


def test_what_a_person_decided_counts_more_than_what_a_model_found(database: Database) -> None:
    with database.writing() as session:
        look(session, 1, (HERE, 0.7), (THERE, 0.7))
        one = session.query(Picture).one().id
        first, second = finds_of(session, last_look(session, one))
        judge(session, one, 0, [(first.id, "accepted"), (second.id, "rejected")], None, KIM)
        assert look(session, 1, (HERE, 0.7), model="b").total == 0
        assert look(session, 1, (HERE, 0.7), (THERE, 0.7), model="c").total == 0.75  # rejected
        assert look(session, 1, model="d").total == 1.0  # a label is not found
        change_labels(session, one, 1, [Change("put", None, THERE, "spot")], KIM)
        assert look(session, 1, (HERE, 0.7), (THERE, 0.7), model="e").total == 0

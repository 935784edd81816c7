from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from blemish.web.database import Database
from blemish.web.need import Need
from blemish.web.reviews import (
    Change,
    ChangedError,
    StrangeError,
    answers_of,
    change_labels,
    history_of,
    judge,
    labels_of,
)
from blemish.web.store import (
    Who,
    add_picture,
    finds_of,
    finish_look,
    last_look,
    list_pictures,
    make_live,
    neighbours,
    next_waiting,
    num_waiting,
    register_model,
    shown_name,
)
from blemish.web.tables import Audit, Picture

KIM = Who("kim", "10.0.0.7")


def facts(*scores: float, status: str = "defective") -> dict[str, Any]:
    finds = [
        {"x1": 1.0, "y1": 2.0, "x2": 9.0, "y2": 8.0, "score": score, "label": "spot", "x_mm": 3.5}
        for score in scores
    ]
    return {"status": status, "error": "", "width": 100, "height": 80, "finds": finds}


def model_id(session: Session) -> int:
    known = {"hash": "m" * 64, "name": "m", "place": "zoo", "classes": ["spot"], "threshold": 0.3}
    return register_model(session, known, KIM).id


def looked_at(session: Session, number: int, need: float, *scores: float) -> Picture:
    picture, _ = add_picture(session, f"{number:064x}", 10, f"{number}.png", KIM)
    waiting = next_waiting(session)
    assert waiting is not None
    assert waiting[1].id == picture.id
    finish_look(session, waiting[0].id, model_id(session), facts(*scores), Need(near=need))
    return picture


def test_a_picture_waits_and_is_then_done(database: Database) -> None:
    with database.writing() as session:
        picture, new = add_picture(session, "a" * 64, 10, "w.png", KIM)
        assert new
        assert num_waiting(session) == 1
        waiting = next_waiting(session)
        assert waiting is not None
        finish_look(session, waiting[0].id, model_id(session), facts(0.4, 0.9), Need(near=0.8))
    with database.reading() as session:
        assert num_waiting(session) == 0
        look = last_look(session, picture.id)
        assert [find.score for find in finds_of(session, look)] == [0.9, 0.4]
        assert finds_of(session, look)[0].place == {"x_mm": 3.5}
        found = session.get_one(Picture, picture.id)
        assert (found.state, found.width, found.num_finds) == ("done", 100, 2)
        assert found.added_at.tzinfo is not None


def test_the_same_content_is_one_picture(database: Database) -> None:
    with database.writing() as session:
        first, _ = add_picture(session, "a" * 64, 10, "w.png", KIM)
        second, new = add_picture(session, "a" * 64, 10, "other.png", KIM)
        assert not new
        assert second.id == first.id
        assert num_waiting(session) == 1


def test_what_needs_a_person_most_comes_first_and_neighbours_follow(database: Database) -> None:
    with database.writing() as session:
        ids = [looked_at(session, n, need).id for n, need in enumerate((0.2, 0.9, 0.2, 0.5))]
        first, second, third, fourth = (session.get_one(Picture, one) for one in ids)
        listed, total = list_pictures(session)
        assert total == 4
        assert listed == [second, fourth, first, third]
        assert list_pictures(session, start=1, count=2)[0] == [fourth, first]
        assert neighbours(session, second) == (None, fourth.id)
        assert neighbours(session, first) == (fourth.id, third.id)
        assert neighbours(session, third) == (first.id, None)


def test_every_change_is_a_new_row(database: Database) -> None:
    with database.writing() as session:
        one = looked_at(session, 1, 0.5).id
        put = Change("put", None, (1, 2, 3, 4), "spot")
        assert change_labels(session, one, 0, [put, put], KIM) == 1
        moved = Change("put", 1, (5, 6, 7, 8), "ring")
        assert change_labels(session, one, 1, [moved, Change("remove", 2)], KIM) == 2
        standing = labels_of(session, one)
        assert [(row.box, row.x1, row.label) for row in standing] == [(1, 5.0, "ring")]
        history = history_of(session, one)
        assert [(row.box, row.action, row.revision) for row in history] == [
            (1, "put", 1),
            (2, "put", 1),
            (1, "put", 2),
            (2, "remove", 2),
        ]
        assert {row.made_by for row in history} == {"kim"}
        assert change_labels(session, one, 2, [put], KIM) == 3
        assert [row.box for row in labels_of(session, one)] == [1, 3]  # no number comes twice


def test_the_second_of_two_reviewers_is_told(database: Database) -> None:
    with database.writing() as session:
        one = looked_at(session, 1, 0.5).id
        change_labels(session, one, 0, [Change("put", None, (1, 2, 3, 4), "a")], KIM)
    with pytest.raises(ChangedError) as caught, database.writing() as session:
        change_labels(session, one, 0, [Change("put", None, (5, 6, 7, 8), "b")], Who("lee"))
    assert caught.value.revision == 1
    with database.reading() as session:
        assert [row.label for row in labels_of(session, one)] == ["a"]


@pytest.mark.parametrize("change", [Change("remove", 7), Change("put", 7, (1, 2, 3, 4), "a")])
def test_a_box_that_is_not_there_changes_nothing(database: Database, change: Change) -> None:
    with database.writing() as session:
        one = looked_at(session, 1, 0.5).id
    put = Change("put", None, (1, 2, 3, 4), "a")
    with pytest.raises(StrangeError, match="no box 7"), database.writing() as session:
        change_labels(session, one, 0, [put, change], KIM)
    with database.reading() as session:
        assert not history_of(session, one)
        assert session.get_one(Picture, one).revision == 0


def test_an_accepted_find_is_a_label_until_it_is_rejected(database: Database) -> None:
    with database.writing() as session:
        one = looked_at(session, 1, 0.5, 0.9, 0.4).id
        best, worst = (find.id for find in finds_of(session, last_look(session, one)))
        judge(session, one, 0, [(best, "accepted"), (worst, "rejected")], None, KIM)
        assert [row.find_id for row in labels_of(session, one)] == [best]
        assert answers_of(session, one) == {best: "accepted", worst: "rejected"}
        judge(session, one, 1, [(best, "accepted")], None, KIM)
        assert len(labels_of(session, one)) == 1
        judge(session, one, 2, [(best, "rejected"), (worst, "accepted")], True, KIM)
        assert [row.find_id for row in labels_of(session, one)] == [worst]
        assert session.get_one(Picture, one).reviewed
        judge(session, one, 3, [(worst, "open")], False, KIM)
        assert not labels_of(session, one)
        assert not session.get_one(Picture, one).reviewed


def test_a_find_of_another_picture_is_refused(database: Database) -> None:
    with database.writing() as session:
        one, other = looked_at(session, 1, 0.5, 0.9).id, looked_at(session, 2, 0.5, 0.9).id
        find = finds_of(session, last_look(session, other))[0].id
        with pytest.raises(StrangeError, match=f"find {find} "):
            judge(session, one, 0, [(find, "accepted")], None, KIM)


def test_every_change_is_in_the_audit_table(database: Database) -> None:
    with database.writing() as session:
        one = looked_at(session, 1, 0.5, 0.9).id
        change_labels(session, one, 0, [Change("put", None, (1, 2, 3, 4), "a")], KIM)
        answers = [(find.id, "accepted") for find in finds_of(session, last_look(session, one))]
        judge(session, one, 1, answers, True, KIM)
        rows = list(session.scalars(select(Audit).order_by(Audit.id)))
    assert [row.action for row in rows] == ["upload", "add model", "labels", "verdicts"]
    assert {(row.who, row.address) for row in rows} == {("kim", "10.0.0.7")}


def test_one_model_is_live(database: Database) -> None:
    with database.writing() as session:
        known = {"name": "m", "place": "zoo", "classes": ["a"], "threshold": 0.3}
        first, second = (register_model(session, {**known, "hash": h}, KIM) for h in ("1", "2"))
        make_live(session, first, KIM)
        make_live(session, second, KIM)
        session.refresh(first)
        assert (first.live, second.live) == (False, True)
        assert register_model(session, {**known, "hash": "1", "place": "moved"}, KIM) is first
        assert first.place == "moved"


@settings(max_examples=50)
@given(st.text(max_size=600))
def test_a_name_is_shown_and_never_a_path(name: str) -> None:
    text = shown_name(name)
    assert 0 < len(text) <= 255
    assert not {"/", "\\", "\0", "\n"} & set(text)
    assert shown_name(text) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\lot\\웨이퍼.png", "웨이퍼.png"),
        ("<b>&\"'.png", "<b>&\"'.png"),
        ("", "picture"),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
        ("a\nb\x00.png", "a�b�.png"),
    ],
)
def test_names_of_uploads(name: str, text: str) -> None:
    assert shown_name(name) == text

"""What was decided stays decided when a model looks again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from planted_bundle import planted_bundle
from planted_server import Running, png, running

SPOTS = ((20, 20), (70, 60), (120, 30))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "data", planted_bundle(tmp_path / "model").path) as served:
        yield served


def detail(served: Running) -> dict[str, Any]:
    return dict(served.client.get("/api/v1/pictures/1").json())


def find_at(seen: dict[str, Any], spot: tuple[int, int]) -> dict[str, Any]:
    (found,) = (
        find
        for find in seen["finds"]
        if find["x1"] <= spot[0] <= find["x2"] and find["y1"] <= spot[1] <= find["y2"]
    )
    return dict(found)


def send(served: Running, what: str, **body: Any) -> dict[str, Any]:
    revision = detail(served)["picture"]["revision"]
    answer = served.client.post(f"/api/v1/pictures/1/{what}", json={"revision": revision, **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def judge(served: Running, *answers: tuple[tuple[int, int], str]) -> None:
    seen = detail(served)
    said = [{"find": find_at(seen, spot)["id"], "answer": answer} for spot, answer in answers]
    send(served, "verdicts", verdicts=said)


def look_again(served: Running) -> dict[str, Any]:
    assert served.client.post("/api/v1/pictures/1/look").status_code == 202
    served.settled()
    return detail(served)


def answers(seen: dict[str, Any]) -> list[str]:
    return [find_at(seen, spot)["answer"] for spot in SPOTS]


def test_nobody_decides_twice_after_another_look(served: Running) -> None:
    served.upload("w.png", png(*SPOTS, width=150, height=90))
    served.settled()
    judge(served, (SPOTS[0], "accepted"), (SPOTS[1], "rejected"))
    before = detail(served)
    after = look_again(served)
    assert {find["id"] for find in after["finds"]}.isdisjoint(f["id"] for f in before["finds"])
    assert answers(after) == ["accepted", "rejected", "open"]
    stale = {"revision": before["picture"]["revision"], "verdicts": []}
    assert served.client.post("/api/v1/pictures/1/verdicts", json=stale).status_code == 409
    (was,), (label,) = before["labels"], after["labels"]
    kept = ("box", "x1", "y1", "x2", "y2", "label")
    assert [label[key] for key in kept] == [was[key] for key in kept]
    assert label["find_id"] == find_at(after, SPOTS[0])["id"]

    judge(served, (SPOTS[0], "accepted"))
    assert len(detail(served)["labels"]) == 1
    judge(served, (SPOTS[0], "rejected"))
    assert detail(served)["labels"] == []
    assert answers(look_again(served)) == ["rejected", "rejected", "open"]


def test_a_box_drawn_by_hand_meets_the_find_and_keeps_its_sides_and_class(served: Running) -> None:
    served.upload("w.png", png(*SPOTS, width=150, height=90))
    served.settled()
    seen = find_at(detail(served), SPOTS[2])
    x1, y1, x2, y2 = (seen[side] for side in ("x1", "y1", "x2", "y2"))
    drawn = {"action": "put", "x1": x1 - 1, "y1": y1, "x2": x2, "y2": y2 + 1, "label": "scratch"}
    far = {"action": "put", "x1": 5, "y1": 70, "x2": 15, "y2": 80, "label": "scratch"}
    send(served, "labels", changes=[drawn, far])
    after = look_again(served)
    assert answers(after) == ["open", "open", "accepted"]
    assert [(one["label"], one["find_id"] is None) for one in after["labels"]] == [
        ("scratch", False),
        ("scratch", True),
    ]
    assert after["labels"][0]["x1"] == pytest.approx(x1 - 1)


def test_what_was_opened_again_stays_open(served: Running) -> None:
    served.upload("w.png", png(*SPOTS, width=150, height=90))
    served.settled()
    judge(served, (SPOTS[0], "rejected"))
    judge(served, (SPOTS[0], "open"))
    before = detail(served)["picture"]["revision"]
    after = look_again(served)
    assert answers(after) == ["open", "open", "open"]
    assert after["picture"]["revision"] == before

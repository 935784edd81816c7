from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from blemish.web.accounts import add_token, add_user
from blemish.web.server import model_facts
from blemish.web.store import Who, register_model
from planted_bundle import planted_bundle
from planted_server import Running, png, running

WIDTHS = count(90)  # no two pictures alike
PUT = {"action": "put", "x1": 1, "y1": 2, "x2": 30, "y2": 40, "label": "spot"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted").path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data"), model) as served:
        yield served


@pytest.fixture
def one(served: Running) -> int:
    """A picture of its own for each test, with two finds."""
    content = png((20, 20), (70, 60), width=next(WIDTHS), height=100)
    answer = served.upload("w.png", content)
    served.settled()
    return int(answer.json()["id"])


def send(served: Running, one: int, what: str, revision: int, **body: Any) -> httpx.Response:
    path = f"/api/v1/pictures/{one}/{what}"
    return served.client.post(path, json={"revision": revision, **body})


def test_a_box_is_drawn_moved_and_removed(served: Running, one: int) -> None:
    drawn = send(served, one, "labels", 0, changes=[PUT]).json()
    assert (drawn["revision"], drawn["labels"][0]["box"]) == (1, 1)
    moved = send(served, one, "labels", 1, changes=[{**PUT, "box": 1, "x2": 31.5}]).json()
    assert [label["x2"] for label in moved["labels"]] == [31.5]
    gone = send(served, one, "labels", 2, changes=[{"action": "remove", "box": 1}]).json()
    assert (gone["revision"], gone["labels"]) == (3, [])
    history = served.client.get(f"/api/v1/pictures/{one}/labels/history").json()
    assert [(row["action"], row["made_by"]) for row in history] == [
        ("put", "local"),
        ("put", "local"),
        ("remove", "local"),
    ]


def test_of_many_who_change_at_once_one_wins(served: Running, one: int) -> None:
    def change(number: int) -> int:
        body = {**PUT, "label": f"spot {number}"}
        return send(served, one, "labels", 0, changes=[body]).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(change, range(8)))
    assert codes == [200] + [409] * 7
    told = send(served, one, "labels", 0, changes=[PUT]).json()
    assert told["revision"] == 1
    assert "another person changed" in told["detail"]
    assert len(served.client.get(f"/api/v1/pictures/{one}/labels").json()["labels"]) == 1


def test_verdicts_make_labels(served: Running, one: int) -> None:
    finds = served.client.get(f"/api/v1/pictures/{one}").json()["finds"]
    first, second = (find["id"] for find in finds)
    verdicts = [{"find": first, "answer": "accepted"}, {"find": second, "answer": "rejected"}]
    after = send(served, one, "verdicts", 0, verdicts=verdicts, reviewed=True).json()
    assert after["reviewed"]
    assert [label["find_id"] for label in after["labels"]] == [first]
    assert send(served, one, "verdicts", 0, verdicts=verdicts).status_code == 409
    detail = served.client.get(f"/api/v1/pictures/{one}").json()
    assert [find["answer"] for find in detail["finds"]] == ["accepted", "rejected"]
    assert (
        send(served, one, "verdicts", 1, verdicts=[{"find": 10**6, "answer": "open"}])
        .json()["detail"]
        .startswith("find 1000000 is not of picture")
    )


def test_labels_are_not_complete_while_a_find_is_open(served: Running, one: int) -> None:
    finds = [find["id"] for find in served.client.get(f"/api/v1/pictures/{one}").json()["finds"]]
    verdicts = [{"find": finds[0], "answer": "accepted"}]
    refused = send(served, one, "verdicts", 0, verdicts=verdicts, reviewed=True)
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith(f"1 of 2 finds of picture {one} are not judged")
    kept = served.client.get(f"/api/v1/pictures/{one}/labels").json()
    assert (kept["revision"], kept["reviewed"], kept["labels"]) == (0, False, [])
    verdicts.append({"find": finds[1], "answer": "rejected"})
    assert send(served, one, "verdicts", 0, verdicts=verdicts, reviewed=True).json()["reviewed"]


@pytest.mark.parametrize(
    "change",
    [
        {**PUT, "x2": 1},
        {**PUT, "x1": -1},
        {**PUT, "y2": 101},
        {**PUT, "label": ""},
        {**PUT, "label": "=cmd()"},
        {**PUT, "label": "a\nb"},
        {**PUT, "label": "x" * 101},
        {**PUT, "x2": 1e99},
        {**PUT, "box": 5},
        {"action": "remove"},
        {"action": "drop"},
        {**PUT, "colour": "red"},
    ],
)
def test_a_wrong_change_is_refused(served: Running, one: int, change: dict[str, Any]) -> None:
    assert send(served, one, "labels", 0, changes=[PUT, change]).status_code == 422
    assert served.client.get(f"/api/v1/pictures/{one}/labels").json()["labels"] == []


@pytest.mark.parametrize(
    "label", ["<script>alert(1)</script>", "얼룩", "a'b\"c", "x'; drop table labels; --", "a/b"]
)
def test_a_class_name_is_text_whatever_it_says(served: Running, one: int, label: str) -> None:
    answer = send(served, one, "labels", 0, changes=[{**PUT, "label": label}])
    assert [row["label"] for row in answer.json()["labels"]] == [label]


@pytest.mark.parametrize(
    ("call", "body"), [("labels", {"changes": [PUT], "review": True}), ("verdicts", {"review": 1})]
)
def test_a_name_that_is_not_known_is_a_mistake(
    served: Running, one: int, call: str, body: dict[str, Any]
) -> None:
    answer = send(served, one, call, 0, **body)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("body.review: ")
    assert served.client.get(f"/api/v1/pictures/{one}/labels").json()["revision"] == 0


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"revision": NaN}', b"\xff"])
def test_what_is_no_json_is_refused(served: Running, content: bytes) -> None:
    path = "/api/v1/pictures/1/labels"
    kind = {"Content-Type": "application/json"}
    answer = served.client.post(path, content=content, headers=kind)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_another_model_can_look_and_the_first_again(
    served: Running, tmp_path: Path, one: int
) -> None:
    other = planted_bundle(tmp_path / "other", threshold=0.05, name="other")
    finder = replace(served.server.live.finder, bundle=other)
    with served.server.database.writing() as session:
        known = register_model(
            session, model_facts(finder.bundle, finder.engine.precision), Who("server")
        ).id
    first = next(m["id"] for m in served.client.get("/api/v1/models").json() if m["live"])
    listed = served.client.post(f"/api/v1/models/{known}/live").json()
    assert [model["name"] for model in listed if model["live"]] == ["other"]
    assert served.client.get("/ready").json()["model"] == "other"
    served.client.post(f"/api/v1/models/{first}/live")
    assert served.client.get("/ready").json()["model"] == "planted"
    (other.path / "model.onnx").write_bytes(b"damaged")
    refused = served.client.post(f"/api/v1/models/{known}/live")
    assert refused.status_code == 422
    assert "damaged" in refused.json()["detail"]
    assert served.client.get("/ready").json()["model"] == "planted"
    assert served.client.post("/api/v1/models/999/live").status_code == 404


def test_each_role_may_what_it_may(tmp_path: Path, model: Path) -> None:
    with running(tmp_path / "data", model) as served:
        with served.server.database.writing() as session:
            add_user(session, "kim", "correct horse", "admin", Who("server"))
            keys = {r: add_token(session, r, r, Who("s")) for r in ("viewer", "reviewer", "admin")}

        def code(role: str, method: str, path: str, **how: Any) -> int:
            headers = {"Authorization": f"Bearer {keys[role]}"}
            return served.client.request(method, path, headers=headers, **how).status_code

        files = {"file": ("a.png", png())}
        for what, codes in {
            ("POST", "/api/v1/find"): (200, 200, 200),
            ("POST", "/api/v1/pictures"): (403, 201, 200),
            ("GET", "/api/v1/pictures/1"): (200, 200, 200),
            ("POST", "/api/v1/pictures/1/labels"): (403, 200, 409),
            ("POST", "/api/v1/pictures/1/verdicts"): (403, 409, 409),
            ("POST", "/api/v1/models/1/live"): (403, 403, 200),
            ("GET", "/api/v1/audit"): (403, 403, 200),
        }.items():
            how = {"files": files} if what[1].endswith(("find", "pictures")) else {}
            if what[1].endswith("labels"):
                how = {"json": {"revision": 0, "changes": [PUT]}}
            if what[1].endswith("verdicts"):
                how = {"json": {"revision": 0}}
            assert tuple(code(role, *what, **how) for role in keys) == codes, what
        rows = served.client.get(
            "/api/v1/audit", headers={"Authorization": f"Bearer {keys['admin']}"}
        ).json()
        told = {(row["action"], row["who"]) for row in rows}
        assert {("upload", "token reviewer"), ("labels", "token reviewer")} <= told
        assert {row["address"] for row in rows if row["action"] == "upload"} == {"127.0.0.1"}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/audit?before=99999999999999999999",
        "/api/v1/audit?before=0",
        "/api/v1/audit?count=0",
    ],
)
def test_a_number_that_no_column_takes_is_refused(served: Running, path: str) -> None:
    assert served.client.get(path).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"revision": 2**63, "reviewed": True},
        {"revision": 0, "verdicts": [{"find": 2**70, "answer": "open"}]},
    ],
)
def test_nor_in_a_body(served: Running, one: int, body: dict[str, Any]) -> None:
    answer = served.client.post(f"/api/v1/pictures/{one}/verdicts", json=body)
    assert answer.status_code == 422

import time
from pathlib import Path
from typing import Any

import cv2
import pytest
from sqlalchemy import select

from blemish.data.dataset import read_dataset
from blemish.synth.wafers import draw_wafer
from blemish.web import child
from blemish.web.accounts import add_user
from blemish.web.learning import (
    BOTTOM,
    HEIGHT,
    RIGHT,
    TOP,
    WIDTH,
    curves_of,
    read_rows,
    share_of,
)
from blemish.web.pages_teach import STEP_WORDS
from blemish.web.store import Who
from blemish.web.tables import ROLES, Look
from blemish.web.teacher import HARD
from blemish.web.training_data import Parts, count_parts, is_held, write_parts
from blemish.web.verdict import SHOWN, words_of
from blemish.web.words import KOREAN
from planted_bundle import planted_bundle
from planted_server import Running, png, running
from planted_teaching import WIDTHS, review, teaching, until
from planted_trainer import COMPARED

PASSWORD = "correct horse"  # noqa: S105
CALL = "/api/v1/trainings"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted").path


def begin(served: Running, minutes: float = 0.1) -> int:
    answer = served.client.post(CALL, json={"minutes": minutes})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def ended(served: Running, one: int) -> dict[str, Any]:
    def ask() -> dict[str, Any] | None:
        info: dict[str, Any] = served.client.get(f"{CALL}/{one}").json()
        return None if info["state"] in {"running", "stopping"} else info

    found: dict[str, Any] = until(ask)
    return found


def test_from_reviewed_pictures_to_a_promoted_model(tmp_path: Path, model: Path) -> None:
    with teaching(tmp_path, model, "real") as served:
        review(served)
        ready = served.client.get(f"{CALL}/ready").json()
        assert (ready["num_learned"], ready["num_held"], ready["lack"]) == (2, 1, "")
        one = begin(served)
        info = ended(served, one)
        assert (info["state"], info["error"]) == ("done", "")
        assert [row["step"] for row in info["log"]] == [10, 20, 30, 40, 50, 50]
        assert info["compared"]["labels"]["both"] == 1
        models = served.client.get("/api/v1/models").json()
        assert [(row["name"], row["live"]) for row in models] == [
            ("planted", True),
            (f"taught-{one}", False),
        ]
        page = served.client.get("/teach").text
        assert "Marks on the held-out pictures (1): 1. The new model finds 1" in page
        assert 'action="/teach/1/promote"' in page
        promoted = served.client.post("/teach/1/promote")
        assert (promoted.status_code, promoted.headers["location"]) == (303, "/teach")
        assert served.server.live.finder.bundle.name == f"taught-{one}"
        assert "/promote" not in served.client.get("/teach").text
        other = served.upload("o.png", png((40, 40), width=next(WIDTHS))).json()["id"]
        served.settled()
        assert served.client.post("/teach/look-again").headers["location"] == "/"
        served.settled()
        left = served.client.get("/api/v1/pictures", params={"reviewed": False}).json()
        asked = served.client.post("/api/v1/pictures/look").json()
        assert asked == {"count": left["total"]}
        served.settled()
        with served.server.database.reading() as session:
            looks = session.scalars(select(Look).where(Look.model_id == models[1]["id"])).all()
        unreviewed = [picture["id"] for picture in left["pictures"]]
        assert other in unreviewed
        assert sorted(look.picture_id for look in looks) == sorted([other, *unreviewed * 2])
        # The one before is still there to go back to.
        assert served.client.post(f"/api/v1/models/{models[0]['id']}/live").status_code == 200
        actions = [row["action"] for row in served.client.get("/api/v1/audit").json()]
        assert {"begin training", "training done", "add model", "make live"} <= set(actions)
        folder = tmp_path / "trainings" / str(one)
        assert not {"data", "held", "pictures"} & {path.name for path in folder.iterdir()}


def test_one_runs_at_a_time_and_outlives_the_server(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "trainings" / "1"
    with teaching(tmp_path, model, "waiting") as served:
        review(served)
        one = begin(served)
        second = served.client.post(CALL, json={"minutes": 1})
        assert (second.status_code, second.json()["detail"]) == (409, "A training runs already.")
        until((folder / "run" / "here").exists)
        page = served.client.get(f"/teach/{one}/progress").text
        assert '<polyline class="loss" points="' in page
        assert 'aria-current="step"' in page
    assert child.is_running(folder)
    (folder / "go").touch()
    until(lambda: not child.is_running(folder))
    with teaching(tmp_path, model, "quick") as served:
        assert ended(served, one)["state"] == "done"
        page = served.client.get("/teach", headers={"Accept-Language": "ko"}).text
        assert "이 몇 장에서는 새 모델이 더 낫습니다." in page
        assert "+0.125 … +0.375" in page


def test_while_the_server_is_away_it_goes_on_and_is_found_running(
    tmp_path: Path, model: Path
) -> None:
    folder = tmp_path / "trainings" / "1"
    with teaching(tmp_path, model, "waiting") as served:
        review(served)
        one = begin(served)
        until((folder / "run" / "here").exists)
    with teaching(tmp_path, model, "waiting") as served:
        time.sleep(0.6)  # time in which a second one could be begun
        assert served.client.get(f"{CALL}/{one}").json()["state"] == "running"
        assert (folder / "run" / "log.jsonl").read_text().count("\n") == 6
        assert served.client.post(f"{CALL}/{one}/stop").status_code == 202
        assert ended(served, one)["state"] == "stopped"


def test_what_was_killed_goes_on_from_its_checkpoint(tmp_path: Path, model: Path) -> None:
    with teaching(tmp_path, model, "killed") as served:
        review(served)
        info = ended(served, begin(served))
        assert info["state"] == "done"
        assert len(info["log"]) == 12  # the first and the resumed one


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("broken", "the loss of step 3 is not a number; lower the rate"),
        ("mortal", "train was ended from outside 3 times"),
    ],
)
def test_a_failure_is_told_in_its_own_words(
    tmp_path: Path, model: Path, how: str, error: str
) -> None:
    with teaching(tmp_path, model, how) as served:
        review(served)
        info = ended(served, begin(served))
        assert (info["state"], info["error"], info["product_id"]) == ("failed", error, None)
        assert error in served.client.get("/teach").text
        assert len(served.client.get("/api/v1/models").json()) == 1
        assert served.client.post("/teach/1/promote").status_code == 404
        begin(served)  # the next one may


def test_one_that_does_not_hear_is_made_to_end(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert HARD > 5
    monkeypatch.setattr("blemish.web.teacher.HARD", 0.3)
    with teaching(tmp_path, model, "deaf") as served:
        review(served)
        one = begin(served)
        until((tmp_path / "trainings" / "1" / "run" / "here").exists)
        assert served.client.post(f"/teach/{one}/stop").status_code == 303
        assert ended(served, one)["state"] == "stopped"
        assert not child.is_running(tmp_path / "trainings" / "1")
        assert served.client.post(f"{CALL}/{one}/stop").status_code == 202  # nothing is left to
        assert ended(served, one)["state"] == "stopped"


def test_too_little_to_begin_with_is_said(tmp_path: Path, model: Path) -> None:
    with teaching(tmp_path, model, "quick") as served:
        refused = served.client.post(CALL, json={"minutes": 1})
        assert refused.status_code == 422
        assert refused.json()["detail"].startswith("Too few pictures are reviewed")
        assert "Too few pictures are reviewed" in served.client.get("/teach").text
        assert served.client.post("/teach", data={"minutes": "x"}).status_code == 400
        assert served.client.post("/teach", data={"minutes": "nan"}).status_code == 422
        assert served.client.post(CALL, json={"minutes": 0}).status_code == 422
        assert served.client.post(CALL, json={"minutes": 1, "epochs": 3}).status_code == 422
        for path in ("/7", "/7/stop"):
            send = served.client.post if path.endswith("stop") else served.client.get
            assert send(CALL + path).status_code == 404


def test_without_torch_the_page_says_what_is_missing(tmp_path: Path, model: Path) -> None:
    with running(tmp_path, model, train_needs=("json", "no_such_module")) as served:
        page = served.client.get("/teach").text
        assert "no_such_module missing" in page
        assert "pip install" in page
        assert "<form" not in page.split("New training")[1]
        refused = served.client.post(CALL, json={"minutes": 1})
        assert refused.status_code == 422
        assert "no_such_module" in refused.json()["detail"]


def test_who_may(tmp_path: Path, model: Path) -> None:
    with teaching(tmp_path, model, "quick") as served:
        review(served)
        with served.server.database.writing() as session:
            for role in ROLES:
                add_user(session, role, PASSWORD, role, Who("server"))
        time.sleep(1.1)  # the gate believes for a second that there are no accounts
        client = served.client

        def page_of(role: str) -> tuple[str, dict[str, str]]:
            client.cookies.clear()
            client.post("/login", data={"name": role, "password": PASSWORD})
            page = client.get("/teach").text
            return page, {"csrf": page.split('data-csrf="')[1].split('"')[0]}

        page, token = page_of("viewer")
        assert "Start training" not in page
        assert client.post("/teach", data=token | {"minutes": "1"}).status_code == 403
        page, token = page_of("reviewer")
        assert "Start training" in page
        assert client.post("/teach", data={"minutes": "1"}).status_code == 403  # no token
        assert client.post(CALL, json={"minutes": 1}).status_code == 403
        assert client.post("/teach", data=token | {"minutes": "1"}).status_code == 303
        until(lambda: client.get(f"{CALL}/1").json()["state"] == "done")
        assert "/promote" not in client.get("/teach").text
        assert client.post("/teach/1/promote", data=token).status_code == 403
        page, token = page_of("admin")
        assert "/promote" in page
        assert client.post("/teach/1/promote").status_code == 403
        assert client.post("/teach/1/promote", data=token).status_code == 303


def test_what_is_written_is_what_was_counted(tmp_path: Path, model: Path) -> None:
    with teaching(tmp_path / "data", model, "quick") as served:
        review(served, held=2, learned=3)
        with served.server.database.reading() as session:
            assert count_parts(session) == Parts(3, 2, 3, 2)
            write_parts(session, served.server.originals, tmp_path / "out")
            write_parts(session, served.server.originals, tmp_path / "out")  # again, from the start
    data = read_dataset(tmp_path / "out" / "data")
    assert sorted(sample.part for sample in data.samples) == ["train"] * 3 + ["val"] * 2
    assert data.classes == ("bright",)
    held = read_dataset(tmp_path / "out" / "held")
    assert {sample.part for sample in held.samples} == {""}
    assert len(held) == 2


def test_about_one_in_five_is_held_out() -> None:
    held = sum(is_held(f"{number * 2654435761 % 2**32:08x}") for number in range(1000))
    assert 180 < held < 220


def test_every_word_that_is_not_in_a_template_is_there_in_korean() -> None:
    compared = COMPARED | {"labels": dict.fromkeys(("both", "only_a", "only_b", "neither"), 0)}
    lines = [*words_of(COMPARED), *words_of(compared)]
    intervals = ([0.1, 0.2], [-0.2, -0.1], [-0.1, 0.1], [None, None])
    for interval in intervals:
        number = {"COCO AP@0.5": {"a": 1.0, "b": 0.5, "interval": interval}}
        for num_pictures in (2, 200):
            lines += words_of(COMPARED | {"numbers": number, "num_compared": num_pictures})
    texts = {line.text for line in lines} | {*SHOWN.values(), *STEP_WORDS.values()}
    texts |= {Parts().lack, Parts(1, 1).lack}
    assert len(texts) > 15
    assert not texts - KOREAN.keys()


def test_curves_run_from_left_to_right_and_down() -> None:
    rows = [{"seconds": 6.0 * at, "loss": 1 / at, "step": at} for at in range(1, 11)]
    rows.append({"seconds": 60.0, "loss": 0.1, "ap50": 0.5, "step": 10})
    curves = curves_of(rows, minutes=1)
    assert curves is not None
    points = [tuple(map(float, one.split(","))) for one in curves.loss.split()]
    assert points == sorted(points)
    assert [y for _, y in points] == sorted(y for _, y in points)
    ((x, y),) = curves.ap50
    assert x == WIDTH - RIGHT
    assert y == TOP + (HEIGHT - TOP - BOTTOM) / 2
    assert share_of(rows, 2) == 0.5
    assert curves_of(rows[:1], 1) is None


def test_a_log_that_is_being_written_is_read_as_far_as_it_is_whole(tmp_path: Path) -> None:
    assert read_rows(tmp_path) == []
    (tmp_path / "log.jsonl").write_text('{"seconds": 1, "loss": 2}\n[3]\n{"seconds": 2, "lo')
    assert read_rows(tmp_path) == [{"seconds": 1, "loss": 2}]


@pytest.mark.slow
def test_a_real_training(tmp_path: Path) -> None:
    with running(tmp_path, None) as served:
        for number in range(5):
            pixels = draw_wafer(7, number).pixels
            content = cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()
            assert served.upload(f"w{number}.png", content).status_code == 201
        served.settled(60)
        pictures = served.client.get("/api/v1/pictures").json()["pictures"]
        assert {is_held(one["sha256"]) for one in pictures} == {False, True}
        for one in pictures:
            path = f"/api/v1/pictures/{one['id']}"
            finds = served.client.get(path).json()["finds"]
            verdicts = [{"find": find["id"], "answer": "accepted"} for find in finds]
            body = {"revision": 0, "verdicts": verdicts, "reviewed": True}
            assert served.client.post(f"{path}/verdicts", json=body).status_code == 200
        one = begin(served)
        until(lambda: served.client.get(f"{CALL}/{one}").json()["state"] != "running", 600)
        info = ended(served, one)
        assert (info["state"], info["error"]) == ("done", "")
        assert info["log"][-1]["ap50"] >= 0
        assert served.client.post(f"/teach/{one}/promote").status_code == 303
        assert served.server.live.finder.bundle.name == f"taught-{one}"
        assert served.find("w.png", content).status_code == 200

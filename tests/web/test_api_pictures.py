import hashlib
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import cv2
import numpy as np
import pytest
from markupsafe import escape

from blemish.core.defects import Defects
from blemish.report.tables import ImageRow
from blemish.web.backlog import judged
from planted_bundle import planted_bundle
from planted_server import Running, png, running

PICTURES = "/api/v1/pictures"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted").path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data"), model, max_pixels=1_000_000) as served:
        yield served


def kept(served: Running, name: str, content: bytes) -> int:
    answer = served.upload(name, content)
    assert answer.status_code in {200, 201}, answer.text
    served.settled()
    return int(answer.json()["id"])


def test_an_upload_is_kept_looked_at_and_shown(served: Running) -> None:
    content = png((30, 40), width=700, height=500)
    answer = served.upload("C:\\lots\\웨이퍼 <1>.png", content)
    assert answer.status_code == 201
    info = answer.json()
    assert info["name"] == "웨이퍼 <1>.png"
    assert info["sha256"] == hashlib.sha256(content).hexdigest()
    served.settled()
    here = f"{PICTURES}/{info['id']}"
    detail = served.client.get(here).json()
    assert (detail["picture"]["state"], detail["picture"]["width"]) == ("done", 700)
    (find,) = detail["finds"]
    same = served.find("a.png", content).json()["finds"][0]
    assert {key: find[key] for key in ("x1", "y2", "score", "label")} == {
        key: same[key] for key in ("x1", "y2", "score", "label")
    }
    assert find["answer"] == "open"
    for kind, side in (("image", 700), ("thumbnail", 320)):
        view = served.client.get(f"{here}/{kind}")
        assert view.headers["content-type"] == "image/jpeg"
        shown = cv2.imdecode(np.frombuffer(view.content, np.uint8), cv2.IMREAD_COLOR)
        assert shown.shape[1] == side
    original = served.client.get(f"{here}/original")
    assert original.content == content
    assert original.headers["content-disposition"].startswith("attachment")
    assert original.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "name",
    ["a" * 251 + ".png", "웨" * 83 + "xy.png", '"' * 255, "<b>&'\\\"" * 30 + ".png", "😀" * 64],
)
def test_a_name_of_255_bytes_is_kept_shown_and_given_back(served: Running, name: str) -> None:
    content = png((30, 40), width=200 + len(name), height=100 + len(set(name)))
    one = kept(served, name, content)
    shown = served.client.get(f"{PICTURES}/{one}").json()["picture"]["name"]
    assert shown == name.replace("\\", "/").rsplit("/", 1)[-1]
    original = served.client.get(f"{PICTURES}/{one}/original")
    assert original.content == content
    words = Message()
    words["Content-Disposition"] = original.headers["content-disposition"]
    assert words.get_filename() == shown
    page = served.client.get(f"/review/{one}").text
    assert escape(shown) in page
    assert "<b>" not in page


def test_the_same_content_again_is_the_same_picture(served: Running) -> None:
    first = served.upload("a.png", png((50, 50)))
    again = served.upload("b.png", png((50, 50)))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    served.settled()


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 422), (png()[:-5], 422), (b"GIF89a", 422), (png(width=1200, height=900), 413)],
)
def test_what_find_refuses_is_not_kept(served: Running, content: bytes, status: int) -> None:
    before = served.client.get(PICTURES, params={"order": "newest"}).json()["total"]
    assert served.upload("a.png", content).status_code == status
    assert served.client.get(PICTURES, params={"order": "newest"}).json()["total"] == before
    assert not list((served.server.settings.data / "incoming").iterdir())


def test_what_is_near_the_threshold_is_listed_first(served: Running) -> None:
    step = {"clear": 150, "near": 33, "clean": 0}
    ids = {
        name: kept(served, name, png((60, 20), width=101, height=81, step=step))
        for name, step in step.items()
    }
    listed = served.client.get(PICTURES, params={"order": "need", "count": 500}).json()
    order = [one["id"] for one in listed["pictures"]]
    places = [order.index(ids[name]) for name in ("near", "clear", "clean")]
    assert places == sorted(places)
    newest = served.client.get(PICTURES, params={"order": "newest", "count": 1}).json()
    assert newest["pictures"][0]["id"] == max(ids.values())
    second = served.client.get(PICTURES, params={"start": 1, "count": 1}).json()["pictures"]
    assert second[0]["id"] == order[1]


def test_nearness_by_hand() -> None:
    def near(*scores: float, status: str = "defective") -> tuple[int, float]:
        found = Defects.of([[0, 0, 9, 9]] * len(scores), None, scores)
        row = ImageRow("a", 9, 9, status, found)  # type: ignore[arg-type]
        facts, nearest = judged(row, ("spot",), 0.4)
        return facts["num_finds"], nearest

    assert near() == (0, 0.0)
    assert near(0.4) == (1, 1.0)
    assert near(0.7) == (1, 0.5)
    assert near(0.9, 0.37) == (1, 0.95)
    assert near(0.37) == (0, 0.95)


def test_a_picture_is_looked_at_again_when_asked(served: Running) -> None:
    one = kept(served, "again.png", png((20, 20), width=90))
    before = served.client.get(f"{PICTURES}/{one}").json()["finds"][0]["id"]
    assert served.client.post(f"{PICTURES}/{one}/look").status_code == 202
    served.settled()
    assert served.client.get(f"{PICTURES}/{one}").json()["finds"][0]["id"] > before


@pytest.mark.parametrize("path", ["", "/image", "/thumbnail", "/original", "/labels"])
def test_a_picture_that_is_not_there_is_told(served: Running, path: str) -> None:
    answer = served.client.get(f"{PICTURES}/9999{path}")
    assert answer.status_code == 404
    assert "no picture 9999" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/pictures/..%2f..%2fetc%2fpasswd",
        "/api/v1/pictures/1%00/image",
        "/api/v1/pictures/-1",
        "/api/v1/pictures/99999999999999999999",
        "/api/v1/pictures/1;drop table pictures",
        "/api/v1/pictures?order=id;drop%20table%20pictures",
        "/api/v1/pictures?count=1e9",
        "/static/../app.py",
        "/static/..%2fapp.py",
    ],
)
def test_no_path_or_sql_is_taken_from_a_request(served: Running, path: str) -> None:
    assert served.client.get(path).status_code in {400, 404, 422}
    assert served.client.get(PICTURES).status_code == 200


def test_a_queue_that_is_long_enough_takes_no_more(tmp_path: Path, model: Path) -> None:
    with running(tmp_path / "data", model, max_waiting=0) as served:
        answer = served.upload("a.png", png())
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1


def test_what_waits_goes_on_at_the_next_start(tmp_path: Path, model: Path) -> None:
    with running(tmp_path / "data", model) as served:
        with served.server.looker.place():
            served.server.stopping.set()  # the queue's thread ends; uploads still come
            served.server.woken.set()
            one = served.upload("a.png", png((30, 30))).json()["id"]
        assert served.client.get("/ready").json()["waiting"] == 1
    with running(tmp_path / "data", model) as served:
        served.settled()
        assert served.client.get(f"{PICTURES}/{one}").json()["picture"]["num_finds"] == 1


def test_places_in_millimetres_where_the_diameter_is_known(tmp_path: Path, model: Path) -> None:
    from planted_wafers import Wafer, draw

    pixels = draw(Wafer(), spots=[(300, 250)])
    content = cv2.imencode(".png", pixels)[1].tobytes()
    with running(tmp_path / "data", model, wafer_diameter=150.0) as served:
        one = kept(served, "w.png", content)
        finds = served.client.get(f"{PICTURES}/{one}").json()["finds"]
        assert finds[0]["place"]["y_mm"] == pytest.approx((296 - 250) * 75 / 250, abs=0.5)

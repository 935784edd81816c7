import http.client
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import cv2
import numpy as np
import pytest

from blemish.jobs.find import FindSettings, find_run
from blemish.report.tables import as_json
from planted_bundle import planted_bundle
from planted_server import Running, png, running
from planted_wafers import Wafer, draw


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted").path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data"), model, max_pixels=1_000_000) as served:
        yield served


def test_it_finds_what_the_command_line_finds(served: Running, model: Path, tmp_path: Path) -> None:
    pixels = draw(Wafer(), spots=[(300, 250), (350, 330)])
    content = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
    (tmp_path / "w.png").write_bytes(content)
    settings = FindSettings(
        *((tmp_path / "w.png",), tmp_path / "out", model),
        engine="onnxruntime",
        pictures="none",
        wafer_diameter=150.0,
    )
    report = find_run(settings)
    (row,) = report.rows
    answer = served.find("w.png", content, wafer_diameter="150")
    assert answer.status_code == 200
    expected, found = as_json(row, ("bright", "dark")), answer.json()
    assert expected["wafer_diameter"] > 100
    assert found.pop("doubts") == report.facts["doubts"]
    assert found | {"milliseconds": 0} == expected | {"milliseconds": 0}


def test_a_diameter_that_no_wafer_has_is_doubted(served: Running) -> None:
    content = cv2.imencode(".png", draw(Wafer()))[1].tobytes()
    (doubt,) = served.find("w.png", content, wafer_diameter="170").json()["doubts"]
    assert doubt.startswith("diameter: no standard wafer has 170 mm")


def test_a_find_has_its_box_score_and_name(served: Running) -> None:
    found = served.find("웨이퍼.png", png((40, 44))).json()
    assert (found["image"], found["status"], found["num_finds"]) == ("웨이퍼.png", "defective", 1)
    (find,) = found["finds"]
    assert (find["x1"] + find["x2"]) / 2 == pytest.approx(40, abs=2)
    assert (find["y1"] + find["y2"]) / 2 == pytest.approx(44, abs=2)
    assert find["label"] == "bright"


def test_a_clean_picture_has_none(served: Running) -> None:
    found = served.find("a.png", png()).json()
    assert (found["status"], found["finds"]) == ("clean", [])


def test_the_lowest_score_can_be_told(served: Running) -> None:
    assert served.find("a.png", png((40, 40)), min_score="1").json()["finds"] == []


def test_the_drawn_picture_comes_if_it_is_accepted(served: Running) -> None:
    answer = served.client.post(
        "/api/v1/find",
        files={"file": ("a.png", png((40, 40), width=500, height=420))},
        headers={"Accept": "image/png"},
    )
    assert answer.headers["content-type"] == "image/png"
    drawn = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert drawn.shape == (420, 500, 3)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 3  # the box and its score are in colour


def bomb() -> bytes:
    """Give a PNG of 60,000 x 60,000 pixels in some 50 kB."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    packed = zlib.compress(b"\0" * 50_000_000, 9)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    parts = (chunk(b"IHDR", head), chunk(b"IDAT", packed), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 422, "w.png: is empty (0 bytes); copy or export it again"),
        (png((40, 40))[:-9], 422, "w.png: is cut short (its end is missing); copy or export it"),
        (b"<svg onload=alert(1)>", 422, "w.png: is not a PNG, JPEG, BMP or TIFF picture; leave"),
        (bomb(), 413, "w.png: has 60000 x 60000 pixels, above the limit of 1 million; cut it"),
        (png(width=1200, height=1000), 413, "w.png: has 1200 x 1000 pixels, above the limit of 1"),
    ],
    ids=["empty", "short", "svg", "bomb", "large"],
)
def test_what_find_refuses_is_a_4xx_with_the_same_words(
    served: Running, content: bytes, status: int, words: str
) -> None:
    answer = served.find("w.png", content)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(words)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"wafer_diameter": "6"}, "wafer_diameter is in mm and 6 is too small; if it is inches"),
        ({"wafer_diameter": "wide"}, "wafer_diameter 'wide' is no number"),
        ({"wafer_diameter": "nan"}, "wafer_diameter nan is no wafer's"),
        ({"min_score": "2"}, "min_score must be between 0 and 1, not 2"),
        ({"range": "5"}, "range '5' is not two numbers"),
        ({"range": "9,5"}, "the range 9,5 is not two rising numbers"),
    ],
)
def test_a_wrong_wish_is_told(served: Running, fields: dict[str, str], words: str) -> None:
    answer = served.find("w.png", png(), **fields)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(words)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 415),
        (b"x", "multipart/form-data", 415),
        (b"nonsense", "multipart/form-data; boundary=b", 400),
        (b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--b--\r\n", "", 400),
        (b'--b\r\nContent-Disposition: form-data; name=file; filename="a"\r\n\r\n1', "", 400),
    ],
)
def test_a_body_that_is_no_form_with_a_file_is_told(
    served: Running, body: bytes, kind: str, status: int
) -> None:
    kind = kind or "multipart/form-data; boundary=b"
    answer = served.client.post("/api/v1/find", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text


def test_two_files_are_too_many(served: Running) -> None:
    files = [("file", ("a.png", png())), ("file", ("b.png", png()))]
    answer = served.client.post("/api/v1/find", files=files)
    assert answer.status_code == 400
    assert "one picture at a time" in answer.json()["detail"]


def test_nothing_is_kept(served: Running) -> None:
    served.find("a.png", png((40, 40)))
    data = served.server.settings.data
    assert not [path for name in ("incoming", "originals") for path in (data / name).iterdir()]


def test_a_file_above_the_limit_is_refused_however_it_is_sent(tmp_path: Path, model: Path) -> None:
    with running(tmp_path / "data", model, max_upload=20_000) as served:
        assert served.find("a.png", b"x" * 2_000_000).status_code == 413
        body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        chunks = (piece for piece in (body, *[b"x" * 9_000] * 9, b"\r\n--b--\r\n"))
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = served.client.post("/api/v1/find", content=chunks, headers=kind)
        assert answer.status_code == 413
        assert "20,000" in answer.json()["detail"] or "0.02 MB" in answer.json()["detail"]


def test_a_full_queue_says_when_to_come_again(tmp_path: Path, model: Path) -> None:
    with running(tmp_path / "data", model, max_asking=1) as served:
        held = Event()
        with served.server.looker.place():
            served.server.looker.submit(lambda: held.wait(20))
            answer = served.find("a.png", png())
            held.set()
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert served.find("a.png", png()).status_code == 200


def test_the_description_names_every_answer(served: Running) -> None:
    described = served.client.get("/api/v1/openapi.json").json()
    find = described["paths"]["/api/v1/find"]["post"]
    assert {"200", "400", "401", "403", "413", "415", "422", "429", "507"} <= set(find["responses"])
    assert "multipart/form-data" in find["requestBody"]["content"]
    assert "image/png" in find["responses"]["200"]["content"]
    for code in ("400", "422"):
        assert "application/problem+json" in find["responses"][code]["content"]


def test_what_is_counted_can_be_read(served: Running) -> None:
    served.find("a.png", png((40, 40)))
    text = served.client.get("/metrics").text
    assert 'blemish_pictures_total{status="defective"}' in text
    assert 'route="/api/v1/find",status="200"' in text
    assert "blemish_waiting 0.0" in text
    assert served.client.get("/health").json()["status"] == "ok"
    assert served.client.get("/ready").json()["model"] == "planted"


@pytest.mark.slow
def test_a_program_that_sends_one_picture_every_six_seconds_keeps_its_connection(
    served: Running,
) -> None:
    line = http.client.HTTPConnection(*served.client.base_url.netloc.decode().split(":"))
    for _ in range(2):
        line.request("GET", "/health")
        with line.getresponse() as answer:
            assert answer.status == 200
            answer.read()
        first = line.sock
        time.sleep(6)
    line.request("GET", "/health")
    assert line.getresponse().status == 200
    assert line.sock is first
    line.close()

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.data.dataset import read_dataset
from blemish.web.export import KINDS, file_names, safe_stem
from blemish.web.originals import Originals
from blemish.web.tables import Picture
from planted_bundle import planted_bundle
from planted_server import Running, png, running

BOXES = {"w.png": [(10.0, 12.0, 30.0, 40.0, "spot")], "W.png": [], "=웨이퍼?.png": []}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    model = planted_bundle(tmp_path_factory.mktemp("model") / "planted").path
    with running(tmp_path_factory.mktemp("data"), model) as served:
        for number, (name, boxes) in enumerate(BOXES.items()):
            content = png((60, 60), width=120 + number, height=100)
            one = served.upload(name, content).json()["id"]
            served.settled()
            path = f"/api/v1/pictures/{one}"
            changes = [
                {"action": "put", "x1": a, "y1": b, "x2": c, "y2": d, "label": label}
                for a, b, c, d, label in boxes
            ]
            if changes:
                body = {"revision": 0, "changes": changes}
                assert served.client.post(f"{path}/labels", json=body).status_code == 200
            finds = served.client.get(path).json()["finds"]
            verdicts = [{"find": find["id"], "answer": "rejected"} for find in finds]
            body = {"revision": len(boxes), "verdicts": verdicts, "reviewed": True}
            assert served.client.post(f"{path}/verdicts", json=body).status_code == 200
        served.upload("not reviewed.png", png((60, 60), width=150))
        served.settled()
        yield served


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read_by_training(served: Running, kind: str, tmp_path: Path) -> None:
    answer = served.client.get("/api/v1/export/labels", params={"kind": kind, "pictures": True})
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    data = read_dataset(tmp_path)
    names = sorted(sample.path.name for sample in data.samples)
    assert names == ["W~2.png", "_웨이퍼_.png", "w.png"]
    (labelled,) = [sample for sample in data.samples if len(sample.defects)]
    assert labelled.path.name == "w.png"
    assert np.allclose(labelled.defects.boxes, [[10, 12, 30, 40]], atol=0.01)
    assert data.classes == ("spot",)


def test_the_table_of_finds(served: Running) -> None:
    text = served.client.get("/api/v1/export/finds.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["image"] for row in rows] == [
        "w.png",
        "W~2.png",
        "_웨이퍼_.png",
        "not reviewed.png",
    ]
    answers = [row["answer"] for row in rows]
    assert answers == ["rejected", "rejected", "rejected", "open"]


def test_an_unknown_kind_is_refused(served: Running) -> None:
    answer = served.client.get("/api/v1/export/labels", params={"kind": "../voc"})
    assert answer.status_code == 422


def test_names_that_one_disk_takes_for_the_same_are_told_apart(tmp_path: Path) -> None:
    original = Originals(tmp_path)
    for number in range(6):
        original.place(f"{number}" * 64).parent.mkdir()
        original.place(f"{number}" * 64).write_bytes(b"BM")
    composed = "웨이퍼é.png"
    apart = unicodedata.normalize("NFD", composed)
    given_ = [composed, apart, "a.png", "A.bmp", "CLASSES.png", "classes.png"]
    pictures = [
        Picture(id=number, name=name, sha256=f"{number}" * 64) for number, name in enumerate(given_)
    ]
    names = file_names(pictures, original)
    alike = {unicodedata.normalize("NFC", name).casefold() for name in names}
    assert len(alike | {"classes.bmp"}) == len(given_) + 1
    assert names[0] == "웨이퍼é.bmp"
    original.close()


@settings(max_examples=100)
@given(st.text(max_size=300))
def test_a_name_is_safe_on_every_disk(name: str) -> None:
    stem = safe_stem(name)
    assert 0 < len(stem.encode()) <= 200
    assert not set('<>:"/\\|?*\0\n') & set(stem)
    assert stem[0] not in "=+-@. "
    assert stem.upper() not in {"CON", "NUL", "AUX", "COM1"}

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from blemish.data.found import Find, FoundPicture, FoundRun
from blemish.wafer.klarf_read import open_klarf
from blemish.wafer.recipe import Recipe
from blemish.wafer.repeats import RepeatWishes, find_repeats
from blemish.wafer.stack import StackWishes, stack_runs
from blemish.web.pages_wafers import trend_line
from blemish.web.placed import BEYOND_RIM, NOWHERE, TWICE, UNSURE
from blemish.web.words import KOREAN
from planted_bundle import planted_bundle
from planted_laid import NUM_WAFERS, PLACE, lay, lots
from planted_server import Running, png, running

NASTY = "<b>A<i>_S03.png"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted").path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Running]:
    toml = tmp_path_factory.mktemp("recipe") / "wafer.toml"
    text = "diameter = 150\n[names]\npattern = '(?P<lot>[^_]+)_S(?P<slot>[0-9]+)'\n"
    toml.write_text(text, encoding="utf-8")
    with running(tmp_path_factory.mktemp("data"), model, wafer=toml) as served:
        for name, points in lots():
            lay(served, name, points)
        yield served


def test_the_repeats_are_those_of_the_command(served: Running) -> None:
    pictures = tuple(
        FoundPicture(name, tuple(Find((1, 2, 3, 4), 0.9, place, None) for place in points))
        for name, points in lots()
    )
    stack = stack_runs([FoundRun("", pictures, True, 150)], Recipe(150), StackWishes())
    wished = find_repeats(stack, RepeatWishes())
    told = served.client.get("/api/v1/repeats").json()
    assert told["num_wafers"] == NUM_WAFERS
    assert [one["num"] for one in told["repeats"]] == [len(one.groups) for one in wished]
    first = told["repeats"][0]
    assert np.allclose((first["x_mm"], first["y_mm"]), PLACE, atol=0.3)
    assert first["pictures"] == [number for number in range(1, NUM_WAFERS + 1) if not number % 2]


def test_wafers_are_told_in_their_order_with_trend_and_density(served: Running) -> None:
    told = served.client.get("/api/v1/wafers").json()
    counts = [len(points) for _, points in lots()]
    assert [one["num_finds"] for one in told["wafers"]] == counts
    assert sum(ring["num_finds"] for ring in told["rings"]) == told["num_finds"] == sum(counts)
    assert told["trend"]["slope"] > 0
    assert told["trend"]["p_value"] < 0.01
    assert (told["lots"], told["left_out"]) == (["A", "B"], {})
    one = served.client.get("/api/v1/wafers", params={"lot": "B"}).json()
    assert [row["picture"] for row in one["wafers"]] == list(range(9, 17))
    assert served.client.get("/api/v1/wafers", params={"lot": "C"}).json()["wafers"] == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_pages_show_them(served: Running, language: str) -> None:
    headers = {"Accept-Language": language}
    page = served.client.get("/wafers", headers=headers).text
    (dots,) = re.findall(r'class="dots" d="([^"]*)"', page)
    assert dots.count("M") == sum(len(points) for _, points in lots())
    assert page.count('<a href="/review/') == NUM_WAFERS
    assert ("웨이퍼당 발견이 늘어납니다" if language == "ko" else "Finds a wafer rise") in page
    page = served.client.get("/repeats", headers=headers).text
    assert '<circle class="repeat" cx="26.' in page
    assert '<a href="/review/2">A_S01.png</a>' in page
    of_lot = served.client.get("/repeats", params={"lot": "A"}, headers=headers).text
    assert "B_S09.png" not in of_lot


def test_klarf_holds_each_wafer(served: Running, tmp_path: Path) -> None:
    answer = served.client.get("/api/v1/export/klarf")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path)
    assert len(list(tmp_path.glob("*.klarf"))) == NUM_WAFERS
    name, points = lots()[7]
    (wafer,) = open_klarf(tmp_path / name.replace(".png", ".klarf")).wafers
    assert np.allclose(wafer.positions, points, atol=1e-3)
    assert (wafer.lot, wafer.slot, wafer.diameter) == ("A", "7", 150)
    assert set(wafer.column("XSIZE")) == {"500.000"}
    clean = open_klarf(tmp_path / "A_S00.klarf").wafers[0]
    assert len(clean.rows) == 0
    assert "klarf.zip" in served.client.get("/export").text


@pytest.fixture
def other(tmp_path: Path, model: Path) -> Iterator[Running]:
    with running(tmp_path, model, wafer_diameter=150.0) as other:
        yield other


def test_what_cannot_be_stacked_is_counted_by_its_reason(other: Running) -> None:
    assert other.client.get("/api/v1/wafers").json()["wafers"] == []
    assert other.client.get("/api/v1/export/klarf").status_code == 404
    good = lay(other, NASTY, [(1.0, 2.0)])
    lay(other, "nowhere.png", [], wafer_diameter=None)
    lay(other, "far.png", [(80.0, 0.0)])
    lay(other, "unsure.png", [(3.0, 0.0)], status="partial", error="the rim is hardly seen")
    lay(other, "failed.png", [], status="failed", mark=None)
    told = other.client.get("/api/v1/wafers").json()
    assert [one["picture"] for one in told["wafers"]] == [good]
    assert told["left_out"] == {NOWHERE: 1, BEYOND_RIM: 1, UNSURE: 1}
    unsure = other.client.get("/api/v1/wafers", params={"unsure": True}).json()
    assert unsure["num_finds"] == 2
    page = other.client.get("/wafers").text
    assert f"{UNSURE} (1)" in page
    assert "<b>A" not in page
    assert "&lt;b&gt;A&lt;i&gt;_S03.png" in page
    with zipfile.ZipFile(io.BytesIO(other.client.get("/api/v1/export/klarf").content)) as archive:
        assert archive.namelist() == ["_b_A_i__S03.klarf"]


def test_a_rejected_find_counts_no_more(other: Running) -> None:
    one = lay(other, "w.png", [(1.0, 2.0), (3.0, 4.0)])
    assert other.client.get("/api/v1/wafers").json()["num_finds"] == 2
    path = f"/api/v1/pictures/{one}"
    find = other.client.get(path).json()["finds"][0]["id"]
    for revision, (answer, number) in enumerate([("rejected", 1), ("open", 2)]):
        body = {"revision": revision, "verdicts": [{"find": find, "answer": answer}]}
        assert other.client.post(f"{path}/verdicts", json=body).status_code == 200
        assert other.client.get("/api/v1/wafers").json()["num_finds"] == number


def test_without_millimetres_the_pages_say_how_to_have_them(tmp_path: Path, model: Path) -> None:
    with running(tmp_path, model) as plain:
        for page in ("/wafers", "/repeats", "/export"):
            assert "start the server with --wafer-diameter" in plain.client.get(page).text
        for call in ("wafers", "repeats", "export/klarf"):
            refused = plain.client.get(f"/api/v1/{call}")
            assert refused.status_code == 404
            assert "--wafer-diameter" in refused.json()["detail"]


def test_the_size_in_millimetres_is_kept(other: Running) -> None:
    """A picture without a wafer has none; what has one is tested by `blemish find`."""
    other.upload("w.png", png((30, 30)))
    other.settled()
    (find,) = other.client.get("/api/v1/pictures/1").json()["finds"]
    assert find["place"]["width_mm"] is None
    assert other.client.get("/api/v1/wafers").json()["left_out"] == {NOWHERE: 1}


def test_words_that_are_not_in_a_template_are_there_in_korean() -> None:
    from blemish.core.trend import Trend

    trends = (None, Trend(0.5, 1, 0.5), Trend(0.9, 1, 0.001), Trend(-0.9, -1, 0.001))
    texts = {trend_line(one).text for one in trends}
    assert len(texts) == 4
    assert not (texts | {BEYOND_RIM, NOWHERE, TWICE, UNSURE}) - KOREAN.keys()


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "a flat of 41 mm is seen"), ("ko", "지름: 41 mm 플랫이 보이는데")],
)
def test_a_flat_that_speaks_against_the_diameter_is_told(
    tmp_path: Path, model: Path, language: str, words: str
) -> None:
    with running(tmp_path, model, wafer_diameter=150.0) as served:
        for name in ("a.png", "b.png"):
            lay(served, name, [(1.0, 2.0)], flat_mm=41.0)
        (doubt,) = served.client.get("/api/v1/wafers").json()["doubts"]
        assert doubt.startswith("diameter: a flat of 41 mm is seen, and wafers of 150 mm have")
        for page in ("/wafers", "/export"):
            assert words in served.client.get(page, headers={"Accept-Language": language}).text
        assert served.client.get("/api/v1/export/klarf").status_code == 200


def test_a_diameter_that_fits_is_not_doubted(served: Running) -> None:
    assert served.client.get("/api/v1/wafers").json()["doubts"] == []
    assert "millimetres are wrong" not in served.client.get("/wafers").text

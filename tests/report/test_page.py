import re
import string
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.report.cards import MOST_FRAMES
from blemish.report.closeups import CROP
from blemish.report.page import render
from blemish.report.plan import MOST_CARDS, MOST_QUIET, plan_of
from blemish.report.result import Mark, Picture, Result, Table
from blemish.report.shots import Shot, shoot
from blemish.report.words import ENGLISH, KOREAN, LANGUAGES, Words
from read_page import Page, check_page

HOSTILE = "\"><script>alert(1)</script>' onerror=x &amp; {{ 7*7 }} 웨이퍼 <b>.png"
FACTS = {
    "blemish": "0.1.0",
    "started": "2026-11-22T19:00:00+09:00",
    "bundle": {"name": "default"},
    "engine": "openvino",
    "precision": "float32",
    "settings": {"min_score": 0.378},
    "complete": True,
}
WAFER = {"wafer": {"diameter": 150.0, "edge": 3.0, "location": "down"}}


def found(name: str = "a.png", num: int = 1, **changes: object) -> Picture:
    marks = tuple(
        Mark("found", (10.0 * at, 5.0, 10.0 * at + 8, 15.0), 0.9 - at / 1000, "defect")
        for at in range(num)
    )
    status = "defective" if num else "clean"
    return replace(Picture(name, 200, 100, status, marks=marks), **changes)  # type: ignore[arg-type]


def judged(name: str, *kinds: str) -> Picture:
    marks = tuple(
        Mark(kind, (0.0, 0.0, 10.0 + at, 10.0), None if kind == "missed" else 0.5, "defect")
        for at, kind in enumerate(kinds)
    )
    return Picture(name, 200, 100, "defective", marks=marks, nearest=0.4)


def page_of(*pictures: Picture, lang: str = "en", shots: dict[str, Shot] | None = None,
            **changes: object) -> Page:  # fmt: skip
    result = replace(Result(FACTS, judged=False, pictures=pictures), **changes)  # type: ignore[arg-type]
    return check_page(render(plan_of(result), shots or {}, Words(lang)), lang)


def shot(num: int) -> Shot:
    return shoot(
        np.full((100, 200, 3), 90, np.uint8), [np.full((CROP, CROP, 3), 90, np.uint8)] * num, 50_000
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_tells_how_many_are_defective_and_which_is_worst(lang: str) -> None:
    page = page_of(found("one.png"), found("three.png", 3), found("clean.png", 0), lang=lang)
    tiles = re.findall(r"(\d+) (\S+)", page.text.split(Words(lang)("summary"))[1])[:4]
    assert [number for number, _ in tiles] == ["3", "2", "1", "4"]
    if lang == "en":  # a partial picture may have finds, and is not `defective` in the tables
        assert [word for _, word in tiles] == ["pictures", "with", "clean", "finds"]
    assert page.text.index("three.png") < page.text.index("one.png") < page.text.index("clean.png")
    assert "2026-11-22 10:00 UTC" in page.text


def test_each_picture_has_its_place_and_its_crops() -> None:
    page = page_of(
        *(found("a.png", 2), found("b.png", 0)), shots={"a.png": shot(2), "b.png": shot(0)}
    )
    assert [image["alt"] for image in page.all("img")] == [
        "a.png: picture with 2 finds marked.",
        "Find 1 enlarged, score 0.90.",
        "Find 2 enlarged, score 0.90.",
        "b.png: picture without finds.",
    ]
    frames = page.all("rect")
    assert [(frame["x"], frame["width"]) for frame in frames] == [("0.0", "8.0"), ("10.0", "8.0")]


def test_the_number_of_a_find_at_the_edge_lies_in_the_picture() -> None:
    marks = tuple(
        Mark("found", box, 0.5, "defect") for box in ((0, 90, 20, 100), (190, 0, 200, 10))
    )
    page = page_of(found("a.png", marks=marks), shots={"a.png": shot(2)})
    places = [
        (float(one["x"]), float(one["y"])) for one in page.all("text") if "stroke-width" in one
    ]
    assert places == [(20.0, 98.0), (190.0, pytest.approx(16.7))]


def test_millimetres_give_a_map_and_sizes() -> None:
    mark = Mark("found", (10, 10, 20, 30), 0.8, "defect", (-30.04, 12.0), (2, -3))
    page = page_of(found(marks=(mark,), wafer=100.0, edge_mark="flat"), facts=FACTS | WAFER)
    assert "x -30.0, y 12.0 mm" in page.text
    assert "die 2, -3" in page.text
    assert "box 15.0 × 30.0 mm" in page.text  # noqa: RUF001
    assert "box 10 × 20 px" in page.text  # noqa: RUF001
    assert len([one for one in page.all("path") if one.get("class") == "dots"]) == 2
    assert "150 mm" in page.text


def test_the_size_of_what_is_seen_is_told_instead_of_the_box() -> None:
    mark = Mark("found", (10, 10, 20, 30), 0.8, "defect", (-30.0, 12.0), size=(1.26, 0.0842))
    page = page_of(found(marks=(mark,), wafer=100.0, edge_mark="flat"), facts=FACTS | WAFER)
    assert "size 1.3 × 0.084 mm" in page.text  # noqa: RUF001
    assert "30.0 mm" not in page.text


def test_without_millimetres_there_is_no_map() -> None:
    page = page_of(found(), facts=FACTS)
    assert not [one for one in page.all("path") if one.get("class") == "dots"]
    assert "at 4, 10 px" in page.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_and_reasons_are_text_and_nothing_else(lang: str) -> None:
    mark = Mark("found", (0, 0, 5, 5), 0.5, HOSTILE)
    other = replace(mark, label="defect")
    pictures = (
        found(HOSTILE, marks=(mark, other)),
        found("<i>clean", 0),
        found("x", 0, status="partial", error=HOSTILE),
        Picture("failed<br>", 0, 0, "failed", HOSTILE),
    )
    facts = FACTS | {"doubts": [HOSTILE], "bundle": {"name": HOSTILE}, "engine": HOSTILE}
    table = Table((HOSTILE,), ((HOSTILE,),), 3)
    shots = {HOSTILE: shot(2)}
    page = page_of(*pictures, lang=lang, facts=facts, repeats=table, shots=shots)
    assert not page.all("i")
    assert page.text.count(HOSTILE) >= 9
    assert any(HOSTILE in alt for alt in page.values("alt"))


def test_what_cannot_be_printed_or_turns_the_line_is_shown_as_a_mark() -> None:
    page = page_of(found("a\u202egnp.\x00\x1b[31m\ud800.png"))
    assert "a\ufffdgnp.\ufffd\ufffd[31m\ufffd.png" in page.text


@settings(max_examples=30, deadline=None)
@given(st.text(), st.text())
def test_any_name_gives_a_sound_page(name: str, error: str) -> None:
    page = page_of(found(name, 1, status="partial", error=error), shots={name: shot(1)})
    assert len(page.all("img")) == 2


def test_what_is_not_shown_is_counted() -> None:
    many = [found(f"w{at}.png") for at in range(MOST_CARDS + 7)]
    clean = [found(f"c{at}.png", 0) for at in range(MOST_QUIET + 9)]
    crowded = found("crowded.png", 30)
    spread = [replace(mark, place=(0.0, 0.0)) for mark in found(num=MOST_FRAMES + 3).marks]
    placed = found("placed.png", marks=tuple(spread), wafer=90.0)
    page = page_of(*many, *clean, crowded, placed, facts=FACTS | WAFER)
    assert page.text.count("9 more pictures are not shown here") == 2
    assert "3 more are not drawn here; they stand in finds.csv." in page.text
    assert "18 more are not enlarged here; they stand in finds.csv." in page.text
    assert "9 more rows are in images.csv." in page.text


def test_a_picture_without_a_copy_is_told_of() -> None:
    assert "No drawn copy was written of this picture" in page_of(found()).text


def test_a_stopped_run_failures_and_repeats_are_told() -> None:
    page = page_of(
        Picture("bad.png", 0, 0, "failed", "bad.png: is damaged"),
        facts=FACTS | {"complete": False},
        repeats=Table(("x_mm", "count"), (("1.5", "12"),), 4),
    )
    assert "The run was stopped" in page.text
    assert "bad.png failed bad.png: is damaged" in page.text
    assert "x_mm count 1.5 12" in page.text
    assert "4 more rows are in repeats.csv." in page.text


def test_a_record_of_the_wrong_kinds_of_values_gives_a_page() -> None:
    facts = {"bundle": 3, "wafer": [], "settings": None, "doubts": {"a": 1}, "started": 5,
             "engine": [1], "threshold": "high", "intervals": 1, "screening": 2, "all": "x",
             "classes": {"a": 3}, "sizes": 4, "data": [], "mAP": True, "note": 3}  # fmt: skip
    page_of(found(), facts=facts)
    page_of(judged("a", "missed"), facts=facts, judged=True)
    page_of()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_evaluation_shows_curves_and_what_went_wrong(lang: str) -> None:
    rows = [(at / 10, 0.8, 0.7, 0.9) for at in range(11)]
    facts = FACTS | {
        "mAP": 0.81351,
        "intervals": {"mAP": [0.72, 0.88], "centre_recall": [None, None]},
        "all": {"labels": 85, "centre": {"hits": 70, "recall": 0.8235}},
        "classes": {"one": {"labels": 3}, "other": {"labels": 4}},
        "sizes": {"2-8": {"labels": 0}, "8-16": {"labels": 2, "mAP": 0.5, "mAP_interval": [0, 1]}},
    }
    page = page_of(
        *(judged("both.png", "missed", "false"), judged("fine.png", "hit")),
        lang=lang,
        judged=True,
        facts=facts,
        curves={"pr": rows, "froc": rows, "other": rows},
        shots={"both.png": shot(2)},
    )
    words = Words(lang)
    assert f"0.814 {words('ends', low='0.72', high='0.88')}" in page.text
    assert len(page.all("polygon")) == len(page.all("polyline")) == 2
    assert words("n_missed_1") + ", " + words("n_false_1") in page.text
    sources = [image["src"] for image in page.all("img")]
    assert len(sources) == 5  # the whole; each mark in its card and among the worst
    assert "8-16" in page.text
    assert "2-8" not in page.text


def test_both_languages_have_the_same_keys_and_places() -> None:
    def places(table: dict[str, str]) -> dict[str, set[str | None]]:
        parse = string.Formatter().parse
        return {
            key: {field for _, field, _, _ in parse(text)} - {None} for key, text in table.items()
        }

    assert places(ENGLISH) == places(KOREAN)


def test_every_word_is_used() -> None:
    room = Path(render.__code__.co_filename).parent
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in (*room.glob("templates/*.html"), room / "page.py", room / "cards.py")
    )
    made = ("n_missed", "n_false", "pr_", "froc_", "ends")  # from parts, or in words.py itself
    keys = {key.removesuffix("_1") for key in ENGLISH if not key.startswith(made)}
    assert not {key for key in keys if f'"{key}"' not in sources}


def test_places_that_may_be_turned_are_not_laid_over_the_others() -> None:
    mark = Mark("found", (10, 10, 20, 30), 0.8, "defect", (-30.04, 12.0))
    sure = found("a.png", marks=(mark,), wafer=100.0)
    unsure = found("b.png", marks=(mark, mark), wafer=100.0, status="partial", error="turned")
    page = page_of(sure, unsure, facts=FACTS | WAFER)
    assert "1 find of 1 wafer, laid over each other" in page.text
    assert "Finds on partial pictures are left out, as their places may be wrong: 2." in page.text
    assert "left out, as their" not in page_of(sure, facts=FACTS | WAFER).text


def test_a_reason_is_said_in_the_language_of_the_page() -> None:
    picture = found(status="partial", error="a.png: strange; no KLARF is written")
    page = page_of(picture, lang="ko")
    assert page.text.count("a.png: strange; KLARF는 쓰지 않았습니다") == 2
    assert "no KLARF" not in page.text


@pytest.mark.parametrize(("groups", "said"), [(1, True), (19, True), (20, False), (None, False)])
def test_intervals_over_few_pictures_are_not_to_be_relied_on(
    groups: int | None, said: bool
) -> None:
    page = page_of(judged("a.png", "hit"), judged=True, facts=FACTS | {"drawn": {"groups": groups}})
    assert ("With fewer than 20 they are too narrow" in page.text) is said

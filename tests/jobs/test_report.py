import base64
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.data.labels import PictureLabels
from blemish.data.voc import write_voc
from blemish.errors import UsageError
from blemish.jobs.evaluate import EvaluateSettings, evaluate_run
from blemish.jobs.find import FindReport, FindSettings, describe, find_run
from blemish.jobs.report import write_report
from blemish.report.closeups import CROP
from blemish.runtime.bundle import Bundle
from planted_bundle import HALF_SIDE, blobs, planted_bundle
from read_page import Page, check_page


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted")


@pytest.fixture
def run(bundle: Bundle, tmp_path: Path) -> Callable[..., FindReport]:
    base = FindSettings(
        (tmp_path / "in",), tmp_path / "out", bundle.path, engine="onnxruntime", threads=1
    )
    return lambda **changes: find_run(replace(base, **changes))


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two pictures: one with two spots under a name with quotes and markup, a clean one."""
    folder = tmp_path / "in" / "로트 <7>" if sys.platform != "win32" else tmp_path / "in" / "로트 7"
    folder.mkdir(parents=True)
    put(folder / "it's & 웨이퍼.png", [(40, 40), (120, 100)])
    put(tmp_path / "in" / "clean.png", [])
    return tmp_path / "in"


def put(path: Path, spots: list[tuple[int, int]]) -> Path:
    path.write_bytes(cv2.imencode(".png", blobs(200, 160, spots))[1].tobytes())
    return path


def page_in(folder: Path, lang: str = "en") -> Page:
    return check_page((folder / "report.html").read_text(encoding="utf-8"), lang)


def change(folder: Path, name: str, edit: Callable[[dict], None]) -> None:
    facts = json.loads((folder / name).read_text(encoding="utf-8"))
    edit(facts)
    (folder / name).write_text(json.dumps(facts), encoding="utf-8")


def test_find_writes_a_page_with_its_pictures(two: Path, run: Callable[..., FindReport]) -> None:
    report = run()
    assert describe(report)[-1] == f"Report: {report.out / 'report.html'}"
    page = page_in(report.out)
    assert "it's & 웨이퍼.png" in page.text
    assert len(page.all("img")) == 4  # a card with two crops, a clean one
    assert len(page.all("rect")) == 2


def test_report_makes_the_same_page_anew(two: Path, run: Callable[..., FindReport]) -> None:
    out = run(lang="ko").out
    page = (out / "report.html").read_bytes()
    assert "검사 보고서" in page.decode()
    (out / "report.html").unlink()
    for path in two.rglob("*.png"):
        path.unlink()  # only what find left is needed
    steps: list[tuple[int, int]] = []
    assert write_report(out, "ko", lambda *step: steps.append(step)) == out / "report.html"
    assert (out / "report.html").read_bytes() == page
    assert steps == [(1, 2), (2, 2)]
    write_report(out, "en")
    assert "Inspection report" in page_in(out).text


def crops_of(page: Page) -> list[np.ndarray]:
    """Give the enlarged finds on a page, RGB."""
    images = [one for one in page.all("img") if "enlarged" in one["alt"]]
    contents = [base64.b64decode(one["src"].split(",")[1]) for one in images]
    return [cv2.imdecode(np.frombuffer(one, np.uint8), cv2.IMREAD_COLOR) for one in contents]


def test_no_box_and_no_score_lies_over_an_enlarged_find(
    tmp_path: Path, run: Callable[..., FindReport]
) -> None:
    (tmp_path / "in").mkdir()
    put(tmp_path / "in" / "near.png", [(60, 60), (60, 88), (88, 60), (88, 88)])
    out = run().out
    crops = crops_of(page_in(out))
    assert len(crops) == 4
    for crop in crops:
        # The picture is grey, and so are the corners; boxes are yellow.
        assert np.ptp(crop.astype(int), axis=2).max() < 12
    (sheet,) = (out / "closeups").iterdir()
    assert f"closeups/{sheet.name}" in json.loads((out / "run.json").read_text())["written"]
    sheet.write_bytes(cv2.imencode(".jpg", np.zeros((9, 9, 3), np.uint8))[1].tobytes())
    write_report(out)
    assert max(np.ptp(crop.astype(int), axis=2).max() for crop in crops_of(page_in(out))) > 40
    run(overwrite=True, pictures="none")
    assert not (out / "closeups").exists()


def test_it_shows_the_copies_that_were_asked_for(two: Path, run: Callable[..., FindReport]) -> None:
    assert len(page_in(run(pictures="found").out).all("img")) == 3
    page = page_in(run(pictures="none", overwrite=True).out)
    assert not page.all("img")
    assert "웨이퍼.png" in page.text


def test_a_repeats_table_is_shown(two: Path, run: Callable[..., FindReport]) -> None:
    out = run().out
    (out / "repeats.csv").write_text("\ufeffplace,wafers\n<b>1</b>,12\n", encoding="utf-8")
    write_report(out)
    assert "place wafers <b>1</b> 12" in page_in(out).text


SECRET = (7, 200, 30)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A picture that lies outside the result."""
    pixels = np.full((160, 200, 3), SECRET[::-1], np.uint8)
    path = tmp_path / "secret.jpg"
    path.write_bytes(cv2.imencode(".jpg", pixels)[1].tobytes())
    return path


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../secret.jpg",
            "pictures/../../secret.jpg",
            "{secret}",
            "finds.csv",
            "\x00",
            "x" * 5000,
        ),
        *("", "pictures", "pictures/link.jpg", "pictures/folder/secret.jpg", "pictures/pipe"),
    ],
)
def test_no_name_leads_out_of_the_result(
    name: str, two: Path, run: Callable[..., FindReport], secret: Path
) -> None:
    out = run().out
    if sys.platform != "win32":
        (out / "pictures" / "link.jpg").symlink_to(secret)
        (out / "pictures" / "folder").symlink_to(secret.parent)
        os.mkfifo(out / "pictures" / "pipe")

    def lead_out(facts: dict) -> None:
        copies = dict.fromkeys(facts["copies"], name.replace("{secret}", str(secret)))
        facts |= {"copies": copies, "pictures": list(copies.values())}
        facts["settings"]["paths"] = [str(secret.parent)]

    change(out, "run.json", lead_out)
    write_report(out)
    page = page_in(out)
    assert not page.all("img")
    assert "No drawn copy" in page.text


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_no_table_is_a_link_out_of_the_result(
    two: Path, run: Callable[..., FindReport], tmp_path: Path
) -> None:
    out = run().out
    (tmp_path / "passwords").write_text("user,password\n")
    (out / "repeats.csv").symlink_to(tmp_path / "passwords")
    with pytest.raises(UsageError, match=r"repeats\.csv: is not there"):
        write_report(out)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("finds.csv", b"image,x1\n", r"finds.csv: has no column"),
        ("finds.csv", b"\xff\xfe", r"finds.csv: is not UTF-8; make the result anew"),
        ("run.json", b"[1]", r"run.json: is no record of a run"),
        ("run.json", b"[" * 100_000, r"run.json: is no JSON"),
        ("run.json", b"{", r"run.json: is no JSON"),
    ],
)
def test_a_damaged_result_is_one_line_and_the_page_stays(
    name: str, content: bytes, words: str, two: Path, run: Callable[..., FindReport]
) -> None:
    out = run().out
    before = (out / "report.html").read_bytes()
    (out / name).write_bytes(content)
    with pytest.raises(UsageError, match=words) as caught:
        write_report(out)
    assert "\n" not in str(caught.value)
    assert (out / "report.html").read_bytes() == before
    assert not list(out.glob(".*.part"))


def test_a_damaged_copy_is_told_of(two: Path, run: Callable[..., FindReport]) -> None:
    out = run().out
    (copy,) = out.glob("pictures/*/*.jpg")
    copy.write_bytes(copy.read_bytes()[:200])
    write_report(out)
    page = page_in(out)
    assert len(page.all("img")) == 1
    assert "No drawn copy" in page.text


def test_a_folder_without_a_result_and_a_strange_language_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no result there; name the folder"):
        write_report(tmp_path)
    with pytest.raises(UsageError, match="--lang 'fr' is not one of en, ko"):
        write_report(tmp_path, "fr")


def test_a_strange_language_is_told_before_anything_is_looked_at(
    two: Path, run: Callable[..., FindReport]
) -> None:
    with pytest.raises(UsageError, match="--lang 'fr'"):
        run(lang="fr")
    assert not (two.parent / "out").exists()


def test_a_page_that_cannot_be_written_ends_no_run(two: Path, bundle: Bundle) -> None:
    out = two.parent / "out"
    settings = FindSettings((two,), out, bundle.path, engine="onnxruntime", threads=1)
    block = lambda done, of: (out / "report.html").mkdir(exist_ok=True)  # noqa: E731
    report = find_run(settings, watch_page=block)
    assert report.exit_code() == 0
    line = describe(report)[-1]
    assert line.startswith(f"No report: {out / 'report.html'}: cannot be written (")
    assert line.endswith(f"; when that is mended: blemish report {out}")
    assert json.loads((out / "run.json").read_text(encoding="utf-8"))["complete"] is True
    assert not list(out.glob(".*.part"))


def test_an_evaluation_shows_misses_and_false_finds(bundle: Bundle, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    put(data / "both.png", [(40, 40)])
    labels = PictureLabels.of(
        "both.png", (200, 160), [(100, 100, 130, 130)], ("bright",), ignored=[False]
    )
    (data / "both.xml").write_text(write_voc(labels), encoding="utf-8")
    put(data / "fine.png", [(60, 60)])
    box = (60 - HALF_SIDE, 60 - HALF_SIDE, 60 + HALF_SIDE, 60 + HALF_SIDE)
    labels = PictureLabels.of("fine.png", (200, 160), [box], ("bright",), ignored=[False])
    (data / "fine.xml").write_text(write_voc(labels), encoding="utf-8")
    out = tmp_path / "out"
    settings = EvaluateSettings(bundle.path, data, out, "all", engine="onnxruntime", threads=1)
    evaluate_run(replace(settings, lang="ko"))
    (sheet,) = (out / "closeups").iterdir()  # of what is wrong only
    pixels = cv2.imread(str(sheet))
    assert pixels.shape == (CROP, 2 * CROP, 3)
    assert np.ptp(pixels.astype(int), axis=2).max() < 12
    assert pixels[:, :CROP].max() - 30 > pixels[60:84, 60:84].max()  # nothing was there to see
    page = page_in(out, "ko")
    alts = [image["alt"] for image in page.all("img")]
    assert alts[0] == "놓친 라벨 1 확대."
    assert alts[1].startswith("오검출 2 확대")
    assert alts[2] == "both.png: 1곳 놓침, 오검출 1곳 표시한 사진."
    assert alts[-1].startswith("fine.png: 놓치거나")
    assert len(page.all("polyline")) == 2
    before = (out / "report.html").read_bytes()
    write_report(out, "ko")
    assert (out / "report.html").read_bytes() == before

"""Labels made on the server, exported from its page, opened by labelImg's own readers."""

import io
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from blemish.data.dataset import read_dataset
from planted_browser import Complaints, chromium, press, saved
from planted_bundle import planted_bundle
from planted_editor import HEIGHT, WIDTH, drag, shown
from planted_labelimg import labelimg
from planted_server import Running, png, running

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

CLASSES = ("\"spot\" & 'ring' <b>", "얼룩 1")
NAMES = ('웨이퍼 "1" <i>&amp;\'.png', "w.png", "../W.png", "가" * 250 + ".png", "classes.png")
KINDS = ("voc", "yolo", "createml")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    model = planted_bundle(tmp_path / "model", classes=CLASSES).path
    with running(tmp_path / "data", model) as served:
        yield served


def keep(served: Running, name: str, *spots: tuple[int, int], width: int = WIDTH) -> int:
    answer = served.upload(name, png(*spots, width=width, height=HEIGHT))
    served.settled()
    return int(answer.json()["id"])


def detail(served: Running, picture: int) -> dict[str, Any]:
    return dict(served.client.get(f"/api/v1/pictures/{picture}").json())


def say(served: Running, picture: int, call: str, **body: Any) -> None:
    body["revision"] = detail(served, picture)["picture"]["revision"]
    answer = served.client.post(f"/api/v1/pictures/{picture}/{call}", json=body)
    assert answer.status_code == 200, answer.text


def put(label: str, *sides: float) -> dict[str, Any]:
    return {"action": "put", "label": label} | dict(zip(("x1", "y1", "x2", "y2"), sides))  # noqa: B905


def rows_of(served: Running, picture: int) -> list[list[Any]]:
    """Give class and sides of a picture's boxes, the sides as whole pixels."""
    return [
        [row["label"], *(round(row[side]) for side in ("x1", "y1", "x2", "y2"))]
        for row in detail(served, picture)["labels"]
    ]


def opened(folder: Path, kind: str, num_pictures: int) -> list[list[list[Any]]]:
    """Let labelImg open the labels of each picture in a folder; gives its rows, in order."""
    pictures = sorted(folder.glob("*.png"))
    assert len(pictures) == num_pictures
    tasks = []
    for picture in pictures:
        file = picture.with_suffix(".xml" if kind == "voc" else ".txt")
        file = folder / "annotations.json" if kind == "createml" else file
        width = int.from_bytes(picture.read_bytes()[16:20], "big")  # IHDR
        more = {"picture": str(picture), "size": (width, HEIGHT)}
        tasks.append({"do": "read", "kind": kind, "file": file} | more)
    return [[[name, *map(round, sides)] for name, *sides, _ in one] for one in labelimg(*tasks)]


@pytest.mark.parametrize("kind", KINDS)
def test_labels_that_were_sent_are_opened_by_labelimg(
    served: Running, kind: str, tmp_path: Path
) -> None:
    expected = []
    for number, name in enumerate(NAMES):
        picture = keep(served, name, (60, 60), width=WIDTH + number)
        finds = detail(served, picture)["finds"]
        assert len(finds) == 1
        accepted = [{"find": find["id"], "answer": "accepted"} for find in finds]
        say(served, picture, "verdicts", verdicts=accepted)
        if number == 1:  # a clean picture
            rejected = [{"find": finds[0]["id"], "answer": "rejected"}]
            say(served, picture, "verdicts", verdicts=rejected)
        else:
            drawn = [put(CLASSES[1], 0, 0, WIDTH + number, HEIGHT), put(CLASSES[0], 7, 8, 9, 11)]
            say(served, picture, "labels", changes=drawn)
            say(served, picture, "labels", changes=[put(CLASSES[0], 17, 8, 30, 11) | {"box": 3}])
        say(served, picture, "verdicts", reviewed=True)
        expected.append(rows_of(served, picture))
    not_reviewed = keep(served, "later.png", (90, 90), width=WIDTH + 100)
    say(served, not_reviewed, "labels", changes=[put(CLASSES[1], 1, 2, 3, 4)])
    page = served.client.get("/export").text
    (form,) = re.findall(r'<form[^>]*action="(/api/v1/export/labels)"', page)
    assert kind in re.findall(r'name="kind" value="(\w+)"', page)
    box = unescape(re.findall(r'type="checkbox" name="pictures" value="(\w+)"', page)[0])
    answer = served.client.get(form, params={"kind": kind, "pictures": box})
    out = tmp_path / "out"
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(out)
    found = opened(out, kind, len(NAMES))
    assert sorted(found) == sorted(expected)
    assert [] in found
    assert set(read_dataset(out).classes) == set(CLASSES)


def test_labels_made_in_the_page_and_downloaded_there_are_opened_by_labelimg(
    served: Running, tmp_path: Path
) -> None:
    complaints = Complaints()
    pictures = [keep(served, NAMES[0], (40, 44), (200, 60)), keep(served, NAMES[1], (120, 160))]
    with chromium(with_editor=True) as browser:
        page = browser.new_page(
            base_url=str(served.client.base_url), viewport={"width": 1440, "height": 900}
        )
        page.set_default_timeout(15_000)
        complaints.watch(page)
        shown(page, pictures[0])
        press(page, "Space", "r")
        press(page, "w")
        drag(page, (150, 100), (190, 140))
        saved(page)
        press(page, "2")
        saved(page)
        press(page, "f")
        page.wait_for_url(f"**/review/{pictures[1]}/edit")
        page.wait_for_selector(f".picture-name:text-is('{NAMES[1]}')")
        press(page, "x")
        press(page, "f")
        saved(page)
        page.goto("/export")
        page.check("input[name=pictures]")
        with page.expect_download() as coming:
            page.click("form button.main")
        coming.value.save_as(tmp_path / "labels.zip")
    assert not complaints
    out = tmp_path / "out"
    zipfile.ZipFile(tmp_path / "labels.zip").extractall(out)
    assert all(detail(served, picture)["picture"]["reviewed"] for picture in pictures)
    expected = [rows_of(served, picture) for picture in pictures]
    assert [row[0] for row in expected[0]] == list(CLASSES)
    assert expected[0][1][1:] == pytest.approx([150, 100, 190, 140], abs=1)
    assert expected[1] == []
    assert sorted(opened(out, "voc", 2)) == sorted(expected)

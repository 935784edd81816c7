"""The whole loop with a real browser, server and training: look, correct, teach, promote."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from blemish.core.boxes import Boxes
from blemish.synth.strength import LABEL_STRENGTH
from blemish.synth.wafers import draw_wafer
from blemish.web.training_data import is_held
from planted_browser import Complaints, chromium, drag, press, saved, shoot
from planted_server import process

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

SEED = 7  # the model in the box misses and mistakes some of its marks
NUM_PICTURES, NUM_HELD = 20, 4
SIZE = (900, 900)
MINUTES = "0.4"
PATIENCE = 240_000  # milliseconds for what takes one or two seconds on a quiet machine

Box = tuple[float, float, float, float]


@dataclass
class Done:
    """What was done by hand."""

    accepted: int = 0
    rejected: int = 0
    moved: int = 0
    drawn: int = 0
    boxes: dict[int, int] = field(default_factory=dict)  # of each picture, by its id


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Boxes]:
    """Draw wafers into files, the first few such that they are held out; gives the true boxes."""
    folder, true = tmp_path_factory.mktemp("wafers"), {}
    for number in range(NUM_PICTURES + 1):
        wafer = draw_wafer(SEED, number)
        place = folder / f"wafer-{number:02}.png"
        place.write_bytes(on_side(number < NUM_HELD, wafer.pixels))
        true[str(place)] = wafer.defects.boxes[wafer.strength >= LABEL_STRENGTH]
    return true


def on_side(held: bool, pixels: np.ndarray) -> bytes:
    """Give a PNG file whose content is held out, or is not: one pixel of a corner decides."""
    for level in count():
        pixels = pixels.copy()
        pixels[0, 0] = level % 256
        content = cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()
        if is_held(hashlib.sha256(content).hexdigest()) == held:
            return content
    raise AssertionError


@pytest.fixture
def browser() -> Iterator[Any]:
    with chromium(with_editor=True) as browser:
        yield browser


def test_look_correct_teach_promote_and_look_again(
    tmp_path: Path, browser: Any, drawn: dict[str, Boxes]
) -> None:
    pytest.importorskip("torch", reason="nothing can be trained without torch")
    *first, last = drawn
    true = {Path(place).name: boxes for place, boxes in drawn.items()}
    complaints = Complaints()
    with (
        process(tmp_path / "data", None) as (_, where),
        httpx.Client(base_url=where, timeout=240) as client,
    ):
        page = browser.new_page(
            base_url=where, locale="en-US", viewport={"width": 1280, "height": 800}
        )
        page.set_default_timeout(PATIENCE)
        complaints.watch(page)

        page.goto("/")
        shoot(page, "1-empty")
        send(page, first)
        shoot(page, "2-inspect")

        page.click("nav >> text=Review")
        page.wait_for_selector(f".tabs >> text=To review ({NUM_PICTURES})")
        shoot(page, "3-review")
        page.click(".grid .card a >> nth=0")
        done = review_all(page, client, true)
        assert min(done.accepted, done.rejected, done.moved, done.drawn) > 0
        shoot(page, "5-editor-last")
        for picture, num_boxes in done.boxes.items():
            kept = client.get(f"/api/v1/pictures/{picture}").json()
            assert kept["picture"]["reviewed"]
            assert len(kept["labels"]) == num_boxes
        page.goto("/review")
        page.wait_for_selector("text=Nothing is left to review.")

        page.click("nav >> text=Teach")
        page.wait_for_selector(f"dd >> text=/^{NUM_PICTURES - NUM_HELD} with/")
        page.wait_for_selector(f"dd >> text=/^{NUM_HELD} with/")
        shoot(page, "6-teach")
        page.fill("#minutes", MINUTES)
        page.click("text=Start training")
        page.wait_for_selector("#running polyline.loss")
        shoot(page, "7-learning")
        page.wait_for_selector("#running circle.ap")
        page.wait_for_selector("button:text-is('Promote')")  # the page shows the end by itself
        page.wait_for_selector("table tbody tr >> nth=2")
        assert page.locator(f"text=Marks on the held-out pictures ({NUM_HELD})").count() == 1
        shoot(page, "8-taught")
        assert live_model(client)["name"] == "default"
        page.click("button:text-is('Promote')")
        page.wait_for_selector(".tag:text-is('live')")
        shoot(page, "9-promoted")
        taught = live_model(client)
        assert taught["name"] == "taught-1"

        page.click("nav >> text=Models")
        page.wait_for_selector(".model:has(.tag) h2:has-text('taught-1')")
        assert taught["hash"][:16] in page.inner_text(".model:has(.tag)")
        shoot(page, "10-models")

        page.click("nav >> text=Inspect")
        send(page, [last])
        page.click(".grid .card a >> nth=0")
        page.wait_for_selector(".scene[data-shown]")
        assert "taught-1" in page.inner_text(".looked")
        shoot(page, "11-found-again")
        newest = client.get("/api/v1/pictures", params={"order": "newest"}).json()["pictures"][0]
        found = client.get(f"/api/v1/pictures/{newest['id']}").json()
        assert found["picture"]["name"] == Path(last).name
        assert found["model"]["hash"] == taught["hash"]
        assert [fits(sides(find), true[Path(last).name]) for find in found["finds"]].count(True) > 0
    assert not complaints


def send(page: Any, files: list[str]) -> None:
    """Choose pictures on the Inspect page and wait until all were looked at."""
    before = page.locator(".card").count()
    page.set_input_files("#file", files)
    page.wait_for_selector(f"text={len(files)} / {len(files)}")
    page.wait_for_selector("#queue[data-waiting='0']")
    page.wait_for_selector(f".card.done >> nth={min(before + len(files), 12) - 1}")
    assert page.locator("#refused li").count() == 0


def review_all(page: Any, client: httpx.Client, true: dict[str, Boxes]) -> Done:
    """Judge all finds, draw what was missed, and say of each picture that it is complete."""
    done = Done()
    for number in range(NUM_PICTURES):
        page.wait_for_selector(".scene[data-shown]")
        shown = int(page.get_attribute(".scene", "data-shown"))
        assert shown not in done.boxes
        detail = client.get(f"/api/v1/pictures/{shown}").json()
        boxes = true[detail["picture"]["name"]]
        finds = [sides(find) for find in detail["finds"]]
        right = [fits(find, boxes) for find in finds]
        for place, is_right in enumerate(right):
            if is_right and not done.moved and place + 1 < len(right):
                press(page, "Shift+ArrowRight")
                done.moved += 1
            press(page, "Space" if is_right else "r")
        missed = [box for box in boxes if not any(fits(find, box[None]) for find in finds)]
        for x1, y1, x2, y2 in (box.tolist() for box in missed):
            press(page, "w")
            drag(page, (x1, y1), (x2, y2), SIZE)
        saved(page)
        if number == 0:
            shoot(page, "4-editor")
        done.accepted += right.count(True)
        done.rejected += right.count(False)
        done.drawn += len(missed)
        done.boxes[shown] = right.count(True) + len(missed)
        press(page, "f")
        if detail["after"] is None:
            saved(page)
            break
        page.wait_for_selector(f".scene[data-shown='{detail['after']}']")
    assert len(done.boxes) == NUM_PICTURES
    return done


def live_model(client: httpx.Client) -> dict[str, Any]:
    (live,) = [one for one in client.get("/api/v1/models").json() if one["live"]]
    return dict(live)


def sides(box: dict[str, Any]) -> Box:
    return box["x1"], box["y1"], box["x2"], box["y2"]


def fits(find: Box, boxes: Boxes) -> bool:
    """Tell whether the middle of a find lies in one of the boxes, or that of a box in it."""
    x, y = (find[0] + find[2]) / 2, (find[1] + find[3]) / 2
    for x1, y1, x2, y2 in boxes:
        middle = (x1 + x2) / 2, (y1 + y2) / 2
        if x1 <= x <= x2 and y1 <= y <= y2:
            return True
        if find[0] <= middle[0] <= find[2] and find[1] <= middle[1] <= find[3]:
            return True
    return False

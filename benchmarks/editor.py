"""How long the editor lets a reviewer wait, and how smooth 2,000 boxes are, in a real Chromium.

    python benchmarks/editor.py PICTURES --finds 20 --pace 3

A scripted operator judges so many finds by keyboard at so many seconds each, over as many of the
pictures as that takes. A wait is from the press of a key until the second frame after the page
shows what it led to: the next find, or the next picture with its boxes.
"""

import argparse
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import sync_playwright

SHOWN = """() => {
  const row = document.querySelector('.marks button[aria-current]');
  const rows = [...document.querySelectorAll('.marks button')];
  return [document.querySelector('.scene').dataset.shown, rows.indexOf(row)].join(':');
}"""
WATCH = f"""(before) => new Promise((done) => {{
  const now = {SHOWN};
  let pressed = 0;
  document.addEventListener('keydown', () => {{ pressed = performance.now(); }},
    {{ capture: true, once: true }});
  const look = () => {{
    if (!pressed || now() === before) return requestAnimationFrame(look);
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - pressed)));
  }};
  requestAnimationFrame(look);
}})"""
FRAMES = """(seconds) => new Promise((done) => {
  const gaps = [];
  let last = performance.now();
  const end = last + 1000 * seconds;
  const tick = (now) => {
    gaps.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(tick); else done(gaps.slice(2));
  };
  requestAnimationFrame(tick);
})"""


@contextmanager
def serving(data: Path) -> Iterator[httpx.Client]:
    """Run a server with the model in the box until the block ends."""
    words = [sys.executable, "-m", "blemish", "serve", "--data", str(data), "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://\S+", line)
            if found is None:
                raise SystemExit(f"the server did not start: {line}")
            with httpx.Client(base_url=found[0].rstrip("/"), timeout=60) as client:
                yield client
        finally:
            process.terminate()


def fill(client: httpx.Client, pictures: Sequence[Path]) -> None:
    """Send pictures and wait until all were looked at."""
    for path in pictures:
        client.post("/api/v1/pictures", files={"file": (path.name, path.read_bytes())})
    while client.get("/ready").json()["waiting"]:
        pass


def review(page: Any, num_finds: int, pace: float) -> list[float]:
    """Judge finds by keyboard at a pace in seconds, and give the waits in ms."""
    waits, judged, draw = [], 0, random.Random(0)
    while judged < num_finds:
        page.wait_for_timeout(1000 * pace)
        is_open = page.locator(".marks li[data-state=open]").count() > 0
        judged += is_open
        key = "r" if is_open and draw.random() < 0.4 else "Space"
        before = page.evaluate(SHOWN)
        page.evaluate(f"(before) => {{ globalThis.wait = ({WATCH})(before); }}", before)
        page.keyboard.press(key)
        waits.append(page.evaluate("() => globalThis.wait"))
    return waits


def crowd(client: httpx.Client, picture: int, num_boxes: int) -> None:
    """Label a picture with boxes anywhere."""
    found = client.get(f"/api/v1/pictures/{picture}").json()["picture"]
    draw, changes = random.Random(1), []
    for _ in range(num_boxes):
        x, y = draw.uniform(0, found["width"] - 20), draw.uniform(0, found["height"] - 20)
        sides = {"x1": x, "y1": y, "x2": x + 12, "y2": y + 12}
        changes.append({"action": "put", "label": "defect", **sides})
    body = {"revision": found["revision"], "changes": changes}
    client.post(f"/api/v1/pictures/{picture}/labels", json=body).raise_for_status()


def smoothness(page: Any) -> list[float]:
    """Pan and zoom for some seconds and give the time between frames in ms."""
    box = page.locator(".scene").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(f"() => {{ globalThis.frames = ({FRAMES})(6); }}")
    for turn in range(6):
        page.mouse.move(x, y)
        page.mouse.wheel(0, -240 if turn % 2 == 0 else 240)
        page.mouse.down()
        for step in range(30):
            page.mouse.move(x + 6 * step, y + 3 * step)
        page.mouse.up()
    return list(page.evaluate("() => globalThis.frames"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--finds", type=int, default=20)
    parser.add_argument("--pace", type=float, default=3.0)
    parser.add_argument("--boxes", type=int, default=2000)
    asked = parser.parse_args()
    pictures = sorted(p for p in asked.pictures.iterdir() if p.suffix in {".png", ".jpg"})
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as client:
        where = str(client.base_url).rstrip("/")
        fill(client, pictures)
        rows = client.get("/api/v1/pictures?count=500").json()["pictures"]
        with sync_playwright() as started:
            browser = started.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{where}/review/{rows[0]['id']}/edit")
            page.wait_for_selector(".scene[data-shown]")
            waits = review(page, asked.finds, asked.pace)
            print(
                f"{asked.finds} finds, {len(waits)} keys: wait median "
                f"{statistics.median(waits):.0f} ms, longest {max(waits):.0f} ms"
            )
            last = rows[-1]["id"]
            crowd(client, last, asked.boxes)
            page.goto(f"{where}/review/{last}/edit")
            page.wait_for_selector(f".scene[data-shown='{last}']")
            gaps = sorted(smoothness(page))
            middle = statistics.median(gaps)
            print(
                f"{asked.boxes} boxes, {len(gaps)} frames: median {middle:.0f} ms, "
                f"95 % within {gaps[int(0.95 * len(gaps))]:.0f} ms, longest {gaps[-1]:.0f} ms"
            )
            browser.close()


if __name__ == "__main__":
    main()

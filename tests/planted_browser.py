"""A real Chromium that looks at a real server, and complains about what pages must not do.

`BLEMISH_BROWSER=required` makes it an error where there is no browser or no editor, so that nothing
is left out unseen. `BLEMISH_SHOTS=DIR` keeps pictures of the pages in a folder, to be looked at.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from blemish.web import editor

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)


SIZES = {"desktop": (1280, 800), "tablet": (820, 1180)}
LOCALES = {"en": "en-US", "ko": "ko-KR"}


@contextmanager
def chromium(*, with_editor: bool = False) -> Iterator[Any]:
    """Give a browser; the test is skipped, with the reason, where it or the editor is missing."""
    try:
        from playwright import sync_api as playwright
    except ImportError:
        leave_out("playwright is not installed")
    if not CHROMIUM:
        leave_out("no Chromium on this machine; install one, as `apt-get install chromium` does")
    if with_editor and not editor.is_built():
        leave_out("the editor is not built; run npm ci && npm run build in frontend/")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def leave_out(reason: str) -> NoReturn:
    """Skip a test, or fail it where nothing may be left out."""
    if os.environ.get("BLEMISH_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


def shoot(page: Any, name: str) -> None:
    """Keep a picture of a page in each size, where that is wished for."""
    folder = os.environ.get("BLEMISH_SHOTS")
    if not folder:
        return
    before = page.viewport_size
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(400)  # what is drawn anew for the size is drawn
        page.screenshot(path=Path(folder) / f"{name}-{size}.png")
    page.set_viewport_size(before)


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def saved(page: Any) -> None:
    """Wait until the editor says that the server has everything."""
    page.evaluate("() => new Promise((done) => setTimeout(done, 50))")  # what was put off is done
    page.wait_for_selector(".saving[data-status=saved]")


def on_screen(page: Any, x: float, y: float, size: tuple[int, int]) -> tuple[float, float]:
    """Give where a pixel of a picture is in the editor, while the whole picture is in view."""
    box = page.locator(".scene").bounding_box()
    scale = min(box["width"] / size[0], box["height"] / size[1])
    left = box["x"] + (box["width"] - size[0] * scale) / 2
    top = box["y"] + (box["height"] - size[1] * scale) / 2
    return left + x * scale, top + y * scale


def drag(
    page: Any, start: tuple[float, float], end: tuple[float, float], size: tuple[int, int]
) -> None:
    """Drag from one pixel of a picture in the editor to another."""
    page.mouse.move(*on_screen(page, *start, size))
    page.mouse.down()
    for share in (0.3, 0.7, 1.0):
        x, y = (start[i] + share * (end[i] - start[i]) for i in (0, 1))
        page.mouse.move(*on_screen(page, x, y, size))
    page.mouse.up()


class Complaints(list[str]):
    """What went wrong in a page: errors of scripts, and what its policy refused."""

    def watch(self, page: Any, *, allow: str = "never") -> None:
        """Collect what a page says, but for lines with some words that are expected."""

        def hear(kind: str, text: str) -> None:
            if allow not in text:
                self.append(f"{kind}: {text}")

        page.on("pageerror", lambda error: hear("error", str(error)))
        page.on("console", lambda said: said.type == "error" and hear("console", said.text))

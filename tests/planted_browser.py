"""A real Chromium that looks at a real server, and complains about what pages must not do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)


@contextmanager
def chromium() -> Iterator[Any]:
    """Give a browser; the test is skipped, with the reason, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine; install one, as `apt-get install chromium` does")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Complaints(list[str]):
    """What went wrong in a page: errors of scripts, and what its policy refused."""

    def watch(self, page: Any, *, allow: str = "never") -> None:
        """Collect what a page says, but for lines with some words that are expected."""

        def hear(kind: str, text: str) -> None:
            if allow not in text:
                self.append(f"{kind}: {text}")

        page.on("pageerror", lambda error: hear("error", str(error)))
        page.on("console", lambda said: said.type == "error" and hear("console", said.text))

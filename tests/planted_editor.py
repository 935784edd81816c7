"""The editor of a picture of 320 x 240 px in a browser, worked as a person works it."""

from typing import Any

import planted_browser

SIZE = WIDTH, HEIGHT = 320, 240


def shown(page: Any, picture: int) -> None:
    """Go to a picture's editor and wait until it can be worked."""
    page.goto(f"/review/{picture}/edit")
    page.wait_for_selector(".scene canvas.a9s-gl-canvas")
    page.wait_for_selector(".strip a[aria-current]")


def on_screen(page: Any, x: float, y: float) -> tuple[float, float]:
    """Give where a pixel of the picture is, while the whole picture is in view."""
    return planted_browser.on_screen(page, x, y, SIZE)


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag from one pixel of the picture to another."""
    planted_browser.drag(page, start, end, SIZE)

"""The editor in a browser, worked as a person works it."""

from typing import Any

WIDTH, HEIGHT = 320, 240
"""Of the pictures that `on_screen` is for."""


def shown(page: Any, picture: int) -> None:
    """Go to a picture's editor and wait until it can be worked."""
    page.goto(f"/review/{picture}/edit")
    page.wait_for_selector(".scene canvas.a9s-gl-canvas")
    page.wait_for_selector(".strip a[aria-current]")


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def saved(page: Any) -> None:
    page.evaluate("() => new Promise((done) => setTimeout(done, 50))")  # what was put off is done
    page.wait_for_selector(".saving[data-status=saved]")


def on_screen(page: Any, x: float, y: float) -> tuple[float, float]:
    """Give where a pixel of the picture is, while the whole picture is in view."""
    box = page.locator(".scene").bounding_box()
    scale = min(box["width"] / WIDTH, box["height"] / HEIGHT)
    left = box["x"] + (box["width"] - WIDTH * scale) / 2
    top = box["y"] + (box["height"] - HEIGHT * scale) / 2
    return left + x * scale, top + y * scale


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*on_screen(page, *start))
    page.mouse.down()
    for share in (0.3, 0.7, 1.0):
        point = (start[i] + share * (end[i] - start[i]) for i in (0, 1))
        page.mouse.move(*on_screen(page, *point))
    page.mouse.up()

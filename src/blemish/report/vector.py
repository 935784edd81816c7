"""Pieces of SVG drawings: shapes and text as elements, whatever letters names hold."""

from collections.abc import Iterable, Sequence
from html import escape

Point = tuple[float, float]

# Okabe & Ito's tones, which stay apart for red-green blindness.
BLACK, BLUE, ORANGE, GREY, PALE = "#222222", "#0072b2", "#d55e00", "#8a8a8a", "#e4e4e4"


def drawing(width: float, height: float, elements: Iterable[str]) -> str:
    """Give the file: white ground, sans-serif letters."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        'font-family="sans-serif" font-size="15">'
    )
    ground = f'<rect width="{width:g}" height="{height:g}" fill="white"/>'
    return "\n".join([head, ground, *elements, "</svg>\n"])


def circle(middle: Point, radius: float, *, title: str = "", **style: object) -> str:
    """Draw a circle; its title shows where a pointer rests on it."""
    x, y = middle
    shape = f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{radius:.2f}"{_styled(style)}'
    return f"{shape}><title>{plain(title)}</title></circle>" if title else f"{shape}/>"


def rectangle(corner: Point, size: Point, *, title: str = "", **style: object) -> str:
    """Draw a rectangle from its upper left corner."""
    places = f'x="{corner[0]:.2f}" y="{corner[1]:.2f}"'
    shape = f'<rect {places} width="{size[0]:.2f}" height="{size[1]:.2f}"{_styled(style)}'
    return f"{shape}><title>{plain(title)}</title></rect>" if title else f"{shape}/>"


def polyline(points: Sequence[Point], **style: object) -> str:
    """Draw straight lines from point to point."""
    places = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    return f'<polyline points="{places}" fill="none"{_styled({"stroke": BLACK} | style)}/>'


def words(text: str, place: Point, *, anchor: str = "start", **style: object) -> str:
    """Write a line of text; ``anchor`` is `start`, `middle` or `end`."""
    x, y = place
    more = _styled({"fill": BLACK} | style)
    return f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}"{more}>{plain(text)}</text>'


def plain(text: str) -> str:
    """Give a text as XML may hold it."""
    # No entity can name a control letter in XML 1.0.
    shown = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
    return escape(shown)


def _styled(style: dict[str, object]) -> str:
    return "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())

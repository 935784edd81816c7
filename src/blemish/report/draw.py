"""Draw finds on a copy of the picture: thin boxes around the marks, scores beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.core.boxes import as_boxes, box_area, box_intersection
from blemish.core.defects import Defects

Pixels = NDArray[np.uint8]
Point = tuple[int, int]
Rectangle = tuple[int, int, int, int]

# Red-green blindness and films of every colour: light tones that differ in blue and yellow,
# each with a black line around it.
COLOURS = ((255, 235, 60), (90, 220, 255), (255, 150, 220), (170, 255, 150), (255, 255, 255))
BLACK = (0, 0, 0)
WHITE = (255, 255, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX

SMALL_SIDE = 400  # pictures below this are enlarged: a score of 10 px would fill them
LARGE_SIDE = 16_000  # pictures above this are reduced: JPEG ends at 65,535 px


@dataclass(frozen=True)
class Pen:
    """Sizes of lines and letters, in pixels, that suit a picture."""

    line: int
    font: float
    stroke: int

    @classmethod
    def for_picture(cls, pixels: Pixels) -> "Pen":
        """Choose the sizes for a picture by its longer side, or its shorter one if it is narrow."""
        height, width = pixels.shape[:2]
        times = max(min(max(height, width), 4 * min(height, width)) / 900, 0.9)
        return cls(max(round(times), 1), 0.5 * times, max(round(times), 1))


def draw_finds(pixels: Pixels, defects: Defects, classes: Sequence[str]) -> Pixels:
    """Draw finds on a copy (H, W, 3) of the picture; nothing is drawn inside a find's box.

    A label is written as the score, with the class's name where there are several classes. It
    stands where it covers the least of other finds; where there is no room it is left out.
    The copy of a very small picture is enlarged, that of a very large one reduced.
    """
    canvas, factors = fit_canvas(pixels)
    pen = Pen.for_picture(canvas)
    frames = [frame_around(box, pen) for box in defects.boxes * factors]
    for frame, label in zip(frames, defects.labels, strict=True):
        _draw_frame(canvas, frame, COLOURS[label % len(COLOURS)], pen)
    taken = list(frames)
    for frame, label, score in zip(frames, defects.labels, defects.scores, strict=True):
        place = write_beside(
            canvas, label_text(int(label), float(score), classes), frame, taken, pen
        )
        taken += [place] if place else []
    return canvas


def fit_canvas(pixels: Pixels) -> tuple[Pixels, NDArray[np.float32]]:
    """Give a copy that can be drawn on and looked at, and what boxes are to be multiplied with."""
    height, width = pixels.shape[:2]
    side = max(height, width)
    if side < SMALL_SIDE:
        times = -(-SMALL_SIDE // side)
        size, method = (width * times, height * times), cv2.INTER_NEAREST
    elif side > LARGE_SIDE:
        factor = LARGE_SIDE / side
        size = (max(round(width * factor), 1), max(round(height * factor), 1))
        method = cv2.INTER_AREA
    else:
        return pixels.copy(), np.ones(4, np.float32)
    factors = np.array([size[0] / width, size[1] / height] * 2, np.float32)
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8), factors


def frame_around(box: NDArray[np.float32], pen: Pen) -> Rectangle:
    """Give the rectangle, first to last pixel, of the coloured line just outside a box.

    It may lie beyond the picture: there is no place for a line at its very edge.
    """
    reach = pen.line
    x1, y1 = (int(value) - reach for value in np.floor(box[:2]))
    x2, y2 = (int(value) + reach - 1 for value in np.ceil(box[2:]))
    return x1, y1, x2, y2


def _draw_frame(canvas: Pixels, frame: Rectangle, colour: tuple[int, int, int], pen: Pen) -> None:
    x1, y1, x2, y2 = frame
    for step in range(pen.line):
        _rectangle(canvas, (x1 - 1 - step, y1 - 1 - step, x2 + 1 + step, y2 + 1 + step), BLACK)
    for step in range(pen.line):
        _rectangle(canvas, (x1 + step, y1 + step, x2 - step, y2 - step), colour)


def _rectangle(canvas: Pixels, corners: Rectangle, colour: tuple[int, int, int]) -> None:
    cv2.rectangle(canvas, corners[:2], corners[2:], colour, 1)


def label_text(label: int, score: float, classes: Sequence[str]) -> str:
    """Give the words beside a find: the score, after the class's name if there are several."""
    return f"{class_text(label, classes)} {score:.2f}".lstrip()


def class_text(label: int, classes: Sequence[str]) -> str:
    """Give the class's name as it can be written; empty where there are not several."""
    if len(classes) < 2:
        return ""
    name = classes[label] if label < len(classes) else ""
    # OpenCV's letters are ASCII; any other name would come out as question marks.
    return name if name.isascii() and name else f"class {label}"


def write_beside(
    canvas: Pixels, text: str, frame: Rectangle, taken: list[Rectangle], pen: Pen
) -> Rectangle | None:
    """Write a label beside its frame and give its rectangle; None where it does not fit."""
    (width, height), below = cv2.getTextSize(text, FONT, pen.font, pen.stroke)
    edge = pen.stroke + 1
    size = (width + 2 * edge, height + below + edge)
    place = _best_place(frame, size, taken, canvas)
    if place is None:
        return None
    x, y = place[0] + edge, place[1] + height + edge // 2
    # A thicker black text below would do in OpenCV 4; in 5 thicker letters are also wider.
    steps = (-pen.stroke, 0, pen.stroke)
    outline = [((x + right, y + down), BLACK) for right in steps for down in steps]
    for origin, colour in (*outline, ((x, y), WHITE)):
        cv2.putText(canvas, text, origin, FONT, pen.font, colour, pen.stroke, cv2.LINE_AA)
    return place


def _best_place(
    frame: Rectangle, size: Point, taken: list[Rectangle], canvas: Pixels
) -> Rectangle | None:
    """Give the first place inside the picture that covers least of what is taken."""
    width, height = size
    right, bottom = canvas.shape[1] - 1, canvas.shape[0] - 1
    x1, y1, x2, y2 = (
        *(max(frame[0], 0), max(frame[1], 0)),
        *(min(frame[2], right), min(frame[3], bottom)),
    )
    gap = 3
    corners = [
        (x1, y1 - height - gap),
        (x1, y2 + gap),
        (x2 - width, y1 - height - gap),
        (x2 - width, y2 + gap),
        (x2 + gap, y1),
        (x1 - width - gap, y1),
        (x2 + gap, y2 - height),
        (x1 - width - gap, y2 - height),
    ]
    limit = (canvas.shape[1] - width, canvas.shape[0] - height)
    inside = [(x, y) for x, y in corners if 0 <= x <= limit[0] and 0 <= y <= limit[1]]
    if not inside:
        return None
    places = [(x, y, x + width, y + height) for x, y in inside]
    covered = box_intersection(as_boxes(places), as_boxes(taken)).sum(axis=1)
    best = places[int(np.argmin(covered))]
    # Over its own mark or a neighbour's a score does more harm than good.
    own = float(box_area(as_boxes([best]))[0])
    return best if covered.min() < own / 2 else None

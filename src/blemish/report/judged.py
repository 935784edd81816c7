"""Draw what is true and what was found on a copy of the picture: hits, misses and false finds.

They differ by the kind of line and by words, not by colour alone, so that everybody can tell
them apart; a strip below the picture says which is which, and how many there are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from blemish.core.boxes import Boxes
from blemish.core.matching import Match
from blemish.core.metrics import Scored
from blemish.report.draw import (
    BLACK,
    FONT,
    WHITE,
    Pen,
    Pixels,
    Rectangle,
    class_text,
    fit_canvas,
    frame_around,
    label_text,
    write_beside,
)

Spans = list[tuple[int, int]]
Style = Callable[[int, int], Spans]
"""From the length of a side and the width of the line to the parts that are drawn."""


def solid(length: int, line: int) -> Spans:
    """Give the whole side."""
    return [(0, length)]


def dashed(length: int, line: int) -> Spans:
    """Give long dashes, one at each end of the side."""
    return _spread(length, 3 * line, 2 * line)


def dotted(length: int, line: int) -> Spans:
    """Give dots, one at each end of the side."""
    return _spread(length, 2 * line, 4 * line)


def corners(length: int, line: int) -> Spans:
    """Give the ends of the side."""
    arm = min(max(length // 5, 2 * line), length)
    return [(0, arm), (length - arm, length)]


@dataclass(frozen=True)
class Kind:
    """How boxes of one kind are drawn, and what the strip says of them.

    Attributes:
        style: which parts of a side are drawn.
        colour: RGB.
        one, many: the name after a count.
        width: of the line, in lines of the pen: what is wrong stands out.
    """

    style: Style
    colour: tuple[int, int, int]
    one: str
    many: str
    width: int = 1


# Light tones that differ in blue and yellow, as red and green look alike to many.
HIT = Kind(solid, (90, 220, 255), "hit", "hits")
HIT_LABEL = Kind(dotted, WHITE, "label hit", "labels hit")
MISSED = Kind(dashed, (255, 150, 220), "missed label", "missed labels", 2)
FALSE = Kind(corners, (255, 235, 60), "false find", "false finds", 2)
IGNORED = Kind(dotted, (170, 170, 170), "ignored label", "ignored labels")
IGNORED_FIND = Kind(solid, (170, 170, 170), "find on ignored", "finds on ignored")

Marked = tuple[Kind, Boxes, list[str]]  # boxes of one kind, with the words beside each


def draw_judged(pixels: Pixels, picture: Scored, match: Match, classes: Sequence[str]) -> Pixels:
    """Draw labels and finds on a copy of the picture, with a strip below that explains them.

    Nothing is drawn inside a box. Beside a find stands its score, with `false` before it where
    it hits nothing; beside a missed label `missed`; with several classes the name as well.
    """
    always = (HIT, HIT_LABEL, MISSED, FALSE)
    return draw_marked(pixels, _mark(picture, match, classes), always)


def draw_marked(pixels: Pixels, marked: Sequence[Marked], always: Sequence[Kind]) -> Pixels:
    """Draw boxes of some kinds on a copy of the picture, with a strip below that counts them.

    The last of the boxes get the best places for their words. ``always`` are the kinds that the
    strip tells of even where there is none.
    """
    canvas, factors = fit_canvas(pixels)
    pen = Pen.for_picture(canvas)
    drawn: list[tuple[Rectangle, str]] = []
    for kind, boxes, words in marked:
        for box, text in zip(boxes, words, strict=True):
            frame = frame_around(box * factors, _pen_of(kind, pen))
            _draw_sides(canvas, frame, kind, pen)
            drawn.append((frame, text))
    taken = [frame for frame, _ in drawn]
    for frame, text in reversed(drawn):  # the last first: they have the best places
        place = write_beside(canvas, text, frame, taken, pen) if text else None
        taken += [place] if place else []
    return np.vstack([canvas, _strip(canvas.shape[1], marked, always, pen)])


def _mark(picture: Scored, match: Match, classes: Sequence[str]) -> list[Marked]:
    """Sort labels and finds by kind, in the order in which they are drawn."""
    found, true, ignore = picture
    hit = np.isin(np.arange(len(true)), match.partner[match.hit])
    missed = ~hit & ~ignore
    neither = ~match.hit & ~match.false
    scores = [
        label_text(int(label), float(score), classes)
        for label, score in zip(found.labels, found.scores, strict=True)
    ]
    names = [f"missed {class_text(int(label), classes)}".rstrip() for label in true.labels]
    of_finds = ((IGNORED_FIND, neither, ""), (HIT, match.hit, ""), (FALSE, match.false, "false "))
    return [
        (IGNORED, true.boxes[ignore], ["ignored"] * int(ignore.sum())),
        (HIT_LABEL, true.boxes[hit & ~ignore], [""] * int((hit & ~ignore).sum())),
        *(
            (kind, found.boxes[which], [before + scores[at] for at in np.flatnonzero(which)])
            for kind, which, before in of_finds
        ),
        (MISSED, true.boxes[missed], [names[at] for at in np.flatnonzero(missed)]),
    ]


def _draw_sides(canvas: Pixels, frame: Rectangle, kind: Kind, pen: Pen) -> None:
    """Draw the four sides of a frame inwards by the pen's line, with a black line around."""
    line = _pen_of(kind, pen).line
    for step in range(-pen.line, line):
        x1, y1, x2, y2 = frame[0] + step, frame[1] + step, frame[2] - step, frame[3] - step
        colour = BLACK if step < 0 else kind.colour
        for start, end in kind.style(x2 - x1 + 1, line):
            for y in (y1, y2):
                _fill(canvas, (x1 + start, y, x1 + end, y + 1), colour)
        for start, end in kind.style(y2 - y1 + 1, line):
            for x in (x1, x2):
                _fill(canvas, (x, y1 + start, x + 1, y1 + end), colour)


def _pen_of(kind: Kind, pen: Pen) -> Pen:
    return replace(pen, line=pen.line * kind.width)


def _fill(canvas: Pixels, place: Rectangle, colour: tuple[int, int, int]) -> None:
    x1, y1, x2, y2 = (max(value, 0) for value in place)
    canvas[y1:y2, x1:x2] = colour


def _spread(length: int, on: int, off: int) -> Spans:
    """Give spans of about ``on`` with about ``off`` between, so that both ends are drawn."""
    count = max(round((length + off) / (on + off)), 1 if length <= on else 2)
    if count == 1:
        return [(0, length)]
    starts = np.rint(np.linspace(0, length - on, count)).astype(int).tolist()
    return [(start, start + on) for start in starts]


def _strip(width: int, marked: Sequence[Marked], always: Sequence[Kind], pen: Pen) -> Pixels:
    """Give the strip (H, width, 3) that explains the lines, in as many rows as it needs."""
    counts = {kind: len(boxes) for kind, boxes, _ in marked}
    kinds = list(always)
    kinds += [kind for kind in counts if kind not in always and counts[kind]]
    texts = [f"{counts[kind]} {kind.one if counts[kind] == 1 else kind.many}" for kind in kinds]
    unit = cv2.getTextSize("M", FONT, pen.font, pen.stroke)[0][1]
    sample, gap, row = (3 * unit, 2 * unit), unit, 3 * unit
    places, x, y = [], gap, 0
    for text in texts:
        long = sample[0] + gap + cv2.getTextSize(text, FONT, pen.font, pen.stroke)[0][0]
        if x > gap and x + long > width:
            x, y = gap, y + row
        places.append((x, y))
        x += long + 2 * gap
    strip = np.full((y + row, width, 3), 24, np.uint8)
    for kind, text, (left, top) in zip(kinds, texts, places, strict=True):
        box = (left, top + unit // 2, left + sample[0], top + unit // 2 + sample[1])
        _draw_sides(strip, box, kind, pen)
        start = (left + sample[0] + gap, top + 2 * unit)
        cv2.putText(strip, text, start, FONT, pen.font, WHITE, pen.stroke, cv2.LINE_AA)
    return strip

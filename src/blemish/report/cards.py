"""The part of a page that is of one picture: the whole, its wafer map, its marks enlarged."""

from collections.abc import Mapping
from dataclasses import dataclass

from blemish.report.charts import WaferMap, wafer_map
from blemish.report.plan import Plan, enlarged, shown_marks
from blemish.report.result import Mark, Picture, Result
from blemish.report.shots import Jpeg, Shot
from blemish.report.words import Words, plain

MOST_FRAMES = 200


@dataclass(frozen=True, eq=False)
class Crop:
    """A mark enlarged.

    Attributes:
        number: in its card.
        jpeg: the picture; None where there was no place.
        alt: what it shows, in words.
        lines: what is known of it.
        anchor, name: of its card.
    """

    number: int
    jpeg: Jpeg | None
    alt: str
    lines: tuple[str, ...]
    anchor: str
    name: str


@dataclass(frozen=True, eq=False)
class Card:
    """A picture on the page.

    Attributes:
        anchor: where links to it lead.
        picture: what it is of.
        counts: its finds in words.
        view: the whole; None without a drawn copy.
        frames: x, y, width, height and number of boxes, in pixels of the picture.
        map: of its wafer; None without millimetres.
        crops: its first marks.
        num_left: marks without a crop.
    """

    anchor: str
    picture: Picture
    counts: str
    view: Jpeg | None
    frames: tuple[tuple[float, float, float, float, int], ...]
    map: WaferMap | None
    crops: tuple[Crop, ...]
    num_left: int


def make_cards(plan: Plan, shots: Mapping[str, Shot], words: Words) -> list[Card]:
    """Give the cards of a page, with the small pictures by the names of the large ones."""
    of_result = _Maker(plan.result, words)
    return [
        of_result.card(f"p{at}", one, shots.get(one.name)) for at, one in enumerate(plan.cards, 1)
    ]


class _Maker:
    """Makes the cards of one result."""

    def __init__(self, result: Result, words: Words) -> None:
        self._result = result
        self._words = words
        labels = {mark.label for one in result.pictures for mark in one.marks}
        self._several = len(labels) > 1

    def card(self, anchor: str, picture: Picture, shot: Shot | None) -> Card:
        marks = shown_marks(picture)
        shown = enlarged(picture)
        jpegs = (None,) * len(shown) if shot is None else shot.crops
        crops = tuple(
            Crop(at, jpeg, self._alt(at, mark), self._lines(mark, picture), anchor, picture.name)
            for at, (mark, jpeg) in enumerate(zip(shown, jpegs, strict=False), 1)
        )
        return Card(
            *(anchor, picture, self._counts(picture), shot.view if shot else None),
            tuple(_frame(mark, at) for at, mark in enumerate(marks[:MOST_FRAMES], 1)),
            self._map(picture, len(crops)),
            *(crops, len(marks) - len(crops)),
        )

    def _map(self, picture: Picture, num_numbers: int) -> WaferMap | None:
        disc, marks = self._result.disc(picture.edge_mark), shown_marks(picture)
        places = [mark.place for mark in marks if mark.place is not None]
        if disc is None or len(places) < len(marks):
            return None
        return wafer_map(places, disc, num_numbers, MOST_FRAMES)

    def _counts(self, picture: Picture) -> str:
        counts = {kind: len(picture.of_kind(kind)) for kind in ("missed", "false")}
        if not any(counts.values()):
            return self._words.count("n_finds", picture.num_finds)
        said = [self._words.count(f"n_{kind}", number) for kind, number in counts.items() if number]
        return ", ".join(said)

    def _alt(self, at: int, mark: Mark) -> str:
        key = {"false": "false_alt", "missed": "missed_alt"}.get(mark.kind, "crop_alt")
        return self._words(key, number=at, score=_score(mark))

    def _lines(self, mark: Mark, picture: Picture) -> tuple[str, ...]:
        """Give what is known of a mark, the most wanted first."""
        words, (x1, y1, x2, y2) = self._words, mark.box
        key = {"false": "false_score", "missed": "missed_below"}.get(mark.kind, "score")
        lines = [words(key, score=_score(mark)) if mark.score is not None else words("missed_word")]
        if self._several:
            lines.append(plain(mark.label))
        if mark.place is not None:
            lines.append(words("at_mm", x=f"{mark.place[0]:z.1f}", y=f"{mark.place[1]:z.1f}"))
        else:
            lines.append(words("at_px", x=f"{(x1 + x2) / 2:.0f}", y=f"{(y1 + y2) / 2:.0f}"))
        if mark.die is not None:
            lines.append(words("at_die", x=mark.die[0], y=mark.die[1]))
        if mark.size is not None:
            lines.append(words("seen_mm", w=_length(mark.size[0]), h=_length(mark.size[1])))
        elif self._result.diameter is not None and picture.wafer:
            scale = self._result.diameter / picture.wafer
            sides = {"w": f"{(x2 - x1) * scale:.1f}", "h": f"{(y2 - y1) * scale:.1f}"}
            lines.append(words("size_mm", **sides))
        lines.append(words("size_px", w=f"{x2 - x1:.0f}", h=f"{y2 - y1:.0f}"))
        return tuple(lines)


def _length(length: float) -> str:
    return f"{length:.1f}" if length >= 1 else f"{length:.2g}"


def _frame(mark: Mark, at: int) -> tuple[float, float, float, float, int]:
    x1, y1, x2, y2 = mark.box
    return round(x1, 1), round(y1, 1), round(x2 - x1, 1), round(y2 - y1, 1), at


def _score(mark: Mark) -> str:
    return "" if mark.score is None else f"{mark.score:.2f}"

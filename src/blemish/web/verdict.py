"""What a comparison of a new model with the one before says, in words and as a table."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

FEW = 20
"""Held-out pictures below which an interval is too narrow to lean on."""
SHOWN = {
    "COCO AP@0.5": "Average precision at IoU 0.5",
    "COCO AP@0.50:0.95": "Average precision at IoU 0.50 to 0.95",
    "centre-hit recall": "Share of the marks that are found",
    "centre-hit precision": "Share of the finds that are marks",
    "false finds a picture": "False finds a picture",
}
_MAIN = "COCO AP@0.5"


class Line(NamedTuple):
    """A sentence of the pages with what stands in its braces."""

    text: str
    values: Mapping[str, object] = {}


class Row(NamedTuple):
    """A row of the table: what, the new model's, the other's, the difference and its interval."""

    name: str
    new: str
    before: str
    difference: str
    interval: str


def words_of(compared: Mapping[str, Any]) -> list[Line]:
    """Say which model is better and by what; the new one is A."""
    if not compared:
        return []
    labels, pictures = compared["labels"], compared["num_compared"]
    count = sum(labels.values())
    false = compared["numbers"].get("false finds a picture", {})
    lines = [_main_line(compared["numbers"].get(_MAIN, {}), count, pictures < FEW)]
    if count:
        values = {
            "pictures": pictures,
            "marks": count,
            "new": labels["both"] + labels["only_a"],
            "before": labels["both"] + labels["only_b"],
        }
        text = (
            "Marks on the held-out pictures ({pictures}): {marks}. The new model finds {new}, "
            "the one before {before}."
        )
        lines.append(Line(text, values))
    if None not in (false.get("a"), false.get("b")):
        values = {"new": f"{false['a']:.2f}", "before": f"{false['b']:.2f}"}
        lines.append(Line("False finds a picture: {new} against {before}.", values))
    if pictures < FEW:
        few = "So few pictures say little; review more before you promote."
        lines.append(Line(few))
    return lines


def _main_line(main: Mapping[str, Any], count: int, few: bool) -> Line:
    if not count:
        return Line("No held-out picture has a mark: only false finds can be compared.")
    low, high = main.get("interval") or (None, None)
    if low is None or high is None:
        return Line("Neither can be called better on these pictures.")
    if low > 0:
        better = "The new model is better."
        return Line("On these few pictures the new model does better." if few else better)
    if high < 0:
        worse = "The new model is worse."
        return Line("On these few pictures the new model does worse." if few else worse)
    return Line("Neither can be called better on these pictures.")


def rows_of(compared: Mapping[str, Any]) -> Sequence[Row]:
    """Give the table: the numbers that are known."""
    numbers = compared.get("numbers", {})
    return [_row(name, numbers[key]) for key, name in SHOWN.items() if _is_known(numbers.get(key))]


def _is_known(number: Mapping[str, Any] | None) -> bool:
    return number is not None and None not in (number["a"], number["b"])


def _row(name: str, number: Mapping[str, Any]) -> Row:
    interval = number.get("interval") or (None, None)
    ends = "" if None in interval else f"{interval[0]:+.3f} … {interval[1]:+.3f}"
    difference = number["a"] - number["b"]
    return Row(name, f"{number['a']:.3f}", f"{number['b']:.3f}", f"{difference:+.3f}", ends)

"""Problem: one thing that is wrong or odd in a data set, where it is, and what becomes of it."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from blemish.errors import LabelError

BROKEN = "broken"  # training refuses; prepare leaves it out and says so
MENDED = "mended"  # the reader mends it, for training and prepare alike
NOTE = "note"  # nothing is changed; look at it


class Kind(NamedTuple):
    """How grave a kind of problem is, what mends it, and what `prepare` does about it."""

    severity: str
    mend: str
    prepare: str


_BOX_OUT, _PICTURE_OUT, _AS_IT_IS = "leaves the box out", "leaves the picture out", "as it is"

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "unreadable-labels": Kind(BROKEN, "save or export it again", _PICTURE_OUT),
        "bad-row": Kind(BROKEN, "mend the row or draw the box again", _BOX_OUT),
        "no-inside": Kind(BROKEN, "draw it again or remove it", _BOX_OUT),
        "beyond": Kind(BROKEN, "draw it again or remove it", _BOX_OUT),
        "unknown-class": Kind(BROKEN, "add it to the list of classes", _BOX_OUT),
        "missing-picture": Kind(BROKEN, "add it or remove the label", _PICTURE_OUT),
        "ambiguous-picture": Kind(BROKEN, "put the label beside its picture", _PICTURE_OUT),
        "unreadable-picture": Kind(BROKEN, "copy or export the picture again", _PICTURE_OUT),
        "other-size": Kind(BROKEN, "label it again or correct the size", _PICTURE_OUT),
        "labelled-twice": Kind(BROKEN, "remove all but one", "keeps the first"),
        "bad-strength": Kind(
            BROKEN, "draw the data set again or remove strength.csv", "takes no strength from it"
        ),
        "across-split": Kind(BROKEN, "keep it in one part", "splits anew, alike pictures together"),
        "nothing-usable": Kind(BROKEN, "label some defects first", "refuses"),
        "inverted": Kind(MENDED, "its sides are swapped", "swaps the sides"),
        "outside": Kind(MENDED, "it is cut off at the edge", "cuts it off at the edge"),
        "duplicate-box": Kind(MENDED, "it counts once", "keeps one"),
        "turned-labels": Kind(MENDED, "the boxes are turned with it", "turns the boxes"),
        "one-based": Kind(MENDED, "classes are counted from 1", "counts them from 1"),
        "guessed-picture": Kind(MENDED, "check that it is the right one", "takes that picture"),
        "no-class": Kind(MENDED, "it gets the default class", "gives it the default class"),
        "no-class-names": Kind(NOTE, "add a classes.txt beside the labels", "names by number"),
        "two-formats": Kind(NOTE, "say --labels to read the other", "reads the first alone"),
        "not-read": Kind(NOTE, "name that file itself to read it", "passes it over"),
        "unlabelled": Kind(NOTE, "label it, or save it without boxes if clean", _PICTURE_OUT),
        "turned-picture": Kind(NOTE, "look whether its boxes lie right", "writes it upright"),
        "swapped-size": Kind(NOTE, "look whether its boxes lie right", "writes the true size"),
        "duplicate-picture": Kind(NOTE, "remove one of them", "keeps them in one part"),
        "near-duplicate": Kind(NOTE, "keep them in one part", "keeps them in one part"),
        "two-classes": Kind(NOTE, "decide for one class", _AS_IT_IS),
        "odd-size": Kind(NOTE, "look whether it is drawn right", _AS_IT_IS),
        "tiny-box": Kind(NOTE, "draw boxes of at least 4 px", _AS_IT_IS),
    }
)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong or odd.

    Attributes:
        file: the label file, or the picture.
        row: where in the file, like `row 7`; empty for all of it.
        kind: a key of `KINDS`, which says how grave it is.
        what: what is wrong, to be read after the place.
    """

    file: str
    row: str
    kind: str
    what: str

    @property
    def severity(self) -> str:
        """Give `broken`, `mended` or `note`."""
        return KINDS[self.kind].severity

    @property
    def mend(self) -> str:
        """Give what to do about it, or what has been done."""
        return KINDS[self.kind].mend

    @property
    def prepare(self) -> str:
        """Give what `prepare` does about it."""
        return KINDS[self.kind].prepare

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.file, self.row) if part)
        return f"{place}: {self.what}; {self.mend}"


Report = Callable[[Problem], None]


class BrokenLabelError(LabelError):
    """Labels that cannot be used, with the problem as a value."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Place(NamedTuple):
    """A row of a file, and who is told what is wrong with it."""

    file: str
    row: str
    report: Report

    def tell(self, kind: str, what: str) -> None:
        """Report a problem here."""
        self.report(Problem(self.file, self.row, kind, printable(what)))


def refuse(problem: Problem) -> None:
    """Raise what is broken and let pass what is mended or a note: how readers report by default.

    Raises:
        BrokenLabelError: the problem is broken.
    """
    if problem.severity == BROKEN:
        raise BrokenLabelError(problem)


def stop(file: str, what: str, kind: str = "unreadable-labels") -> NoReturn:
    """Give up a whole file.

    Raises:
        BrokenLabelError: always.
    """
    raise BrokenLabelError(Problem(file, "", kind, " ".join(printable(what).split())))


def printable(text: str) -> str:
    """Give a text from a file without what would steer a terminal or cannot be written."""
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(one) in {"Cc", "Cs"} else one for one in text)

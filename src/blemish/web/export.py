"""Labels and finds written out: what `blemish train` and spreadsheets read."""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from blemish.data.formats import FORMATS
from blemish.data.labels import PictureLabels
from blemish.web.originals import Originals
from blemish.web.reviews import answers_of, labels_of
from blemish.web.store import finds_of, last_look
from blemish.web.tables import Picture

KINDS = ("voc", "yolo", "coco", "createml", "csv")
FINDS_HEADER = ("image", "x1", "y1", "x2", "y2", "score", "label", "x_mm", "y_mm", "answer")
_SUFFIXES = {
    b"\x89PNG": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"BM": ".bmp",
    b"II": ".tif",
    b"MM": ".tif",
}


def reviewed_pictures(session: Session) -> list[Picture]:
    """Give the pictures whose labels are complete, in the order they came."""
    chosen = select(Picture).where(Picture.reviewed).order_by(Picture.id)
    return list(session.scalars(chosen))


def write_labels(
    session: Session, originals: Originals, kind: str, file: BinaryIO, with_pictures: bool
) -> int:
    """Write a ZIP file of the labels of all reviewed pictures, and give how many there are.

    ``kind`` is one of `KINDS`. A picture without boxes is clean.
    """
    pictures = reviewed_pictures(session)
    names = file_names(pictures, originals)
    labels = [
        labels_under(session, picture, name) for picture, name in zip(pictures, names, strict=True)
    ]
    classes = sorted({name for one in labels for name in one.classes})
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for inner, text in FORMATS[kind].write(labels, classes).items():
            archive.writestr(inner, text)
        if with_pictures:
            for picture, name in zip(pictures, names, strict=True):
                archive.write(originals.place(picture.sha256), name, zipfile.ZIP_STORED)
    return len(pictures)


def labels_under(session: Session, picture: Picture, name: str) -> PictureLabels:
    """Give the boxes of a picture as they stand, under a file name."""
    rows = labels_of(session, picture.id)
    return PictureLabels.of(
        name,
        (picture.width, picture.height),
        [(row.x1, row.y1, row.x2, row.y2) for row in rows],
        tuple(row.label for row in rows),
    )


def file_names(pictures: Sequence[Picture], originals: Originals) -> list[str]:
    """Give each picture a file name that is safe on every disk and unlike all others.

    It is what the picture was called, with another ending where its content is of another kind.
    """
    taken: set[str] = {"classes"}  # the list of names beside YOLO labels
    names = []
    for picture in pictures:
        stem = safe_stem(picture.name)
        while _same(stem) in taken:
            stem = f"{safe_stem(picture.name)[:60]}~{picture.id}"
            if _same(stem) in taken:
                stem = f"{picture.id}-{picture.sha256[:12]}"
        taken.add(_same(stem))
        names.append(stem + _suffix(originals.place(picture.sha256)))
    return names


def _same(stem: str) -> str:
    """Give what is equal for names that some disk takes for one: by case, or composed letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", stem).casefold())


def safe_stem(name: str) -> str:
    """Give a name without its ending and without what a disk or a spreadsheet takes amiss."""
    stem = name.rsplit(".", 1)[0] if "." in name[1:] else name
    stem = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*�]', "_", stem).strip(" .")
    stem = re.sub(r"^[=+\-@.]+", "_", stem)
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", stem):
        stem = f"_{stem}"
    return stem.encode()[:200].decode(errors="ignore") or "picture"


def _suffix(original: Path) -> str:
    with original.open("rb") as file:
        head = file.read(4)
    return next((suffix for start, suffix in _SUFFIXES.items() if head.startswith(start)), ".png")


def finds_lines(session: Session, originals: Originals) -> Iterator[str]:
    """Yield the lines of `finds.csv` of all pictures, with what was said of each find."""
    pictures = list(session.scalars(select(Picture).order_by(Picture.id)))
    yield "\ufeff" + _line(FINDS_HEADER)
    for picture, name in zip(pictures, file_names(pictures, originals), strict=True):
        answers = answers_of(session, picture.id)
        for find in finds_of(session, last_look(session, picture.id)):
            sides = (f"{side:.2f}" for side in (find.x1, find.y1, find.x2, find.y2))
            place = (find.place.get(key) for key in ("x_mm", "y_mm"))
            label = f"'{find.label}" if find.label[:1] in set("=+-@\t") else find.label
            yield _line(
                (
                    *(name, *sides, f"{find.score:.4f}", label),
                    *("" if value is None else value for value in place),
                    answers.get(find.id, "open"),
                )
            )


def _line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()

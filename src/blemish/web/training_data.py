"""The labels of reviewed pictures as plain data sets: one to learn from, one that is held out."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from blemish.data.formats import FORMATS
from blemish.data.held import HELD_SHARE
from blemish.web.export import file_names, labels_under, reviewed_pictures
from blemish.web.originals import Originals
from blemish.web.tables import Label, Picture

DATA, HELD = "data", "held"
LEARNED_PART, HELD_PART = "train", "val"


@dataclass(frozen=True)
class Parts:
    """How many reviewed pictures and boxes there are to learn from and to judge by."""

    num_learned: int = 0
    num_held: int = 0
    num_learned_boxes: int = 0
    num_held_boxes: int = 0

    @property
    def lack(self) -> str:
        """What there is too little of to begin, as a sentence; empty where there is enough."""
        if not self.num_learned or not self.num_held:
            return "Too few pictures are reviewed: some must be learned from and some held out."
        if not self.num_learned_boxes:
            return "No picture to learn from has a label: accept finds or draw boxes first."
        return ""


def is_held(sha256: str) -> bool:
    """Tell whether a picture is held out: by its content, so that it never changes sides."""
    return int(sha256[:8], 16) < HELD_SHARE * 2**32


def count_parts(session: Session) -> Parts:
    """Count the reviewed pictures and their boxes on each side."""
    latest = select(func.max(Label.id)).group_by(Label.picture_id, Label.box)
    stands = (Label.picture_id == Picture.id) & (Label.action == "put") & Label.id.in_(latest)
    chosen = (
        select(Picture.sha256, func.count(Label.id))
        .outerjoin(Label, stands)
        .where(Picture.reviewed)
        .group_by(Picture.sha256)
    )
    rows = session.execute(chosen).all()
    held = [count for sha256, count in rows if is_held(sha256)]
    learned = [count for sha256, count in rows if not is_held(sha256)]
    return Parts(len(learned), len(held), sum(learned), sum(held))


def write_parts(session: Session, originals: Originals, folder: Path) -> None:
    """Write the reviewed pictures into two data sets of a folder, as COCO with the pictures.

    `data` has a `train` part and a `val` part, which is what is held out; `held` holds that alone.
    What stood there is replaced. Originals are linked where the disk can.

    Raises:
        OSError: there is no room.
    """
    pictures = reviewed_pictures(session)
    named = list(zip(pictures, file_names(pictures, originals), strict=True))
    for data in (DATA, HELD):
        shutil.rmtree(folder / data, ignore_errors=True)
    held = [pair for pair in named if is_held(pair[0].sha256)]
    learned = [pair for pair in named if not is_held(pair[0].sha256)]
    _write(session, originals, learned, folder / DATA / LEARNED_PART)
    _write(session, originals, held, folder / DATA / HELD_PART)
    _write(session, originals, held, folder / HELD)


def _write(
    session: Session, originals: Originals, named: list[tuple[Picture, str]], place: Path
) -> None:
    place.mkdir(parents=True)
    labels = [labels_under(session, picture, name) for picture, name in named]
    classes = sorted({name for one in labels for name in one.classes})
    for inner, text in FORMATS["coco"].write(labels, classes).items():
        (place / inner).write_text(text, encoding="utf-8")
    for picture, name in named:
        original = originals.place(picture.sha256)
        try:
            os.link(original, place / name)
        except OSError:  # another disk, or a system without links
            shutil.copyfile(original, place / name)

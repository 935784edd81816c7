"""Which pictures a model's threshold and score map were chosen on, wherever they lie now."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from blemish.runtime.bundle import Bundle

SEEN = "seen"  # the key in `bundle.json`, under `calibration`
_BYTES = 8


def picture_marks(paths: Iterable[Path]) -> list[str]:
    """Give a short hash of the content of each file that can be read, sorted."""
    return sorted(_mark(path) for path in paths if path.is_file())


def seen_line(bundle: Bundle, paths: Sequence[Path]) -> str:
    """Say how many of the pictures the model was calibrated on; empty where none."""
    marks = bundle.calibration.get(SEEN)
    if not isinstance(marks, list) or not marks:
        return ""
    known = {mark for mark in marks if isinstance(mark, str)}
    number = sum(mark in known for mark in picture_marks(paths))
    if not number:
        return ""
    return (
        f"The threshold or score map was chosen on {number} of these pictures: what stands here on "
        "them is too good; judge on others, say --split test"
    )


def _mark(path: Path) -> str:
    with path.open("rb") as stream:
        hasher = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=_BYTES))
    return hasher.hexdigest()

"""The folder that `find` writes: nothing of others is touched, nothing half-written is left."""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from blemish.data.images import write_picture, write_whole
from blemish.errors import UsageError
from blemish.report.draw import draw_finds
from blemish.report.tables import ImageRow

TABLES = ("finds.csv", "images.csv", "finds.coco.json", "run.json")
PICTURES = "pictures"


class Output:
    """A result's folder while it is being filled.

    Attributes:
        folder: where it is.
        drawn: the drawn pictures so far, relative to the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drawn: list[str] = []
        self._broken = ""

    def check_free(self, overwrite: bool) -> None:
        """Refuse a folder that holds something, unless it may be overwritten.

        Raises:
            UsageError: it is a file, or holds something.
        """
        folder = self.folder
        try:
            if folder.exists() and not folder.is_dir():
                raise UsageError(f"{folder}: is a file; name a folder for the result")
            if not overwrite and folder.is_dir() and any(folder.iterdir()):
                raise UsageError(f"{folder}: is not empty; add --overwrite or name another folder")
        except OSError as error:
            raise _refused(folder, error) from error

    def holds(self, path: Path) -> bool:
        """Tell whether a path is one of the drawn pictures of an earlier result here."""
        # os.path.realpath and not Path.resolve: the latter ends at a link that leads to itself.
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.folder / PICTURES))

    def prepare(self) -> None:
        """Make the folder, see that it can be written, and take away an earlier result.

        Raises:
            UsageError: the folder cannot be made or written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder) as probe:
                probe.write(b"0" * 4096)
            self._remove_earlier()
        except OSError as error:
            raise _refused(self.folder, error) from error

    def name_pictures(self, names: Sequence[str]) -> list[str]:
        """Give the drawn copy's name for each picture's name, no two alike on any disk."""
        taken: set[str] = set()
        given: list[str] = []
        for name in names:
            copy = PurePosixPath(name).with_suffix(".jpg").as_posix()
            if copy.casefold() in taken:
                copy = f"{name}.jpg"
            taken.add(copy.casefold())
            given.append(f"{PICTURES}/{copy}")
        return given

    def draw(
        self, name: str, pixels: NDArray[np.uint8], row: ImageRow, classes: Sequence[str]
    ) -> ImageRow:
        """Write a picture's drawn copy and give its row, `partial` where that failed.

        After the first failure no more copies are tried: a full disk would fail each of them.
        """
        if self._broken:
            return replace(row, status="partial", error=self._broken)
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_picture(path, draw_finds(pixels, row.defects, classes))
        except (OSError, UsageError) as error:
            reason = _refused(path, error) if isinstance(error, OSError) else error
            self._broken = f"{reason}; no more pictures are drawn"
            return replace(row, status="partial", error=self._broken)
        self.drawn.append(name)
        return row

    def write_tables(self, contents: Mapping[str, bytes]) -> None:
        """Write the tables, each in one step.

        Raises:
            UsageError: one cannot be written.
        """
        for name, content in contents.items():
            write_whole(self.folder / name, content)

    def _remove_earlier(self) -> None:
        """Remove the tables and drawn copies of an earlier run, and nothing else."""
        earlier: list[str] = []
        with contextlib.suppress(OSError, ValueError, AttributeError):
            facts = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
            earlier = [str(name) for name in facts.get("pictures", [])]
        for name in earlier:
            if self.holds(self.folder / name):
                (self.folder / name).unlink(missing_ok=True)
        for name in TABLES:
            (self.folder / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it is not there, or holds something of others
            (self.folder / PICTURES).rmdir()


def _refused(path: Path, error: OSError) -> UsageError:
    reason = error.strerror or type(error).__name__
    return UsageError(f"{path}: cannot be written ({reason}); free the place or choose another")

"""The folder of a result: nothing of others is touched, nothing half-written is left."""

import errno
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, count
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from blemish.core.defects import Defects
from blemish.data.huge import HugePicture
from blemish.data.images import write_picture, write_whole
from blemish.data.listing import shown
from blemish.errors import BlemishError, UsageError
from blemish.jobs.results import CLOSEUPS, PICTURES, RUN, own_files, remove_earlier
from blemish.report.draw import draw_finds
from blemish.report.tables import ImageRow

log = logging.getLogger(__name__)

Pixels = NDArray[np.uint8]
Paint = Callable[[Pixels, float], Pixels]

OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
ENDINGS = (".jpg", ".xml", ".txt", ".klarf", ".tif")  # of all files of a picture
MOST_BYTES = 240  # of a name without its ending; disks allow 255 with it

# Kept free for the tables while copies are drawn: they are the result, the copies are extra.
RESERVE, RESERVE_PER_PICTURE = 32_768, 1024


class Output:
    """A result's folder while it is being filled.

    Attributes:
        folder: where it is.
        record: the file that says how the result came about, see `blemish.jobs.results.RESULTS`.
        drawn: the drawn pictures so far, relative to the folder.
        written: the other files of single pictures so far, relative to the folder.
    """

    def __init__(self, folder: Path, record: str = RUN) -> None:
        self.folder = folder
        self.record = record
        self.drawn: list[str] = []
        self.written: list[str] = []
        self._broken = ""

    def check_free(self, overwrite: bool, names: Iterable[str] = ()) -> None:
        """Refuse a folder that holds something, unless it may be overwritten.

        Even so files ``names`` must not be there, unless they are of an earlier result.

        Raises:
            UsageError: it is a file, or holds something.
        """
        folder = self.folder
        try:
            if folder.exists() and not folder.is_dir():
                raise UsageError(f"{shown(folder)}: is a file; name a folder for the result")
            if not overwrite and folder.is_dir() and any(folder.iterdir()):
                raise UsageError(
                    f"{shown(folder)}: is not empty; add --overwrite or name another folder"
                )
            own = own_files(folder)
            for path in (folder / name for name in names):
                if path.exists() and os.path.realpath(path) not in own:
                    raise _refused_file(path)
        except OSError as error:
            raise _refused(folder, error) from error

    def prepare(self) -> None:
        """Make the folder, see that it can be written, and take away an earlier result.

        Raises:
            UsageError: the folder cannot be made or written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder) as probe:
                probe.write(b"0" * 4096)
            remove_earlier(self.folder, self.record)
        except OSError as error:
            raise _refused(self.folder, error) from error

    def free(self, names: Iterable[str]) -> list[str]:
        """Give the names of files that are not there: those that are belong to somebody else."""
        return [name for name in names if not (self.folder / name).exists()]

    @contextmanager
    def room_for_tables(self, num_pictures: int) -> Iterator[None]:
        """Set room aside for the tables while copies are drawn.

        Raises:
            UsageError: there is not even that much.
        """
        # A file without a name: whatever ends the run, it is gone.
        with tempfile.TemporaryFile(dir=self.folder, buffering=0) as reserve:
            try:
                for _ in range(0, RESERVE + num_pictures * RESERVE_PER_PICTURE, RESERVE):
                    reserve.write(b"0" * RESERVE)
            except OSError as error:
                (self.folder / self.record).unlink(missing_ok=True)
                raise _refused(self.folder, error) from error
            yield

    def name_pictures(self, names: Sequence[str]) -> list[str]:
        """Give the drawn copy's name for each picture's name, no two alike on any disk.

        What stands in the folder is not taken for a copy: it is somebody else's. No file of a
        picture is named like the folder of another's, or longer than a disk allows.
        """
        paths = [PurePosixPath(name) for name in names]
        folders = {folder.as_posix().casefold() for path in paths for folder in path.parents}
        taken: set[str] = set()
        given: list[str] = []
        for path in paths:
            for stem in _stems(path):
                key, copy = stem.casefold(), f"{PICTURES}/{stem}.jpg"
                free = key not in taken and not any(f"{key}{end}" in folders for end in ENDINGS)
                if free and not (self.folder / copy).exists():
                    break
            taken.add(key)
            given.append(copy)
        return given

    def draw(
        self,
        name: str,
        picture: Pixels | HugePicture,
        row: ImageRow,
        classes: Sequence[str],
        paint: Paint = lambda pixels, factor: pixels,
    ) -> ImageRow:
        """Write a picture with its finds and give its row, `partial` where that failed.

        Of a picture that is too large to be drawn it is the overview. ``paint`` gives what the
        finds are drawn on from the picture, reduced by a factor.
        """

        def draw() -> Pixels:
            view = picture.overview if isinstance(picture, HugePicture) else (picture, 1.0)
            pixels, factor = view
            found = row.defects
            boxes = found.boxes / np.float32(factor)
            finds = Defects(boxes, found.labels, found.scores)
            return draw_finds(paint(pixels, factor), finds, classes)

        return self.keep(name, row, draw)

    def keep(self, name: str, row: ImageRow, draw: Callable[[], NDArray[np.uint8]]) -> ImageRow:
        """Write a picture's drawn copy and give its row, `partial` where that failed.

        Where the disk is at fault no more copies are tried: it would fail each of them.
        """
        if self._broken:
            return replace(row, status="partial", error=row.error or self._broken)
        path = self.folder / name
        self.drawn.append(name)  # before it is there, so that Ctrl-C leaves no copy unlisted
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_picture(path, draw())
        except (OSError, UsageError) as error:
            reason = str(_refused(path, error) if isinstance(error, OSError) else error)
            cause = error if isinstance(error, OSError) else error.__cause__
            if getattr(cause, "errno", None) in OF_THE_DISK:
                reason = self._broken = f"{reason}; no more pictures are drawn"
            return self._not_drawn(name, row, reason)
        except Exception as error:  # however hard a copy is to draw, its finds are found
            log.debug("%s was not drawn", path, exc_info=True)
            words = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            return self._not_drawn(
                name, row, f"{shown(path)}: cannot be drawn ({words}); see the tables"
            )
        return row

    def put(self, row: ImageRow, make: Callable[[], tuple[Mapping[str, bytes], str]]) -> ImageRow:
        """Write a picture's other files and give its row, `partial` where that failed.

        ``make`` gives them, and in words why one that was asked for is not among them.
        """
        try:
            contents, lacking = make()
            self.write_beside(contents)
        except BlemishError as error:
            return with_reason(row, str(error))
        return with_reason(row, lacking)

    def write_beside(self, contents: Mapping[str, bytes]) -> None:
        """Write files below the folder, each in one step; what stands there is not touched.

        Raises:
            UsageError: one cannot be written, or is there already.
        """
        for name, content in contents.items():
            path = self.folder / name
            try:
                if path.exists():
                    raise _refused_file(path)
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise _refused(path, error) from error
            self.written.append(name)
            write_whole(path, content)

    def _not_drawn(self, name: str, row: ImageRow, reason: str) -> ImageRow:
        self.drawn.remove(name)
        return with_reason(row, reason)

    def write_tables(self, contents: Mapping[str, bytes]) -> None:
        """Write the tables, each in one step.

        Raises:
            UsageError: one cannot be written.
        """
        for name, content in contents.items():
            write_whole(self.folder / name, content)


def closeup_name(copy: str) -> str:
    """Give the name of the sheet of what is enlarged, from that of the drawn copy."""
    return f"{CLOSEUPS}{copy.removeprefix(PICTURES)}"


def with_reason(row: ImageRow, reason: str) -> ImageRow:
    """Give the row as `partial` for a reason; unchanged without one."""
    if not reason:
        return row
    return replace(row, status="partial", error="; ".join(filter(None, (row.error, reason))))


def _refused(path: Path, error: OSError) -> UsageError:
    reason = error.strerror or type(error).__name__
    return UsageError(
        f"{shown(path)}: cannot be written ({reason}); free the place or choose another"
    )


def _refused_file(path: Path) -> UsageError:
    return UsageError(f"{shown(path)}: is there already; move it away or name another folder")


def _stems(path: PurePosixPath) -> Iterator[str]:
    """Yield what the files of a picture may be called, with their folder and without an ending."""
    suffix = path.suffix if len(path.suffix) < 20 else ""
    for ending in chain(("", suffix), (f"~{number}" for number in count(2))):
        room = MOST_BYTES - len(ending.encode())
        stem = path.stem.encode()[:room].decode("utf-8", "ignore")
        yield (path.parent / f"{stem}{ending}").as_posix()

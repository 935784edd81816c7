"""The thread that takes new pictures from a folder once they are whole."""

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import NamedTuple

from blemish.data.listing import PICTURE_SUFFIXES, shown
from blemish.errors import PictureError
from blemish.web.api_pictures import keep
from blemish.web.database import DiskFullError
from blemish.web.looks import open_upload
from blemish.web.server import Server
from blemish.web.store import Who, num_waiting
from blemish.web.uploads import receiving

log = logging.getLogger(__name__)

EVERY = 0.4  # seconds between two looks at the folder
STILL = 0.8  # seconds for which a file must not have changed
BROKEN_STILL = 30.0  # the same for one that cannot be read: its writer may have paused
_WATCH = Who("watch")


class _State(NamedTuple):
    size: int
    modified: int


class Watch(Thread):
    """The thread; every file is taken once, and again if it changed."""

    def __init__(self, server: Server, folder: Path) -> None:
        super().__init__(name="watch", daemon=True)
        self._server = server
        self._folder = folder
        self._seen: dict[Path, tuple[_State, float]] = {}
        self._taken: dict[Path, _State] = {}

    def run(self) -> None:
        """Look at the folder until the server stops."""
        while not self._server.stopping.wait(EVERY):
            try:
                self.look()
            except Exception:
                log.exception("%s could not be watched for a moment", self._folder)

    def look(self) -> None:
        """Take the files that have not changed for a while."""
        there = dict(_files(self._folder))
        self._seen = {path: seen for path, seen in self._seen.items() if path in there}
        self._taken = {path: taken for path, taken in self._taken.items() if path in there}
        for path, state in there.items():
            if self._taken.get(path) == state:
                continue
            before = self._seen.get(path)
            if before is None or before[0] != state:
                self._seen[path] = (state, monotonic())
            elif monotonic() - before[1] >= STILL and not self._server.stopping.is_set():
                self._try(path, state, monotonic() - before[1])

    def _try(self, path: Path, state: _State, still: float) -> None:
        server, name = self._server, shown(path.relative_to(self._folder))
        with server.database.reading() as session:
            if num_waiting(session) >= server.settings.max_waiting:
                return
        try:
            with path.open("rb") as file, receiving(server.originals) as coming:
                coming.name = name
                coming.arriving.copy(file)
                coming.arriving.file.flush()
                if _state_of(os.fstat(file.fileno())) != state:  # its writer went on meanwhile
                    return
                open_upload(coming.arriving.path, name, server.wishes, server.settings.max_pixels)
                keep(server, coming, _WATCH)
        except PictureError as error:
            if still < BROKEN_STILL:
                return
            log.warning("%s", error)
        except (OSError, DiskFullError) as error:
            log.warning("%s: not taken yet (%s)", name, error or "the disk is full")
            return
        self._taken[path] = state


def _files(folder: Path) -> Iterator[tuple[Path, _State]]:
    """Yield the pictures in a folder, to any depth, but hidden ones; links are not followed."""
    for place, inner, names in os.walk(folder):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in names:
            path = Path(place, name)
            if name.startswith(".") or path.suffix.lower() not in PICTURE_SUFFIXES:
                continue
            try:
                facts = path.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISREG(facts.st_mode):
                yield path, _state_of(facts)


def _state_of(facts: os.stat_result) -> _State:
    return _State(facts.st_size, facts.st_mtime_ns)

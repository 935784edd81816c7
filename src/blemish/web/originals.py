"""The originals: files under the hash of their content, on the disk before anyone is told so."""

import hashlib
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from blemish.web.database import DiskFullError, is_disk_full

_INCOMING = "incoming"
_CHUNK = 1 << 20


@dataclass
class Arriving:
    """A file that is being written under a temporary name.

    Attributes:
        path: where it is for now.
        num_bytes: how many have come.
    """

    path: Path
    file: BinaryIO
    num_bytes: int = 0
    _hasher: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def write(self, content: bytes) -> None:
        """Add bytes."""
        self.file.write(content)
        self._hasher.update(content)
        self.num_bytes += len(content)

    def copy(self, source: BinaryIO) -> None:
        """Add all bytes of another file."""
        while content := source.read(_CHUNK):
            self.write(content)

    @property
    def sha256(self) -> str:
        """Give the hash of what has come."""
        return self._hasher.hexdigest()


class Originals:
    """A folder of originals, and of smaller pictures that can be made of them again."""

    def __init__(self, folder: Path) -> None:
        """Make the folder ready; what came half before a crash is removed.

        Raises:
            BlockingIOError: another process has it open.
            OSError: it cannot be used.
        """
        self._folder = folder
        self._held = _hold(folder / "in-use")
        for inner in (_INCOMING, "originals", "views"):
            (folder / inner).mkdir(parents=True, exist_ok=True)
        for new in (folder, folder.absolute().parent):
            _sync_folder(new)
        for left in (folder / _INCOMING).iterdir():
            left.unlink(missing_ok=True)
        for left in (folder / "views").glob(".*.part"):
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
        self._keeping = [Lock() for _ in range(16)]

    def close(self) -> None:
        """Let another process have the folder."""
        self._held.close()

    @contextmanager
    def arriving(self) -> Iterator[Arriving]:
        """Give a file to write to, which is gone when the block ends unless it was kept.

        Raises:
            DiskFullError: there is no room; nothing is left behind.
        """
        path = self._folder / _INCOMING / f"{secrets.token_hex(16)}.part"
        try:
            with path.open("xb") as file:
                yield Arriving(path, file)
        except OSError as error:
            if is_disk_full(error):
                raise DiskFullError from error
            raise
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def keeping(self, arrived: Arriving) -> Iterator[None]:
        """Keep a file while the block writes of it; without room for that, it is not kept either.

        Others who bring the same content wait, so that none loses what another was told is kept.
        """
        place = self.place(arrived.sha256)
        with self._keeping[int(arrived.sha256[0], 16)]:
            new = not place.exists()
            self.keep(arrived)
            try:
                yield
            except DiskFullError:
                if new:
                    place.unlink(missing_ok=True)
                raise

    def keep(self, arrived: Arriving) -> None:
        """Give the file its lasting name; when this returns it survives a loss of power."""
        place = self.place(arrived.sha256)
        arrived.file.flush()
        os.fsync(arrived.file.fileno())
        if not place.parent.is_dir():
            place.parent.mkdir(exist_ok=True)
            _sync_folder(place.parent.parent)
        arrived.path.replace(place)
        _sync_folder(place.parent)

    def place(self, sha256: str) -> Path:
        """Give where the original with this hash lies."""
        return self._folder / "originals" / sha256[:2] / sha256

    def view(self, sha256: str, kind: str) -> Path:
        """Give where a smaller picture of the original lies, or would."""
        return self._folder / "views" / f"{sha256}-{kind}.jpg"


def _hold(place: Path) -> BinaryIO:
    """Open a file that no other process may hold open so; the system lets go when this one ends."""
    file = place.open("ab")
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise
    return file


def _sync_folder(folder: Path) -> None:
    """Bring a folder's list of names to the disk, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

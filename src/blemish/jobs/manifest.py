"""The manifest of a run over many pictures: what is asked, and which shards are done.

`manifest.jsonl` begins with a line that says what was asked; each shard that is done adds a line
with its files and their SHA-256. A shard is done when its line is there and its files are what it
says; anything else in the folder counts for nothing. `pictures.jsonl` holds the pictures as they
were listed when the run began, so that shards stay what they were.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from blemish.data.images import write_whole
from blemish.errors import UsageError
from blemish.jobs.shards import KINDS, TABLES, Entry, Part, Shard

MANIFEST, PICTURES, PARTS = "manifest.jsonl", "pictures.jsonl", "parts"

Line = dict[str, Any]


class Manifest:
    """A run's folder, written by one process.

    Attributes:
        folder: where it is.
        asked: what the first line says.
        done: the line of each shard that is done, by its number.
    """

    def __init__(self, folder: Path, asked: Mapping[str, Any], done: dict[int, Line]) -> None:
        self.folder = folder
        self.asked = asked
        self.done = done

    @classmethod
    def begin(cls, folder: Path, asked: Mapping[str, Any], entries: Sequence[Entry]) -> "Manifest":
        """Write the manifest of a run that begins.

        Raises:
            UsageError: the folder cannot be written.
        """
        (folder / PARTS).mkdir(parents=True, exist_ok=True)
        write_whole(folder / PICTURES, "".join(f"{json.dumps(one)}\n" for one in entries).encode())
        write_whole(folder / MANIFEST, _line(asked))
        return cls(folder, asked, {})

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of a run that was interrupted; what is torn or missing is not done.

        Raises:
            UsageError: it is not one.
        """
        path = folder / MANIFEST
        try:
            first, *rest = path.read_bytes().split(b"\n")
            asked = json.loads(first)
            if not isinstance(asked, dict):
                raise ValueError("no object")
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{path}: cannot be read ({error}); add --overwrite to begin anew"
            ) from error
        # Whatever ended the last run, half a line must not grow together with the next.
        whole = [line for line in rest if _facts(line)]
        write_whole(path, b"\n".join([first, *whole, b""]))
        done = {facts["shard"]: facts for facts in map(_facts, whole)}
        return cls(folder, asked, {n: one for n, one in done.items() if _is_there(folder, one)})

    def entries(self) -> list[Entry]:
        """Give the pictures as they were listed.

        Raises:
            UsageError: the list is damaged.
        """
        path = self.folder / PICTURES
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            return [Entry(*json.loads(line)) for line in lines]
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(
                f"{path}: cannot be read ({error}); add --overwrite to begin anew"
            ) from error

    def add(self, shard: Shard, part: Part, how: Sequence[str] = ()) -> None:
        """Write a shard's tables, each to a temporary name and moved, and then its line.

        ``how`` is what decided the answers, for those who go on.

        Raises:
            UsageError: the disk refuses; the shard is not done.
        """
        for name, content in part.files.items():
            write_whole(self.folder / PARTS / name, content)
        hashes = {name: hashlib.sha256(data).hexdigest() for name, data in part.files.items()}
        facts = {
            "shard": shard.number,
            "pictures": len(shard.entries),
            "statuses": part.statuses,
            "finds": part.num_finds,
            "how": list(how),
            "files": hashes,
        }
        try:
            with (self.folder / MANIFEST).open("ab") as file:
                file.write(_line(facts))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UsageError(
                f"{self.folder / MANIFEST}: cannot be written ({error.strerror}); free the place "
                "and run the same command again"
            ) from error
        self.done[shard.number] = facts

    def statuses(self) -> Counter[str]:
        """Give how many pictures have each status so far."""
        counts: Counter[str] = Counter()
        for facts in self.done.values():
            counts.update(facts["statuses"])
        return counts

    def num_finds(self) -> int:
        """Give the number of finds so far."""
        return sum(facts["finds"] for facts in self.done.values())


def remove_run(folder: Path) -> bool:
    """Remove an earlier run's files from a folder, and nothing else; tell whether there was one.

    Raises:
        OSError: a file cannot be removed.
    """
    parts, manifest = folder / PARTS, folder / MANIFEST
    if not manifest.exists():
        return False
    for kind in KINDS:
        for table in TABLES:
            for pattern in (f"{table}-*[0-9].{kind}", f".{table}-*[0-9].{kind}.*.part"):
                for path in list(parts.glob(pattern)):
                    path.unlink(missing_ok=True)
    with suppress(OSError):  # it is not there, or holds something of others
        parts.rmdir()
    (folder / PICTURES).unlink(missing_ok=True)
    manifest.unlink()  # the last: without it nobody knows the others
    return True


def _line(facts: Mapping[str, Any]) -> bytes:
    # A byte of a path that is no text is escaped as JSON has it, and read back.
    return (json.dumps(facts, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _facts(line: bytes) -> Line:
    """Give what a line of a shard says; empty where it is torn."""
    try:
        facts = json.loads(line)
        if isinstance(facts["shard"], int) and isinstance(facts["files"], dict):
            Counter(facts["statuses"])
            return dict({"finds": 0} | facts)
    except (ValueError, KeyError, TypeError):
        pass
    return {}


def _is_there(folder: Path, facts: Line) -> bool:
    """Tell whether the files of a shard are what its line says."""
    for name, expected in facts["files"].items():
        try:
            content = (folder / PARTS / Path(name).name).read_bytes()
        except OSError:
            return False
        if hashlib.sha256(content).hexdigest() != expected:
            return False
    return True

"""A process that outlives the server, and what it came to, known by files in its folder.

Whether it still runs is told by a lock that it holds from its birth to its end: a number of a
process may be another's by then.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

RUNNING = "running"
_begun: "list[subprocess.Popen[bytes]]" = []  # by this server, to take note of their ends


def start(command: Sequence[str], folder: Path, name: str) -> None:
    """Start a process in a group of its own, nothing of ours open to it but the lock.

    What it says goes into ``name``.txt; its exit code it leaves itself in ``name``.code.

    Raises:
        BlockingIOError: one runs in this folder already.
        OSError: it cannot be started.
    """
    (folder / f"{name}.code").unlink(missing_ok=True)
    with (folder / RUNNING).open("ab") as held, (folder / f"{name}.txt").open("wb") as said:
        _lock(held.fileno())
        child = subprocess.Popen(  # noqa: S603  no shell, and no word of a request
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            pass_fds=(held.fileno(),),
            start_new_session=True,
        )
        held.truncate(0)
        held.write(str(child.pid).encode())
    _begun.append(child)


def is_running(folder: Path) -> bool:
    """Tell whether the process of a folder has not ended."""
    _begun[:] = [one for one in _begun if one.poll() is None]
    try:
        with (folder / RUNNING).open("rb") as held:
            _lock(held.fileno())
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def ask_to_end(folder: Path, hard: bool = False) -> None:
    """Tell the process of a folder, and those that it started, to end."""
    try:
        number = int((folder / RUNNING).read_text("ascii"))
        if is_running(folder):
            os.killpg(number, signal.SIGKILL if hard else signal.SIGTERM)
    except (ValueError, OSError):  # it has just ended
        return


def code_of(folder: Path, name: str) -> int | None:
    """Give the exit code that a process left; None if it was ended before it could."""
    try:
        return int((folder / f"{name}.code").read_text("ascii"))
    except (ValueError, OSError):
        return None


def last_words(folder: Path, name: str) -> str:
    """Give the line in which a process said why it failed, without the folder's place."""
    try:
        with (folder / f"{name}.txt").open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - 20_000, 0))
            text = file.read().decode(errors="replace").replace(str(folder), "")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line for line in lines if line.startswith("blemish: ")]
    words = (named or lines or [""])[-1].removeprefix("blemish: ")
    return "".join(letter if letter.isprintable() else " " for letter in words)[:1000]


def _lock(number: int) -> None:
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)

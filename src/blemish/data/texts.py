"""Label files as bytes and text, with errors that name them."""

import codecs
from pathlib import Path

from blemish.data.listing import is_ordinary_file, shown
from blemish.data.problems import stop
from blemish.errors import UsageError


def read_text(path: Path) -> str:
    """Read a text file as UTF-8.

    Raises:
        UsageError: it cannot be read.
        BrokenLabelError: it is not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        stop(shown(path), "is not UTF-8 text: save it as UTF-8")


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        if not is_ordinary_file(path):
            raise UsageError(f"{shown(path)}: cannot be read (it is no ordinary file); remove it")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{shown(path)}: cannot be read ({error.strerror}); check the path"
        ) from error


def first_bytes(path: Path, count: int) -> bytes:
    """Give the beginning of a file, to see what it holds; nothing if it cannot be read."""
    try:
        if is_ordinary_file(path):
            with path.open("rb") as file:
                return file.read(count)
    except OSError:
        pass
    return b""


def first_text(path: Path) -> str:
    """Give the first 64 kB of a file as text, whatever they are: UTF-16 is seen by its mark."""
    head = first_bytes(path, 65536)
    is_wide = head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
    return head.decode("utf-16" if is_wide else "utf-8-sig", "replace")

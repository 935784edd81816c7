"""Pictures in object stores: what a URL names, and its bytes, through fsspec."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from blemish.data.listing import PICTURE_SUFFIXES
from blemish.errors import PictureError, UsageError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters at least: C:// is a disk


def is_url(place: str) -> bool:
    """Tell whether a place is a URL and no path."""
    return _URL.match(place) is not None


def list_url(url: str) -> list[tuple[str, str]]:
    """Give the name and the URL of each picture that a URL names: one, a folder's or a glob's.

    Names are relative to the folder, or to the part of a glob before the first wildcard.

    Raises:
        UsageError: fsspec or its driver is not installed, or nothing can be listed.
    """
    fsspec = _fsspec()
    try:
        system, place = fsspec.core.url_to_fs(url)
        place = place.rstrip("/")
        if any(letter in place for letter in "*?["):
            root = re.split(r"[*?\[]", place)[0].rpartition("/")[0]
            found = system.glob(place)
        elif system.isdir(place):
            root, found = place, system.find(place)
        else:
            root, found = place.rpartition("/")[0], [place] if system.exists(place) else []
    except Exception as error:  # every driver raises its own types
        raise UsageError(f"{url}: cannot be listed ({_words(error)}); check it") from error
    named = [(one.removeprefix(root).lstrip("/"), system.unstrip_protocol(one)) for one in found]
    pictures = sorted((name, one) for name, one in named if _is_picture(name))
    if not pictures:
        raise UsageError(f"{url}: no pictures there; name PNG, JPEG, BMP or TIFF files")
    return pictures


@contextmanager
def open_url(url: str) -> Iterator[BinaryIO]:
    """Open what a URL names, to read.

    Raises:
        PictureError: it cannot be read; one line that names it.
    """
    fsspec = _fsspec()
    try:
        with fsspec.open(url, "rb") as file:
            yield file
    except Exception as error:  # as above; and what breaks off while it is read
        raise PictureError(f"{url}: cannot be read ({_words(error)}); check it") from error


def _fsspec() -> Any:
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise UsageError("URLs need fsspec; install it by: pip install 'blemish[ray]'") from error
    return fsspec


def _is_picture(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") for part in path.parts)
    return not hidden and path.suffix.lower() in PICTURE_SUFFIXES


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__

"""Which pictures are meant by the files, folders and globs that a user names."""

import glob
import os
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from blemish.errors import UsageError

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})


Refuse = Callable[[Path, str], None]


class Listed(NamedTuple):
    """One picture: the root of the input it came by, its path, and its name in results.

    The name is the path relative to the root with forward slashes, printable, and unique in
    its list.
    """

    root: Path
    path: Path
    name: str


def _refuse(path: Path, reason: str) -> None:
    raise UsageError(f"{shown(path)}: {reason}")


def find_pictures(paths: Iterable[str | Path], refuse: Refuse = _refuse) -> list[Listed]:
    """List the pictures that files, folders and globs name, each once, folders in natural order.

    Folders are searched to any depth for `PICTURE_SUFFIXES`, linked ones too; other files and
    hidden ones are passed over. A file that is named itself is listed whatever its suffix. The
    root of a file is its folder, that of a glob the part before the first wildcard.

    ``refuse`` is told once of each path that cannot be listed, and why; where it returns, the
    others are listed.

    Raises:
        UsageError: nothing is named; by default also where a path is not there, cannot be
            listed or holds no picture.
    """
    listed: list[Listed] = []
    seen: set[str] = set()
    taken: set[str] = set()
    told: set[Path] = set()

    def tell(path: Path, reason: str) -> None:
        if path not in told:
            told.add(path)
            refuse(path, reason)

    inputs = [Path(path) for path in paths]
    if not inputs:
        raise UsageError("nothing named; name a picture or a folder")
    for named in inputs:
        for root, path in _expand(named, tell):
            # os.path.realpath and not Path.resolve: a link to itself is one bad picture.
            real = os.path.realpath(path)
            if real not in seen:
                seen.add(real)
                name = _free_name(root, path, taken)
                taken.add(name)
                listed.append(Listed(root, path, name))
    return listed


def shown(path: Path) -> str:
    """Give a path as text that can be printed and written, whatever bytes its name holds."""
    text = os.fsencode(path).decode("utf-8", "replace")
    if text.isprintable():
        return text
    # What steers a terminal is replaced like what is no text.
    return "".join("\ufffd" if unicodedata.category(one) == "Cc" else one for one in text)


def natural_order(path: Path) -> tuple[list[list[tuple[int, int, str]]], str]:
    """Give a sort key, folder by folder, under which w2.png comes before w10.png."""
    pieces = [re.split(r"([0-9]+)", part.casefold()) for part in path.parts]
    return [
        [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in piece if p] for piece in pieces
    ], str(path)


def _expand(named: Path, refuse: Refuse) -> list[tuple[Path, Path]]:
    """Give (root, path) of each picture that one input names."""
    refused: list[str] = []

    def pass_over(path: Path, reason: str) -> None:
        refused.append(reason)
        refuse(path, reason)

    try:
        if named.is_dir():
            found = [(named, path) for path in _in_folder(named, pass_over)]
        elif named.exists() or named.is_symlink():
            found = [(named.parent, named)]
        elif glob.has_magic(str(named)):
            found = _in_glob(named, pass_over)
        else:
            found = []
            pass_over(named, "is not there; check the path")
    except OSError as error:  # a name too long, or a folder on the way that may not be entered
        refuse(named, f"cannot be reached ({error.strerror}); check the path and its permissions")
        return []
    if not found and not refused:
        refuse(named, "no pictures there; name PNG, JPEG, BMP or TIFF files")
    return found


def _in_folder(folder: Path, refuse: Refuse) -> list[Path]:
    def pass_over(error: OSError) -> None:
        place = Path(error.filename or folder)
        refuse(place, f"cannot be listed ({error.strerror}); check its permissions")

    found: list[Path] = []
    seen: set[str] = set()
    waiting = deque([folder])  # links after all that is no link: names do not depend on them
    while waiting:
        for place, inner, names in os.walk(waiting.popleft(), onerror=pass_over):
            real = os.path.realpath(place)
            if real in seen:  # a link may lead to where it lies
                inner.clear()
                continue
            seen.add(real)
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            paths = [Path(place, name) for name in inner]
            waiting += [path for path in paths if os.path.islink(path)]  # noqa: PTH114
            found += [Path(place, name) for name in names if _is_picture(name)]
    return sorted(found, key=natural_order)


def _in_glob(pattern: Path, refuse: Refuse) -> list[tuple[Path, Path]]:
    fixed = next(index for index, part in enumerate(pattern.parts) if glob.has_magic(part))
    root = Path(*pattern.parts[:fixed])
    found: list[tuple[Path, Path]] = []
    refused = _unlisted(pattern, fixed)
    for place, reason in refused:
        refuse(place, f"cannot be listed ({reason}); check its permissions")
    matches = _matches(str(pattern))
    if not matches and not refused:
        refuse(pattern, "matches nothing; check the pattern")
    for match in sorted(matches, key=natural_order):
        if match.is_dir():
            found += ((root, path) for path in _in_folder(match, refuse))
        elif _is_picture(match.name):
            found.append((root, match))
    return found


def _matches(pattern: str) -> list[Path]:
    # glob.glob and not Path.glob: the latter takes no absolute pattern.
    return [Path(match) for match in glob.glob(pattern, recursive=True)]  # noqa: PTH207


def _unlisted(pattern: Path, fixed: int) -> list[tuple[Path, str]]:
    """Give the folders that a pattern leads through and that glob passes over, and why.

    The first ``fixed`` parts of the pattern hold no wildcard.
    """
    unlisted: dict[Path, str] = {}
    parts = pattern.parts
    for index, part in enumerate(parts[fixed:], fixed):
        above = Path(*parts[:index])
        # With a separator at its end a pattern matches folders alone.
        for folder in _matches(f"{above}{os.sep}") if index > fixed else [above]:
            try:
                if glob.has_magic(part):
                    os.scandir(folder).close()
                else:
                    (folder / part).lstat()
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                unlisted.setdefault(folder, error.strerror or str(error))
    return list(unlisted.items())


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES


def _free_name(root: Path, path: Path, taken: set[str]) -> str:
    """Give the relative name; of two inputs with equal inner names the later bears its root's."""
    name = shown(path.relative_to(root)).replace(os.sep, "/")
    if name not in taken:
        return name
    folder = shown(Path(root.resolve().name))
    candidate, count = f"{folder}/{name}", 1
    while candidate in taken:
        count += 1
        candidate = f"{folder}~{count}/{name}"
    return candidate

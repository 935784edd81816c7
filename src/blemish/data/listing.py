"""Which pictures are meant by the files, folders and globs that a user names."""

import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from blemish.errors import UsageError

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})


class Listed(NamedTuple):
    """One picture: the root of the input it came by, its path, and its name in results.

    The name is the path relative to the root with forward slashes, printable, and unique in
    its list.
    """

    root: Path
    path: Path
    name: str


def find_pictures(paths: Iterable[str | Path]) -> list[Listed]:
    """List the pictures that files, folders and globs name, each once, folders in natural order.

    Folders are searched to any depth for `PICTURE_SUFFIXES`; other files and hidden ones are
    passed over. A file that is named itself is listed whatever its suffix. The root of a file is
    its folder, that of a glob the part before the first wildcard.

    Raises:
        UsageError: a path is not there, a glob matches nothing, or there is no picture at all.
    """
    inputs = [Path(path) for path in paths]
    listed: list[Listed] = []
    seen: set[str] = set()
    taken: set[str] = set()
    for root, path in (pair for named in inputs for pair in _expand(named)):
        # os.path.realpath and not Path.resolve: a link that leads to itself is one bad picture.
        real = os.path.realpath(path)
        if real not in seen:
            seen.add(real)
            name = _free_name(root, path, taken)
            taken.add(name)
            listed.append(Listed(root, path, name))
    if not listed:
        names = ", ".join(shown(path) for path in inputs) or "nothing named"
        raise UsageError(f"{names}: no pictures there; name PNG, JPEG, BMP or TIFF files")
    return listed


def shown(path: Path) -> str:
    """Give a path as text that can be printed and written, whatever bytes its name holds."""
    return os.fsencode(path).decode("utf-8", "replace")


def natural_order(path: Path) -> tuple[list[list[tuple[int, int, str]]], str]:
    """Give a sort key, folder by folder, under which w2.png comes before w10.png."""
    pieces = [re.split(r"([0-9]+)", part.casefold()) for part in path.parts]
    return [
        [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in piece if p] for piece in pieces
    ], str(path)


def _expand(named: Path) -> Iterator[tuple[Path, Path]]:
    """Give (root, path) of each picture that one input names."""
    if named.is_dir():
        yield from ((named, path) for path in _in_folder(named))
    elif named.exists():
        yield named.parent, named
    elif glob.has_magic(str(named)):
        yield from _in_glob(named)
    else:
        raise UsageError(f"{shown(named)}: is not there; check the path")


def _in_folder(folder: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise UsageError(
            f"{shown(folder)}: cannot be listed ({error.strerror}); check its permissions"
        ) from error

    found: list[Path] = []
    for place, inner, names in os.walk(folder, onerror=refuse):
        inner[:] = [name for name in inner if not name.startswith(".")]
        found += [Path(place, name) for name in names if _is_picture(name)]
    return sorted(found, key=natural_order)


def _in_glob(pattern: Path) -> Iterator[tuple[Path, Path]]:
    fixed = next(index for index, part in enumerate(pattern.parts) if glob.has_magic(part))
    root = Path(*pattern.parts[:fixed])
    # glob.glob and not Path.glob: the latter takes no absolute pattern.
    matches = glob.glob(str(pattern), recursive=True)  # noqa: PTH207
    if not matches:
        raise UsageError(f"{shown(pattern)}: matches nothing; check the pattern")
    for match in sorted(map(Path, matches), key=natural_order):
        if match.is_dir():
            yield from ((root, path) for path in _in_folder(match))
        elif _is_picture(match.name):
            yield root, match


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

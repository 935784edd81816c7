"""Folder: the files below a data set's root, and which picture a label means.

Labels come from other machines and tools: with the path of another disk, another extension, a
hash before the name, composed or decomposed Korean letters. So a name is only ever looked up
among the pictures that are there, never opened as a path.
"""

import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import NoReturn

from blemish.data.listing import PICTURE_SUFFIXES, natural_order, shown
from blemish.data.problems import Place
from blemish.errors import UsageError

# Folders that say what is in them and not which pictures belong together.
PLAIN_FOLDERS = frozenset({"images", "jpegimages", "labels", "annotations", "obj_train_data"})
# Before names in exports of Label Studio: 8 hexadecimal digits of a random identity.
_HASH = re.compile(r"^[0-9a-f]{8}[-_]+(?=.)")
_OTHER_SUFFIXES = frozenset({".gif", ".webp", ".heic", ".jpe", ".jfif", ".xml", ".txt", ".json"})

Folders = tuple[str, ...]


class Folder:
    """The files below a root, hidden ones left out.

    Attributes:
        root: the folder.
        pictures: all pictures in it, in natural order.

    Raises:
        UsageError: a folder cannot be listed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files = _walk(root)
        self.pictures = tuple(path for path in self._files if _is_picture(path))
        self._by_stem: dict[str, list[Path]] = {}
        self._by_bare: dict[str, list[Path]] = {}
        for path in self.pictures:
            self._by_stem.setdefault(_key(path.stem), []).append(path)
            self._by_bare.setdefault(_bare(path.stem), []).append(path)

    def files(self, *suffixes: str) -> list[Path]:
        """Give the files with one of these suffixes, in natural order."""
        return [path for path in self._files if path.suffix.lower() in suffixes]

    def inner(self, path: Path) -> str:
        """Give a path relative to the root, with forward slashes."""
        return path.relative_to(self.root).as_posix()

    def beside(self, file: Path, filename: str, place: Place) -> Path | None:
        """Find the picture that a label file of its own stands for.

        It bears the file's name, in the same folder or at the same place below another one;
        ``filename``, what the file says, decides between several and helps where there is none.
        """
        folders = _folders(PurePosixPath(self.inner(file)).parts[:-1])
        said = PurePosixPath(filename).name
        own = (*self._by_stem.get(_key(file.stem), []), *self._candidates(file.stem))
        ways = (
            (list(dict.fromkeys(own)), False),
            (self._candidates(said), True),
            (self._but_for_a_hash(file.stem), True),
            (self._but_for_a_hash(said), True),
        )
        for found, guessed in ways:
            fitting = [path for path in found if self._rank(path, folders, ())[1]]
            best = self._best(fitting, folders, ())
            if best:
                return _decide(_likest(best, file.stem, said), guessed, place)
        place.tell("missing-picture", "its picture is not there")
        return None

    def named(self, name: str, source: Path, place: Place) -> Path | None:
        """Find the picture that a table or list names, from the table's own folder first."""
        home = PurePosixPath(self.inner(source)).parts[:-1]
        parts = tuple(part for part in PurePosixPath(name).parts if part not in {"..", "/"})
        exact = self._candidates(name)
        found = exact or self._but_for_a_hash(name)
        folders = _folders((*home, *parts[:-1]))
        best = self._best(found, folders, (*home, *parts))
        if not best:
            place.tell("missing-picture", f"the picture {name} is not there")
            return None
        elsewhere = not self._rank(best[0], folders, ())[1]
        return _decide(best, elsewhere or not exact, place, name)

    def _candidates(self, name: str) -> list[Path]:
        """Give the pictures that bear a name: as it is, with an extension added, or another."""
        last = PurePosixPath(name).name
        more, same = (self._by_stem.get(_key(stem), []) for stem in (last, _stem(last)))
        return [path for path in same if _key(path.name) == _key(last)] or more or same

    def _but_for_a_hash(self, name: str) -> list[Path]:
        """Give the pictures whose name differs by a hash that only one of the two bears.

        Two hashes, or two dates that look like them, are two pictures.
        """
        stem = _key(_stem(PurePosixPath(name).name))
        bare = _bare(stem)
        return (self._by_bare if bare == stem else self._by_stem).get(bare, [])

    def _rank(self, path: Path, folders: Folders, parts: Folders) -> tuple[bool, bool, int, bool]:
        """Tell how well a picture's place fits: the path, the folders, how many of them."""
        own = PurePosixPath(self.inner(path)).parts
        its = _folders(own[:-1])
        pairs = zip(reversed(its), reversed(folders), strict=False)
        common = next(
            (at for at, (a, b) in enumerate(pairs) if a != b), min(len(its), len(folders))
        )
        return own == parts, common == min(len(its), len(folders)), common, its == folders

    def _best(self, found: Sequence[Path], folders: Folders, parts: Folders) -> list[Path]:
        ranks = [self._rank(path, folders, parts) for path in found]
        return [path for path, rank in zip(found, ranks, strict=True) if rank == max(ranks)]


def _likest(best: Sequence[Path], stem: str, said: str) -> Sequence[Path]:
    """Of pictures that differ in case or extension give those that are called so to the letter."""
    tests: tuple[Callable[[Path], bool], ...] = (
        lambda path: _key(path.stem) == _key(stem),
        lambda path: path.stem == stem,
        lambda path: _key(path.name) == _key(said),
        lambda path: path.name == said,
    )
    for is_it in tests:
        best = [path for path in best if is_it(path)] or best
    return best


def _decide(best: Sequence[Path], guessed: bool, place: Place, name: str = "") -> Path | None:
    words = f"the picture {name}" if name else "its picture"
    if len(best) > 1:
        several = ", ".join(shown(path) for path in best[:3])
        place.tell("ambiguous-picture", f"{words} can be any of {several}")
        return None
    if guessed:
        place.tell("guessed-picture", f"{words} is taken to be {shown(best[0])}")
    return best[0]


def _walk(root: Path) -> list[Path]:
    def refuse(error: OSError) -> NoReturn:
        place = shown(Path(error.filename or root))
        words = f"cannot be listed ({error.strerror}); check its permissions"
        raise UsageError(f"{place}: {words}") from error

    found: list[Path] = []
    seen = {os.path.realpath(root)}
    for place, inner, names in os.walk(root, onerror=refuse, followlinks=True):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in tuple(inner):  # a link may lead in a circle
            real = os.path.realpath(Path(place, name))
            if real in seen:
                inner.remove(name)
            seen.add(real)
        found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(found, key=natural_order)


def _stem(last: str) -> str:
    """Give a name without its extension, if it is one of pictures or of labels."""
    path = PurePosixPath(last)
    return path.stem if path.suffix.lower() in PICTURE_SUFFIXES | _OTHER_SUFFIXES else last


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES


def _folders(parts: Sequence[str]) -> Folders:
    return tuple(_key(part) for part in parts if _key(part) not in PLAIN_FOLDERS)


def _bare(stem: str) -> str:
    return _HASH.sub("", _key(stem))


def _key(name: str) -> str:
    """Give a name as it is compared: the same on macOS, Windows and Linux."""
    return unicodedata.normalize("NFC", name).casefold()

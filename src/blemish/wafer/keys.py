"""The keys of a TOML file, taken one by one: what is wrong or left over is told by its name."""

import difflib
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, overload

from blemish.data.listing import shown
from blemish.data.texts import read_text
from blemish.errors import UsageError

MISSING: Any = object()
MOST_BYTES = 10_000_000


def read_toml(path: Path) -> "Table":
    """Read a TOML file.

    Raises:
        UsageError: it cannot be read, or is no TOML; the text names the line.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{shown(path)}: is too large for settings; name a TOML file")
        return Table(tomllib.loads(read_text(path)), shown(path))
    except OSError as error:
        raise UsageError(f"{shown(path)}: cannot be read ({error.strerror})") from error
    # Python takes no number of more than 4300 digits.
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown(path)}: is not TOML: {error}") from error


class Table:
    """A table of a TOML file that remembers which keys were asked for.

    It has a short method for each kind of value, so that a reader of settings is a plain list.

    Every way to take a key raises UsageError, naming file and key, where the value is of another
    kind, or there is none and no default.
    """

    def __init__(self, values: dict[str, Any], source: str, name: str = "") -> None:
        self._values = values
        self._source = source
        self._name = name
        self._known: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """Tell whether the table is missing or has no key."""
        return not self._values

    def word(self, key: str) -> str:
        """Give the words that name a key to a reader."""
        return f"{self._source}: {self._name}{key}"

    def wrong(self, key: str, what: str) -> UsageError:
        """Make the error for a key."""
        return UsageError(f"{self.word(key)} {what}")

    @overload
    def number(
        self, key: str, default: float = ..., *, low: float = ..., high: float = ...
    ) -> float: ...
    @overload
    def number(
        self, key: str, default: None, *, low: float = ..., high: float = ...
    ) -> float | None: ...
    def number(
        self, key: str, default: float | None = MISSING, *, low: float = -1e12, high: float = 1e12
    ) -> float | None:
        """Take a number."""
        value = self._take(key, default)
        return default if value is default else self._number(key, value, low, high)

    def pair(
        self,
        key: str,
        default: tuple[float, float] = MISSING,
        *,
        low: float,
        high: float,
    ) -> tuple[float, float]:
        """Take two numbers."""
        value = self._take(key, default)
        if value is default:
            given: tuple[float, float] = default
            return given
        if not isinstance(value, list) or len(value) != 2:
            raise self.wrong(key, "must be two numbers, as [10.0, 8.0]")
        first, second = (self._number(key, one, low, high) for one in value)
        return first, second

    def points(self, key: str) -> list[tuple[float, float]]:
        """Take three points or more."""
        value = self._take(key, MISSING)
        if not isinstance(value, list) or len(value) < 3:
            raise self.wrong(key, "must be three corners or more, as [[0, 0], [5, 0], [5, 5]]")
        points = []
        for point in value:
            if not isinstance(point, list) or len(point) != 2:
                raise self.wrong(
                    key, "must be corners of two numbers each, as [[0, 0], [5, 0], [5, 5]]"
                )
            x, y = (self._number(key, one, -1e6, 1e6) for one in point)
            points.append((x, y))
        return points

    def text(
        self, key: str, default: str = MISSING, check: Callable[[str], str] = lambda text: ""
    ) -> str:
        """Take a text; ``check`` gives what is wrong with it, in words."""
        value = self._take(key, default)
        return default if value is default else self._text(key, value, check)

    def texts(
        self, key: str, count: int, default: Sequence[str], check: Callable[[str], str]
    ) -> Sequence[str]:
        """Take so many texts."""
        value = self._take(key, default)
        if value is default:
            return tuple(default)
        if not isinstance(value, list) or len(value) != count:
            raise self.wrong(key, f"must be a list of {count} texts")
        return [self._text(key, one, check) for one in value]

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        """Take one of a few words."""
        value = self._take(key, default)
        if value not in choices:
            raise self.wrong(key, f"must be one of {', '.join(choices)}")
        return str(value)

    def flag(self, key: str) -> bool:
        """Take true or false, which is the default."""
        value = self._take(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "must be true or false")
        return value

    def table(self, key: str) -> "Table":
        """Take a table; a missing one is empty."""
        value = self._take(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"must be a table: write [{key}]")
        return Table(value, self._source, f"{key}.")

    def tables(self, key: str) -> list["Table"]:
        """Take a list of tables; a missing one is empty."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(key, f"must be tables: write [[{key}]] above each")
        numbered = enumerate(value, 1)
        return [Table(one, self._source, f"{key} {number}, ") for number, one in numbered]

    def finish(self) -> None:
        """Refuse keys that nobody asked for.

        Raises:
            UsageError: there is one; the text names it and the nearest known one.
        """
        for key in self._values:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, 1)
                mend = (
                    f"did you mean {near[0]}?"
                    if near
                    else f"known: {', '.join(sorted(self._known))}"
                )
                raise self.wrong(key, f"is not known; {mend}")

    def _take(self, key: str, default: Any) -> Any:
        self._known.add(key)
        value = self._values.get(key, default)
        if value is MISSING:
            raise self.wrong(key, "is missing")
        return value

    def _number(self, key: str, value: Any, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, f"must be a number, not {str(value)[:40]!r}")
        if not abs(value) < 1e15:
            raise self.wrong(key, f"must be from {low:g} to {high:g}, and is not")
        if not low <= value <= high:
            raise self.wrong(key, f"must be from {low:g} to {high:g}, not {value:g}")
        return float(value)

    def _text(self, key: str, value: Any, check: Callable[[str], str]) -> str:
        if not isinstance(value, str):
            raise self.wrong(key, f"must be a text in quotation marks, not {str(value)[:40]}")
        if what := check(value):
            raise self.wrong(key, what)
        return value

"""Keys of a TOML file: taken, or told by name what is wrong with them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from blemish.errors import BlemishError, UsageError
from blemish.wafer.keys import Table, read_toml


def table_of(tmp_path: Path, text: str) -> Table:
    path = tmp_path / "wafer.toml"
    path.write_text(text, "utf-8")
    return read_toml(path)


def test_keys_are_taken_by_kind(tmp_path: Path) -> None:
    table = table_of(
        tmp_path,
        'a = 3\nb = [1, 2.5]\nc = [[0, 0], [5, 0], [5, 5]]\nd = "웨이퍼"\ne = ["x", "y"]\n'
        "f = true\n[g]\nh = 1\n[[i]]\nj = 2\n[[i]]\nj = 3\n",
    )
    assert (table.number("a"), table.pair("b", low=0, high=3)) == (3.0, (1.0, 2.5))
    assert table.points("c") == [(0, 0), (5, 0), (5, 5)]
    assert (table.text("d"), table.texts("e", 2, (), lambda text: "")) == ("웨이퍼", ["x", "y"])
    assert table.flag("f")
    assert not table.flag("no")
    inner = table.table("g")
    assert (inner.number("h"), inner.is_empty) == (1.0, False)
    assert [one.number("j") for one in table.tables("i")] == [2.0, 3.0]
    assert table.table("z").is_empty
    assert table.tables("y") == []
    assert table.number("x", 7.0) == 7.0
    assert table.number("x", None) is None
    assert table.choice("w", ("u", "v"), "v") == "v"
    table.finish()


TAKES: list[tuple[str, Callable[[Table], object], str]] = [
    ("", lambda table: table.number("a"), "a is missing"),
    ("a = true", lambda table: table.number("a"), "a must be a number, not 'True'"),
    ('a = "5"', lambda table: table.number("a"), "a must be a number, not '5'"),
    ("a = nan", lambda table: table.number("a"), "a must be from"),
    ("a = inf", lambda table: table.number("a"), "a must be from"),
    (f"a = 0x{'f' * 9000}", lambda table: table.number("a"), "a must be from"),
    ("a = 5", lambda table: table.number("a", low=6, high=7), "a must be from 6 to 7, not 5"),
    ("a = [1]", lambda table: table.pair("a", low=0, high=9), "a must be two numbers, as"),
    ('a = [1, "x"]', lambda table: table.pair("a", low=0, high=9), "a must be a number, not 'x'"),
    ("a = [[0, 0], [1, 1]]", lambda table: table.points("a"), "a must be three corners or more"),
    ("a = [1, 2, 3]", lambda table: table.points("a"), "a must be corners of two numbers each"),
    ("a = 5", lambda table: table.text("a"), "a must be a text in quotation marks, not 5"),
    ('a = "x"', lambda table: table.text("a", check=lambda text: f"is {text}"), "a is x"),
    ('a = ["x"]', lambda table: table.texts("a", 2, (), str), "a must be a list of 2 texts"),
    ('a = "w"', lambda table: table.choice("a", ("u", "v"), "v"), "a must be one of u, v"),
    ("a = [[1]]", lambda table: table.choice("a", ("u", "v"), "v"), "a must be one of u, v"),
    ("a = 1", lambda table: table.flag("a"), "a must be true or false"),
    ("a = 1", lambda table: table.table("a"), "a must be a table: write [a]"),
    ("a = [1]", lambda table: table.tables("a"), "a must be tables: write [[a]] above each"),
    ("[a]\nb = 1", lambda table: table.table("a").number("c"), "a.c is missing"),
    ("[[a]]\n[[a]]", lambda table: table.tables("a")[1].number("c"), "a 2, c is missing"),
]


@pytest.mark.parametrize(("text", "take", "what"), TAKES)
def test_what_is_wrong_is_said_by_name(
    tmp_path: Path, text: str, take: Callable[[Table], object], what: str
) -> None:
    with pytest.raises(UsageError) as told:
        take(table_of(tmp_path, text))
    assert str(told.value).startswith(f"{tmp_path / 'wafer.toml'}: {what}")
    assert len(str(told.value)) < 400


def test_a_key_that_nobody_asked_for_is_refused(tmp_path: Path) -> None:
    table = table_of(tmp_path, "diametre = 150")
    table.number("diameter", None)
    with pytest.raises(UsageError, match=r"diametre is not known; did you mean diameter\?"):
        table.finish()
    table = table_of(tmp_path, "zzz = 1")
    table.number("b", None)
    table.number("a", None)
    with pytest.raises(UsageError, match="zzz is not known; known: a, b"):
        table.finish()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"a = ", "is not TOML: "),
        (b"a = 1\na = 2", "is not TOML: "),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"a = " + b"[" * 100_000, "is not TOML: "),
        (b"a = " + b"9" * 5000, "is not TOML: "),
        (b"#" * 10_000_001, "is too large for settings"),
    ],
)
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "wafer.toml"
    path.write_bytes(content)
    with pytest.raises(BlemishError, match=what):
        read_toml(path)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "no.toml", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            read_toml(path)

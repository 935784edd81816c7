import pytest

from blemish.report import terminal
from blemish.report.terminal import print_table


def test_tables_show_their_first_rows_and_say_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(f"[bold]{index}.png", "결함") for index in range(5)]
    monkeypatch.setattr(terminal, "MAX_ROWS", 3)
    print_table(("where", "what"), rows, rest=" in report.csv")
    shown = capsys.readouterr().out
    assert "where" in shown
    assert "[bold]2.png" in shown
    assert "[bold]3.png" not in shown
    assert shown.endswith("... and 2 more in report.csv\n")


def test_a_table_that_fits_says_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("", ""), [("a", "b")])
    assert "more" not in capsys.readouterr().out


def shown_in_80(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *table: object,
    numbers: bool,
) -> str:
    monkeypatch.setenv("COLUMNS", "80")
    print_table(*table, numbers=numbers)  # type: ignore[arg-type]
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    return shown


def test_numbers_are_never_folded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("COCO AP@0.50:0.95", "recall at 0.1 false a picture", "false finds a picture")
    rows = [(name, "0.8135", "12.7500", "-0.0123", "-0.123 to +0.456", "97.5%") for name in names]
    shown = shown_in_80(
        *(capsys, monkeypatch, ("", "A", "B", "A - B", "95 %", "A better"), rows), numbers=True
    )
    for text in ("0.8135", "12.7500", "-0.0123", "-0.123 to +0.456", "97.5%"):
        assert shown.count(text) == 3
    assert "COCO AP@0.50:0.95" in shown


def test_long_names_are_shortened_in_the_middle(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "lot-20261122/" + "w" * 60 + "/slot-000123.png"
    rows = [(name, "1203.25", "884.50", "1230.00", "901.75", "error", "A", "0.8123", "0.1234")]
    heads = ("image", "x1", "y1", "x2", "y2", "label", "found_by", "score_a", "score_b")
    shown = shown_in_80(capsys, monkeypatch, heads, rows, numbers=False)
    for text in rows[0][1:]:
        assert text in shown
    wide = [(one, "is 4 px wide", "draw boxes of at least 4 px") for one in (name, "결함" * 40)]
    shown = shown_in_80(capsys, monkeypatch, ("where", "what", "mend"), wide, numbers=False)
    assert "lot-20261" in shown
    assert "123.png" in shown
    assert "…" in shown


def test_a_table_without_rows_has_its_headings(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("where", "what"), [])
    assert "where" in capsys.readouterr().out

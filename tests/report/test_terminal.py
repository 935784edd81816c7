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

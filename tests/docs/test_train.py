from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from blemish.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "train.md"


@pytest.mark.parametrize("verb", ["train", "export"])
def test_every_setting_has_its_row(verb: str) -> None:
    page = PAGE.read_text(encoding="utf-8").split(f"## `blemish {verb}`")[1].split("\n## ")[0]
    command = typer.main.get_command(app).commands[verb]  # type: ignore[attr-defined]
    names = {name for option in command.params for name in option.opts if name[:2] == "--"}
    rows = {line.split("`")[1].split()[0] for line in page.splitlines() if line.startswith("| `--")}
    assert rows == names - {"--help", "--debug"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "--out", "{}/run"], "either a data set or --synth"),
        (["train", "{}", "--synth", "--out", "{}/run"], "either a data set or --synth"),
        (["train", "--synth", "--crop", "100", "--out", "{}/run"], "multiple of 32"),
        (
            ["train", "--synth", "--net", "retinanet", "--recipe", "classic", "--out", "{}/run"],
            "learns from labelled pictures",
        ),
        (["train", "--resume", "--out", "{}/run"], "no checkpoint"),
        (["export", "{}", "--out", "{}/bundle"], "is not a training run"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(
    words: list[str], said: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, [word.format(tmp_path) for word in words])
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1
    assert list(tmp_path.iterdir()) == []

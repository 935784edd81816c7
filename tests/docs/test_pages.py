"""The pages say what the program does: every setting, working links, the same commands."""

import re
from pathlib import Path

import pytest
import typer

from blemish.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])
SETTING = re.compile(r"`(--[a-z][a-z-]*)")


def settings_of(verb: str) -> set[str]:
    command = typer.main.get_command(app).commands[verb]  # type: ignore[attr-defined]
    return {name for option in command.params for name in option.opts if name[:2] == "--"}


@pytest.mark.parametrize(
    ("page", "verbs"),
    [
        ("find.md", ["find", "demo"]),
        ("find.ko.md", ["find", "demo"]),
        ("synth.md", ["synth"]),
        ("train.md", ["train", "export", "synth"]),
    ],
)
def test_a_page_names_every_setting_and_no_other(page: str, verbs: list[str]) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    known = set().union(*(settings_of(verb) for verb in verbs)) - {"--help"}
    named = set(SETTING.findall(text))
    assert named <= known
    assert settings_of(verbs[0]) - {"--help", "--debug"} <= named


def test_every_verb_is_on_a_page() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for verb in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        assert f"blemish {verb}" in text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere_and_no_path_is_of_one_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target
    assert not re.search(r"(?<![\w.])/(work|opt|home|root|tmp)/", text)


def test_both_readmes_hold_the_same_commands_and_rooms() -> None:
    english, korean = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.ko.md"))
    assert re.findall(r"^python3\.11.*$", english, re.M) == re.findall(
        r"^python3\.11.*$", korean, re.M
    )
    rooms = re.findall(r"^  (\w+)/ ", english, re.M)
    assert rooms == re.findall(r"^  (\w+)/ ", korean, re.M)
    here = {
        path.name for path in (ROOT / "src/blemish").iterdir() if (path / "__init__.py").exists()
    }
    assert set(rooms) == here

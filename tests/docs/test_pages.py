"""The pages name every command and setting, and nothing that is not there."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from blemish.cli import app

ROOT = Path(__file__).parents[2]
PAGES_OF = {
    "find": ("find.md", "find.ko.md"),
    "demo": ("find.md", "find.ko.md"),
    "synth": ("synth.md",),
    "doctor": ("data.md",),
    "prepare": ("data.md",),
    "train": ("train.md",),
    "export": ("train.md",),
    "calibrate": ("calibrate.md",),
    "evaluate": ("evaluate.md",),
    "bench": ("speed.md",),
    "engines": ("speed.md",),
    "compare": ("compare.md",),
    "klarf": ("klarf.md",),
    "repeats": ("repeats.md",),
    "report": ("report.md",),
    "serve": ("serve.md",),
    **{
        f"{group} {verb}": ("serve.md",)
        for group in ("user", "token")
        for verb in ("add", "list", "remove")
    },
}
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md"))
)
COMMON = {"--help", "--debug"}  # every command has them; told once, in find.md
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
FENCED = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
VERBS = (
    "find|demo|synth|doctor|prepare|train|export|calibrate|evaluate|compare|klarf|repeats|report|"
    "bench|engines|serve|(?:user|token) (?:add|list|remove)"
)
CALL = re.compile(rf"(?:^|[\s`/\\])blemish ({VERBS})\b([^`|&;#\n]*)")


def options_of() -> dict[str, set[str]]:
    command: Any = typer.main.get_command(app)
    verbs = {}
    for name, verb in command.commands.items():
        inner = getattr(verb, "commands", None)
        verbs |= {f"{name} {word}": one for word, one in inner.items()} if inner else {name: verb}
    return {
        name: {text for option in verb.params for text in option.opts if text.startswith("--")}
        | COMMON
        for name, verb in verbs.items()
    }


OPTIONS = options_of()


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def commands_in(page: str) -> list[str]:
    """Give the lines of the page's shell blocks, without remarks."""
    return [
        line.split("  #")[0].rstrip()
        for block in re.findall(r"```sh\n(.*?)```", text_of(page), re.DOTALL)
        for line in block.splitlines()
    ]


def test_every_command_has_its_pages() -> None:
    assert set(OPTIONS) == set(PAGES_OF)


@pytest.mark.parametrize(
    ("verb", "page"), [(verb, page) for verb, pages in PAGES_OF.items() for page in pages]
)
def test_every_option_is_on_its_page(verb: str, page: str) -> None:
    text = text_of(f"docs/{page}")
    assert f"blemish {verb}" in text
    if page.startswith(("find", "data", "serve")) and not verb.endswith((" list", " remove")):
        # One page for several commands, a part for each.
        text = text.split(f"\n## `blemish {verb}")[1].split("\n## ")[0]
    assert OPTIONS[verb] - (COMMON if verb != "find" else set()) <= set(OPTION.findall(text))


@pytest.mark.parametrize(
    ("verb", "page"),
    [
        (verb, page)
        for verb in (
            "find",
            "demo",
            "calibrate",
            "evaluate",
            "compare",
            "doctor",
            "prepare",
            "klarf",
            "repeats",
            "report",
            "serve",
            "user add",
            "token add",
        )
        for page in PAGES_OF[verb]
    ],
)
def test_every_row_of_settings_is_an_option(verb: str, page: str) -> None:
    part = text_of(f"docs/{page}").split(f"\n## `blemish {verb}")[1].split("\n## ")[0]
    rows = {
        row
        for line in part.splitlines()
        if line.startswith("| `--")
        for row in OPTION.findall(line.split("`")[1])
    }
    assert rows == OPTIONS[verb] - (COMMON if verb != "find" else set())


@pytest.mark.parametrize("page", PAGES)
def test_every_option_on_a_page_exists(page: str) -> None:
    text = text_of(page)
    for verb, words in CALL.findall(text):
        assert set(OPTION.findall(words)) <= OPTIONS[verb], f"blemish {verb}{words}"
    known = set.union(*OPTIONS.values()) | {"--version"}
    spoken = re.findall(r"`(--[a-z][^`]*)`", FENCED.sub("", text))
    unknown = {name for words in spoken for name in OPTION.findall(words)} - known
    assert not unknown


def test_both_readmes_hold_the_same_commands() -> None:
    assert commands_in("README.md") == commands_in("README.ko.md")
    assert len(commands_in("README.md")) >= 3


def test_both_pages_on_finding_hold_the_same_rows() -> None:
    english, korean = (
        re.findall(r"^\| (`[^|]*?`(?:, `\w+`)*|\d+) \|", text_of(page), re.MULTILINE)
        for page in ("docs/find.md", "docs/find.ko.md")
    )
    assert english == korean
    assert len(english) > 15


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", FENCED.sub("", text_of(page)))
    here = (ROOT / page).parent
    missing = [link for link in links if "://" not in link and not (here / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", ["README.md", "README.ko.md"])
def test_the_file_map_is_true(page: str) -> None:
    (block,) = [block for block in FENCED.findall(text_of(page)) if "src/blemish/" in block]
    lines = [line.split()[0] for line in block.splitlines() if line.strip()]
    inner = [line.split()[0] for line in block.splitlines() if line.startswith("  ")]
    outer = [name for name in lines if name not in inner]
    for folder, names in ((ROOT, outer), (ROOT / "src" / "blemish", inner)):
        for name in names:
            assert (folder / name).is_dir() if name.endswith("/") else (folder / name).is_file()
    rooms = {f"{room.parent.name}/" for room in ROOT.glob("src/blemish/*/__init__.py")}
    assert rooms <= set(inner)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_place_on_a_machine(page: str) -> None:
    assert not re.findall(r"(?<![\w.])/(?:work|opt|tmp|home|root|mnt|Users)\b", text_of(page))


def test_the_columns_of_the_tables_are_told() -> None:
    from blemish.report.tables import (
        FINDS_HEADER,
        IMAGES_HEADER,
        PLACED_HEADER,
        STATUSES,
        WAFERS_HEADER,
    )

    for page in PAGES_OF["find"]:
        text = text_of(f"docs/{page}")
        placed = (*PLACED_HEADER, *WAFERS_HEADER)
        for name in (*FINDS_HEADER, *IMAGES_HEADER, *STATUSES, *placed):
            assert f"`{name}`" in text


def test_what_the_record_of_scores_holds_is_told() -> None:
    from blemish.report.scores import score

    text = text_of("docs/evaluate.md")
    facts = score([], ("defect",), 0.5, np.random.default_rng(0)).facts()
    names = {*facts, *facts["all"], *facts["all"]["centre"]}
    names |= {*facts["intervals"], *facts["sizes"]["2-8"], *facts["froc"], *facts["screening"]}
    names |= {*facts["reliability"], *facts["reliability"]["bins"][0], *facts["drawn"]}
    names -= {"sensitivity_interval", "specificity_interval", "scores"}  # told in words
    named = {name for name in names if not name.startswith("coco_ap")} | {"coco_ap50_95"}
    assert not {name for name in named if f"`{name}`" not in text}


def test_what_a_calibration_and_a_comparison_keep_is_told() -> None:
    from blemish.report.compared import DIFFERENCES_HEADER
    from blemish.report.facts import CURVE_HEADER

    for page, columns in (("compare", DIFFERENCES_HEADER), ("evaluate", CURVE_HEADER)):
        text = text_of(f"docs/{page}.md")
        assert not {name for name in columns if f"`{name}`" not in text}


def test_every_format_and_kind_of_problem_is_told() -> None:
    from blemish.data.formats import FORMATS
    from blemish.data.problems import KINDS

    text = text_of("docs/data.md")
    part = text.split("## Formats")[1].split("###")[0]
    formats = re.findall(r"^\| `([a-z][\w-]+)` \|", part, re.MULTILINE)
    assert formats == list(FORMATS)
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+) \| .* \| (.*) \| (.*) \|$", text, re.MULTILINE)
    assert [row for row in rows if row[1] in {"broken", "mended", "note"}] == [
        (name, *kind) for name, kind in KINDS.items()
    ]


def test_the_example_of_a_wafers_settings_is_read_and_every_key_told(tmp_path: Path) -> None:
    from blemish.wafer.recipe import read_recipe

    text = text_of("docs/wafer.md")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "wafer.toml").write_text(example, encoding="utf-8")
    recipe = read_recipe(tmp_path / "wafer.toml")
    names = recipe.names_of("lots/AB12_S07.png")
    assert names is not None
    assert (names.lot, names.slot, names.wafer) == ("AB12", 7, "W01")
    table = ""
    for line in example.splitlines():
        if head := re.match(r"\[+(\w+)\]", line):
            table = f"{head[1]}."
        elif key := re.match(r"(\w+) =", line):
            assert f"`{table}{key[1]}`" in text
    assert "`zone.mask`" in text


def test_the_columns_of_repeats_are_told() -> None:
    from blemish.report.repeats import (
        DENSITY_HEADER,
        DIE_REPEATS_HEADER,
        REPEATS_HEADER,
        STACKED_HEADER,
    )

    text = text_of("docs/repeats.md")
    for header in (REPEATS_HEADER, DIE_REPEATS_HEADER, STACKED_HEADER, DENSITY_HEADER):
        assert not {name for name in header if f"`{name}`" not in text}


def test_what_a_klarf_file_holds_is_told() -> None:
    from blemish.wafer.klarf import COLUMNS

    text = text_of("docs/klarf.md")
    assert f"{len(COLUMNS)} columns" in text
    for name in ("SampleSize", "AreaPerTest", "SummaryList", "TiffFileName", "IMAGELIST"):
        assert f"`{name}`" in text

import pytest

from blemish.report.sections import drop_section, put_section

CARD = "# Name\n\n## One\n\ntext\n\n## Two\n\n- a\n### Deeper\n- b\n\n## Three\n\nend\n"


def test_a_section_takes_the_place_of_the_former() -> None:
    card = put_section(CARD, "## Two", ["- c"])
    assert card == "# Name\n\n## One\n\ntext\n\n## Two\n\n- c\n\n## Three\n\nend\n"
    assert put_section(card, "## Two", ["- c"]) == card


@pytest.mark.parametrize("heading", ["## Three", "## Four"])
def test_the_last_one_ends_the_card(heading: str) -> None:
    card = put_section(CARD, heading, ["new"])
    assert card.endswith(f"\n\n{heading}\n\nnew\n")
    assert card.count(heading) == 1
    assert put_section(card, heading, ["new"]) == card


def test_a_heading_within_a_line_is_none() -> None:
    card = "# Name\n\nsee ## Two\n"
    assert put_section(card, "## Two", ["x"]) == card + "\n## Two\n\nx\n"


def test_a_section_that_is_dropped_leaves_the_others() -> None:
    assert drop_section(CARD, "## Two") == "# Name\n\n## One\n\ntext\n\n## Three\n\nend\n"
    assert drop_section(CARD, "## Three") == CARD[: CARD.index("\n## Three")]
    assert drop_section(CARD, "## Four") == CARD

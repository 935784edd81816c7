import re

import pytest

from blemish.data.problems import (
    BROKEN,
    KINDS,
    MENDED,
    NOTE,
    BrokenLabelError,
    Place,
    Problem,
    printable,
    refuse,
    stop,
)
from blemish.errors import LabelError


def test_a_problem_reads_as_one_line_with_its_mend():
    problem = Problem("lot 3/w1.xml", "object 2", "no-inside", "the box 1,1,1,2 has no inside")
    assert str(problem) == (
        "lot 3/w1.xml: object 2: the box 1,1,1,2 has no inside; draw it again or remove it"
    )
    assert str(Problem("w1.png", "", "turned-picture", "is turned")).startswith(
        "w1.png: is turned;"
    )
    assert (problem.severity, problem.prepare) == (BROKEN, "leaves the box out")


def test_what_is_broken_is_refused_and_the_rest_passes():
    for kind, row in KINDS.items():
        problem = Problem("a", "", kind, "is odd")
        if row.severity == BROKEN:
            with pytest.raises(LabelError, match=re.escape(str(problem))) as caught:
                refuse(problem)
            assert caught.value.problem == problem
        else:
            refuse(problem)
    assert {row.severity for row in KINDS.values()} == {BROKEN, MENDED, NOTE}


def test_what_would_steer_a_terminal_is_not_told():
    assert printable("결함 \x1b[31m\ud800\n") == "결함  [31m  "
    told = []
    Place("a.json", "", told.append).tell("bad-row", "is \x1b[2J")
    assert told[0].what == "is  [2J"


def test_a_place_tells_with_its_file_and_row():
    told = []
    Place("a.csv", "row 3", told.append).tell("bad-row", "is short")
    assert told == [Problem("a.csv", "row 3", "bad-row", "is short")]
    with pytest.raises(BrokenLabelError, match=r"^a\.csv: two lines; save"):
        stop("a.csv", "two\nlines")

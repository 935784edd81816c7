"""Recipes: what the file says, and each mistake told by file and key."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.errors import UsageError
from blemish.wafer.recipe import Names, Recipe, check_diameter, read_recipe, recipe_hash
from blemish.wafer.zones import Mask, Polygon

FULL = """\
diameter = 150
edge_exclusion = 3.5

[orientation]
mark = "flat"
location = "left"
angle = 119.5

[die]
pitch = [10.0, 8]
origin = [-5, -4]
streets = [0.1, 0.2]
exclude_streets = true

[[zone]]
name = "clamp"
polygon = [[60, -5], [75, -5], [75, 5], [60, 5]]

[[zone]]
unit = "px"
polygon = [[0, 0], [100, 0], [0, 100]]

[[zone]]
name = "reflection"
mask = "mask.png"

[names]
pattern = '(?P<lot>[A-Z]+[0-9]+)_S(?P<slot>[0-9]+)_(?P<wafer>\\w+)'

[klarf]
station = ["ACME", "CAM", "T1"]
device = "DEV"
setup = "RECIPE"
step = "ETCH"
lot = "LOT"
slot = 3
wafer = "W"
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Recipe]:
    mask = np.zeros((30, 40), np.uint8)
    mask[:10] = 255
    (tmp_path / "mask.png").write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    (tmp_path / "white.png").write_bytes(cv2.imencode(".png", mask * 0 + 255)[1].tobytes())

    def read_text(text: str) -> Recipe:
        (tmp_path / "wafer.toml").write_text(text, "utf-8")
        return read_recipe(tmp_path / "wafer.toml")

    return read_text


def test_all_that_a_file_may_say(read: Callable[[str], Recipe]) -> None:
    recipe = read(FULL)
    assert (recipe.diameter, recipe.edge, recipe.exclude_streets) == (150.0, 3.5, True)
    turned = recipe.orientation
    assert (turned.mark, turned.location, turned.angle) == ("flat", "left", 119.5)
    assert recipe.dies is not None
    assert (recipe.dies.pitch, recipe.dies.origin, recipe.dies.streets) == (
        (10.0, 8.0), (-5.0, -4.0), (0.1, 0.2),
    )  # fmt: skip
    clamp, corner, reflection = recipe.zones
    assert isinstance(clamp, Polygon)
    assert isinstance(corner, Polygon)
    assert isinstance(reflection, Mask)
    assert (clamp.name, clamp.unit, corner.unit) == ("clamp", "mm", "px")
    assert (reflection.excluded.shape, reflection.excluded.sum()) == ((30, 40), 400)
    assert recipe.header.station == ("ACME", "CAM", "T1")
    assert (recipe.header.device, recipe.header.setup, recipe.header.step) == (
        "DEV", "RECIPE", "ETCH",
    )  # fmt: skip
    assert recipe.names_of("x/AB12_S07_q.png") == Names("AB12", 7, "q")
    assert recipe.names_of("other.png") is None


def test_a_diameter_is_enough(read: Callable[[str], Recipe]) -> None:
    recipe = read("diameter = 100")
    assert (recipe.diameter, recipe.edge, recipe.zones, recipe.dies) == (100.0, 0.0, (), None)
    assert recipe.orientation == Recipe(100.0).orientation
    assert recipe.names_of("any.png") == Names()


def test_dies_are_centred_unless_told(read: Callable[[str], Recipe]) -> None:
    dies = read("diameter = 100\n[die]\npitch = [10, 8]").dies
    assert dies is not None
    assert dies.origin == (-5.0, -4.0)


def test_names_that_are_told_stand_where_the_pattern_is_silent(
    read: Callable[[str], Recipe],
) -> None:
    head = 'diameter = 100\n[klarf]\nlot = "L"\nslot = 2\n'
    assert read(head).names_of("a.png") == Names("L", 2, None)
    recipe = read(head + "[names]\npattern = '^W(?P<slot>\\w+)'")
    assert recipe.names_of("W12.png") == Names("L", 12, None)
    assert recipe.names_of("Wx.png") is None  # a slot is a number
    assert recipe.names_of("W1234567.png") is None


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("diameter = 150", "", "diameter is missing"),
        ("diameter = 150", "diametre = 150", "diameter is missing"),
        ("diameter = 150", "diameter = 6",
         "diameter is in mm and 6 is too small; if it is inches, write 150"),
        ("diameter = 150", "diameter = 0", "diameter 0 is no wafer's: give mm, from 20 to 1000"),
        ("diameter = 150", "diameter = 20_000", "diameter 20000 is no wafer's"),
        ("edge_exclusion = 3.5", "edge_exclusion = 76", "edge_exclusion must be from 0 to 75"),
        ("edge_exclusion", "edge_exclusions",
         "edge_exclusions is not known; did you mean edge_exclusion?"),
        ('"flat"', '"flats"', "orientation.mark must be one of auto, flat, notch, none"),
        ('"flat"', '"auto"', "orientation.angle needs mark = 'flat' or 'notch'"),
        ('"left"', '"south"', "orientation.location must be one of right, up, left, down"),
        ("angle = 119.5", "angel = 1", "orientation.angel is not known; did you mean angle?"),
        ("pitch = [10.0, 8]", "pitch = [10.0]", "die.pitch must be two numbers"),
        (FULL[FULL.index("pitch") : FULL.index("[[zone]]")], "pitch = [0.1, 0.1]\n",
         "die.pitch is too small: the wafer would have 2253001 dies"),
        ("pitch = [10.0, 8]", "pitch = [0, 1]", "die.pitch must be from 0.01 to 300, not 0"),
        ("streets = [0.1, 0.2]", "streets = [9, 9]", "die.streets must be from 0 to 4, not 9"),
        ("streets = [0.1, 0.2]", "", "die.exclude_streets needs streets"),
        ('name = "clamp"', 'nome = "clamp"', "zone 1, nome is not known; did you mean name?"),
        ("[[0, 0], [100, 0], [0, 100]]", "[[0, 0], [100, 0]]", "zone 2, polygon must be three"),
        ('unit = "px"', 'unit = "inch"', "zone 2, unit must be one of mm, px"),
        ('"mask.png"', '"mask.jpg"', "zone 3, mask cannot be used: "),
        ('"mask.png"', '"white.png"', "zone 3, mask "),
        ('mask = "mask.png"', 'mask = "mask.png"\nunit = "px"', "zone 3, unit is not known"),
        ("(?P<lot>", "(?P<lots>", "names.pattern must name groups (?P<lot>...)"),
        ("(?P<lot>", "((?P<lot>", "names.pattern is no regular expression"),
        ("[A-Z]+", "a{99999999999999999999}", "names.pattern is no regular expression"),
        ('["ACME", "CAM", "T1"]', '["ACME"]', "klarf.station must be a list of 3 texts"),
        ('"DEV"', '"a;b"', "klarf.device must be ASCII without quotation marks, semicolons"),
        ('"DEV"', f'"{"x" * 201}"', "klarf.device is longer than 200 letters"),
        ("slot = 3", "slot = 2.5", "klarf.slot must be a whole number"),
        ("[klarf]", "[klarv]", "klarv is not known; did you mean klarf?"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_by_file_and_key(
    read: Callable[[str], Recipe], tmp_path: Path, old: str, new: str, what: str
) -> None:
    assert FULL.count(old) >= 1
    with pytest.raises(UsageError) as told:
        read(FULL.replace(old, new, 1))
    assert str(told.value).startswith(f"{tmp_path / 'wafer.toml'}: {what}")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (-1.0, "no wafer's"), (float("nan"), "no wafer's"), (1001.0, "no wafer's"),
        (12.0, "if it is inches, write 300"), (2.0, "write 50.8"), (19.0, "no wafer's"),
    ],
)  # fmt: skip
def test_a_diameter_that_no_wafer_has(value: float, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        check_diameter(value, "--wafer-diameter")
    assert check_diameter(150.0, "x") == 150.0


def test_the_hash_tells_recipes_and_masks_apart(
    read: Callable[[str], Recipe], tmp_path: Path
) -> None:
    path = tmp_path / "wafer.toml"
    read(FULL)
    first = recipe_hash(path)
    assert recipe_hash(path) == first
    (tmp_path / "mask.png").write_bytes((tmp_path / "white.png").read_bytes())
    second = recipe_hash(path)
    path.write_text(FULL + "\n# another")
    assert len({first, second, recipe_hash(path)}) == 3

"""Each page by axe: what a program can tell of it that keeps people out."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blemish.web.accounts import add_user
from blemish.web.store import Who
from planted_browser import LOCALES, SIZES, chromium, leave_out, press, shoot
from planted_bundle import planted_bundle
from planted_laid import lay, lots
from planted_server import Running, png, running
from planted_teaching import review, teaching, until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
ASK = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
  ({id, impact, help, nodes}) =>
    `${impact} ${id} (${help}): ` + nodes.slice(0, 4).map((one) => one.html).join(" ")
)"""
SPOTS = ((40, 44), (200, 60), (120, 160), (260, 200))
EDITOR = ".scene[data-shown]"
# Name of a page: where it is, and what is there once it is whole.
PAGES = {
    "inspect": ("/", ".card img"),
    "review": ("/review", ".card img"),
    "all": ("/review?all=1", ".tag.done"),
    "editor": ("/review/{several}/edit", EDITOR),
    "clean-editor": ("/review/{clean}/edit", EDITOR),
    "plain": ("/review/{several}", ".finds"),
    "failed": ("/review/{failed}", "#said"),
    "wafers": ("/wafers", "svg.bars"),
    "repeats": ("/repeats", "circle.repeat"),
    "teach": ("/teach", "table"),
    "models": ("/models", ".model"),
    "export": ("/export", "form"),
    "missing": ("/nowhere", ".problem"),
    "refused": ("/review/999", ".problem"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not AXE.is_file():
        leave_out("axe-core is not installed; run npm ci in frontend/")
    with chromium(with_editor=True) as browser:
        yield browser


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted").path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Running]:
    """Run a server with something to show on every page."""
    folder = tmp_path_factory.mktemp("data")
    toml = folder / "wafer.toml"
    toml.write_text("diameter = 150\n[names]\npattern = '(?P<lot>[^_]+)_S(?P<slot>[0-9]+)'\n")
    with teaching(folder / "data", model, "quick", wafer=toml) as served:
        for name, points in lots():
            lay(served, name, points)
        review(served)
        assert served.client.post("/teach", data={"minutes": "0.1"}).status_code == 303
        until(lambda: "/promote" in served.client.get("/teach").text)
        yield served


@pytest.fixture(scope="module")
def places(served: Running) -> dict[str, int]:
    """Give the ids of some pictures: with several finds, clean, and one that failed."""
    several = served.upload("several.png", png(*SPOTS, width=320, height=240)).json()["id"]
    clean = served.upload("깨끗함.png", png(width=333, height=240)).json()["id"]
    served.settled()
    finds = served.client.get(f"/api/v1/pictures/{several}").json()["finds"]
    said = zip(finds, ("accepted", "rejected"), strict=False)
    verdicts = [{"find": find["id"], "answer": answer} for find, answer in said]
    path, body = f"/api/v1/pictures/{several}/verdicts", {"revision": 0, "verdicts": verdicts}
    assert served.client.post(path, json=body).status_code == 200
    failed = lay(served, "cut.png", [], status="failed", error="cut.png: is cut short")
    return {"several": several, "clean": clean, "failed": failed}


def look(page: Any, name: str) -> list[str]:
    """Give what axe finds on a page as it is, in each size."""
    page.evaluate(AXE.read_text())
    found: list[str] = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(50)
        found += [f"{name} {size} {one}" for one in page.evaluate(ASK)]
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found += [f"{name} {size} is {over} px wider than the window"] if over > 0 else []
    shoot(page, name)
    return found


def open_page(browser: Any, served: Running, language: str, **more: Any) -> Any:
    context = browser.new_context(
        base_url=str(served.client.base_url), locale=LOCALES[language], **more
    )
    page = context.new_page()
    page.set_default_timeout(240_000)
    return page


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_keeps_people_out(
    browser: Any, served: Running, places: dict[str, int], name: str, language: str
) -> None:
    page = open_page(browser, served, language)
    address, whole = PAGES[name]
    page.goto(address.format(**places))
    page.wait_for_selector(whole)
    found = look(page, f"{name}-{language}")
    if name == "editor":
        press(page, "?")
        found += look(page, f"keys-{language}")
    page.context.close()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", ["review", "plain", "wafers", "repeats", "teach", "models"])
def test_nor_do_the_colours_of_the_night(
    browser: Any, served: Running, places: dict[str, int], name: str
) -> None:
    page = open_page(browser, served, "en", color_scheme="dark")
    address, whole = PAGES[name]
    page.goto(address.format(**places))
    page.wait_for_selector(whole)
    found = look(page, f"{name}-dark")
    page.context.close()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", LOCALES)
def test_nor_does_a_training_that_runs(
    browser: Any, tmp_path: Path, model: Path, language: str
) -> None:
    with teaching(tmp_path, model, "waiting") as served:
        page = open_page(browser, served, language)
        found = []
        for place in ("/", "/review", "/wafers", "/teach"):  # with nothing on them yet
            page.goto(place)
            found += look(page, f"empty{place.replace('/', '-')}-{language}")
        review(served)
        assert served.client.post("/teach", data={"minutes": "0.1"}).status_code == 303
        page.goto("/teach")
        page.wait_for_selector("polyline.loss")
        found += look(page, f"training-{language}")
        page.context.close()
        served.client.post("/teach/1/stop")
        until(lambda: served.client.get("/api/v1/trainings/1").json()["state"] == "stopped")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", LOCALES)
def test_nor_does_the_door(browser: Any, tmp_path: Path, model: Path, language: str) -> None:
    with running(tmp_path, model) as served:
        with served.server.database.writing() as session:
            add_user(session, "kim", "correct horse", "viewer", Who("server"))
        time.sleep(1.1)  # the gate believes for a second that there are no accounts
        page = open_page(browser, served, language)
        page.goto("/")
        found = look(page, f"login-{language}")
        for name, password in (("kim", "wrong"), ("kim", "correct horse")):
            page.fill("[name=name]", name)
            page.fill("[name=password]", password)
            page.click("button.main")
            page.wait_for_selector(".problem, .hint")
            found += look(page, f"login-{password[0]}-{language}")
        page.context.close()
    assert not found, "\n".join(found)

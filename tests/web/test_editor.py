"""The editor in a real browser: what is done with keys and mouse is what the server then has."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from blemish.web import editor
from planted_browser import Complaints, chromium, press, saved, shoot
from planted_bundle import planted_bundle
from planted_editor import HEIGHT, WIDTH, drag, on_screen, shown
from planted_server import Running, png, running

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

SPOTS = ((40, 44), (200, 60), (120, 160), (260, 200))
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted").path


@pytest.fixture
def served(tmp_path: Path, model: Path) -> Iterator[Running]:
    with running(tmp_path / "data", model) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium(with_editor=True) as browser:
        yield browser


@pytest.fixture
def opened(browser: Any, served: Running) -> Iterator[Open]:
    """Give a function that opens the editor at a picture; nothing may go wrong in the pages."""
    complaints, contexts = Complaints(), []
    where = str(served.client.base_url)

    def open_it(picture: int, locale: str = "en-US", context: Any = None, allow: str = "-") -> Any:
        context = context or browser.new_context(
            locale=locale,
            viewport={"width": 1440, "height": 900},
            base_url=where,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        complaints.watch(page, allow=allow)
        shown(page, picture)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert not complaints


def keep(served: Running, *spots: tuple[int, int], name: str = "w.png", step: int = 90) -> int:
    answer = served.upload(name, png(*spots, width=WIDTH, height=HEIGHT, step=step))
    served.settled()
    return int(answer.json()["id"])


def detail(served: Running, picture: int) -> dict[str, Any]:
    return dict(served.client.get(f"/api/v1/pictures/{picture}").json())


def num_open(page: Any) -> int:
    return int(page.locator(".marks li[data-state=open]").count())


def sides(label: dict[str, Any]) -> list[float]:
    return [label[side] for side in ("x1", "y1", "x2", "y2")]


def test_finds_are_judged_by_keyboard_and_the_next_picture_comes(
    served: Running, opened: Open
) -> None:
    first, second = keep(served, *SPOTS), keep(served, SPOTS[0], name="next.png")
    order = [row["id"] for row in served.client.get("/api/v1/pictures").json()["pictures"]]
    assert {first, second} == set(order)
    page = opened(order[0])
    finds = detail(served, order[0])["finds"]
    assert num_open(page) == len(finds)
    keys = ["Space", "r", "Enter", "x"][: len(finds)]
    press(page, *keys)
    saved(page)
    found = detail(served, order[0])
    expected = ["accepted", "rejected", "accepted", "rejected"][: len(finds)]
    assert [find["answer"] for find in found["finds"]] == expected
    assert [label["find_id"] for label in found["labels"]] == [find["id"] for find in finds[::2]]
    assert not found["picture"]["reviewed"]
    press(page, "Space")
    page.wait_for_url(f"**/review/{order[1]}/edit")
    page.wait_for_selector(
        f".picture-name:text-is('{detail(served, order[1])['picture']['name']}')"
    )
    assert detail(served, order[0])["picture"]["reviewed"]
    press(page, "Space")  # its first find is selected, whatever was in the picture before
    saved(page)
    assert detail(served, order[1])["finds"][0]["answer"] == "accepted"
    press(page, "a")
    page.wait_for_url(f"**/review/{order[0]}/edit")
    page.wait_for_selector(".reviewed.yes")


@pytest.mark.parametrize(
    ("locale", "words"), [("en-US", "not judged yet: 2"), ("ko-KR", "판정하지 않은")]
)
def test_labels_are_not_complete_while_a_find_is_open(
    served: Running, opened: Open, locale: str, words: str
) -> None:
    picture = keep(served, *SPOTS[:3])
    page = opened(picture, locale)
    press(page, "Space", "ArrowDown", "f")
    page.wait_for_selector(f".note:has-text('{words}')")
    shoot(page, f"still-open-{locale}")
    saved(page)
    assert not detail(served, picture)["picture"]["reviewed"]
    press(page, "x", "x", "f")
    page.wait_for_selector(".reviewed.yes")
    saved(page)
    assert detail(served, picture)["picture"]["reviewed"]


def test_a_box_is_drawn_moved_resized_named_and_taken_back(served: Running, opened: Open) -> None:
    picture = keep(served, SPOTS[0])
    page = opened(picture)
    press(page, "w")
    drag(page, (150, 100), (190, 140))
    saved(page)
    (label,) = detail(served, picture)["labels"]
    assert sides(label) == pytest.approx([150, 100, 190, 140], abs=1)
    drag(page, (170, 120), (200, 130))
    saved(page)
    (label,) = detail(served, picture)["labels"]
    assert sides(label) == pytest.approx([180, 110, 220, 150], abs=1)
    drag(page, (220, 150), (240, 170))
    saved(page)
    (label,) = detail(served, picture)["labels"]
    assert sides(label) == pytest.approx([180, 110, 240, 170], abs=1)
    page.select_option(".class select", "dark")
    saved(page)
    assert [row["label"] for row in detail(served, picture)["labels"]] == ["dark"]
    press(page, "Control+z", "Control+z", "Control+z")
    saved(page)
    (label,) = detail(served, picture)["labels"]
    assert sides(label) == pytest.approx([150, 100, 190, 140], abs=1)
    assert label["label"] == "bright"
    press(page, "Delete")
    saved(page)
    assert detail(served, picture)["labels"] == []
    press(page, "Control+z")
    saved(page)
    assert len(detail(served, picture)["labels"]) == 1


def test_boxes_are_made_and_shifted_without_a_mouse(served: Running, opened: Open) -> None:
    picture = keep(served)
    page = opened(picture)
    press(page, "n")
    saved(page)
    (made,) = detail(served, picture)["labels"]
    x1, y1, x2, y2 = sides(made)
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx((WIDTH / 2, HEIGHT / 2), abs=1)
    press(page, "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowUp", "Control+ArrowDown", "2")
    saved(page)
    (label,) = detail(served, picture)["labels"]
    assert sides(label) == pytest.approx([x1 + 2, y1 - 1, x2 + 2, y2], abs=0.02)
    assert label["label"] == "dark"


def test_a_find_that_is_clicked_and_dragged_is_accepted_where_it_then_is(
    served: Running, opened: Open
) -> None:
    picture = keep(served, SPOTS[0], SPOTS[2])
    page = opened(picture)
    press(page, "Escape")
    page.mouse.click(*on_screen(page, 120, 160))
    page.wait_for_selector(".marks button[aria-current]")
    drag(page, (120, 160), (140, 150))
    saved(page)
    (label,) = detail(served, picture)["labels"]
    x1, y1, x2, y2 = sides(label)
    assert ((x1 + x2) / 2, (y1 + y2) / 2) == pytest.approx((140, 150), abs=2)
    assert label["find_id"] is not None


@pytest.mark.parametrize("keep_whose", ["mine", "theirs"])
def test_two_people_on_one_picture(served: Running, opened: Open, keep_whose: str) -> None:
    picture = keep(served, SPOTS[0], SPOTS[2])
    page = opened(picture, allow="409")
    first, second = (find["id"] for find in detail(served, picture)["finds"])
    body = {"revision": 0, "verdicts": [{"find": second, "answer": "rejected"}]}
    assert served.client.post(f"/api/v1/pictures/{picture}/verdicts", json=body).status_code == 200
    press(page, "Space")
    page.wait_for_selector("dialog.changed[open]")
    page.click(f".{'keep-mine' if keep_whose == 'mine' else 'take-theirs'}")
    saved(page)
    answers = {find["id"]: find["answer"] for find in detail(served, picture)["finds"]}
    assert answers == {first: "accepted" if keep_whose == "mine" else "open", second: "rejected"}
    assert page.locator(".marks li[data-state=rejected]").count() == 1
    assert num_open(page) == (0 if keep_whose == "mine" else 1)


def test_a_verdict_outlives_a_browser_that_is_closed_while_the_server_is_away(
    served: Running, opened: Open
) -> None:
    picture = keep(served, *SPOTS)
    page = opened(picture, allow="ERR_FAILED")
    page.route("**/verdicts", lambda route: route.abort())
    press(page, "Space", "r")
    page.wait_for_selector(".saving[data-status=away]")
    assert "2" in page.inner_text(".saving")
    page.close()
    assert [find["answer"] for find in detail(served, picture)["finds"]] == ["open"] * 4
    again = opened(picture, context=page.context)
    saved(again)
    answers = [find["answer"] for find in detail(served, picture)["finds"]]
    assert answers[:2] == ["accepted", "rejected"]
    assert num_open(again) == 2


def test_what_was_left_of_another_picture_is_sent_too(served: Running, opened: Open) -> None:
    picture, other = keep(served, *SPOTS), keep(served, SPOTS[1], name="other.png")
    page = opened(picture, allow="ERR_FAILED")
    page.route("**/verdicts", lambda route: route.abort())
    press(page, "Space")
    page.wait_for_selector(".saving[data-status=away]")
    page.close()
    again = opened(other, context=page.context)
    again.wait_for_selector(".note:not([hidden])")
    assert detail(served, picture)["finds"][0]["answer"] == "accepted"


def test_a_verdict_of_the_last_moment_is_sent(served: Running, opened: Open) -> None:
    picture = keep(served, SPOTS[0])
    page = opened(picture)
    press(page, "Space")
    page.goto("about:blank")
    for _ in range(100):
        if detail(served, picture)["finds"][0]["answer"] == "accepted":
            break
        page.wait_for_timeout(20)
    else:
        pytest.fail("the verdict did not come")


def test_a_large_picture_is_shown_from_tiles(served: Running, opened: Open) -> None:
    spots = [(150, 200), (4300, 400)]
    answer = served.upload("large.png", png(*spots, width=4600, height=700, step=120))
    served.settled()
    page = opened(answer.json()["id"])
    centres = [(find["x1"] + find["x2"]) / 2 for find in detail(served, 1)["finds"]]
    place = "8_0" if centres[1] > 4096 else "0_0"
    with page.expect_response(f"**/tiles/13/{place}.jpg") as asked:
        press(page, "ArrowRight", "z")
    assert asked.value.status == 200
    picture = detail(served, answer.json()["id"])
    assert picture["picture"]["width"] == 4600
    assert sorted(centres) == pytest.approx([150, 4300], abs=2)


def test_names_are_text_whatever_is_in_them(served: Running, opened: Open) -> None:
    name = "<img src=x onerror=alert(1)>'\"&웨이퍼.png"
    page = opened(keep(served, SPOTS[0], name=name))
    assert page.inner_text(".picture-name") == detail(served, 1)["picture"]["name"]
    assert page.locator(".head img").count() == 0


def test_it_speaks_korean(served: Running, opened: Open) -> None:
    page = opened(keep(served, SPOTS[0]), locale="ko-KR")
    assert page.get_attribute("html", "lang") == "ko"
    assert "승인" in page.inner_text(".desk .accept")
    press(page, "?")
    assert page.locator("dialog.keys[open] h2").inner_text() == "단축키"
    press(page, "Escape")
    assert page.locator("dialog.keys[open]").count() == 0


def test_buttons_do_it_too_and_leave_the_keys_to_the_picture(served: Running, opened: Open) -> None:
    picture = keep(served, *SPOTS)
    page = opened(picture)
    page.click(".desk .reject")
    press(page, "Space")
    page.click(".desk .undo")
    page.click(".tools .boost")
    page.click(".tools .zoomIn")
    saved(page)
    answers = [find["answer"] for find in detail(served, picture)["finds"]]
    assert answers == ["rejected", "open", "open", "open"]
    assert page.evaluate("document.body.classList.contains('boost')")


def test_without_its_build_the_page_says_what_is_missing(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = keep(served, SPOTS[0])
    monkeypatch.setattr(editor, "BUILT", tmp_path)
    answer = served.client.get(f"/review/{picture}/edit")
    assert answer.status_code == 200
    assert "npm run build" in answer.text
    assert f'href="/review/{picture}"' in answer.text
    assert f'href="/review/{picture}"' in served.client.get("/review").text


def test_the_list_leads_to_the_editor_where_there_is_one(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("editor.js", "editor.css"):
        (tmp_path / name).touch()
    monkeypatch.setattr(editor, "BUILT", tmp_path)
    picture = keep(served, SPOTS[0])
    assert f'href="/review/{picture}/edit"' in served.client.get("/review").text


def test_there_is_no_page_of_a_picture_that_is_not_there(served: Running) -> None:
    assert served.client.get("/review/77/edit").status_code == 404


def test_boxes_drawn_as_fast_as_hands_can_are_all_kept(opened: Open, served: Running) -> None:
    picture = keep(served)
    page = opened(picture)
    corners = [(20 + 60 * n, 30 + 40 * (n % 2)) for n in range(4)]
    for x, y in corners:
        press(page, "w")
        drag(page, (x, y), (x + 30, y + 30))
    saved(page)
    page.wait_for_selector(".marks li >> nth=3")
    saved(page)
    kept = sorted(sides(label) for label in detail(served, picture)["labels"])
    expected = sorted([float(x), float(y), x + 30.0, y + 30.0] for x, y in corners)
    assert kept == [pytest.approx(box, abs=1) for box in expected]

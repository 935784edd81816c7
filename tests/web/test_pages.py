import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from blemish.web.accounts import add_user
from blemish.web.gate import COOKIE
from blemish.web.store import Who
from blemish.web.words import KOREAN, choose_language
from planted_bundle import planted_bundle
from planted_server import Running, png, running

PAGES = ("/", "/review", "/review/1", "/wafers", "/repeats", "/teach", "/models", "/export")
NASTY = "\"><img src=x onerror=alert(1)>'&웨이퍼.png"
PASSWORD = "correct horse"  # noqa: S105
TEMPLATES = Path(__file__).parents[2] / "src" / "blemish" / "web" / "templates"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("model") / "planted"
    return planted_bundle(place, classes=("<b>bright</b>", "dark")).path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data"), model) as served:
        served.upload(NASTY, png((30, 30), (70, 60)))
        served.settled()
        yield served


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data"), model) as served:
        with served.server.database.writing() as session:
            add_user(session, "kim", PASSWORD, "reviewer", Who("server"))
            add_user(session, "lee", PASSWORD, "viewer", Who("server"))
        yield served


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def log_in(served: Running, name: str, password: str = PASSWORD) -> httpx.Response:
    return served.client.post("/login", data={"name": name, "password": password})


def csrf_on(text: str) -> str:
    found = re.search(r'data-csrf="([^"]+)"', text)
    assert found
    return found[1]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_page_holds_no_script_of_its_own_and_no_markup_of_others(
    served: Running, page: str, language: str
) -> None:
    answer = served.client.get(page, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert f'lang="{language}"' in answer.text
    tags = Tags(answer.text).found
    assert all(name != "b" for name, _ in tags)
    for name, attributes in tags:
        assert not [key for key in attributes if key.startswith("on") or key == "style"]
        assert name != "script" or (attributes.get("src") or "").startswith("/static/")
        for key in ("src", "href", "action"):
            assert (attributes.get(key) or "/").startswith(("/", "#"))
        assert name != "img" or attributes["src"] != "x"


def test_names_are_shown_as_they_are(served: Running) -> None:
    page = served.client.get("/review/1").text
    titles = [attributes.get("title") for _, attributes in Tags(page).found]
    assert NASTY in titles
    assert "&lt;b&gt;bright&lt;/b&gt;" in page


def test_every_word_of_the_pages_is_there_in_korean() -> None:
    used = {
        text
        for page in TEMPLATES.glob("*.html")
        for text in re.findall(r"""\bt\(["']([^"']+|[^']+(?:'s)[^"]*)["']\)""", page.read_text())
    }
    assert len(used) > 30
    assert not {text for text in used if text not in KOREAN}


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("", "fr, en;q=0.2, ko;q=0.5", "ko"),
        ("", "ko;q=0, en", "en"),
        ("", "ko;q=x", "en"),
        ("en", "ko", "en"),
        ("xx", "ko", "ko"),
    ],
)
def test_which_language(cookie: str, accepted: str, language: str) -> None:
    assert choose_language(cookie, accepted) == language


@pytest.mark.parametrize(
    ("back", "leads"),
    [("/review", "/review"), ("//evil.example", "/"), ("/\\evil", "/"), ("https://evil", "/")],
)
def test_a_language_is_remembered_and_leads_back_here(
    served: Running, back: str, leads: str
) -> None:
    answer = served.client.post("/language", data={"to": "ko", "back": back})
    assert (answer.status_code, answer.headers["location"]) == (303, leads)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert 'lang="ko"' in served.client.get("/").text
    served.client.cookies.clear()


def test_without_scripts_one_can_send_and_review(served: Running) -> None:
    sent = served.client.post("/inspect", files={"file": ("n.png", png((20, 20), width=99))})
    assert (sent.status_code, sent.headers["location"]) == (303, "/")
    served.settled()
    here = served.client.get("/api/v1/pictures", params={"order": "newest"}).json()["pictures"][0]
    detail = served.client.get(f"/api/v1/pictures/{here['id']}").json()
    find = detail["finds"][0]["id"]
    page = f"/review/{here['id']}"
    early = {"verdict": "reviewed", "revision": "0"}
    refused = served.client.post(page, data=early, headers={"Accept": "text/html"})
    assert refused.status_code == 422
    assert "Finds are not judged yet" in refused.text
    form = {"verdict": f"accepted:{find}", "revision": "0"}
    assert served.client.post(page, data=form).headers["location"] == page
    assert len(served.client.get(f"/api/v1/pictures/{here['id']}/labels").json()["labels"]) == 1
    assert served.client.post(page, data=form).headers["location"] == page  # it has changed
    done = served.client.post(page, data={"verdict": "reviewed", "revision": "1"})
    assert done.status_code == 303
    assert served.client.get(f"/api/v1/pictures/{here['id']}/labels").json()["reviewed"]
    assert served.client.post(page, data={"verdict": "1", "revision": "2"}).status_code == 400


def test_a_session_from_log_in_to_log_out(locked: Running) -> None:
    client = locked.client
    first = log_in(locked, "kim")
    assert (first.status_code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"httponly", "samesite=lax", "path=/"} <= set(cookie.lower().split("; "))
    page = client.get("/").text
    csrf = csrf_on(page)
    files = {"file": ("a.png", png())}
    assert client.post("/inspect", files=files).status_code == 403
    assert client.post("/inspect", files=files, data={"csrf": csrf}).status_code == 303
    assert client.post("/logout").status_code == 403
    kept = client.cookies[COOKIE]
    assert client.post("/logout", data={"csrf": csrf}).headers["location"] == "/login"
    client.cookies.clear()
    again = client.get("/", headers={"Cookie": f"{COOKIE}={kept}"})
    assert again.status_code == 401


def test_a_session_does_not_take_a_cookie_that_was_there_before(locked: Running) -> None:
    fixed = {"Cookie": f"{COOKIE}=chosen-by-another"}
    form = {"name": "kim", "password": PASSWORD}
    answer = locked.client.post("/login", data=form, headers=fixed)
    assert "chosen-by-another" not in answer.headers["set-cookie"]
    locked.client.cookies.clear()
    assert locked.client.get("/", headers=fixed).status_code == 401


def test_behind_tls_the_cookie_is_sent_over_tls_only(locked: Running) -> None:
    form = {"name": "kim", "password": PASSWORD}
    answer = locked.client.post("/login", data=form, headers={"X-Forwarded-Proto": "https"})
    assert "secure" in answer.headers["set-cookie"].lower()
    locked.client.cookies.clear()


def test_a_viewer_changes_nothing(locked: Running) -> None:
    log_in(locked, "lee")
    page = locked.client.get("/").text
    assert 'type="file"' not in page
    form = {"csrf": csrf_on(page), "revision": "0", "verdict": "reviewed"}
    assert locked.client.post("/review/1", data=form).status_code == 403
    assert locked.client.post("/models/1/live", data=form).status_code == 403
    locked.client.cookies.clear()


def test_after_some_failures_nobody_may_try_for_a_while(locked: Running) -> None:
    codes = [log_in(locked, "park", f"wrong {number}").status_code for number in range(6)]
    assert codes == [401] * 5 + [429]
    refused = log_in(locked, "park")
    assert 0 < int(refused.headers["retry-after"]) <= 301
    assert log_in(locked, "kim").status_code == 303  # others are let in
    locked.client.cookies.clear()


def test_a_body_that_is_too_large_is_refused(served: Running, locked: Running) -> None:
    form = {"name": "kim", "password": "x" * 9_000_000}
    assert locked.client.post("/login", data=form).status_code in {400, 413}
    body = {"revision": 0, "changes": ["x" * 9_000_000]}
    assert served.client.post("/api/v1/pictures/1/labels", json=body).status_code == 413


@pytest.mark.parametrize("path", ["/nowhere", "/review/999", "/review/x"])
def test_a_browser_gets_a_page_where_something_is_wrong(served: Running, path: str) -> None:
    answer = served.client.get(path, headers={"Accept": "text/html", "Accept-Language": "ko"})
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"].startswith(("text/html", "application/problem+json"))
    assert served.client.get(path).headers["content-type"] == "application/problem+json"


def test_the_models_page_shows_what_was_measured(tmp_path: Path) -> None:
    with running(tmp_path, None) as served:
        scores = served.server.live.finder.bundle.training["scores"]
        page = served.client.get("/models").text
        assert f"AP@0.5 {scores['ap50']:.3f}; {scores['recall']:.0%} of the marks" in page

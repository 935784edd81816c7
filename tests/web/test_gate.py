import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from blemish.errors import UsageError
from blemish.web.accounts import add_token, add_user, begin_session, visitor_of_cookie
from blemish.web.gate import COOKIE
from blemish.web.server import ServeSettings, open_server
from blemish.web.store import Who
from planted_bundle import planted_bundle
from planted_server import Running, png, running

ROOT = Who("server")
FIND = "/api/v1/find"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted_bundle(tmp_path_factory.mktemp("model") / "planted").path


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data"), model) as served:
        yield served


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data"), model) as served:
        with served.server.database.writing() as session:
            add_user(session, "kim", "correct horse", "reviewer", ROOT)
        yield served


def token_of(served: Running, name: str, role: str) -> dict[str, str]:
    with served.server.database.writing() as session:
        return {"Authorization": f"Bearer {add_token(session, name, role, ROOT)}"}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.:1"])
def test_another_name_for_this_machine_is_refused(local: Running, host: str) -> None:
    assert local.client.get("/ready", headers={"Host": host}).status_code == 421


def test_what_a_proxy_passes_on_is_refused_until_there_are_accounts(
    local: Running, locked: Running
) -> None:
    through = {"X-Forwarded-For": "203.0.113.9"}
    assert local.client.get("/ready", headers=through).status_code == 421
    by_name = {"Host": "inspect.example", **through}
    assert locked.client.get("/ready", headers=by_name).status_code == 200
    assert locked.client.get("/api/v1/pictures", headers=by_name).status_code == 401


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9", "127.0.0.1:1", "[::1]:8321"])
def test_this_machines_names_are_answered(local: Running, host: str) -> None:
    assert local.client.get("/ready", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_change_that_another_sites_page_sends_is_refused(
    local: Running, headers: dict[str, str]
) -> None:
    answer = local.client.post(FIND, files={"file": ("a.png", png())}, headers=headers)
    assert answer.status_code == 403
    own = {"Origin": str(local.client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    files = {"file": ("a.png", png())}
    assert local.client.post(FIND, files=files, headers=own).status_code == 200


def test_with_an_account_everyone_must_log_in(locked: Running) -> None:
    answer = locked.find("a.png", png())
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert locked.client.get("/metrics").status_code == 401
    assert locked.client.get("/api/v1/openapi.json").status_code == 401
    assert locked.client.get("/health").status_code == 200
    page = locked.client.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/login")


def test_a_stranger_is_answered_before_the_body_comes(locked: Running) -> None:
    where = (locked.client.base_url.host, locked.client.base_url.port or 80)
    with socket.create_connection(where, timeout=20) as line:
        head = f"POST {FIND} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n"
        line.sendall(head.encode() + b"Content-Type: multipart/form-data; boundary=b\r\n\r\n")
        assert b" 401 " in line.recv(4096).splitlines()[0]


def test_a_token_comes_in_as_its_role(locked: Running) -> None:
    headers = token_of(locked, "line", "viewer")
    files = {"file": ("a.png", png())}
    assert locked.client.post(FIND, files=files, headers=headers).status_code == 200
    wrong = {"Authorization": headers["Authorization"][:-1]}
    assert locked.client.post(FIND, files=files, headers=wrong).status_code == 401


def test_a_session_needs_its_csrf_token(locked: Running) -> None:
    with locked.server.database.writing() as session:
        user = add_user(session, "lee", "correct horse", "viewer", ROOT)
        value = begin_session(session, user, ROOT)
        visitor = visitor_of_cookie(session, value)
    assert visitor is not None
    cookie = {"Cookie": f"{COOKIE}={value}"}
    for sent, status in ((None, 403), ("x" * 43, 403), ("é", 403), (visitor.csrf, 200)):
        extra = {} if sent is None else {"X-CSRF-Token": sent.encode()}
        answer = locked.client.post(
            FIND, files={"file": ("a.png", png())}, headers={**cookie, **extra}
        )
        assert answer.status_code == status, sent


@pytest.mark.parametrize("path", ["/health", "/nowhere", FIND])
def test_every_answer_has_the_security_headers(local: Running, path: str) -> None:
    headers = local.client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_other_machines_are_let_in_only_once_there_are_accounts(
    tmp_path: Path, model: Path
) -> None:
    settings = ServeSettings(tmp_path / "data", model, host="0.0.0.0", engine="onnxruntime")  # noqa: S104
    with pytest.raises(UsageError, match="blemish user add NAME --role admin"):
        open_server(settings)
    here = open_server(ServeSettings(tmp_path / "data", model, engine="onnxruntime"))
    with here.database.writing() as session:
        add_user(session, "kim", "correct horse", "admin", ROOT)
    here.close()
    open_server(settings).close()


def test_other_machines_must_log_in(tmp_path: Path, model: Path) -> None:
    here = open_server(ServeSettings(tmp_path / "data", model, engine="onnxruntime"))
    with here.database.writing() as session:
        add_user(session, "kim", "correct horse", "admin", ROOT)
    here.close()
    with running(tmp_path / "data", model, host="0.0.0.0") as served:  # noqa: S104
        assert served.client.get("/ready", headers={"Host": "inspect.example"}).status_code == 200
        assert served.find("a.png", png()).status_code == 401

"""What every request passes before a byte of its body is read: host, origin, who, headers.

Requests of other sites are told by `Origin` and `Sec-Fetch-Site`, which browsers set and pages
cannot; sessions need their CSRF token besides (OWASP, Cross-Site Request Forgery Prevention).
"""

import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blemish.web.accounts import LOCAL, Visitor, has_users, visitor_of_cookie, visitor_of_token
from blemish.web.answers import Refused, problem
from blemish.web.database import Database

COOKIE = "blemish_session"
CSRF_HEADER = "x-csrf-token"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
OPEN_PATHS = ("/login", "/health", "/ready", "/language", "/static/")
UPLOAD_PATHS = frozenset({"/api/v1/find", "/api/v1/pictures", "/inspect"})
MAX_BODY = 8 << 20
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ASK_AGAIN = 1.0  # seconds for which it is believed that there are no accounts

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass
class Gate:
    """The middleware; `local_only` says that the server listens on this machine alone."""

    app: ASGIApp
    database: Database
    local_only: bool
    _free_until: float = field(default=0.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sending = _with_headers(send, scope["path"].startswith("/static/"))
        answer = await self._check(scope)
        if scope["path"] not in UPLOAD_PATHS:  # those count for themselves
            receive = _limited(receive)
        await (answer or self.app)(scope, receive, sending)

    async def _check(self, scope: Scope) -> Response | None:
        """Give the answer that ends a request; None lets it pass, with its visitor in the state."""
        headers, path = Headers(scope=scope), scope["path"]
        host = headers.get("host", "")
        if self.local_only and _is_not_direct(headers, host) and await self._is_free():
            # A name of another site that leads here (DNS rebinding), or a proxy for strangers.
            return problem(
                421,
                "without accounts this server answers to localhost only; open it by that name, or "
                "first: blemish user add NAME --role admin",
            )
        if scope["method"] not in _SAFE and _is_foreign(headers, host):
            return problem(403, "the request came from another site; use this server's own pages")
        visitor = await self._visitor(headers)
        scope.setdefault("state", {})["visitor"] = visitor
        if visitor is None:
            return None if path.startswith(OPEN_PATHS) else _ask_who(headers, path)
        return None

    async def _visitor(self, headers: Headers) -> Visitor | None:
        token, cookie = _bearer(headers), cookie_of(headers)
        if self.local_only and not token and await self._is_free():
            return LOCAL
        if token:
            return await self._look_up(visitor_of_token, token)
        return await self._look_up(visitor_of_cookie, cookie) if cookie else None

    async def _is_free(self) -> bool:
        """Tell whether there are no accounts yet."""
        if time.monotonic() < self._free_until:
            return True

        def ask() -> bool:
            with self.database.reading() as session:
                return not has_users(session)

        free = await run_in_threadpool(ask)
        self._free_until = time.monotonic() + _ASK_AGAIN if free else 0.0
        return free

    async def _look_up(self, find: Callable[..., Visitor | None], value: str) -> Visitor | None:
        def ask() -> Visitor | None:
            with self.database.reading() as session:
                return find(session, value)

        return await run_in_threadpool(ask)


def csrf_fits(visitor: Visitor, sent: str) -> bool:
    """Tell whether what a form or script sent along is the session's; others need none."""
    return visitor.via != "session" or secrets.compare_digest(visitor.csrf.encode(), sent.encode())


def cookie_of(headers: Headers) -> str:
    """Give the value of the session's cookie; empty without one."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return cookie.value if cookie else ""


def _bearer(headers: Headers) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _ask_who(headers: Headers, path: str) -> Response:
    if "text/html" in headers.get("accept", "") and not path.startswith("/api/"):
        return RedirectResponse("/login", 303)
    return problem(
        401,
        "nobody is known by this cookie or token; log in, or send a token of `blemish token add`",
        {"WWW-Authenticate": "Bearer"},
    )


def _is_not_direct(headers: Headers, host: str) -> bool:
    """Tell whether a request was not sent by a program here to a name of this machine."""
    forwarded = "x-forwarded-for" in headers or "forwarded" in headers
    return forwarded or _name_of(host) not in LOOPBACK


def _name_of(host: str) -> str:
    """Give the name in a Host header, without a port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_foreign(headers: Headers, host: str) -> bool:
    """Tell whether a browser says that another site's page sent this."""
    if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != host.lower()
    except ValueError:
        return True


def _limited(receive: Receive) -> Receive:
    """Refuse a body that no form or JSON of ours needs."""
    num_bytes = 0

    async def receiving() -> Message:
        nonlocal num_bytes
        message = await receive()
        num_bytes += len(message.get("body", b""))
        if num_bytes > MAX_BODY:
            raise Refused(413, f"the body is larger than the limit of {MAX_BODY // 2**20} MB")
        return message

    return receiving


def _with_headers(send: Send, keeps: bool) -> Callable[[Message], Awaitable[None]]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-cache" if keeps else "no-store")
        await send(message)

    return sending

"""The page to log in."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from blemish.web.access import TheServer, who_of
from blemish.web.accounts import SESSION_LENGTH, begin_session, check_password, end_session
from blemish.web.gate import COOKIE, cookie_of
from blemish.web.pages import form_of, show
from blemish.web.server import Server
from blemish.web.store import Who, note

router = APIRouter(include_in_schema=False)


@router.get("/login")
def login_page(request: Request) -> Response:
    """Show the form, or the first page to one who needs none."""
    if getattr(request.state, "visitor", None) is not None:
        return RedirectResponse("/", 303)
    return show(request, "login.html", problem="")


@router.post("/login")
async def login(request: Request, server: TheServer) -> Response:
    """Begin a session for the right name and password."""
    form = await request.form()
    name, password = (str(form.get(key, ""))[:1000] for key in ("name", "password"))
    address = request.client.host if request.client else ""
    if wait := server.failures.seconds_to_wait(name, address):
        words = "Too many tries; wait a while and try again."
        answer: Response = show(request, "login.html", 429, problem=words)
        answer.headers["Retry-After"] = str(wait)
        return answer
    value = await run_in_threadpool(_begin, server, name, password, address)
    if value is None:
        server.failures.add(name, address)
        return show(request, "login.html", 401, problem="Name or password is wrong.")
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE,
        value,
        max_age=int(SESSION_LENGTH.total_seconds()),
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax",
    )
    return answer


def _begin(server: Server, name: str, password: str, address: str) -> str | None:
    with server.database.writing() as session:
        user = check_password(session, name, password)
        if user is None:
            note(session, Who("nobody", address), "log in failed", name)
            return None
        return begin_session(session, user, Who(user.name, address))


@router.post("/logout")
async def logout(request: Request, server: TheServer) -> Response:
    """End the session."""
    await form_of(request)
    value, who = cookie_of(request.headers), who_of(request)

    def end() -> None:
        with server.database.writing() as session:
            end_session(session, value)
            note(session, who, "log out", who.name)

    await run_in_threadpool(end)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    return answer

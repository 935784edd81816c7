"""The pages: plain HTML that works without scripts, too."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool
from starlette.templating import Jinja2Templates

from blemish import __version__
from blemish.errors import BundleError
from blemish.report.reasons import reason_in
from blemish.runtime.bundle import read_bundle
from blemish.web import editor
from blemish.web.access import TheServer, Viewer, visitor_of, who_of
from blemish.web.answers import Refused
from blemish.web.api_pictures import Id, detail_of, picture_of, take_upload
from blemish.web.export import KINDS
from blemish.web.gate import csrf_fits
from blemish.web.placed import Wish
from blemish.web.reviews import ChangedError, OpenError, judge
from blemish.web.server import Server
from blemish.web.store import list_pictures, num_waiting
from blemish.web.tables import Answer, Model, Picture
from blemish.web.words import LANGUAGES, REASONS, choose_language, translate

router = APIRouter(include_in_schema=False)

LANGUAGE = "blemish_language"
PER_PAGE = 24
ON_FRONT = 12
_TEMPLATES = Jinja2Templates(Path(__file__).parent / "templates")
_STILL_OPEN = "Finds are not judged yet: accept or reject each first."
_FOR_SCRIPTS = (
    "It could not be kept: ",
    "Kept.",
    "accepted",
    "rejected",
    "open",
    "Looked at",
    _STILL_OPEN,
)


def show(request: Request, template: str, status: int = 200, /, **facts: Any) -> HTMLResponse:
    """Give a page in the visitor's language."""
    language = language_of(request)
    visitor = getattr(request.state, "visitor", None)
    context = {
        "t": lambda text: translate(text, language),
        "language": language,
        "languages": LANGUAGES,
        "visitor": visitor,
        "csrf": visitor.csrf if visitor else "",
        "may_review": bool(visitor and visitor.may("reviewer")),
        "may_admin": bool(visitor and visitor.may("admin")),
        "words": {text: translate(text, language) for text in _FOR_SCRIPTS},
        "version": __version__,
        "path": request.url.path,
        "has_editor": editor.is_built(),
        "reasons": REASONS,
        **facts,
    }
    return _TEMPLATES.TemplateResponse(request, template, context, status)


def language_of(request: Request) -> str:
    """Give the language of the pages."""
    accepted = request.headers.get("accept-language", "")
    return choose_language(request.cookies.get(LANGUAGE, ""), accepted)


async def form_of(request: Request) -> dict[str, str]:
    """Give the texts of a form of ours, whose token fits.

    Raises:
        Refused: it does not.
    """
    form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
    if not csrf_fits(visitor_of(request), form.get("csrf", "")):
        raise Refused(403, "the CSRF token is missing or old; load the page again")
    return form


@router.get("/")
def inspect(request: Request, server: TheServer, who: Viewer) -> HTMLResponse:
    """Show where pictures are sent, and the latest."""
    return show(request, "inspect.html", **_latest(server))


@router.get("/inspect/latest")
def latest(request: Request, server: TheServer, who: Viewer) -> HTMLResponse:
    """Show the latest pictures alone, for the script that keeps them fresh."""
    return show(request, "latest.html", **_latest(server))


def _latest(server: Server) -> dict[str, Any]:
    with server.database.reading() as session:
        pictures, total = list_pictures(session, "newest", count=ON_FRONT)
        return {"pictures": pictures, "total": total, "waiting": num_waiting(session)}


@router.post("/inspect")
async def send(request: Request, server: TheServer) -> Response:
    """Take a picture from a browser without scripts."""
    if not visitor_of(request).may("reviewer"):
        raise Refused(403, "this needs the role reviewer; ask an admin for it")

    def check(fields: dict[str, str]) -> None:
        if not csrf_fits(visitor_of(request), fields.get("csrf", "")):
            raise Refused(403, "the CSRF token is missing or old; load the page again")

    await take_upload(request, server, who_of(request), check)
    return RedirectResponse("/", 303)


@router.get("/review")
def review_list(
    request: Request,
    server: TheServer,
    who: Viewer,
    every: Annotated[bool, Query(alias="all")] = False,
    page: Annotated[int, Query(ge=1, le=10**6)] = 1,
) -> HTMLResponse:
    """List the pictures, those that need a person most first."""
    with server.database.reading() as session:
        start, wanted = (page - 1) * PER_PAGE, None if every else False
        pictures, total = list_pictures(session, "need", wanted, start, PER_PAGE)
    pages = max(-(-total // PER_PAGE), 1)
    facts: dict[str, Any] = {
        "pictures": pictures,
        "total": total,
        "every": every,
        "page": page,
        "pages": pages,
    }
    return show(request, "review_list.html", **facts)


@router.get("/review/{picture_id}")
def review(request: Request, server: TheServer, who: Viewer, picture_id: Id) -> HTMLResponse:
    """Show a picture with its finds."""
    with server.database.reading() as session:
        found = detail_of(session, picture_of(session, picture_id))
    classes = server.live.finder.bundle.classes
    return show(request, "review.html", detail=found, several=len(classes) > 1)


@router.post("/review/{picture_id}")
async def decide(request: Request, server: TheServer, picture_id: Id) -> Response:
    """Take a verdict from a browser without scripts."""
    if not visitor_of(request).may("reviewer"):
        raise Refused(403, "this needs the role reviewer; ask an admin for it")
    form, who = await form_of(request), who_of(request)

    def write() -> int | None:
        with server.database.writing() as session:
            picture = picture_of(session, picture_id)
            answers: list[tuple[int, Answer]] = []
            reviewed = None
            match form.get("verdict", "").split(":"):
                case ["reviewed"]:
                    reviewed = True
                case [("accepted" | "rejected" | "open") as answer, number] if _whole(number) > 0:
                    answers.append((int(number), answer))
                case _:
                    raise Refused(400, "the form says nothing; load the page again")
            judge(session, picture_id, _whole(form.get("revision")), answers, reviewed, who)
            return detail_of(session, picture).after if reviewed else picture_id

    try:
        following = await run_in_threadpool(write)
    except ChangedError:
        following = picture_id
    except OpenError as error:
        raise Refused(422, _STILL_OPEN) from error
    return RedirectResponse(f"/review/{following}" if following else "/review", 303)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else -1


@router.get("/models")
def models(request: Request, server: TheServer, who: Viewer) -> HTMLResponse:
    """Show the models."""
    with server.database.reading() as session:
        rows = list(session.scalars(select(Model).order_by(Model.live.desc(), Model.id.desc())))
    cards = {row.id: _card(Path(row.place)) for row in rows}
    measured = {row.id: _measured(Path(row.place)) for row in rows}
    return show(request, "models.html", models=rows, cards=cards, measured=measured)


@router.post("/models/{model_id}/live")
async def make_live(request: Request, server: TheServer, model_id: Id) -> Response:
    """Let a model look, from a browser without scripts."""
    if not visitor_of(request).may("admin"):
        raise Refused(403, "this needs the role admin; ask one")
    await form_of(request)
    if not await run_in_threadpool(server.switch, model_id, who_of(request)):
        raise Refused(404, f"there is no model {model_id}")
    return RedirectResponse("/models", 303)


def _measured(place: Path) -> dict[str, str]:
    """Give what was measured on held-out pictures when a bundle was made; empty where it is not."""
    try:
        scores = read_bundle(place).training["scores"]
        return {
            "ap50": f"{scores['ap50']:.3f}",
            "recall": f"{scores['recall']:.0%}",
            "false": f"{scores['false_per_picture']:.2g}",
            "pictures": f"{scores['pictures']}",
        }
    except (BundleError, KeyError, TypeError, ValueError, AttributeError):
        return {}


def _card(place: Path) -> str:
    """Give the card of a bundle; empty where there is none."""
    try:
        with (place / "README.md").open(encoding="utf-8", errors="replace") as file:
            return file.read(20_000)
    except OSError:
        return ""


@router.get("/export")
def export(request: Request, server: TheServer, who: Viewer) -> HTMLResponse:
    """Show what can be written out."""
    with server.database.reading() as session:
        count = session.scalar(select(func.count(Picture.id)).where(Picture.reviewed)) or 0
        placed = server.placed
        doubts = () if placed is None else placed.gather(session, Wish()).doubts
    facts = {"placed": placed is not None, "doubts": doubts_in(request, doubts)}
    return show(request, "export.html", kinds=KINDS, num_reviewed=count, **facts)


def doubts_in(request: Request, doubts: Iterable[str]) -> list[str]:
    """Give what makes all millimetres unsure in the visitor's language."""
    return [reason_in(language_of(request), doubt)[0] for doubt in doubts]


@router.post("/language")
async def choose(request: Request) -> Response:
    """Remember a language and go back."""
    form = await request.form()
    wished, back = str(form.get("to", "")), str(form.get("back", "/"))
    # Only a path of this server: `//host` and `/\host` would lead elsewhere.
    safe = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    answer = RedirectResponse(back if safe else "/", 303)
    if wished in LANGUAGES:
        answer.set_cookie(LANGUAGE, wished, max_age=31_536_000, httponly=True, samesite="lax")
    return answer

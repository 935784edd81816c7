"""The Teach page: train on the reviewed pictures, watch, compare, promote."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from blemish.errors import BlemishError
from blemish.web.access import TheServer, Viewer, visitor_of, who_of
from blemish.web.answers import Refused
from blemish.web.api_pictures import Id, ask_for_all
from blemish.web.api_trainings import training_of
from blemish.web.learning import curves_of, read_rows, share_of
from blemish.web.pages import form_of, show
from blemish.web.server import Server
from blemish.web.store import model_of
from blemish.web.tables import Training
from blemish.web.trainings import (
    ACTIVE,
    STEPS,
    CannotTrainError,
    begin_training,
    folder_of,
    latest_trainings,
    parts_of,
    stop_training,
)
from blemish.web.verdict import rows_of, words_of

router = APIRouter(include_in_schema=False)

LENGTHS = (5, 15, 30, 60, 120)
USUAL_LENGTH = 15
MOST_SHOWN = 20
STEP_WORDS = {
    "write": "Writing the labels",
    "train": "Learning",
    "export": "Making a model of it",
    "compare": "Comparing with the model before",
}


@router.get("/teach")
def teach(request: Request, server: TheServer, who: Viewer) -> HTMLResponse:
    """Show what can be learned from, the training that runs, and those before."""
    with server.database.reading() as session:
        shown = [_facts(server, session, one) for one in latest_trainings(session, MOST_SHOWN)]
    facts: dict[str, Any] = {
        "parts": parts_of(server),
        "lacking": server.lacking_to_train,
        "model": server.live.finder.bundle.name,
        "running": next((one for one in shown if one["active"]), None),
        "ended": [one for one in shown if not one["active"]],
        "lengths": LENGTHS,
        "usual": USUAL_LENGTH,
    }
    return show(request, "teach.html", **facts)


@router.get("/teach/{training_id}/progress")
def progress(request: Request, server: TheServer, who: Viewer, training_id: Id) -> HTMLResponse:
    """Show how a training goes alone, for the script that keeps it fresh."""
    with server.database.reading() as session:
        facts = _facts(server, session, training_of(session, training_id))
    return show(request, "training.html", running=facts)


def _facts(server: Server, session: Session, training: Training) -> dict[str, Any]:
    """Give what the page shows of a training."""
    facts: dict[str, Any] = {
        "training": training,
        "active": training.state in ACTIVE,
        "start": model_of(session, training.start_id),
        "product": model_of(session, training.product_id),
        "words": words_of(training.compared),
        "rows": rows_of(training.compared),
    }
    rows = read_rows(folder_of(server, training) / "run")
    facts["curves"] = curves_of(rows, training.minutes)
    if not facts["active"]:
        return facts
    at = STEPS.index(training.step)
    facts["share"] = share_of(rows, training.minutes)
    facts["begun"] = training.step != "train" or bool(rows)
    facts["steps"] = [
        (STEP_WORDS[step], "done" if place < at else "now" if place == at else "later")
        for place, step in enumerate(STEPS)
    ]
    return facts


@router.post("/teach")
async def begin(request: Request, server: TheServer) -> Response:
    """Begin a training."""
    _check_reviewer(request)
    form = await form_of(request)
    try:
        minutes = float(form.get("minutes", ""))
        await run_in_threadpool(begin_training, server, minutes, who_of(request))
    except ValueError:
        raise Refused(400, "the form says no length; load the page again") from None
    except CannotTrainError as error:
        raise Refused(409 if error.busy else 422, str(error)) from error
    return RedirectResponse("/teach", 303)


@router.post("/teach/{training_id}/stop")
async def stop(request: Request, server: TheServer, training_id: Id) -> Response:
    """Ask a training to end."""
    _check_reviewer(request)
    await form_of(request)
    who = who_of(request)

    def write() -> None:
        with server.database.writing() as session:
            stop_training(session, training_of(session, training_id), who)

    await run_in_threadpool(write)
    return RedirectResponse("/teach", 303)


@router.post("/teach/look-again")
async def look_again(request: Request, server: TheServer) -> Response:
    """Let the live model look again at the pictures that are not reviewed."""
    _check_reviewer(request)
    await form_of(request)
    await run_in_threadpool(ask_for_all, server, who_of(request))
    return RedirectResponse("/", 303)


@router.post("/teach/{training_id}/promote")
async def promote(request: Request, server: TheServer, training_id: Id) -> Response:
    """Let the model that came of a training look from now on."""
    if not visitor_of(request).may("admin"):
        raise Refused(403, "this needs the role admin; ask one")
    await form_of(request)
    who = who_of(request)

    def switch() -> None:
        with server.database.reading() as session:
            product = training_of(session, training_id).product_id
        try:
            if product is None or not server.switch(product, who):
                raise Refused(404, f"no model came of training {training_id}")
        except BlemishError as error:
            raise Refused(422, str(error)) from error

    await run_in_threadpool(switch)
    return RedirectResponse("/teach", 303)


def _check_reviewer(request: Request) -> None:
    if not visitor_of(request).may("reviewer"):
        raise Refused(403, "this needs the role reviewer; ask an admin for it")

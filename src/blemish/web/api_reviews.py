"""The calls about labels, verdicts, models and the audit table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from blemish.errors import BlemishError
from blemish.web.access import Admin, Reviewer, TheServer, Viewer
from blemish.web.answers import Refused, problems
from blemish.web.api_pictures import MOST, Id, picture_of
from blemish.web.reviews import (
    Change,
    ChangedError,
    OpenError,
    StrangeError,
    change_labels,
    history_of,
    judge,
    labels_of,
)
from blemish.web.schemas import (
    AuditInfo,
    LabelChange,
    LabelChanges,
    LabelInfo,
    Labels,
    ModelInfo,
    Verdicts,
)
from blemish.web.server import Server
from blemish.web.tables import Audit, Model, Picture

router = APIRouter(prefix="/api/v1", tags=["reviews"])


@contextmanager
def _changing(server: Server, picture_id: int) -> Iterator[tuple[Session, Picture]]:
    """Give a picture to change; what does not fit is refused and nothing is written."""
    try:
        with server.database.writing() as session:
            yield session, picture_of(session, picture_id)
    except ChangedError as error:
        raise Refused(
            409,
            "another person changed this picture meanwhile; load it again",
            revision=error.revision,
        ) from error
    except (StrangeError, OpenError) as error:
        raise Refused(422, str(error)) from error


@router.get("/pictures/{picture_id}/labels", responses=problems(401, 404))
def labels(server: TheServer, who: Viewer, picture_id: Id) -> Labels:
    """Give a picture's boxes as they stand."""
    with server.database.reading() as session:
        return Labels.of(picture_of(session, picture_id), labels_of(session, picture_id))


@router.get("/pictures/{picture_id}/labels/history", responses=problems(401, 404))
def history(server: TheServer, who: Viewer, picture_id: Id) -> list[LabelInfo]:
    """Give every change of a picture's boxes, the oldest first."""
    with server.database.reading() as session:
        picture_of(session, picture_id)
        return [LabelInfo.model_validate(row) for row in history_of(session, picture_id)]


@router.post("/pictures/{picture_id}/labels", responses=problems(400, 401, 403, 404, 409, 422, 507))
def add_labels(server: TheServer, who: Reviewer, picture_id: Id, body: LabelChanges) -> Labels:
    """Add changes to a picture's boxes, all or none; once answered they survive a loss of power."""
    with _changing(server, picture_id) as (session, picture):
        changes = [_change(one, picture) for one in body.changes]
        change_labels(session, picture_id, body.revision, changes, who)
        session.refresh(picture)
        return Labels.of(picture, labels_of(session, picture_id))


def _change(one: LabelChange, picture: Picture) -> Change:
    if (
        one.action == "put"
        and picture.width
        and not (one.x2 <= picture.width and one.y2 <= picture.height)
    ):
        raise StrangeError(
            f"the box {one.x1:g},{one.y1:g},{one.x2:g},{one.y2:g} reaches beyond the picture, "
            f"{picture.width} x {picture.height}"
        )
    return Change(one.action, one.box, (one.x1, one.y1, one.x2, one.y2), one.label or "")


@router.post(
    "/pictures/{picture_id}/verdicts", responses=problems(400, 401, 403, 404, 409, 422, 507)
)
def add_verdicts(server: TheServer, who: Reviewer, picture_id: Id, body: Verdicts) -> Labels:
    """Say of finds that they are right or wrong, and of the picture that its labels are complete.

    An accepted find becomes a box; rejected or open again, it is none any more. While finds of the
    last look are open, the labels are not complete: 422.
    """
    answers = [(one.find, one.answer) for one in body.verdicts]
    with _changing(server, picture_id) as (session, picture):
        judge(session, picture_id, body.revision, answers, body.reviewed, who)
        session.refresh(picture)
        return Labels.of(picture, labels_of(session, picture_id))


@router.get("/models", responses=problems(401))
def models(server: TheServer, who: Viewer) -> list[ModelInfo]:
    """List the models that have looked; one is live."""
    with server.database.reading() as session:
        rows = session.scalars(select(Model).order_by(Model.id))
        return [ModelInfo.model_validate(row) for row in rows]


@router.post("/models/{model_id}/live", responses=problems(401, 403, 404, 422, 507))
def make_live(server: TheServer, who: Admin, model_id: Id) -> list[ModelInfo]:
    """Let a model look from now on; to go back to an earlier one is the same."""
    try:
        if not server.switch(model_id, who):
            raise Refused(404, f"there is no model {model_id}; list them to see which there are")
    except BlemishError as error:
        raise Refused(422, str(error)) from error
    return models(server, who)


@router.get("/audit", responses=problems(401, 403))
def audit(
    server: TheServer,
    who: Admin,
    before: Annotated[int | None, Query(ge=1, le=MOST)] = None,
    count: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[AuditInfo]:
    """Give the latest changes, newest first; ``before`` an id goes further back."""
    with server.database.reading() as session:
        chosen = select(Audit).order_by(Audit.id.desc()).limit(count)
        if before is not None:
            chosen = chosen.where(Audit.id < before)
        return [AuditInfo.model_validate(row) for row in session.scalars(chosen)]

"""The calls that train a model on the reviewed pictures."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from blemish.web.access import Reviewer, TheServer, Viewer
from blemish.web.answers import Refused, problems
from blemish.web.api_pictures import Id
from blemish.web.learning import read_rows, share_of
from blemish.web.schemas import Wish
from blemish.web.server import Server
from blemish.web.tables import Training
from blemish.web.trainings import (
    MINUTES,
    CannotTrainError,
    begin_training,
    folder_of,
    latest_trainings,
    parts_of,
    stop_training,
)

router = APIRouter(prefix="/api/v1/trainings", tags=["trainings"])


class ToTrainOn(BaseModel):
    """What a training would take now."""

    num_learned: int = Field(description="reviewed pictures to learn from")
    num_held: int = Field(description="reviewed pictures that are held out, by their content")
    num_learned_boxes: int
    num_held_boxes: int
    lack: str = Field(description="what there is too little of; empty where it can begin")
    modules: list[str] = Field(description="modules that training lacks on this machine")


class TrainingWish(Wish):
    """How long to learn."""

    minutes: float = Field(
        ge=MINUTES[0], le=MINUTES[1], allow_inf_nan=False, description="of learning", examples=[15]
    )


class TrainingInfo(BaseModel):
    """A training."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    state: str = Field(description="running, stopping, done, failed or stopped")
    step: str = Field(description="write, train, export or compare")
    minutes: float
    share: float = Field(0.0, description="of the learning that is over, 0 to 1")
    num_learned: int
    num_held: int
    error: str = Field(description="why it failed; else empty")
    start_id: int = Field(description="the model it goes on from and is compared with")
    product_id: int | None = Field(description="the model that came of it")
    compared: dict[str, Any] = Field(
        description="`compare.json`: the new model is `a`, the one before `b`"
    )
    begun_at: datetime
    begun_by: str
    ended_at: datetime | None


class TrainingDetail(TrainingInfo):
    """A training with the rows of its log."""

    log: list[dict[str, Any]]


@router.get("/ready", responses=problems(401))
def ready(server: TheServer, who: Viewer) -> ToTrainOn:
    """Tell which pictures a training would take now, and what it lacks."""
    parts = parts_of(server)
    return ToTrainOn(
        num_learned=parts.num_learned,
        num_held=parts.num_held,
        num_learned_boxes=parts.num_learned_boxes,
        num_held_boxes=parts.num_held_boxes,
        lack=parts.lack,
        modules=server.lacking_to_train,
    )


@router.get("", responses=problems(401))
def list_them(server: TheServer, who: Viewer) -> list[TrainingInfo]:
    """List the latest trainings, the newest first."""
    with server.database.reading() as session:
        rows = latest_trainings(session)
    return [_info(server, row) for row in rows]


@router.post("", status_code=201, responses=problems(400, 401, 403, 409, 422, 507))
def begin(server: TheServer, who: Reviewer, wish: TrainingWish) -> TrainingInfo:
    """Train on all reviewed pictures, from the live model; one training runs at a time."""
    try:
        training_id = begin_training(server, wish.minutes, who)
    except CannotTrainError as error:
        raise Refused(409 if error.busy else 422, str(error)) from error
    return detail(server, who, training_id)


@router.get("/{training_id}", responses=problems(401, 404))
def detail(server: TheServer, who: Viewer, training_id: Id) -> TrainingDetail:
    """Give a training with its log so far."""
    with server.database.reading() as session:
        training = training_of(session, training_id)
    info = _info(server, training).model_dump()
    return TrainingDetail(**info, log=read_rows(folder_of(server, training) / "run"))


@router.post("/{training_id}/stop", status_code=202, responses=problems(401, 403, 404, 507))
def stop(server: TheServer, who: Reviewer, training_id: Id) -> TrainingInfo:
    """Ask a training to end; nothing comes of it."""
    with server.database.writing() as session:
        training = training_of(session, training_id)
        stop_training(session, training, who)
    return _info(server, training)


def training_of(session: Session, training_id: int) -> Training:
    """Give a training.

    Raises:
        Refused: there is none.
    """
    training = session.get(Training, training_id)
    if training is None:
        raise Refused(404, f"there is no training {training_id}; list them to see which there are")
    return training


def _info(server: Server, training: Training) -> TrainingInfo:
    info = TrainingInfo.model_validate(training)
    if training.step == "train":
        rows = read_rows(folder_of(server, training) / "run")
        return info.model_copy(update={"share": share_of(rows, training.minutes)})
    return info.model_copy(update={"share": float(training.step != "write")})

"""Trainings in the database: begun, moved from step to step, and ended."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from blemish.runtime.bundle import read_bundle
from blemish.web.server import THE_SERVER, Server, model_facts
from blemish.web.store import Who, note, now, register_model
from blemish.web.tables import Training, TrainingState, TrainingStep
from blemish.web.training_data import Parts, count_parts

STEPS: tuple[TrainingStep, ...] = ("write", "train", "export", "compare")
ACTIVE = ("running", "stopping")
MINUTES = (0.1, 1440.0)


class CannotTrainError(Exception):
    """A training cannot begin; the text is a sentence that says why.

    Attributes:
        busy: whether that is because one runs.
    """

    def __init__(self, words: str, busy: bool = False) -> None:
        super().__init__(words)
        self.busy = busy


def folder_of(server: Server, training: Training) -> Path:
    """Give the folder of a training."""
    return server.settings.data.absolute() / "trainings" / str(training.id)


def active_training(session: Session) -> Training | None:
    """Give the training that runs."""
    return session.scalar(select(Training).where(Training.state.in_(ACTIVE)).limit(1))


def latest_trainings(session: Session, count: int = 50) -> list[Training]:
    """Give the latest trainings, the newest first."""
    return list(session.scalars(select(Training).order_by(Training.id.desc()).limit(count)))


def parts_of(server: Server) -> Parts:
    """Count the pictures and boxes that a training would take now."""
    with server.database.reading() as session:
        return count_parts(session)


def begin_training(server: Server, minutes: float, who: Who) -> int:
    """Begin a training on all reviewed pictures, from the live model, and give its id.

    Raises:
        CannotTrainError: one runs, there are too few pictures, or a module is missing.
        DiskFullError: there is no room.
    """
    if server.lacking_to_train:
        missing = ", ".join(server.lacking_to_train)
        raise CannotTrainError(f"training needs {missing}; pip install 'blemish[train]'")
    if not (math.isfinite(minutes) and MINUTES[0] <= minutes <= MINUTES[1]):
        raise CannotTrainError(f"minutes must be from {MINUTES[0]:g} to {MINUTES[1]:g}")
    with server.training, server.database.writing() as session:
        if active_training(session) is not None:
            raise CannotTrainError("A training runs already.", busy=True)
        parts = count_parts(session)
        if parts.lack:
            raise CannotTrainError(parts.lack)
        training = Training(
            start_id=server.live.model_id,
            minutes=minutes,
            num_learned=parts.num_learned,
            num_held=parts.num_held,
            begun_at=now(),
            begun_by=who.name,
        )
        session.add(training)
        session.flush()
        details = {"minutes": minutes, "learned": parts.num_learned, "held": parts.num_held}
        note(session, who, "begin training", f"training {training.id}", details)
        return training.id


def stop_training(session: Session, training: Training, who: Who) -> None:
    """Ask that a training ends; nothing if it has."""
    if training.state == "running":
        training.state = "stopping"
        note(session, who, "stop training", f"training {training.id}")


def go_on(server: Server, training_id: int, step: TrainingStep, tries: int) -> None:
    """Write which step a training is at and how often that was begun."""
    with server.database.writing() as session:
        training = session.get_one(Training, training_id)
        training.step, training.tries = step, tries


def end_training(
    server: Server,
    training_id: int,
    state: TrainingState,
    error: str = "",
    compared: Mapping[str, Any] | None = None,
) -> None:
    """Write how a training ended; one that is done has a bundle, which becomes a model."""
    with server.database.writing() as session:
        training = session.get_one(Training, training_id)
        if state == "done":
            bundle = read_bundle(folder_of(server, training) / "model")
            product = register_model(
                session, model_facts(bundle, bundle.precision), Who(training.begun_by)
            )
            training.product_id, training.compared = product.id, dict(compared or {})
        training.state, training.error, training.ended_at = state, error, now()
        note(session, THE_SERVER, f"training {state}", f"training {training_id}", {"error": error})

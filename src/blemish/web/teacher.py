"""The thread that leads a training from step to step, and takes note of its end.

Each step is a process of its own that outlives the server: a server that starts anew finds it
running or ended, and goes on from there. One that was ended from outside is begun again.
"""

import json
import logging
import shutil
import time
from pathlib import Path
from threading import Thread
from typing import Any

from blemish.errors import BlemishError
from blemish.runtime.bundle import Bundle, read_bundle
from blemish.web import child
from blemish.web.server import Server
from blemish.web.tables import Model, Training, TrainingState, TrainingStep
from blemish.web.training_data import DATA, HELD, write_parts
from blemish.web.trainings import STEPS, active_training, end_training, folder_of, go_on

log = logging.getLogger(__name__)

OK, INTERRUPTED, SOME_FAILED = 0, 130, 3
MOST_TRIES = 3
HARD = 20.0  # seconds after which a process that was asked to end is made to
_BUSY, _IDLE = 0.25, 1.0  # seconds
RUN, MODEL, COMPARED, CACHE = "run", "model", "compared", "pictures"


class Teacher(Thread):
    """The thread."""

    def __init__(self, server: Server) -> None:
        super().__init__(name="teacher", daemon=True)
        self._server = server
        self._asked: float | None = None

    def run(self) -> None:
        """Work until the server stops; what runs then goes on without it."""
        while not self._server.stopping.is_set():
            busy = False
            try:
                busy = self._advance()
            except Exception:
                log.exception("the training stood still for a moment")
            self._server.stopping.wait(_BUSY if busy else _IDLE)

    def _advance(self) -> bool:
        """Look at the training that runs, if one does, and do what comes next."""
        with self._server.database.reading() as session:
            training = active_training(session)
            start = session.get(Model, training.start_id) if training else None
        if training is None or start is None:
            return False
        folder = folder_of(self._server, training)
        if child.is_running(folder):
            if training.state == "stopping":
                self._ask_to_end(folder)
            return True
        self._asked = None
        if training.state == "stopping":
            self._end(training, "stopped")
            return False
        code = child.code_of(folder, training.step)
        if training.step == "write" or code in {None, INTERRUPTED}:
            self._begin_step(training, Path(start.place))
        elif code == OK or (training.step == "compare" and code == SOME_FAILED):
            self._next_step(training)
        else:
            self._end(training, "failed", child.last_words(folder, training.step))
        return True

    def _ask_to_end(self, folder: Path) -> None:
        if self._asked is None:
            self._asked = time.monotonic()
            child.ask_to_end(folder)
        elif time.monotonic() - self._asked > HARD:
            child.ask_to_end(folder, hard=True)

    def _begin_step(self, training: Training, start: Path) -> None:
        """Begin the step, again if its process was ended from outside."""
        server, step, folder = self._server, training.step, folder_of(self._server, training)
        if training.tries >= MOST_TRIES:
            self._end(training, "failed", f"{step} was ended from outside {MOST_TRIES} times")
            return
        go_on(server, training.id, _as_step(step), training.tries + 1)
        try:
            if step == "write":
                folder.mkdir(parents=True, exist_ok=True)
                with server.database.reading() as session:
                    write_parts(session, server.originals, folder)
                go_on(server, training.id, "train", 0)
                return
            words = words_of(training, start, folder)
            command = [*server.settings.trainer, str(folder / f"{step}.code"), *words]
            child.start(command, folder, step)
        except (OSError, BlemishError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self._end(training, "failed", f"{step}: {reason}")

    def _next_step(self, training: Training) -> None:
        at = STEPS.index(_as_step(training.step)) + 1
        if at < len(STEPS):
            go_on(self._server, training.id, STEPS[at], 0)
            return
        place = folder_of(self._server, training) / COMPARED / "compare.json"
        try:
            compared: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
            self._end(training, "done", compared=compared)
        except (OSError, ValueError, BlemishError) as error:
            self._end(training, "failed", f"what came of it cannot be read: {error}")

    def _end(
        self,
        training: Training,
        state: TrainingState,
        error: str = "",
        compared: dict[str, Any] | None = None,
    ) -> None:
        """Write the end and remove what nobody needs any more; the model and what was said stay."""
        end_training(self._server, training.id, state, error, compared)
        folder = folder_of(self._server, training)
        for name in (DATA, HELD, CACHE, *(() if state == "done" else (MODEL, COMPARED))):
            shutil.rmtree(folder / name, ignore_errors=True)
        for left in ("last.pt", "last.safetensors", "best.safetensors"):
            (folder / RUN / left).unlink(missing_ok=True)


def words_of(training: Training, start: Path, folder: Path) -> list[str]:
    """Give the words of the command line for a step.

    Raises:
        BundleError: the model that it starts from cannot be read.
    """
    run, model, held = str(folder / RUN), str(folder / MODEL), folder / HELD
    if training.step == "train":
        kind = str(read_bundle(start).net.get("kind", "centernet"))
        cache = ["--cache", str(folder / CACHE)]
        words = ["train", str(folder / DATA), "--out", run, "--minutes", f"{training.minutes:g}"]
        if (folder / RUN / "last.pt").is_file():
            return ["train", "--out", run, "--resume", *cache]
        return [*words, "--from", str(start), "--net", kind, *cache]
    if training.step == "export":
        return ["export", run, "--out", model, "--name", f"taught-{training.id}"]
    out = ["--out", str(folder / COMPARED), "--overwrite"]
    one = ["--one-class"] if _needs_one_class(read_bundle(start), held) else []
    return ["compare", model, str(start), "--data", str(held), "--split", "all", *out, *one]


def _needs_one_class(start: Bundle, held: Path) -> bool:
    """Tell whether the model before knows none of the names that are labelled now."""
    text = (held / "annotations.json").read_text(encoding="utf-8")
    names = {one["name"] for one in json.loads(text)["categories"]}
    return bool(names) and not names & set(start.classes)


def _as_step(text: str) -> TrainingStep:
    return next(step for step in STEPS if step == text)

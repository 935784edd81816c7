"""The thread that works through the queue of pictures, the next one read while one is looked at."""

import logging
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from threading import Thread
from typing import Any, NamedTuple

from blemish.errors import BlemishError
from blemish.jobs.find import for_wafers
from blemish.jobs.looking import failed_row
from blemish.report.tables import ImageRow, as_json
from blemish.web.carrying import carry
from blemish.web.looker import LATER
from blemish.web.looks import Picture, look, open_upload
from blemish.web.need import nearness, small_of
from blemish.web.server import Live, Server
from blemish.web.store import finish_look, next_waiting
from blemish.web.views import pixels_of, write_views
from blemish.web.weighing import weigh

log = logging.getLogger(__name__)

NEAR = 0.5
"""Share of the threshold from which on a candidate makes a picture worth a person's look."""
_IDLE = 1.0  # seconds; another process may have put a picture in the queue


class _Begun(NamedTuple):
    look_id: int
    name: str
    sha256: str
    live: Live
    picture: Picture | None
    coming: "Future[ImageRow]"


class Backlog(Thread):
    """The thread; it goes on after whatever one picture does."""

    def __init__(self, server: Server) -> None:
        super().__init__(name="backlog", daemon=True)
        self._server = server

    def run(self) -> None:
        """Work until the server stops."""
        last, begun = 0, None
        while not self._server.stopping.is_set():
            self._server.woken.clear()
            try:
                coming = self._begin(last)
                if begun is not None:
                    self._finish(begun)
                begun, last = coming, coming.look_id if coming else last
                if coming is None:
                    last = 0  # one that could not be finished is tried again
                    self._server.woken.wait(_IDLE)
            except Exception:
                log.exception("the queue stopped for a moment")
                begun, last = None, 0
                self._server.stopping.wait(_IDLE)

    def _begin(self, last: int) -> _Begun | None:
        """Read the next picture and ask for its finds."""
        server = self._server
        with server.database.reading() as session:
            waiting = next_waiting(session, last)
        if waiting is None:
            return None
        asked, picture = waiting
        place, live = server.originals.place(picture.sha256), server.live
        finder = replace(live.finder, min_score=live.finder.min_score * NEAR)
        if (recipe := server.recipe) is not None:
            finder = for_wafers(finder)
        pixels: Picture | None = None
        coming: Future[ImageRow] = Future()
        try:
            most = server.settings.max_pixels
            pixels = held = open_upload(place, picture.name, server.wishes, most)
            coming = server.looker.submit(
                lambda: look(
                    held, place, picture.name, finder, recipe, server.settings.value_range
                ),
                LATER,
            )
        except Exception as error:  # whatever one picture does, the others go on
            coming.set_exception(error)
        return _Begun(asked.id, picture.name, picture.sha256, live, pixels, coming)

    def _finish(self, begun: _Begun) -> None:
        """Write what came of a look."""
        live, originals = begun.live, self._server.originals
        try:
            row = begun.coming.result()
        except BlemishError as error:
            row = failed_row(begun.name, str(error))
        except Exception as error:
            log.exception("%s could not be looked at", begun.sha256)
            words = f"could not be looked at ({type(error).__name__}); the server's log says more"
            row = failed_row(begun.name, f"{begun.name}: {words}")
        if begun.picture is not None:
            with suppress(OSError, BlemishError):  # on a full disk; it is made when it is asked for
                write_views(originals, begun.sha256, begun.picture)
        facts, near = judged(row, live.finder.bundle.classes, live.finder.min_score)
        small = b"" if begun.picture is None else small_of(pixels_of(begun.picture))
        with self._server.database.writing() as session:
            need = weigh(session, begun.look_id, live.model_id, facts, near, small)
            finish_look(session, begun.look_id, live.model_id, facts, need, small)
            carry(session, begun.look_id)
        self._server.measures.looked(facts["status"], len(facts["finds"]), row.milliseconds)


def judged(
    row: ImageRow, classes: tuple[str, ...], threshold: float
) -> tuple[Mapping[str, Any], float]:
    """Give a row of candidates as facts with the finds alone, and how near a candidate comes."""
    facts = as_json(row, classes)
    scores = [find["score"] for find in facts["finds"]]
    if row.placement is not None and row.placement.flat:
        facts["flat_mm"] = round(row.placement.flat, 2)
    facts["finds"] = [
        find
        for find, score in zip(facts["finds"], row.defects.scores, strict=True)
        if score >= threshold
    ]
    del facts["num_outside"]  # of candidates, not of finds
    facts["num_finds"] = len(facts["finds"])
    if row.status in {"clean", "defective"}:
        facts["status"] = "defective" if facts["finds"] else "clean"
    return facts, nearness(scores, threshold)

"""The web application: gate, routes and threads put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import generate_latest
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from blemish import __version__
from blemish.web import (
    api_export,
    api_find,
    api_pictures,
    api_reviews,
    api_tiles,
    api_trainings,
    api_wafers,
    pages,
    pages_editor,
    pages_login,
    pages_teach,
    pages_wafers,
)
from blemish.web.access import TheServer, Viewer
from blemish.web.answers import (
    answer_fault,
    answer_full,
    answer_invalid,
    answer_refused,
    answer_unwritten,
    problems,
)
from blemish.web.backlog import Backlog
from blemish.web.database import DiskFullError
from blemish.web.gate import Gate
from blemish.web.measures import Measuring
from blemish.web.server import Server
from blemish.web.store import num_waiting
from blemish.web.teacher import Teacher
from blemish.web.watch import Watch

_ROUTERS = (
    *(api_find.router, api_pictures.router, api_reviews.router, api_export.router),
    *(api_trainings.router, pages_teach.router, api_wafers.router, pages_wafers.router),
    *(pages.router, pages_login.router, api_tiles.router, pages_editor.router),
)


def create_app(server: Server) -> FastAPI:
    """Give the application of an open server; its threads run while the application does."""
    app = FastAPI(
        title="blemish",
        version=__version__,
        description="Finds small defect points in inspection images.",
        openapi_url="/api/v1/openapi.json",
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        lifespan=partial(_running, server=server),
        responses=problems(400, 422),
        exception_handlers={
            HTTPException: _answer_refused,
            RequestValidationError: answer_invalid,
            DiskFullError: answer_full,
            OSError: answer_unwritten,
            Exception: answer_fault,
        },
    )
    app.state.server = server
    for router in _ROUTERS:
        app.include_router(router)
    _add_state_routes(app)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), "static")
    app.add_middleware(Measuring, measures=server.measures)
    app.add_middleware(Gate, database=server.database, local_only=server.settings.local_only)
    return app


async def _answer_refused(request: Request, error: Exception) -> Response:
    """Answer a browser with a page, a program with a problem."""
    wants_page = "text/html" in request.headers.get("accept", "")
    if isinstance(error, HTTPException) and wants_page and not _is_api(request):
        missing = "This page is not there."
        detail = missing if error.detail == "Not Found" else str(error.detail)
        return pages.show(request, "problem.html", error.status_code, detail=detail)
    return await answer_refused(request, error)


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


@asynccontextmanager
async def _running(app: FastAPI, server: Server) -> AsyncIterator[None]:
    threads: list[Thread] = [Backlog(server), Teacher(server)]
    if server.settings.watch is not None:
        threads.append(Watch(server, server.settings.watch))
    server.looker.start()
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        server.stopping.set()
        server.woken.set()
        for thread in threads:
            thread.join()
        server.looker.stop()
        server.close()


def _add_state_routes(app: FastAPI) -> None:
    @app.get("/health", tags=["state"])
    async def health() -> dict[str, str]:
        """Tell that the process answers."""
        return {"status": "ok", "version": __version__}

    @app.get("/ready", tags=["state"], responses=problems(503))
    def ready(server: TheServer) -> dict[str, Any]:
        """Tell that database and model are there; what waits is told too."""
        with server.database.reading() as session:
            waiting = num_waiting(session)
        return {"status": "ready", "model": server.live.finder.bundle.name, "waiting": waiting}

    @app.get("/metrics", tags=["state"], response_class=PlainTextResponse, responses=problems(401))
    def metrics(server: TheServer, who: Viewer) -> PlainTextResponse:
        """Give the counters in Prometheus' text format."""
        with server.database.reading() as session:
            server.measures.waiting.set(num_waiting(session))
        server.measures.asking.set(server.looker.taken)
        text = generate_latest(server.measures.registry).decode()
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

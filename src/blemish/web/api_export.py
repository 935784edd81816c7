"""The calls that write labels and finds out."""

import tempfile
from collections.abc import Callable
from typing import Any, BinaryIO, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session
from starlette.types import Receive, Scope, Send

from blemish.web.access import TheServer, Viewer
from blemish.web.answers import Refused, problems
from blemish.web.api_wafers import placed_of
from blemish.web.export import finds_lines, write_labels
from blemish.web.klarf_export import write_klarfs
from blemish.web.server import Server

router = APIRouter(prefix="/api/v1/export", tags=["export"])

Kind = Literal["voc", "yolo", "coco", "createml", "csv"]
_CHUNK = 1 << 18
_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}}
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}


@router.get("/labels", response_class=StreamingResponse, responses={**_ZIP, **problems(401, 507)})
def labels(
    server: TheServer, who: Viewer, kind: Kind = "voc", pictures: bool = False
) -> StreamingResponse:
    """Give a ZIP file with the labels of all reviewed pictures, and the pictures if wanted."""

    def write(session: Session, file: BinaryIO) -> None:
        write_labels(session, server.originals, kind, file, pictures)

    return _sent(server, write, f"labels-{kind}.zip", "application/zip")


@router.get(
    "/klarf", response_class=StreamingResponse, responses={**_ZIP, **problems(401, 404, 507)}
)
def klarf(server: TheServer, who: Viewer) -> StreamingResponse:
    """Give a ZIP file with a KLARF 1.2 file of each wafer whose millimetres are sure."""
    recipe = placed_of(server).recipe

    def write(session: Session, file: BinaryIO) -> None:
        written, left = write_klarfs(session, recipe, file)
        if not written:
            why = f"{left} pictures are unsure or without millimetres" if left else "there are none"
            raise Refused(404, f"no wafer can be written: {why}")

    return _sent(server, write, "klarf.zip", "application/zip")


@router.get(
    "/finds.csv", response_class=StreamingResponse, responses={**_CSV, **problems(401, 507)}
)
def finds(server: TheServer, who: Viewer) -> StreamingResponse:
    """Give the finds of all pictures as a table, with what was said of each."""

    def write(session: Session, file: BinaryIO) -> None:
        file.writelines(line.encode() for line in finds_lines(session, server.originals))

    return _sent(server, write, "finds.csv", "text/csv")


def _sent(
    server: Server, write: Callable[[Session, BinaryIO], None], name: str, kind: str
) -> StreamingResponse:
    """Give the answer that sends a file; it is written first, so that no reader holds up others.

    It has no name on the disk: however the sending ends, nothing of it stays.
    """
    file = tempfile.TemporaryFile(dir=server.settings.data)  # noqa: SIM115  closed when sent
    try:
        with server.database.reading() as session:
            write(session, file)
        file.flush()  # the last of it must have room too
    except BaseException:
        file.close()
        raise
    return _Sending(file, name, kind)


class _Sending(StreamingResponse):
    """The answer that sends a file from its start and closes it, also where the reader leaves."""

    def __init__(self, file: BinaryIO, name: str, kind: str) -> None:
        file.seek(0)
        self._file = file
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        super().__init__(iter(lambda: file.read(_CHUNK), b""), headers=headers, media_type=kind)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self._file:
            await super().__call__(scope, receive, send)

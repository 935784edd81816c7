"""The calls that write labels and finds out."""

import tempfile
from collections.abc import Iterator
from typing import IO, Any, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from blemish.web.access import TheServer, Viewer
from blemish.web.answers import Refused, problems
from blemish.web.api_wafers import placed_of
from blemish.web.database import DiskFullError, is_disk_full
from blemish.web.export import finds_lines, write_labels
from blemish.web.klarf_export import write_klarfs
from blemish.web.server import Server

router = APIRouter(prefix="/api/v1/export", tags=["export"])

Kind = Literal["voc", "yolo", "coco", "createml", "csv"]
_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}}
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}


@router.get("/labels", response_class=StreamingResponse, responses={**_ZIP, **problems(401, 507)})
def labels(
    server: TheServer, who: Viewer, kind: Kind = "voc", pictures: bool = False
) -> StreamingResponse:
    """Give a ZIP file with the labels of all reviewed pictures, and the pictures if wanted."""
    file = tempfile.TemporaryFile(dir=server.settings.data)  # noqa: SIM115  closed when sent
    try:
        with server.database.reading() as session:
            write_labels(session, server.originals, kind, file, pictures)
    except OSError as error:
        file.close()
        if is_disk_full(error):
            raise DiskFullError from error
        raise
    headers = {"Content-Disposition": f'attachment; filename="labels-{kind}.zip"'}
    return StreamingResponse(_chunks(file), media_type="application/zip", headers=headers)


@router.get(
    "/klarf", response_class=StreamingResponse, responses={**_ZIP, **problems(401, 404, 507)}
)
def klarf(server: TheServer, who: Viewer) -> StreamingResponse:
    """Give a ZIP file with a KLARF 1.2 file of each wafer whose millimetres are sure."""
    recipe = placed_of(server).recipe
    file = tempfile.TemporaryFile(dir=server.settings.data)  # noqa: SIM115  closed when sent
    try:
        with server.database.reading() as session:
            written, left = write_klarfs(session, recipe, file)
        if not written:
            file.close()
            why = f"{left} pictures are unsure or without millimetres" if left else "there are none"
            raise Refused(404, f"no wafer can be written: {why}")
    except OSError as error:
        file.close()
        if is_disk_full(error):
            raise DiskFullError from error
        raise
    headers = {"Content-Disposition": 'attachment; filename="klarf.zip"'}
    return StreamingResponse(_chunks(file), media_type="application/zip", headers=headers)


@router.get("/finds.csv", response_class=StreamingResponse, responses={**_CSV, **problems(401)})
def finds(server: TheServer, who: Viewer) -> StreamingResponse:
    """Give the finds of all pictures as a table, with what was said of each."""
    headers = {"Content-Disposition": 'attachment; filename="finds.csv"'}
    return StreamingResponse(_lines(server), media_type="text/csv", headers=headers)


def _lines(server: Server) -> Iterator[str]:
    with server.database.reading() as session:
        yield from finds_lines(session, server.originals)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(1 << 18):
            yield chunk

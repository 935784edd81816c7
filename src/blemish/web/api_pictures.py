"""The calls about pictures that are kept: upload, list, look at."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from blemish.errors import PictureError, PictureTooLargeError
from blemish.web.access import Reviewer, TheServer, Viewer
from blemish.web.answers import Refused, problems
from blemish.web.api_find import FILE_FORM, queue_full, read_in_turn
from blemish.web.looks import open_upload
from blemish.web.reviews import answers_of, labels_of
from blemish.web.schemas import Asked, Detail, FindInfo, LabelInfo, ModelInfo, Page, PictureInfo
from blemish.web.server import Server
from blemish.web.store import (
    Who,
    add_picture,
    ask_again,
    ask_look,
    finds_of,
    last_look,
    list_pictures,
    model_of,
    neighbours,
    note,
    num_waiting,
    shown_name,
)
from blemish.web.tables import Picture
from blemish.web.uploads import Upload, receive, receiving
from blemish.web.views import write_views

router = APIRouter(prefix="/api/v1/pictures", tags=["pictures"])

MOST = 2**31 - 1
"""The largest number that a column of any database takes."""
Id = Annotated[int, Path(ge=1, le=MOST)]


def picture_of(session: Session, picture_id: int) -> Picture:
    """Give a picture.

    Raises:
        Refused: there is none.
    """
    picture = session.get(Picture, picture_id)
    if picture is None:
        raise Refused(404, f"there is no picture {picture_id}; list them to see which there are")
    return picture


@router.post(
    "",
    status_code=201,
    response_model=PictureInfo,
    openapi_extra=FILE_FORM,
    responses={
        200: {"model": PictureInfo, "description": "The same content is kept already."},
        **problems(400, 401, 403, 413, 415, 422, 429, 507),
    },
)
async def upload(request: Request, server: TheServer, who: Reviewer) -> Response:
    """Keep a picture and put it in the queue; once this is answered it survives a loss of power."""
    info, new = await take_upload(request, server, who)
    return JSONResponse(info.model_dump(mode="json"), 201 if new else 200)


async def take_upload(
    request: Request,
    server: Server,
    who: Who,
    check: Callable[[dict[str, str]], None] = lambda fields: None,
) -> tuple[PictureInfo, bool]:
    """Receive a picture and keep it; ``check`` may refuse the fields beside it."""
    await run_in_threadpool(_check_queue, server)
    with receiving(server.originals) as coming:
        await receive(request, coming, server.settings.max_upload)
        check(coming.fields)
        await _check_readable(server, coming)
        return await run_in_threadpool(keep, server, coming, who)


def _check_queue(server: Server) -> None:
    with server.database.reading() as session:
        waiting = num_waiting(session)
    if waiting >= server.settings.max_waiting:
        raise queue_full(server.looker.seconds_for(waiting // 10))


async def _check_readable(server: Server, coming: Upload) -> None:
    """Refuse a picture that could not be looked at, while its sender still listens."""
    path, name = coming.arriving.path, shown_name(coming.name)
    await run_in_threadpool(coming.arriving.file.flush)
    try:
        async with server.ahead:
            await read_in_turn(
                server,
                path,
                lambda: open_upload(path, name, server.wishes, server.settings.max_pixels),
            )
    except PictureTooLargeError as error:
        raise Refused(413, str(error)) from error
    except PictureError as error:
        raise Refused(422, str(error)) from error


def keep(server: Server, coming: Upload, who: Who) -> tuple[PictureInfo, bool]:
    """Keep a file that came, first on the disk, then in the database; False if it was there."""
    with server.originals.keeping(coming.arriving), server.database.writing() as session:
        picture, new = add_picture(
            session, coming.arriving.sha256, coming.arriving.num_bytes, coming.name, who
        )
        info = PictureInfo.model_validate(picture)
    server.woken.set()
    return info, new


@router.get("", responses=problems(401))
def list_them(
    server: TheServer,
    who: Viewer,
    order: Literal["need", "newest"] = "need",
    reviewed: bool | None = None,
    start: Annotated[int, Query(ge=0, le=MOST)] = 0,
    count: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Page:
    """List pictures: those that need a person most, or the newest first."""
    with server.database.reading() as session:
        pictures, total = list_pictures(session, order, reviewed, start, count)
        infos = [PictureInfo.model_validate(picture) for picture in pictures]
    return Page(total=total, pictures=infos)


@router.get("/{picture_id}", responses=problems(401, 404))
def detail(server: TheServer, who: Viewer, picture_id: Id) -> Detail:
    """Give a picture with its finds, what was said of them, and its boxes."""
    with server.database.reading() as session:
        return detail_of(session, picture_of(session, picture_id))


def detail_of(session: Session, picture: Picture) -> Detail:
    """Give a picture with its finds and boxes."""
    look = last_look(session, picture.id)
    answers = answers_of(session, picture.id)
    before, after = neighbours(session, picture)
    model = model_of(session, look.model_id if look else None)
    return Detail(
        picture=PictureInfo.model_validate(picture),
        facts=look.facts if look else {},
        model=ModelInfo.model_validate(model) if model else None,
        finds=[FindInfo.of(f, answers.get(f.id, "open")) for f in finds_of(session, look)],
        labels=[LabelInfo.model_validate(row) for row in labels_of(session, picture.id)],
        before=before,
        after=after,
    )


@router.post("/{picture_id}/look", status_code=202, responses=problems(401, 403, 404, 429, 507))
def look_again(server: TheServer, who: Reviewer, picture_id: Id) -> PictureInfo:
    """Let the live model look at a picture again; labels and verdicts stay."""
    _check_queue(server)
    with server.database.writing() as session:
        picture = picture_of(session, picture_id)
        if picture.state != "waiting":
            ask_look(session, picture)
            note(session, who, "look again", f"picture {picture_id}")
        info = PictureInfo.model_validate(picture)
    server.woken.set()
    return info


@router.post("/look", status_code=202, responses=problems(401, 403, 507))
def look_again_at_all(server: TheServer, who: Reviewer) -> Asked:
    """Let the live model look again at the pictures that are not reviewed, as many as may wait."""
    return Asked(count=ask_for_all(server, who))


def ask_for_all(server: Server, who: Who) -> int:
    """Put the pictures that are not reviewed into the queue and give how many."""
    with server.database.writing() as session:
        count = ask_again(session, server.settings.max_waiting - num_waiting(session), who)
    server.woken.set()
    return count


_JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}}}


@router.get(
    "/{picture_id}/image",
    response_class=FileResponse,
    responses={**_JPEG, **problems(401, 404, 507)},
)
def image(server: TheServer, who: Viewer, picture_id: Id) -> FileResponse:
    """Give the upright picture as JPEG, reduced to at most 4,096 pixels a side."""
    return _view(server, picture_id, "image")


@router.get(
    "/{picture_id}/thumbnail",
    response_class=FileResponse,
    responses={**_JPEG, **problems(401, 404, 507)},
)
def thumbnail(server: TheServer, who: Viewer, picture_id: Id) -> FileResponse:
    """Give the upright picture as JPEG of at most 320 pixels a side."""
    return _view(server, picture_id, "thumbnail")


def _view(server: Server, picture_id: int, kind: str) -> FileResponse:
    with server.database.reading() as session:
        sha256 = picture_of(session, picture_id).sha256
    place = server.originals.view(sha256, kind)
    if not place.is_file():
        original = server.originals.place(sha256)
        try:
            picture = open_upload(original, "picture", server.wishes, server.settings.max_pixels)
            write_views(server.originals, sha256, picture)
        except PictureError as error:
            raise Refused(404, "there is no view of it: it cannot be read") from error
    headers = {"Cache-Control": "private, max-age=86400"}
    return FileResponse(place, media_type="image/jpeg", headers=headers)


@router.get("/{picture_id}/original", response_class=FileResponse, responses=problems(401, 404))
def original(server: TheServer, who: Viewer, picture_id: Id) -> FileResponse:
    """Give the bytes that were sent, to be saved and never shown."""
    with server.database.reading() as session:
        picture = picture_of(session, picture_id)
    place = server.originals.place(picture.sha256)
    return FileResponse(place, media_type="application/octet-stream", filename=picture.name)

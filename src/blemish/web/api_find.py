"""`POST /api/v1/find`: a picture in, finds out; nothing is kept."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from blemish.core.defects import Defects
from blemish.data.huge import HugePicture
from blemish.data.sizes import measure_picture
from blemish.errors import PictureError, PictureTooLargeError, UsageError
from blemish.report.draw import draw_finds
from blemish.report.tables import ImageRow, as_json
from blemish.web.access import Asker, TheServer
from blemish.web.answers import Refused, problems
from blemish.web.looker import QueueFullError
from blemish.web.looks import Picture, doubts_of, look, open_upload, read_wishes
from blemish.web.server import Server
from blemish.web.store import shown_name
from blemish.web.uploads import Upload, receive, receiving

router = APIRouter(prefix="/api/v1", tags=["find"])

SMALL = 16_000_000
"""Pixels up to which pictures are decoded several at a time, beside the one that is looked at."""


class FoundMark(BaseModel):
    """A find: its box in pixels of the upright picture, and its place on the wafer if known."""

    x1: float = Field(examples=[412.5])
    y1: float = Field(examples=[388.25])
    x2: float = Field(examples=[431.0])
    y2: float = Field(examples=[406.75])
    score: float = Field(ge=0, le=1, examples=[0.8731])
    label: str = Field(examples=["defect"])
    x_mm: float | None = Field(None, description="from the centre, to the right", examples=[-3.1])
    y_mm: float | None = Field(None, description="from the centre, up", examples=[7.25])
    radius_mm: float | None = Field(None, examples=[7.8848])
    angle_deg: float | None = Field(None, description="counter-clockwise", examples=[113.152])
    die_x: int | None = None
    die_y: int | None = None
    width_mm: float | None = Field(None, description="of what is seen, along x", examples=[0.42])
    height_mm: float | None = Field(None, description="along y", examples=[0.38])


class Found(BaseModel):
    """What was found in a picture; the names are the columns of `images.csv`."""

    image: str = Field(examples=["w1.png"])
    width: int = Field(examples=[900])
    height: int = Field(examples=[900])
    num_finds: int = Field(examples=[1])
    status: str = Field(description="clean, defective or partial", examples=["defective"])
    milliseconds: float = Field(examples=[24.1])
    error: str = Field(description="why it is partial; else empty", examples=[""])
    num_outside: int = Field(examples=[0])
    wafer_diameter: float | None = Field(
        description="of the wafer that is seen, in pixels; the one that is sent is in mm",
        examples=[801.3],
    )
    scale: float = Field(examples=[1.0])
    num_excluded: int | None = None
    mark: str | None = Field(None, description="flat, notch or none", examples=["flat"])
    mark_angle: float | None = Field(None, examples=[131.5])
    doubts: list[str] = Field(
        description="why all millimetres may be wrong: the diameter that was sent; else empty"
    )
    finds: list[FoundMark]


def _form(**fields: dict[str, Any]) -> dict[str, Any]:
    """Describe a form with a picture and other fields."""
    file = {"type": "string", "format": "binary", "description": "PNG, JPEG, BMP or TIFF"}
    schema = {"type": "object", "required": ["file"], "properties": {"file": file, **fields}}
    content = {"multipart/form-data": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


FILE_FORM = _form()
_FIND_FORM = _form(
    wafer_diameter={
        "type": "number",
        "description": "of the wafer in mm: finds are told in mm as well",
        "example": 150,
    },
    min_score={"type": "number", "minimum": 0, "maximum": 1},
    range={
        "type": "string",
        "description": "LO,HI: values that become black and white, for more than 8 bits",
        "example": "0,4095",
    },
)


@router.post(
    "/find",
    response_model=Found,
    openapi_extra=_FIND_FORM,
    responses={
        200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
        **problems(400, 401, 403, 413, 415, 422, 429, 507),
    },
)
async def find(request: Request, server: TheServer, who: Asker) -> Response:
    """Find the defects of a picture, the same as `blemish find` finds.

    The answer is JSON, or with `Accept: image/png` the picture with the finds drawn in.
    """
    try:
        with server.looker.place(), receiving(server.originals) as upload:
            await receive(request, upload, server.settings.max_upload)
            facts, drawn = await _answer(request, server, upload)
    except QueueFullError as error:
        raise queue_full(error.seconds) from error
    if drawn is not None:
        return Response(drawn, media_type="image/png")
    return JSONResponse(facts)


async def _answer(
    request: Request, server: Server, upload: Upload
) -> tuple[dict[str, Any], bytes | None]:
    """Look at an upload; gives what is found, and the drawn picture if that is what is wanted."""
    path, name = upload.arriving.path, shown_name(upload.name)
    finder, most = server.live.finder, server.settings.max_pixels
    try:
        wishes = read_wishes(upload.fields, server.settings.value_range)
        await run_in_threadpool(upload.arriving.file.flush)
        read = partial(open_upload, path, name, wishes, most)
        async with server.ahead:
            picture = await read_in_turn(server, path, read)
            wished, recipe = wishes.apply(finder), wishes.recipe()
            row = await asyncio.wrap_future(
                server.looker.submit(
                    lambda: look(picture, path, name, wished, recipe, wishes.value_range)
                )
            )
            server.measures.looked(row.status, len(row.defects), row.milliseconds)
            facts = as_json(row, finder.bundle.classes)
            facts["doubts"] = doubts_of(row, wishes.wafer_diameter)
            if "image/png" not in request.headers.get("accept", ""):
                return facts, None
            return facts, await run_in_threadpool(_draw, picture, row, finder.bundle.classes)
    except PictureTooLargeError as error:
        raise Refused(413, str(error)) from error
    except PictureError as error:
        server.measures.looked("failed", 0, 0.0)
        raise Refused(422, str(error)) from error
    except UsageError as error:
        raise Refused(400, str(error)) from error


async def read_in_turn(server: Server, path: Path, read: Callable[[], Picture]) -> Picture:
    """Read a small picture beside the one that is looked at, a large one after it."""
    if await run_in_threadpool(_is_small, path):
        return await run_in_threadpool(read)
    return await asyncio.wrap_future(server.looker.submit(read))


def _is_small(path: Path) -> bool:
    try:
        stored = measure_picture(path)
    except PictureError:  # it is said when the picture is read
        return False
    return stored.width * stored.height <= SMALL


def _draw(picture: Picture, row: ImageRow, classes: Sequence[str]) -> bytes:
    """Draw the finds into a picture, of a huge one into its overview, and give a PNG file."""
    pixels, factor = picture.overview if isinstance(picture, HugePicture) else (picture, 1.0)
    found = row.defects
    finds = Defects(found.boxes / np.float32(factor), found.labels, found.scores)
    drawn = draw_finds(pixels, finds, classes)
    _, content = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))
    return content.tobytes()


def queue_full(seconds: int) -> Refused:
    """Give the refusal of a request when too many wait."""
    words = f"the queue is full; try again in {seconds} s"
    return Refused(429, words, {"Retry-After": str(seconds)})

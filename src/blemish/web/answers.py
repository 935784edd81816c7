"""What goes wrong, as `application/problem+json` (RFC 9457) with one clear line."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from blemish.web.database import is_disk_full

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong."""

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(
        examples=["w1.png: is cut short (its end is missing); copy or export it again"],
        description="One line that names the thing and the mend.",
    )


class Refused(HTTPException):
    """A request that is answered with a problem; the detail is one line with the mend in it."""

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(status, detail, dict(headers) if headers else None)
        self.more = more


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Give the answer for a problem."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, headers, MEDIA_TYPE)


async def answer_refused(request: Request, error: Exception) -> JSONResponse:
    """Answer what a route or the framework refused."""
    if not isinstance(error, HTTPException):
        raise error
    more = error.more if isinstance(error, Refused) else {}
    return problem(error.status_code, str(error.detail), error.headers, **more)


async def answer_invalid(request: Request, error: Exception) -> JSONResponse:
    """Answer a request whose values are not of the described kinds; it names the first."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return problem(422, f"{place}: {first['msg']}; see the description of this call"[:500])


async def answer_full(request: Request, error: Exception) -> JSONResponse:
    """Answer when the disk is full."""
    return problem(507, "the disk is full and nothing was kept; free some room and send it again")


async def answer_unwritten(request: Request, error: Exception) -> JSONResponse:
    """Answer when a file could not be written because there is no room; else it is a fault."""
    if not (isinstance(error, OSError) and is_disk_full(error)):
        raise error
    return await answer_full(request, error)


async def answer_fault(request: Request, error: Exception) -> JSONResponse:
    """Answer a fault of blemish without what is inside."""
    return problem(500, "a fault of blemish; its log says more")


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Describe the answers of a call that are problems."""
    return {
        code: {
            "model": Problem,
            "description": _MEANINGS[code],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for code in codes
    }


_MEANINGS = {
    400: "The request is not what is described.",
    401: "Nobody is known by this cookie or token.",
    403: "The role does not allow it, or the request came from another site.",
    404: "It is not there.",
    409: "Another person changed the picture meanwhile (`revision` is the latest); or a training "
    "runs already.",
    413: "The file or picture is larger than the limit.",
    415: "The body is of another media type.",
    422: "The picture cannot be looked at, or a value is wrong; the detail is what `find` says.",
    429: "The queue is full; try again after `Retry-After` seconds.",
    500: "A fault of blemish.",
    503: "The server is starting or stopping.",
    507: "The disk is full; nothing was kept.",
}

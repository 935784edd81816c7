"""The calls for the tiles of a large picture, and the thread that cuts them."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path as FilePath
from threading import Lock
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from blemish.errors import PictureError
from blemish.web.access import TheServer, Viewer
from blemish.web.answers import Refused, problems
from blemish.web.api_pictures import Id, picture_of
from blemish.web.database import DiskFullError
from blemish.web.looks import open_upload
from blemish.web.server import Server
from blemish.web.tiles import TILE, cut_tiles, make_room, touch

router = APIRouter(prefix="/api/v1/pictures", tags=["pictures"])

_PATIENCE = 2.0  # seconds for which a request waits for tiles


class TilesInfo(BaseModel):
    """How far the tiles of a picture are."""

    width: int
    height: int
    tile_size: int = Field(description="side of a tile in pixels; tiles do not overlap")
    ready: bool
    done: float = Field(description="0 to 1: how much of it is cut")
    error: str = Field(description="why it cannot be cut; else empty")


@dataclass
class Cutting:
    """A picture that is being cut, or could not be."""

    future: "Future[None] | None" = None
    done: float = 0.0


@dataclass
class Cutter:
    """The thread that cuts, one picture after the other."""

    server: Server
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "tiles"))
    _cuttings: dict[str, Cutting] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def place(self, sha256: str) -> FilePath:
        """Give the folder of a picture's tiles."""
        return self.server.originals.view(sha256, "tiles").with_suffix("")

    def begin(self, sha256: str) -> Cutting | None:
        """Begin to cut a picture unless its tiles are there (None) or it is on the way."""
        place = self.place(sha256)
        if place.is_dir():
            touch(place)
            return None
        with self._lock:
            cutting = self._cuttings.get(sha256)
            if cutting is None:
                cutting = self._cuttings[sha256] = Cutting()
                cutting.future = self._pool.submit(self._cut, sha256, place, cutting)
                cutting.future.add_done_callback(partial(self._forget, sha256))
            return cutting

    def _cut(self, sha256: str, place: FilePath, cutting: Cutting) -> None:
        def told(done: float) -> bool:
            cutting.done = done
            return not self.server.stopping.is_set()

        original = self.server.originals.place(sha256)
        picture = open_upload(
            original, "picture", self.server.wishes, self.server.settings.max_pixels
        )
        cut_tiles(picture, place, told)
        make_room(place.parent, place)

    def _forget(self, sha256: str, future: "Future[None]") -> None:
        if future.exception() is None:
            with self._lock:
                self._cuttings.pop(sha256, None)

    def retry(self, sha256: str) -> None:
        """Forget that a picture could not be cut, so that the next request tries again."""
        with self._lock:
            self._cuttings.pop(sha256, None)


_making = Lock()


def cutter_of(request: Request, server: TheServer) -> Cutter:
    """Give the cutter of the server that answers."""
    state = request.app.state
    with _making:
        if not hasattr(state, "cutter"):
            state.cutter = Cutter(server)
        return cast("Cutter", state.cutter)


TheCutter = Annotated[Cutter, Depends(cutter_of)]


@router.get("/{picture_id}/tiles", responses=problems(401, 404, 503))
def about_tiles(server: TheServer, who: Viewer, cutter: TheCutter, picture_id: Id) -> TilesInfo:
    """Tell how far the tiles of a picture are, and begin to cut them."""
    with server.database.reading() as session:
        picture = picture_of(session, picture_id)
    if not picture.width:
        raise Refused(503, "it has not been looked at yet; try again", {"Retry-After": "1"})
    cutting, error = cutter.begin(picture.sha256), ""
    if cutting is not None and cutting.future is not None:
        wait([cutting.future], _PATIENCE)
        error = _fault_of(cutting.future)
        if error:
            cutter.retry(picture.sha256)
    ready = cutter.place(picture.sha256).is_dir()
    done = 1.0 if ready else cutting.done if cutting else 0.0
    size = {"width": picture.width, "height": picture.height, "tile_size": TILE}
    return TilesInfo(**size, ready=ready, done=done, error=error)


def _refuse_fault(cutter: Cutter, sha256: str, future: "Future[None]") -> None:
    """Refuse a tile of a picture that could not be cut; the next request tries again."""
    error = future.exception() if future.done() else None
    if error is None:
        return
    cutter.retry(sha256)
    if isinstance(error, PictureError):
        raise Refused(404, "there are no tiles of it: it cannot be read") from error
    raise error


def _fault_of(future: "Future[None]") -> str:
    error = future.exception() if future.done() else None
    if isinstance(error, DiskFullError):
        return "the disk is full; free some room"
    if isinstance(error, PictureError):
        return str(error)
    return "a fault of blemish; its log says more" if error else ""


@router.get(
    "/{picture_id}/tiles/{level}/{x}_{y}.jpg",
    response_class=FileResponse,
    responses={200: {"content": {"image/jpeg": {}}}, **problems(401, 404, 503, 507)},
)
def tile(  # noqa: PLR0913 - the parts of its address
    server: TheServer,
    who: Viewer,
    cutter: TheCutter,
    picture_id: Id,
    level: Annotated[int, Path(ge=0, le=31)],
    x: Annotated[int, Path(ge=0, le=2**20)],
    y: Annotated[int, Path(ge=0, le=2**20)],
) -> FileResponse:
    """Give a tile as JPEG; levels are counted as DeepZoom does, `x` and `y` in tiles."""
    with server.database.reading() as session:
        sha256 = picture_of(session, picture_id).sha256
    cutting = cutter.begin(sha256)
    if cutting is not None and cutting.future is not None:
        wait([cutting.future], _PATIENCE)
        _refuse_fault(cutter, sha256, cutting.future)
    folder = cutter.place(sha256)
    if not folder.is_dir():
        raise Refused(503, "its tiles are being cut; try again", {"Retry-After": "2"})
    place = folder / str(level) / f"{x}_{y}.jpg"
    if not place.is_file():
        raise Refused(404, f"there is no tile {x}, {y} at level {level}")
    headers = {"Cache-Control": "private, max-age=86400"}
    return FileResponse(place, media_type="image/jpeg", headers=headers)

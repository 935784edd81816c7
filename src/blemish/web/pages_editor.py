"""The page of the editor, or of what is missing for it."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from blemish.web.access import TheServer, Viewer
from blemish.web.api_pictures import Id, picture_of
from blemish.web.pages import show

router = APIRouter(include_in_schema=False)

BUILT = Path(__file__).parent / "static" / "editor"
"""Where the build of `frontend/` puts the editor."""


def is_built() -> bool:
    """Tell whether the editor was built; a source checkout without Node has none."""
    return all((BUILT / name).is_file() for name in ("editor.js", "editor.css"))


@router.get("/review/{picture_id}/edit")
def edit(request: Request, server: TheServer, who: Viewer, picture_id: Id) -> HTMLResponse:
    """Show a picture in the editor."""
    with server.database.reading() as session:
        picture = picture_of(session, picture_id)
    page = "editor.html" if is_built() else "editor_missing.html"
    return show(request, page, picture=picture)

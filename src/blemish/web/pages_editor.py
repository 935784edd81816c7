"""The page of the editor, or of what is missing for it."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from blemish.web import editor
from blemish.web.access import TheServer, Viewer
from blemish.web.api_pictures import Id, picture_of
from blemish.web.pages import show

router = APIRouter(include_in_schema=False)


@router.get("/review/{picture_id}/edit")
def edit(request: Request, server: TheServer, who: Viewer, picture_id: Id) -> HTMLResponse:
    """Show a picture in the editor."""
    with server.database.reading() as session:
        picture = picture_of(session, picture_id)
    page = "editor.html" if editor.is_built() else "editor_missing.html"
    return show(request, page, picture=picture)

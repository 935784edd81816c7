"""What routes ask for: the server, the visitor, and that the visitor may."""

from collections.abc import Callable
from typing import Annotated, cast

from fastapi import Depends, Request

from blemish.web.accounts import Visitor
from blemish.web.answers import Refused
from blemish.web.gate import CSRF_HEADER, csrf_fits
from blemish.web.server import Server
from blemish.web.store import Who
from blemish.web.tables import Role


def server_of(request: Request) -> Server:
    """Give the server that answers."""
    return cast("Server", request.app.state.server)


def visitor_of(request: Request) -> Visitor:
    """Give who sent a request; the gate has let nobody else pass."""
    visitor = getattr(request.state, "visitor", None)
    if visitor is None:
        raise Refused(401, "nobody is known by this cookie or token; log in")
    return cast("Visitor", visitor)


def who_of(request: Request) -> Who:
    """Give who makes a change, and from where."""
    return Who(visitor_of(request).name, request.client.host if request.client else "")


def needs(role: Role, changes: bool = True) -> Callable[[Request], Who]:
    """Give the check that a visitor has a role, and that a script of ours sends a change."""

    def check(request: Request) -> Who:
        visitor = visitor_of(request)
        if not visitor.may(role):
            raise Refused(403, f"this needs the role {role}; ask an admin for it")
        if changes and not csrf_fits(visitor, request.headers.get(CSRF_HEADER, "")):
            raise Refused(403, "the CSRF token is missing or old; load the page again")
        return who_of(request)

    return check


TheServer = Annotated[Server, Depends(server_of)]
Viewer = Annotated[Who, Depends(needs("viewer", changes=False))]
Asker = Annotated[Who, Depends(needs("viewer"))]
Reviewer = Annotated[Who, Depends(needs("reviewer"))]
Admin = Annotated[Who, Depends(needs("admin"))]

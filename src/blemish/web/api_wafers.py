"""The calls about wafers upon each other: finds a wafer, density, and places that come back."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from blemish.report.repeats import meeting_facts
from blemish.wafer.recipe import Recipe
from blemish.web.access import TheServer, Viewer
from blemish.web.answers import Refused, problems
from blemish.web.placed import Gathered, Placed, Wish
from blemish.web.server import Server

router = APIRouter(prefix="/api/v1", tags=["wafers"])

Lot = Annotated[str, Query(max_length=255, description="of one lot; empty for all")]
Unsure = Annotated[bool, Query(description="with pictures on which something is unsure")]
NO_MILLIMETRES = (
    "Millimetres are not known: start the server with --wafer-diameter or --wafer, and let the "
    "pictures be looked at again."
)


class WaferInfo(BaseModel):
    """A wafer."""

    picture: int = Field(description="the id of its first picture")
    name: str
    added_at: datetime
    num_finds: int


class RingInfo(BaseModel):
    """A ring of the stacked wafers; lengths are mm, densities finds a wafer and cm²."""

    start: float
    end: float
    num_finds: int
    per_cm2: float
    low: float = Field(description="95 % that the intervals of all rings hold")
    high: float


class WafersInfo(BaseModel):
    """Wafers upon each other, the oldest first; rejected finds do not count."""

    diameter: float = Field(description="mm")
    num_finds: int
    lots: list[str]
    left_out: dict[str, int] = Field(description="pictures that are not in it, by the reason")
    trend: dict[str, float] | None = Field(
        description="Mann-Kendall's tau and p_value, and Sen's slope, of finds a wafer"
    )
    rings: list[RingInfo]
    wafers: list[WaferInfo]
    doubts: list[str] = Field(description="why all millimetres may be wrong; else empty")


class RepeatsInfo(BaseModel):
    """Places that come back on more wafers than chance allows, as `blemish repeats` finds them."""

    num_wafers: int
    repeats: list[dict[str, Any]] = Field(description="with the ids of their pictures")
    die_repeats: list[dict[str, Any]] | None = Field(description="null where no dies are told")


def placed_of(server: Server) -> Placed:
    """Give the wafers of a server.

    Raises:
        Refused: it knows no millimetres.
    """
    if server.placed is None:
        raise Refused(404, NO_MILLIMETRES)
    return server.placed


@router.get("/wafers", responses=problems(401, 404))
def wafers(server: TheServer, who: Viewer, lot: Lot = "", unsure: Unsure = False) -> WafersInfo:
    """Give finds a wafer, their trend, and their density by distance from the centre."""
    placed, gathered = _gather(server, lot, unsure)
    stack, learnt = gathered.stack, gathered.learnt
    if stack is None or learnt is None:
        return _nothing(placed.recipe, gathered)
    trend = learnt.trend
    rows = zip(stack.wafers, gathered.ids, gathered.times, stack.counts.tolist(), strict=True)
    return WafersInfo(
        diameter=stack.diameter,
        num_finds=len(stack.points),
        lots=list(gathered.lots),
        left_out=dict(gathered.left_out),
        trend=None
        if trend is None
        else {"tau": trend.tau, "slope": trend.slope, "p_value": trend.p_value},
        rings=[
            RingInfo(
                start=one.start,
                end=one.end,
                num_finds=one.finds,
                per_cm2=one.density,
                low=one.interval[0],
                high=one.interval[1],
            )
            for one in learnt.rings
        ],
        wafers=[
            WaferInfo(picture=number, name=wafer.name, added_at=time, num_finds=count)
            for wafer, number, time, count in rows
        ],
        doubts=list(gathered.doubts),
    )


@router.get("/repeats", responses=problems(401, 404))
def repeats(server: TheServer, who: Viewer, lot: Lot = "", unsure: Unsure = False) -> RepeatsInfo:
    """Give the places that come back on wafer after wafer, the most striking first."""
    _, gathered = _gather(server, lot, unsure)
    stack, learnt = gathered.stack, gathered.learnt
    if stack is None or learnt is None:
        return RepeatsInfo(num_wafers=0, repeats=[], die_repeats=None)
    found = [
        meeting_facts(one) | {"pictures": [gathered.ids[at] for at in one.groups]}
        for one in learnt.repeats
    ]
    in_die = None if learnt.dies is None else [meeting_facts(one) for one in learnt.die_repeats]
    return RepeatsInfo(num_wafers=len(stack.wafers), repeats=found, die_repeats=in_die)


def _gather(server: Server, lot: str, unsure: bool) -> tuple[Placed, Gathered]:
    placed = placed_of(server)
    with server.database.reading() as session:
        return placed, placed.gather(session, Wish(lot, unsure))


def _nothing(recipe: Recipe, gathered: Gathered) -> WafersInfo:
    return WafersInfo(
        diameter=recipe.diameter,
        num_finds=0,
        lots=list(gathered.lots),
        left_out=dict(gathered.left_out),
        trend=None,
        rings=[],
        wafers=[],
        doubts=list(gathered.doubts),
    )

"""The pages of wafers upon each other: map, trends, and places that come back."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from blemish.core.trend import Trend
from blemish.report.repeats import CLEAR
from blemish.wafer.repeats import RepeatWishes
from blemish.web.access import TheServer, Viewer
from blemish.web.api_wafers import NO_MILLIMETRES, Lot, Unsure
from blemish.web.pages import doubts_in, show
from blemish.web.placed import MOST, UNSURE, Wish
from blemish.web.server import Server
from blemish.web.verdict import Line
from blemish.web.wafer_charts import map_of, ring_bars, rings_of, wafer_bars

router = APIRouter(include_in_schema=False)

MOST_LINKS = 12
MOST_REPEATS = 50


@router.get("/wafers")
def wafers(
    request: Request, server: TheServer, who: Viewer, lot: Lot = "", unsure: Unsure = False
) -> HTMLResponse:
    """Show all finds on one wafer, finds a wafer over time, and density by radius."""
    facts = _facts(server, Wish(lot, unsure))
    learnt = facts["gathered"].learnt if facts["known"] else None
    if facts["known"]:
        facts["doubts"] = doubts_in(request, facts["gathered"].doubts)
    if learnt is not None:
        facts["over_time"] = wafer_bars(facts["gathered"])
        facts["by_radius"] = ring_bars(learnt.rings)
        facts["trend"] = trend_line(learnt.trend)
    return show(request, "wafers.html", **facts)


@router.get("/repeats")
def repeats(
    request: Request, server: TheServer, who: Viewer, lot: Lot = "", unsure: Unsure = False
) -> HTMLResponse:
    """Show the places that come back on wafer after wafer."""
    facts = _facts(server, Wish(lot, unsure))
    learnt = facts["gathered"].learnt if facts["known"] else None
    if learnt is not None:
        gathered, shown = facts["gathered"], learnt.repeats[:MOST_REPEATS]
        facts["rings"] = rings_of(gathered, shown)
        facts["repeats"] = [
            (one, [(gathered.ids[at], gathered.stack.wafers[at].name) for at in one.groups])
            for one in shown
        ]
        facts["die_repeats"] = learnt.die_repeats[:MOST_REPEATS]
        facts["has_dies"] = learnt.dies is not None
    facts |= {"most_links": MOST_LINKS, "wishes": RepeatWishes()}
    return show(request, "repeats.html", **facts)


def _facts(server: Server, wish: Wish) -> dict[str, Any]:
    facts: dict[str, Any] = {"known": server.placed is not None, "lack": NO_MILLIMETRES}
    facts |= {"wish": wish, "most": MOST, "unsure_word": UNSURE}
    if server.placed is None:
        return facts
    with server.database.reading() as session:
        gathered = server.placed.gather(session, wish)
    stack = gathered.stack
    return facts | {
        "gathered": gathered,
        "recipe": server.placed.recipe,
        "map": map_of(gathered, server.placed.recipe),
        "num_wafers": 0 if stack is None else len(stack.wafers),
        "num_finds": 0 if stack is None else len(stack.points),
    }


def trend_line(trend: Trend | None) -> Line:
    """Say whether finds a wafer rise or fall."""
    if trend is None:
        return Line("Too few wafers to tell a trend.")
    values = {"slope": f"{trend.slope:+.2g}", "p": f"{trend.p_value:.2g}"}
    if trend.p_value > CLEAR or not trend.tau:
        return Line("No trend to be seen (Mann-Kendall p = {p}).", values)
    if trend.tau > 0:
        return Line("Finds a wafer rise: {slope} a wafer (Mann-Kendall p = {p}).", values)
    return Line("Finds a wafer fall: {slope} a wafer (Mann-Kendall p = {p}).", values)

"""The wafers on the pictures that are kept, laid upon each other, and what is learnt of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from blemish.data.found import Find as FoundFind
from blemish.data.found import FoundPicture, FoundRun
from blemish.wafer.recipe import Recipe
from blemish.wafer.repeats import RepeatWishes, Study, study
from blemish.wafer.stack import BEYOND, Stack, StackWishes, stack_runs
from blemish.wafer.standards import doubt_millimetres
from blemish.web.tables import Find, Look, Picture, Verdict

MOST = 1000
"""Pictures that are stacked, the newest ones."""
UNSURE, NOWHERE, BEYOND_RIM, TWICE = (
    "something is unsure",
    "without millimetres",
    "a find lies off the wafer",
    "there twice",
)
_KEPT = 8


@dataclass(frozen=True, eq=False)
class Gathered:
    """Wafers of the database upon each other.

    Attributes:
        stack: the wafers; None where there are none.
        ids: for each wafer its first picture.
        times: when that picture came.
        marks: how often a flat, a notch or none was seen.
        left_out: how many pictures are not in it, by the reason.
        lots: all lots that pictures are of, sorted; empty where names do not tell.
        learnt: of the stack; None where there is none.
        doubts: why all millimetres may be wrong.
    """

    stack: Stack | None
    ids: tuple[int, ...]
    times: tuple[datetime, ...]
    marks: Counter[str]
    left_out: Counter[str]
    lots: tuple[str, ...]
    learnt: Study | None
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class Wish:
    """Which wafers: of a lot, or of all with an empty name; and whether unsure ones count."""

    lot: str = ""
    unsure: bool = False


@dataclass
class Placed:
    """What was gathered last, given again until something has changed."""

    recipe: Recipe
    _kept: dict[object, Gathered] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def gather(self, session: Session, wish: Wish) -> Gathered:
        """Give the wafers that are wished for."""
        state = (
            session.scalar(select(func.max(Look.id)).where(Look.state == "done")),
            session.scalar(select(func.count(Look.id)).where(Look.state == "done")),
            session.scalar(select(func.max(Verdict.id))),
        )
        with self._lock:  # of two who ask for the same, one works
            key = (wish, state)
            if key not in self._kept:
                while len(self._kept) >= _KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[key] = gather(session, self.recipe, wish)
            return self._kept[key]


def gather(session: Session, recipe: Recipe, wish: Wish) -> Gathered:
    """Lay the wafers upon each other, oldest first; rejected finds do not count."""
    left_out: Counter[str] = Counter()
    marks: Counter[str] = Counter()
    taken, pictures, lots = [], {}, set()
    looked = _looked(session)
    flats = [flat for look, _, _ in looked if (flat := look.facts.get("flat_mm"))]
    doubts = tuple(doubt_millimetres(recipe.diameter, flats))
    for look, picture, finds in looked:
        names = recipe.names_of(picture.name)
        lot = (names.lot if names else None) or ""
        lots |= {lot} - {""}
        if wish.lot not in {"", lot}:
            continue
        if reason := reason_against(look, finds, recipe.diameter, wish.unsure):
            left_out[reason] += 1
            continue
        facts = {key: "" if value is None else str(value) for key, value in look.facts.items()}
        marks[facts.get("mark", "none")] += 1
        taken.append(FoundPicture(picture.name, tuple(map(_found, finds)), facts, str(picture.id)))
        pictures[str(picture.id)] = picture
    if not taken:
        return Gathered(None, (), (), marks, left_out, tuple(sorted(lots)), None, doubts)
    run = FoundRun("", tuple(taken), True, recipe.diameter)
    stack = stack_runs([run], recipe, StackWishes(partial=True))
    firsts = [pictures[wafer.pictures[0].source] for wafer in stack.wafers]
    if twice := len(taken) - sum(len(wafer.pictures) for wafer in stack.wafers):
        left_out[TWICE] += twice
    return Gathered(
        stack,
        tuple(one.id for one in firsts),
        tuple(one.added_at for one in firsts),
        marks,
        left_out,
        tuple(sorted(lots)),
        study(stack, recipe.dies, RepeatWishes()),
        doubts,
    )


def last_looks(session: Session, most: int = MOST) -> list[tuple[Look, Picture]]:
    """Give the last look at each of the newest pictures, the oldest first."""
    last = select(func.max(Look.id)).where(Look.state == "done").group_by(Look.picture_id)
    chosen = select(Look, Picture).join(Picture, Picture.id == Look.picture_id)
    newest = chosen.where(Look.id.in_(last)).order_by(Picture.id.desc()).limit(most)
    return [(look, picture) for look, picture in session.execute(newest).all()][::-1]


def counting_finds(session: Session, looks: Iterable[Look]) -> dict[int, list[Find]]:
    """Give the finds of each look, by its id, without those that a person rejected."""
    ids = sorted(look.id for look in looks)
    said = select(func.max(Verdict.id)).where(Verdict.find_id.is_not(None))
    last = said.group_by(Verdict.find_id)
    rejected = select(Verdict.find_id).where(Verdict.id.in_(last), Verdict.answer == "rejected")
    finds: dict[int, list[Find]] = {number: [] for number in ids}
    for start in range(0, len(ids), 500):  # a database takes so many values in a query
        some = ids[start : start + 500]
        chosen = select(Find).where(Find.look_id.in_(some), Find.id.not_in(rejected))
        for find in session.scalars(chosen.order_by(Find.id)):
            finds[find.look_id].append(find)
    return finds


def _looked(session: Session) -> list[tuple[Look, Picture, list[Find]]]:
    rows = last_looks(session)
    finds = counting_finds(session, [look for look, _ in rows])
    return [(look, picture, finds[look.id]) for look, picture in rows]


def reason_against(look: Look, finds: list[Find], diameter: float, unsure: bool) -> str:
    """Give why a look at a picture does not count; empty where it does."""
    places = [(find.place.get("x_mm"), find.place.get("y_mm")) for find in finds]
    if look.facts.get("wafer_diameter") is None or "mark" not in look.facts:
        return NOWHERE
    known = [(float(x), float(y)) for x, y in places if x is not None and y is not None]
    if len(known) < len(places):
        return NOWHERE
    if look.facts.get("status") == "partial" and not unsure:
        return UNSURE
    if any(x * x + y * y > (diameter / 2 * BEYOND) ** 2 for x, y in known):
        return BEYOND_RIM
    return ""


def _found(find: Find) -> FoundFind:
    x, y = float(find.place["x_mm"]), float(find.place["y_mm"])
    die = (find.place.get("die_x"), find.place.get("die_y"))
    where = None if None in die else (int(die[0] or 0), int(die[1] or 0))
    return FoundFind((find.x1, find.y1, find.x2, find.y2), find.score, (x, y), where)

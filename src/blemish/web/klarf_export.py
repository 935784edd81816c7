"""KLARF 1.2 of the wafers on the pictures that are kept, a file each in one ZIP."""

import zipfile
from typing import BinaryIO

import numpy as np
from sqlalchemy.orm import Session

from blemish.wafer.klarf import Sheet, write_klarf
from blemish.wafer.recipe import Recipe
from blemish.web.export import safe_stem
from blemish.web.placed import counting_finds, last_looks, reason_against
from blemish.web.tables import Find, Look, Picture

MOST = 10_000
_NEEDED = ("x_mm", "y_mm", "width_mm", "height_mm")


def write_klarfs(session: Session, recipe: Recipe, file: BinaryIO) -> tuple[int, int]:
    """Write a ZIP file of the wafers, and give how many are in it and how many cannot be.

    As `blemish find --write klarf` does it: a wafer on which something is unsure has no file, for
    whoever reads it would take a guess for a place. Rejected finds are left out.
    """
    rows = last_looks(session, MOST)
    finds = counting_finds(session, [look for look, _ in rows])
    written, taken = 0, set[str]()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for look, picture in rows:
            sheet = _sheet(look, picture, finds[look.id], recipe)
            if sheet is None:
                continue
            stem = safe_stem(picture.name)
            if stem.casefold() in taken:
                stem = f"{stem[:60]}~{picture.id}"
            taken.add(stem.casefold())
            archive.writestr(f"{stem}.klarf", write_klarf(sheet).encode("ascii"))
            written += 1
    return written, len(rows) - written


def _sheet(look: Look, picture: Picture, finds: list[Find], recipe: Recipe) -> Sheet | None:
    names, mark = recipe.names_of(picture.name), look.facts.get("mark")
    sure = not look.facts.get("error") and not reason_against(look, finds, recipe.diameter, False)
    placed = all(find.place.get(key) is not None for find in finds for key in _NEEDED)
    if names is None or mark not in {"flat", "notch"} or not sure or not placed:
        return None
    numbers = np.array([[find.place[key] for key in _NEEDED] for find in finds], np.float64)
    numbers = numbers.reshape(-1, len(_NEEDED))
    classes = tuple(sorted({find.label for find in finds}))
    return Sheet(
        names=names._replace(wafer=names.wafer or safe_stem(picture.name)),
        header=recipe.header,
        time=(look.ended_at or look.asked_at).astimezone(),
        diameter=recipe.diameter,
        mark=mark,
        location=recipe.orientation.location,
        dies=recipe.dies,
        area=float(np.pi * (recipe.diameter / 2 - recipe.edge) ** 2),
        points=numbers[:, :2],
        sizes=numbers[:, 2:],
        labels=np.array([classes.index(find.label) for find in finds], np.int64),
        classes=classes,
    )

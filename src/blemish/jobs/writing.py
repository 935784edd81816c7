"""What `find --write` adds to a result: labels for labelling tools, KLARF for yield systems."""

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from blemish.data.huge import HugePicture
from blemish.data.labels import from_defects
from blemish.data.tiff import write_pages
from blemish.data.voc import write_voc
from blemish.data.yolo import write_yolo
from blemish.errors import UsageError
from blemish.jobs.closeups import keep_found
from blemish.jobs.looking import cut, size_of
from blemish.jobs.output import Output, closeup_name
from blemish.jobs.results import PICTURES
from blemish.report.grid import draw_grid
from blemish.report.tables import ImageRow, finds_coco
from blemish.wafer.klarf import Sheet, write_klarf
from blemish.wafer.placing import Placement
from blemish.wafer.recipe import Names, Recipe

Pixels = NDArray[np.uint8]
KINDS = ("voc", "yolo", "coco", "klarf", "klarf-images")
LABELS = frozenset(("voc", "yolo", "coco"))
_LAST = ("yolo/classes.txt", "coco/labels.json")
LEAST_CROP = 64  # px; a speck alone in its picture says nothing


@dataclass(frozen=True, eq=False)
class Writing:
    """What is to be written of each picture.

    Attributes:
        kinds: some of `KINDS`.
        classes: the names of the labels.
        recipe: of the wafers; there is one if KLARF is to be written.
        time: of the run, local.
        grid: whether drawn copies show the wafer's frame.
    """

    kinds: frozenset[str]
    classes: tuple[str, ...]
    recipe: Recipe | None
    time: datetime
    grid: bool = False

    @property
    def klarf(self) -> bool:
        """Tell whether KLARF is to be written."""
        return bool(self.kinds & {"klarf", "klarf-images"})

    def planned(self, copies: Sequence[str]) -> list[str]:
        """Give the names of all files that may come of pictures with these drawn copies."""
        stems = [_stem(copy) for copy in copies]
        endings = {"voc": ("voc", ".xml"), "yolo": ("yolo", ".txt")}
        plain = [endings[kind] for kind in sorted(self.kinds & set(endings))]
        plain += [("klarf", ".klarf")] if self.klarf else []
        names = [closeup_name(copy) for copy in copies]
        names += [f"{folder}/{stem}{ending}" for stem in stems for folder, ending in plain]
        if "klarf-images" in self.kinds:
            names += [f"klarf/{stem.parent / _tiff(stem)}" for stem in stems]
        return names + last_names(self.kinds)

    def write_each(
        self,
        looked: Iterable[tuple[tuple[ImageRow, Pixels | HugePicture | None], str]],
        pictures: str,
        output: Output,
    ) -> Iterator[ImageRow]:
        """Yield the row of each picture once its files and its drawn copy are written.

        Each comes with the name of its copy; ``pictures`` says of which there is one.
        """
        for (row, picture), name in looked:
            if picture is None:
                yield row
                continue
            done = output.put(row, partial(self.files, name, row, picture))
            if pictures == "all" or (pictures == "found" and len(row.defects)):
                paint = partial(self.backdrop, row)
                done = output.draw(name, picture, done, self.classes, paint)
                done = keep_found(output, name, done, picture, self.classes)
            yield done

    def files(
        self, copy: str, row: ImageRow, picture: Pixels | HugePicture
    ) -> tuple[dict[str, bytes], str]:
        """Give the files of a picture, and in words why one that was asked for is not among them.

        ``copy`` is the name of the picture's drawn copy, which no other picture has.
        """
        stem, files, lacking = _stem(copy), {}, []
        kinds = self.kinds
        if row.num_unread and kinds & LABELS:  # what was not seen is not clean
            kinds, lacking = kinds - LABELS, ["no labels are written"]
        labels = from_defects(row.image, (row.width, row.height), row.defects, self.classes)
        if "voc" in kinds:
            files[f"voc/{stem}.xml"] = write_voc(labels, folder=str(stem.parent)).encode()
        if "yolo" in kinds:
            if f"yolo/{stem}.txt".casefold() == _LAST[0]:
                lacking.append("its YOLO labels would be named like the list of classes; rename it")
            else:
                files[f"yolo/{stem}.txt"] = write_yolo(labels, self.classes).encode()
        if self.klarf:
            sheets, why = self._sheets(stem, row, picture)
            files |= sheets
            lacking += [why] if why else []
        return files, "; ".join(lacking)

    def _sheets(
        self, stem: PurePosixPath, row: ImageRow, picture: Pixels | HugePicture
    ) -> tuple[dict[str, bytes], str]:
        """Give the KLARF file of a picture, with its images if they are wanted, or why not."""
        if self.recipe is None or row.placement is None:
            return {}, ""
        names = self.recipe.names_of(row.image)
        if names is None:
            return {}, "names.pattern does not fit its name: no KLARF is written"
        if row.error or row.placement.frame is None:
            # Whoever reads it would take what was not seen for clean, or a guess for a place.
            return {}, "no KLARF is written"
        sheet = _sheet(self, row.placement, row, names._replace(wafer=names.wafer or stem.name))
        files = {}
        if "klarf-images" in self.kinds and len(row.defects):
            sheet = replace(sheet, tiff=_tiff(stem))
            pages = (cut_around(picture, box) for box in row.defects.boxes)
            files[f"klarf/{stem.parent / sheet.tiff}"] = write_pages(pages)
        return files | {f"klarf/{stem}.klarf": write_klarf(sheet).encode("ascii")}, ""

    def backdrop(self, row: ImageRow, pixels: Pixels, factor: float) -> Pixels:
        """Give what finds are drawn on: the picture, with the grid where it is wanted.

        The picture is reduced by ``factor``. Inside the finds' boxes it stays as it is.
        """
        if not self.grid or self.recipe is None or row.placement is None:
            return pixels
        drawn = draw_grid(pixels, row.placement, self.recipe, factor)
        boxes = (row.defects.boxes / np.float32(factor)).round().astype(int).clip(0)
        for x1, y1, x2, y2 in boxes.tolist():
            drawn[y1:y2, x1:x2] = pixels[y1:y2, x1:x2]
        return drawn

    def last_files(self, rows: Sequence[ImageRow]) -> dict[str, bytes]:
        """Give the files that belong to all pictures together."""
        files = {}
        if "yolo" in self.kinds:
            files[_LAST[0]] = "".join(f"{name}\n" for name in self.classes).encode()
        if "coco" in self.kinds:
            whole = [row for row in rows if not row.num_unread]
            files[_LAST[1]] = finds_coco(whole, self.classes).encode()
        return files


def last_names(kinds: Iterable[str]) -> list[str]:
    """Give the names of the files that belong to all pictures together."""
    return [name for name in _LAST if name.split("/")[0] in kinds]


def read_kinds(wishes: Sequence[str], recipe: Recipe | None) -> frozenset[str]:
    """Read what --write names, in one list with commas or several.

    Raises:
        UsageError: a kind is unknown, or KLARF lacks what it needs.
    """
    kinds = {kind.strip() for wish in wishes for kind in wish.split(",")}
    kinds.discard("html")  # report.html is written in any case
    if strange := sorted(kinds - set(KINDS)):
        raise UsageError(f"--write {strange[0]!r} is not one of {', '.join(KINDS)}, html")
    if kinds & {"klarf", "klarf-images"}:
        if recipe is None:
            raise UsageError("--write klarf needs --wafer-diameter or --wafer: it is in mm")
        if recipe.orientation.mark == "none":
            raise UsageError(
                "--write klarf needs a flat or notch: give orientation.mark, and orientation.angle "
                "if it cannot be seen"
            )
    return frozenset(kinds)


def cut_around(picture: Pixels | HugePicture, box: NDArray[np.float32]) -> Pixels:
    """Cut a find out of its picture (H, W, 3), twice as large as its box; at least one pixel."""
    width, height = size_of(picture)
    x, y = float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2
    half = max(float(box[2] - box[0]), float(box[3] - box[1]), LEAST_CROP / 2)
    left, top = (int(min(max(at - half, 0), side - 1)) for at, side in ((x, width), (y, height)))
    right, bottom = int(np.ceil(x + half)), int(np.ceil(y + half))
    right, bottom = min(max(right, left + 1), width), min(max(bottom, top + 1), height)
    return cut(picture, (left, top, right, bottom))


def _stem(copy: str) -> PurePosixPath:
    """Give what the files of a picture are called, without an ending."""
    return PurePosixPath(copy).relative_to(PICTURES).with_suffix("")


def _tiff(stem: PurePosixPath) -> str:
    """Give a name that can stand in a KLARF file, and that no other picture's file has."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", stem.name)
    same = plain == stem.name
    return f"{plain}.tif" if same else f"{plain}-{zlib.crc32(stem.name.encode()):08x}.tif"


def _sheet(writing: Writing, placement: Placement, row: ImageRow, names: Names) -> Sheet:
    recipe = writing.recipe
    if recipe is None or placement.frame is None:
        raise ValueError("KLARF needs a recipe and a frame")
    return Sheet(
        names=names,
        header=recipe.header,
        time=writing.time,
        diameter=recipe.diameter,
        mark=placement.mark,
        location=recipe.orientation.location,
        dies=recipe.dies,
        area=float(np.pi * (recipe.diameter / 2 - recipe.edge) ** 2),
        points=placement.points,
        sizes=placement.sizes,
        labels=row.defects.labels,
        classes=writing.classes,
    )

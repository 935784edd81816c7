"""Pascal VOC XML as labelImg writes it: one file a picture; text to labels and back.

The four numbers are taken as they are: labelImg writes 0-based pixels, cut to integers, with a
minimum of 1. Files of the VOC challenge itself count pixels from 1 and include the last one.
"""

import math
import re
from xml.etree import ElementTree  # for writing; what is read goes by defusedxml

from blemish.data.labels import LabelRow, PictureLabels, class_or_default, usable_box
from blemish.data.problems import Place, Report, refuse, stop

_SIDES = ("xmin", "ymin", "xmax", "ymax")


def read_voc(
    content: str | bytes, source: str, report: Report = refuse, one_based: bool = False
) -> PictureLabels:
    """Read one annotation; no object means a clean picture, `difficult` means ignored.

    ``one_based`` is for files whose pixels count from 1, the last one included: the minimum
    sides move by one pixel, the maximum ones already stand at the pixel's far edge.

    Raises:
        LabelError: it is not VOC XML, or ``report`` refuses an object; the text names ``source``.
    """
    root = _parse(content, source)
    rows = [
        _read_object(item, Place(source, f"object {number}", report), one_based)
        for number, item in enumerate(root.findall("object"), 1)
    ]
    return PictureLabels.of_rows(
        _text(root, "filename").replace("\\", "/"),
        (_whole(root, "size/width"), _whole(root, "size/height")),
        [row for row in rows if row is not None],
    )


def write_voc(labels: PictureLabels, folder: str = "", depth: int = 3) -> str:
    """Write one annotation, sides rounded to whole pixels, ignored boxes as `difficult`.

    A box that rounding would leave without an inside becomes a pixel wide or high.
    """
    root = ElementTree.Element("annotation")
    _add(root, "folder", folder)
    _add(root, "filename", labels.picture)
    _add(root, "path", labels.picture)
    _add(ElementTree.SubElement(root, "source"), "database", "Unknown")
    size = ElementTree.SubElement(root, "size")
    for tag, value in zip(("width", "height", "depth"), (*labels.size, depth), strict=True):
        _add(size, tag, value)
    _add(root, "segmented", 0)
    for box, name, ignored in zip(labels.boxes, labels.classes, labels.ignored, strict=True):
        item = ElementTree.SubElement(root, "object")
        _add(item, "name", name)
        _add(item, "pose", "Unspecified")
        _add(item, "truncated", 0)
        _add(item, "difficult", int(ignored))
        sides = ElementTree.SubElement(item, "bndbox")
        (x1, x2), (y1, y2) = (_rounded(*box[axis::2].tolist()) for axis in (0, 1))
        for tag, value in zip(_SIDES, (x1, y1, x2, y2), strict=True):
            _add(sides, tag, value)
    ElementTree.indent(root, "\t")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _rounded(low: float, high: float) -> tuple[int, int]:
    """Give two sides as whole numbers that are never the same."""
    if round(low) < round(high):
        return round(low), round(high)
    return math.floor(low), math.floor(low) + 1


def _parse(content: str | bytes, source: str) -> ElementTree.Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root: ElementTree.Element = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        stop(source, f"is not readable XML ({error})")
    if root.tag != "annotation":
        stop(source, f"is XML but not a VOC annotation (it begins with <{root.tag}>)")
    return root


def _read_object(item: ElementTree.Element, place: Place, one_based: bool) -> LabelRow | None:
    try:
        x1, y1, x2, y2 = (float(_text(item, f"bndbox/{tag}")) for tag in _SIDES)
    except ValueError:
        place.tell("bad-row", "a box side is missing or not a number")
        return None
    box = usable_box((x1 - one_based, y1 - one_based, x2, y2), place)
    if box is None:
        return None
    name = class_or_default(_text(item, "name"), place)
    return LabelRow(box, name, place.row, _text(item, "difficult") in {"1", "true", "True"})


def _text(node: ElementTree.Element, path: str) -> str:
    return (node.findtext(path) or "").strip()


def _whole(node: ElementTree.Element, path: str) -> int:
    number = re.fullmatch(r"([0-9]{1,9})(\.0*)?", _text(node, path))
    return int(number[1]) if number else 0


def _add(parent: ElementTree.Element, tag: str, value: object) -> None:
    ElementTree.SubElement(parent, tag).text = str(value)

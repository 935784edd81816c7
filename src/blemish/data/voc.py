"""Pascal VOC XML as labelImg writes it: one file a picture; text to labels and back.

The four numbers are taken as they are: labelImg writes 0-based pixels, cut to integers.
"""

from xml.etree import ElementTree  # for writing; what is read goes by defusedxml

from blemish.data.labels import DEFAULT_CLASS, PictureLabels, checked_box
from blemish.errors import LabelError

_SIDES = ("xmin", "ymin", "xmax", "ymax")


def read_voc(content: str | bytes, source: str) -> PictureLabels:
    """Read one annotation; no object means a clean picture, `difficult` means ignored.

    Raises:
        LabelError: it is not VOC XML; the text names ``source`` and the object.
    """
    root = _parse(content, source)
    rows = [
        _read_object(item, f"{source}: object {number}")
        for number, item in enumerate(root.findall("object"), 1)
    ]
    size = (_whole(root, "size/width"), _whole(root, "size/height"))
    return PictureLabels.of(
        _text(root, "filename").replace("\\", "/"),
        size,
        [box for box, _, _ in rows],
        tuple(name for _, name, _ in rows),
        ignored=[difficult for _, _, difficult in rows],
    )


def write_voc(labels: PictureLabels, folder: str = "", depth: int = 3) -> str:
    """Write one annotation, sides rounded to whole pixels, ignored boxes as `difficult`."""
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
        for tag, value in zip(_SIDES, box, strict=True):
            _add(sides, tag, round(float(value)))
    ElementTree.indent(root, "\t")
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _parse(content: str | bytes, source: str) -> ElementTree.Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root: ElementTree.Element = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise LabelError(f"{source}: is not readable XML ({error}); save it again") from error
    if root.tag != "annotation":
        raise LabelError(
            f"{source}: is XML but not a VOC annotation (it begins with <{root.tag}>); "
            "leave it out or export as Pascal VOC"
        )
    return root


def _read_object(item: ElementTree.Element, place: str) -> tuple[tuple[float, ...], str, bool]:
    try:
        x1, y1, x2, y2 = (float(_text(item, f"bndbox/{tag}")) for tag in _SIDES)
    except ValueError as error:
        raise LabelError(
            f"{place}: a box side is missing or not a number; draw it again"
        ) from error
    name = _text(item, "name") or DEFAULT_CLASS
    return (
        checked_box(x1, y1, x2, y2, place),
        name,
        _text(item, "difficult") in {"1", "true", "True"},
    )


def _text(node: ElementTree.Element, path: str) -> str:
    return (node.findtext(path) or "").strip()


def _whole(node: ElementTree.Element, path: str) -> int:
    text = _text(node, path)
    return int(text) if text.isdecimal() else 0


def _add(parent: ElementTree.Element, tag: str, value: object) -> None:
    ElementTree.SubElement(parent, tag).text = str(value)

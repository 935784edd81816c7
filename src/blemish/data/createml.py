"""CreateML JSON as labelImg writes it: a list of pictures, boxes by centre and size in pixels."""

import json
from collections.abc import Sequence
from typing import Any

from blemish.data.labels import (
    LabelRow,
    PictureLabels,
    class_or_default,
    plain_number,
    usable_box,
)
from blemish.data.problems import Place, Report, printable, refuse, stop

_PICTURE_KEYS = ("image", "imagefilename")
_BOX_KEYS = ("annotations", "annotation")


def read_createml(text: str, source: str, report: Report = refuse) -> list[PictureLabels]:
    """Read the labels of all pictures in their order; one without annotations is clean.

    Raises:
        LabelError: it is not CreateML JSON, or ``report`` refuses an entry; the text names
            ``source`` and the entry.
    """
    try:
        data = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        stop(source, f"is not readable JSON ({error})")
    if data != [] and not is_createml(data):
        stop(source, "is JSON but not CreateML")
    pictures = []
    for at, entry in enumerate(data):
        place = Place(source, f"[{at}]", report)
        name = _first(entry, _PICTURE_KEYS)
        boxes = _first(entry, _BOX_KEYS)
        if not isinstance(name, str) or not isinstance(boxes, list):
            place.tell("bad-row", "is not an object with image and annotations")
            continue
        places = (Place(source, f"[{at}].annotations[{b}]", report) for b in range(len(boxes)))
        rows = [_read_box(box, one) for box, one in zip(boxes, places, strict=True)]
        kept = [row for row in rows if row is not None]
        pictures.append(PictureLabels.of_rows(printable(name).replace("\\", "/"), (0, 0), kept))
    return pictures


def write_createml(pictures: Sequence[PictureLabels]) -> str:
    """Write the labels of all pictures; ignored boxes are left out, as the format has no word."""
    data = []
    for labels in pictures:
        boxes = []
        for index, box in enumerate(labels.boxes):
            x1, y1, x2, y2 = (float(plain_number(side)) for side in box)
            place = {"x": (x1 + x2) / 2, "y": (y1 + y2) / 2, "width": x2 - x1, "height": y2 - y1}
            if not labels.ignored[index]:
                coordinates = {key: round(value, 12) for key, value in place.items()}
                boxes.append({"label": labels.classes[index], "coordinates": coordinates})
        data.append({"image": labels.picture, "annotations": boxes})
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def is_createml(data: object) -> bool:
    """Tell whether parsed JSON is a CreateML data set: a list with a picture and its boxes."""
    return isinstance(data, list) and any(
        isinstance(_first(entry, _PICTURE_KEYS), str) and isinstance(_first(entry, _BOX_KEYS), list)
        for entry in data
    )


def _first(entry: object, keys: Sequence[str]) -> Any:
    """Give the value of the first key that an object has."""
    if not isinstance(entry, dict):
        return None
    return next((entry[key] for key in keys if key in entry), None)


def _read_box(box: object, place: Place) -> LabelRow | None:
    at = box.get("coordinates") if isinstance(box, dict) else None
    try:
        x, y, width, height = (float(at[key]) for key in ("x", "y", "width", "height"))  # type: ignore[index]
    except (KeyError, TypeError, ValueError, OverflowError):
        place.tell("bad-row", "its coordinates are not the numbers x, y, width, height")
        return None
    sides = usable_box((x - width / 2, y - height / 2, x + width / 2, y + height / 2), place)
    if sides is None:
        return None
    label = _first(box, ("label",))
    return LabelRow(sides, class_or_default(str(label or ""), place), place.row)

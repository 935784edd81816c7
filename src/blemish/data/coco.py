"""COCO JSON: one text for a data set; text to labels and back, scores included."""

import json
from collections.abc import Sequence
from typing import Any

from blemish.data.labels import (
    MAX_SIDE,
    LabelRow,
    PictureLabels,
    class_or_default,
    is_score,
    plain_number,
    usable_box,
)
from blemish.data.problems import Place, Report, printable, refuse, stop


def read_coco(
    text: str, source: str, report: Report = refuse
) -> tuple[list[PictureLabels], tuple[str, ...]]:
    """Read the labels of all pictures in the order of `images`, and the class names by id.

    Crowd boxes and those marked `ignore` are ignored; a picture without annotations is clean.

    Raises:
        LabelError: it is not a COCO data set, or ``report`` refuses an entry; the text names
            ``source`` and the entry.
    """
    data = _parse(text, source)
    names = _named(data, source, report)
    rows: dict[Any, list[LabelRow]] = {}
    images: list[tuple[dict[str, Any], Any]] = []
    for entry, place in _entries(data, "images", source, report):
        key, name = _get(entry, "id", place), _get(entry, "file_name", place)
        if key is None or name is None:
            continue
        if key in rows:
            place.tell("bad-row", f"its id {key!r} is taken by another image")
            continue
        rows[key] = []
        images.append((entry, key))
    if "annotations" not in data:
        stop(source, "lists images but no annotations: they are unlabelled and not clean")
    for entry, place in _entries(data, "annotations", source, report):
        picture = _get(entry, "image_id", place)
        if picture is not None and picture not in rows:
            place.tell("bad-row", f"its image_id {picture!r} is not in images")
        elif picture is not None and (row := _read_annotation(entry, names, place)) is not None:
            rows[picture].append(row)
    order = sorted(names, key=lambda key: (str(type(key)), key))
    labels = [
        PictureLabels.of_rows(_name_of(entry), _size_of(entry), rows[key]) for entry, key in images
    ]
    return labels, tuple(dict.fromkeys(names[key] for key in order))


def is_coco(data: object) -> bool:
    """Tell whether parsed JSON is a COCO data set."""
    return isinstance(data, dict) and isinstance(data.get("images"), list)


def read_column(text: str, source: str, column: str) -> list[tuple[str, str]]:
    """Give (picture, value) of a key that images bear beside COCO's own, where they do.

    Raises:
        LabelError: it is not a COCO data set.
    """
    images = _parse(text, source)["images"]
    return [
        (_name_of(entry), "" if entry[column] is None else printable(str(entry[column])).strip())
        for entry in (images if isinstance(images, list) else [])
        if isinstance(entry, dict) and column in entry and "file_name" in entry
    ]


def write_coco(pictures: Sequence[PictureLabels], classes: Sequence[str]) -> str:
    """Write a data set whose ids count from 1; every annotation carries its score.

    Ignored boxes are written as crowd, as pycocotools takes nothing else for ignored.
    """
    categories = {name: number for number, name in enumerate(classes, 1)}
    annotations: list[dict[str, Any]] = []
    for image_id, labels in enumerate(pictures, 1):
        for index, box in enumerate(labels.boxes):
            x1, y1, x2, y2 = (float(plain_number(side)) for side in box)
            width, height = round(x2 - x1, 12), round(y2 - y1, 12)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": categories[labels.classes[index]],
                    "bbox": [x1, y1, width, height],
                    "area": round(width * height, 3),
                    "iscrowd": int(labels.ignored[index]),
                    "score": round(float(labels.scores[index]), 6),
                }
            )
    images = [
        {"id": number, "file_name": p.picture, "width": p.size[0], "height": p.size[1]}
        for number, p in enumerate(pictures, 1)
    ]
    named = [{"id": number, "name": name} for name, number in categories.items()]
    data = {"images": images, "annotations": annotations, "categories": named}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _parse(text: str, source: str) -> dict[str, Any]:
    try:
        data = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        stop(source, f"is not readable JSON ({error})")
    if not isinstance(data, dict) or "images" not in data:
        stop(source, "is JSON but not a COCO data set")
    return data


def _entries(
    data: dict[str, Any], key: str, source: str, report: Report
) -> list[tuple[dict[str, Any], Place]]:
    """Give the entries of a list of objects, each with its place."""
    entries = data.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        stop(source, f"{key} is not a list of objects")
    return [(entry, Place(source, f"{key}[{at}]", report)) for at, entry in enumerate(entries)]


def _named(data: dict[str, Any], source: str, report: Report) -> dict[Any, str]:
    names: dict[Any, str] = {}
    for entry, place in _entries(data, "categories", source, report):
        key, name = _get(entry, "id", place), _get(entry, "name", place)
        if key in names:
            place.tell("bad-row", f"its id {key!r} is taken by another category")
        elif key is not None and name is not None:
            names[key] = class_or_default(str(name), place)
    return names


def _get(entry: dict[str, Any], key: str, place: Place) -> Any:
    """Give a text or a number; None, and tell it, where there is none."""
    value = entry.get(key)
    if not isinstance(value, (str, int, float)):
        place.tell("bad-row", f"has no usable {key}")
        return None
    return value


def _read_annotation(entry: dict[str, Any], names: dict[Any, str], place: Place) -> LabelRow | None:
    category = _get(entry, "category_id", place)
    if category is None:
        return None
    if category not in names:
        place.tell("unknown-class", f"its category_id {category!r} is not in categories")
        return None
    try:
        x, y, width, height = (float(value) for value in _listed(entry["bbox"]))
        score = float(entry.get("score", 1.0))
    except (KeyError, TypeError, ValueError, OverflowError):
        place.tell("bad-row", "its bbox or score is not numbers")
        return None
    box = usable_box((x, y, x + width, y + height), place)
    if box is None or not is_score(score, place):
        return None
    ignored = bool(entry.get("iscrowd") or entry.get("ignore"))
    return LabelRow(box, names[category], place.row, ignored, score)


def _listed(value: object) -> list[Any]:
    if not isinstance(value, list):  # the digits of a text would do as numbers too
        raise TypeError
    return value


def _name_of(entry: dict[str, Any]) -> str:
    return printable(str(entry["file_name"])).replace("\\", "/")


def _size_of(entry: dict[str, Any]) -> tuple[int, int]:
    return (_whole(entry.get("width")), _whole(entry.get("height")))


def _whole(side: object) -> int:
    """Give a side in pixels, also of a text or with a point; 0 where it is none."""
    try:
        number = float(side)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return 0
    return int(number) if number.is_integer() and 0 < number < MAX_SIDE else 0

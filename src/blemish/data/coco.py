"""COCO JSON: one text for a data set; text to labels and back, scores included."""

import json
from collections.abc import Sequence
from typing import Any

from blemish.data.labels import PictureLabels, checked_box
from blemish.errors import LabelError


def read_coco(text: str, source: str) -> tuple[list[PictureLabels], tuple[str, ...]]:
    """Read the labels of all pictures in the order of `images`, and the class names by id.

    Crowd boxes and those marked `ignore` are ignored; a picture without annotations is clean.

    Raises:
        LabelError: a part is missing or wrong; the text names ``source`` and the entry.
    """
    data = _parse(text, source)
    images = _entries(data, "images", source)
    names = {
        _get(entry, "id", place): str(_get(entry, "name", place))
        for entry, place in _entries(data, "categories", source)
    }
    rows: dict[Any, list[tuple[tuple[float, ...], str, bool, float]]] = {
        _get(entry, "id", place): [] for entry, place in images
    }
    for entry, place in _entries(data, "annotations", source):
        picture = _get(entry, "image_id", place)
        if picture not in rows:
            raise LabelError(f"{place}: its image_id {picture!r} is not in images; add the image")
        rows[picture].append(_read_annotation(entry, names, place))
    labels = [_labels_of(entry, rows[entry["id"]], place) for entry, place in images]
    return labels, tuple(names[key] for key in sorted(names, key=lambda key: (str(type(key)), key)))


def write_coco(pictures: Sequence[PictureLabels], classes: Sequence[str]) -> str:
    """Write a data set whose ids count from 1; every annotation carries its score.

    Ignored boxes are written as crowd, as pycocotools takes nothing else for ignored.
    """
    categories = {name: number for number, name in enumerate(classes, 1)}
    annotations: list[dict[str, Any]] = []
    for image_id, labels in enumerate(pictures, 1):
        for index, (x1, y1, x2, y2) in enumerate(labels.boxes.astype(float).tolist()):
            width, height = x2 - x1, y2 - y1
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": categories[labels.classes[index]],
                    "bbox": [round(value, 3) for value in (x1, y1, width, height)],
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
        raise LabelError(f"{source}: is not readable JSON ({error}); export it again") from error
    if not isinstance(data, dict) or "images" not in data:
        raise LabelError(f"{source}: is JSON but not a COCO data set; export it as COCO detection")
    return data


def _entries(data: dict[str, Any], key: str, source: str) -> list[tuple[dict[str, Any], str]]:
    """Give the entries of a list of objects, each with the words for its place."""
    entries = data.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LabelError(f"{source}: {key} is not a list of objects; export it again")
    return [(entry, f"{source}: {key}[{index}]") for index, entry in enumerate(entries)]


def _get(entry: dict[str, Any], key: str, place: str) -> Any:
    value = entry.get(key)
    if not isinstance(value, (str, int, float)):
        raise LabelError(f"{place}: has no usable {key}; export it again")
    return value


def _read_annotation(
    entry: dict[str, Any], names: dict[Any, str], place: str
) -> tuple[tuple[float, ...], str, bool, float]:
    category = _get(entry, "category_id", place)
    if category not in names:
        raise LabelError(f"{place}: its category_id {category!r} is not in categories; add it")
    try:
        x, y, width, height = (float(value) for value in entry["bbox"])
        score = float(entry.get("score", 1.0))
    except (KeyError, TypeError, ValueError) as error:
        raise LabelError(f"{place}: its bbox or score is not numbers; draw it again") from error
    box = checked_box(x, y, x + width, y + height, place)
    return box, names[category], bool(entry.get("iscrowd") or entry.get("ignore")), score


def _labels_of(
    entry: dict[str, Any], rows: list[tuple[tuple[float, ...], str, bool, float]], place: str
) -> PictureLabels:
    sides = [entry.get("width"), entry.get("height")]
    width, height = (side if isinstance(side, int) else 0 for side in sides)
    return PictureLabels.of(
        str(_get(entry, "file_name", place)).replace("\\", "/"),
        (width, height),
        [row[0] for row in rows],
        tuple(row[1] for row in rows),
        ignored=[row[2] for row in rows],
        scores=[row[3] for row in rows],
    )

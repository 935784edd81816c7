"""Run by a Python that has labelImg: its own classes do what standard input says.

Standard input is a JSON list of tasks (see `planted_labelimg`); standard output is a list of what
each came to: for `read` the shapes, as rows of class, x1, y1, x2, y2 and whether it is difficult.
"""

import json
import sys

from libs.create_ml_io import CreateMLReader, CreateMLWriter
from libs.pascal_voc_io import PascalVocReader, PascalVocWriter
from libs.yolo_io import YoloReader, YOLOWriter


class Picture:
    """What labelImg's classes ask of a picture."""

    def __init__(self, width, height):
        self.width, self.height = (lambda: width), (lambda: height)

    def isGrayscale(self):  # noqa: N802 - Qt's name
        return False


def read_voc(file):
    reader = PascalVocReader(file)
    first, reader.shapes = reader.shapes, []
    assert reader.parse_xml()  # at first it is silent about what it cannot read
    assert reader.shapes == first
    return reader


def read(task):
    kind, file = task["kind"], task["file"]
    if kind == "voc":
        reader = read_voc(file)
    elif kind == "yolo":
        reader = YoloReader(file, Picture(*task["size"]))
    else:
        reader = CreateMLReader(file, task["picture"])
    return [
        [label, *corners[0], *corners[2], difficult]
        for label, corners, _, _, difficult in reader.get_shapes()
    ]


def write(task):
    kind, file, picture = task["kind"], task["file"], task["picture"]
    (width, height), boxes = task["size"], task["boxes"]
    if kind == "createml":
        shapes = [
            {"label": label, "points": [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]}
            for label, x1, y1, x2, y2 in boxes
        ]
        CreateMLWriter("folder", picture, (height, width, 3), shapes, file).write()
        return []
    kinds = {"voc": PascalVocWriter, "yolo": YOLOWriter}
    writer = kinds[kind]("folder", picture, (height, width, 3), local_img_path=picture)
    for label, *sides in boxes:
        writer.add_bnd_box(*sides, label, 0)
    if kind == "voc":
        writer.save(file)
    else:
        writer.save(class_list=[], target_file=file)
    return []


if __name__ == "__main__":
    doers = {"read": read, "write": write}
    json.dump([doers[task["do"]](task) for task in json.load(sys.stdin)], sys.stdout)

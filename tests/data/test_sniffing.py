import pytest

from blemish.data.lookup import Folder
from blemish.data.sniffing import class_table, voc_files
from planted_labels import write

VOC = "<annotation><filename>a.png</filename></annotation>"


@pytest.mark.parametrize(
    "text",
    [
        f"<!-- by <Tool> 1, {'long ' * 1000}\n -->{VOC}",
        f'<?xml version="1.0"?>\n<!DOCTYPE annotation>\n{VOC}',
        VOC.replace("annotation", "Annotation"),
        "<annotations><image/></annotations>",
        f'\ufeff<?xml version="1.0" encoding="utf-16"?>{VOC}'.encode("utf-16-le"),
        "",
    ],
)
def test_what_is_nearly_voc_is_left_for_the_reader(tmp_path, text):
    write(tmp_path / "camera.xml", "<!-- <annotation> --><config/>")
    (tmp_path / "a.xml").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert voc_files(Folder(tmp_path)) == ([tmp_path / "a.xml"] if text else [])
    write(tmp_path / "b.xml", VOC)
    assert voc_files(Folder(tmp_path)) == [tmp_path / "a.xml", tmp_path / "b.xml"]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({"classes.csv": "spot,0\n", "area.csv": "lot 1,3\n"}, "classes.csv"),
        ({"classes.csv": "spot,zero\n", "area.csv": "lot 1,3\n"}, "classes.csv"),
        ({"area.csv": "a.png,3\n", "names.csv": "name,id\nspot,0\n"}, "names.csv"),
        ({"area.csv": "a.png,3\n", "sizes.csv": "a,1,2\n"}, None),
        ({}, None),
    ],
)
def test_the_table_of_classes_is_known_by_its_name_or_its_rows(tmp_path, texts, found):
    write(tmp_path / "labels.csv", "a.png,1,2,3,4,spot\n")
    for name, text in texts.items():
        write(tmp_path / name, text)
    assert class_table(tmp_path / "labels.csv") == (found and tmp_path / found)

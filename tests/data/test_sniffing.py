import pytest

from blemish.data.sniffing import class_table
from planted_labels import write


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

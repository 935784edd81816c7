import json
import os

from blemish.jobs.record import as_record


def test_a_path_that_is_no_text_comes_back() -> None:
    facts = {"place": os.fsdecode(b"lot/\xff.png"), "name": "\\udc 웨이퍼\n"}
    content = as_record(facts)
    assert "웨이퍼".encode() in content
    assert json.loads(content.decode("utf-8")) == facts

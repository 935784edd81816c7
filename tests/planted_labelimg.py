"""labelImg's own readers and writers, in an environment of their own: what they need is GPL.

python3.11 -m venv labelimg && labelimg/bin/pip install --no-deps labelImg==1.8.6 lxml
LABELIMG_PYTHON=labelimg/bin/python python -m pytest tests/data tests/web
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

PYTHON = "LABELIMG_PYTHON"
PROGRAM = Path(__file__).parent / "labelimg_program.py"


def labelimg(*tasks: dict[str, Any]) -> list[Any]:
    """Let labelImg's classes do tasks and give what each came to.

    A task has `do` (`read` or `write`), `kind` (`voc`, `yolo`, `createml`), `file`, `picture`,
    `size` and, to write, `boxes` as rows of class, x1, y1, x2, y2. Without labelImg the test is
    skipped, but not where everything must be tested.
    """
    if not os.environ.get(PYTHON):
        if os.environ.get("CI") == "true":
            pytest.fail(f"{PYTHON} must name a Python that has labelImg")
        pytest.skip(f"no {PYTHON} names a Python that has labelImg")
    ran = subprocess.run(  # noqa: S603
        [os.environ[PYTHON], "-X", "utf8", str(PROGRAM)],
        input=json.dumps(tasks, default=str),
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert ran.returncode == 0, ran.stderr
    return list(json.loads(ran.stdout))

"""Find on six drawn wafers that come with blemish, by the same road as any other pictures."""

import json
from pathlib import Path

import blemish.runtime
from blemish.errors import UsageError
from blemish.jobs.find import FindReport, FindSettings, Watcher, find_run


def demo_pictures() -> Path:
    """Give the folder of the drawn wafers in the package."""
    return Path(blemish.runtime.__file__).parent / "zoo" / "demo"


def demo_run(out: Path, watch: Watcher = lambda row, num_done, num_all: None) -> FindReport:
    """Find in the drawn wafers; the result of an earlier demo in the folder is replaced.

    Raises:
        UsageError: the folder holds something else, or this copy of blemish has no pictures.
    """
    pictures = demo_pictures()
    if not pictures.is_dir():
        raise UsageError("the demo's pictures are missing; install blemish again")
    return find_run(FindSettings((pictures,), out, overwrite=_is_demo(out)), watch)


def _is_demo(out: Path) -> bool:
    """Tell whether a folder holds the result of an earlier demo, perhaps of another install."""
    try:
        facts = json.loads((out / "run.json").read_text(encoding="utf-8"))
        (looked_at,) = facts["settings"]["paths"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return Path(looked_at).parts[-3:] == demo_pictures().parts[-3:]

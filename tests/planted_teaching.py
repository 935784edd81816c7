"""A server that teaches with a stand-in for `blemish train`, and reviewed pictures to teach on."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from blemish.web.training_data import is_held
from planted_server import Running, png, running

TRAINER = Path(__file__).parent / "planted_trainer.py"
WIDTHS = count(100)  # no two pictures are the same


@contextmanager
def teaching(data: Path, model: Path, how: str, **more: Any) -> Iterator[Running]:
    trainer = (sys.executable, str(TRAINER), how)
    with running(data, model, trainer=trainer, train_needs=(), **more) as served:
        yield served


def review(served: Running, held: int = 1, learned: int = 2) -> None:
    """Upload pictures until so many of each side are reviewed, all their finds accepted."""
    lacking = {True: held, False: learned}
    while any(lacking.values()):
        content = png((30, 30), width=next(WIDTHS), height=90)
        info = served.upload("w.png", content).json()
        if not lacking[is_held(info["sha256"])]:
            continue
        lacking[is_held(info["sha256"])] -= 1
        served.settled()
        path = f"/api/v1/pictures/{info['id']}"
        finds = served.client.get(path).json()["finds"]
        verdicts = [{"find": find["id"], "answer": "accepted"} for find in finds]
        body = {"revision": 0, "verdicts": verdicts, "reviewed": True}
        assert served.client.post(f"{path}/verdicts", json=body).status_code == 200


def until(ask: Callable[[], Any], seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while not (found := ask()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return found

"""Wafers with finds at known places in mm, put into a server's database as its queue does."""

import numpy as np

from blemish.web.need import Need
from blemish.web.store import Who, add_picture, finish_look, next_waiting
from planted_lots import even
from planted_server import Running

WHO = Who("kim")
PLACE = (20.0, -30.0)  # mm, where every other wafer bears a mark
NUM_WAFERS = 16


def lay(served: Running, name: str, points: list[tuple[float, float]], **facts: object) -> int:
    """Put a picture with finds at places in mm into the database, as the queue does."""
    with served.server.database.writing() as session:
        picture, new = add_picture(session, f"{len(name)}-{name}"[:64], 1, name, WHO)
        assert new
        session.flush()
        waiting = next_waiting(session)
        assert waiting is not None
        finds = [
            {"x1": 1.0, "y1": 2.0, "x2": 3.0, "y2": 4.0, "score": 0.9, "label": "spot"}
            | {"x_mm": x, "y_mm": y, "width_mm": 0.5, "height_mm": 0.25}
            for x, y in points
        ]
        known = {"status": "defective", "error": "", "width": 9, "height": 9, "mark": "flat"}
        known |= {"wafer_diameter": 8.0, "image": name, "finds": finds}
        finish_look(
            session, waiting[0].id, served.server.live.model_id, known | facts, Need(near=0.5)
        )
        return picture.id


def lots() -> list[tuple[str, list[tuple[float, float]]]]:
    """Give wafers of two lots by name: random finds, more and more, and on every other `PLACE`."""
    rng = np.random.default_rng(5)
    wafers = []
    for number in range(NUM_WAFERS):
        points = [(x, y) for x, y in even(rng, number // 2).tolist()]
        if number % 2:
            points.append((PLACE[0] + rng.normal(0, 0.2), PLACE[1] + rng.normal(0, 0.2)))
        wafers.append((f"{'AB'[number // 8]}_S{number:02}.png", points))
    return wafers

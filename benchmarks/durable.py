"""What `blemish serve` still has after kill -9 amid uploads and verdicts: all that it answered for.

    python benchmarks/durable.py [--requests 500] [--runs 5] [--clients 4] [--model BUNDLE]

Each run sends so many requests, uploads and verdicts mixed, from several clients at once to the
real command, kills it (SIGKILL) at a random moment between 20 and 80 % of them, starts it again
and looks for everything that was acknowledged, in this run and those before: each upload byte by
byte, each verdict with its answers, who gave it and when. Then the clients send what is left, and
everything is looked for again. A kill tests the program and not the disk: what the system has
taken over outlives it. Needs the extra [web] and httpx.
"""

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
from running_server import serving
from serving_memory import cut_out

from blemish.jobs.synth import SynthSettings, write_drawn

ANSWERS = ("accepted", "rejected", "open")


@dataclass
class Kept:
    """An upload that was acknowledged, and the last verdict on it that was.

    Attributes:
        verdict: answers by find; None before there is one.
        revision: to which the verdict led.
        who: the client that gave it.
        between: when it was sent and answered.
    """

    picture: int
    content: bytes
    verdict: dict[str, str] | None = None
    revision: int = 0
    who: str = ""
    between: tuple[datetime, datetime] | None = None


@dataclass
class Count:
    """How many requests were acknowledged; the clients share it."""

    uploads: int = 0
    verdicts: int = 0
    in_doubt: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def acknowledged(self) -> int:
        """Give how many were, of both."""
        return self.uploads + self.verdicts

    def add(self, **more: int) -> None:
        """Count some more."""
        with self.lock:
            for name, number in more.items():
                setattr(self, name, getattr(self, name) + number)


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=500, help="of a run")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--model", default=None)
    parser.add_argument("--seed", type=int, default=20261127)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), asked)
        runs = [bench.run(number) for number in range(asked.runs)]
    print(json.dumps({"lost": sum(run["lost"] for run in runs), "runs": runs}, indent=1))
    sys.exit(any(run["lost"] for run in runs))


class Bench:
    """A data folder that is served, killed and served again."""

    def __init__(self, folder: Path, asked: argparse.Namespace) -> None:
        self._data, self._asked = folder / "data", asked
        self._words = ("--model", asked.model) if asked.model else ()
        self._random = random.Random(asked.seed)
        self._pictures = _pictures(folder / "drawn", asked.seed)
        self._picking = threading.Lock()
        names = [f"client-{number}" for number in range(asked.clients)]
        self._tokens = {name: self._token(name, "reviewer") for name in names}
        self._admin = self._token("checker", "admin")
        self._kept: dict[str, list[Kept]] = {name: [] for name in names}

    def run(self, number: int) -> dict[str, Any]:
        """Send, kill, look, send what is left, look again."""
        most, count = self._asked.requests, Count()
        kill_at = self._random.randint(most * 2 // 10, most * 8 // 10)
        pause = self._random.random() * 0.05
        with serving(self._data, *self._words) as (server, where):

            def kill() -> None:
                while count.acknowledged < kill_at:
                    time.sleep(0.001)
                time.sleep(pause)
                server.kill()

            killer = threading.Thread(target=kill, daemon=True)
            killer.start()
            self._send(where, count, most)
            killer.join()
            server.wait()
        told = {"acknowledged_at_the_kill": count.acknowledged, "in_doubt": count.in_doubt}
        told |= {"uploads": count.uploads, "verdicts": count.verdicts}
        with serving(self._data, *self._words) as (_, where):
            lost = self._look(where)
            self._send(where, count, most)
            lost += self._look(where)
        told |= {"acknowledged_at_the_end": count.acknowledged, "lost": len(lost)}
        for line in lost:
            print(line, file=sys.stderr)
        print(f"run {number + 1}: {told}", file=sys.stderr)
        return told

    def _send(self, where: str, count: Count, most: int) -> None:
        """Let all clients send until so many requests are acknowledged or the server is gone."""
        with ThreadPoolExecutor(len(self._kept)) as pool:
            lanes = [
                pool.submit(self._client, name, where, count, most, self._random.random())
                for name in self._kept
            ]
            for lane in lanes:
                lane.result()

    def _client(self, name: str, where: str, count: Count, most: int, seed: float) -> None:
        chance, mine = random.Random(seed), self._kept[name]
        headers = {"Authorization": f"Bearer {self._tokens[name]}"}
        with httpx.Client(base_url=where, headers=headers, timeout=60) as client:
            while count.acknowledged < most:
                try:
                    if not mine or chance.random() < 0.5:
                        mine.append(self._upload(client))
                        count.add(uploads=1)
                    else:
                        _judge(client, name, chance.choice(mine), chance)
                        count.add(verdicts=1)
                except httpx.TransportError:
                    count.add(in_doubt=1)
                    return

    def _upload(self, client: httpx.Client) -> Kept:
        with self._picking:
            file = next(self._pictures)
        answer = client.post("/api/v1/pictures", files={"file": file})
        if answer.status_code != 201:
            raise SystemExit(f"{file[0]}: {answer.status_code} {answer.text}")
        return Kept(answer.json()["id"], file[1])

    def _look(self, where: str) -> list[str]:
        """Give what was acknowledged and is not there, a line each."""
        headers = {"Authorization": f"Bearer {self._admin}"}
        with httpx.Client(base_url=where, headers=headers, timeout=60) as client:
            changes = _changes(client)
            return [
                line
                for mine in self._kept.values()
                for kept in mine
                for line in _missing(client, kept, changes)
            ]

    def _token(self, name: str, role: str) -> str:
        words = ["token", "add", name, "--role", role, "--data", str(self._data)]
        command = [sys.executable, "-m", "blemish", *words]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        return ran.stdout.strip()


def _pictures(folder: Path, seed: int) -> Iterator[tuple[str, bytes]]:
    """Cut small pictures out of wafers full of marks, without end and no two alike."""
    rng = np.random.default_rng(seed)
    drawn = write_drawn(SynthSettings(folder, 4, seed, number=14))
    wafers = [cv2.imread(str(path)) for path in sorted(drawn.rglob("*.png"))]
    number = 0
    while True:
        yield cut_out(wafers, number, (120, 220), rng)
        number += 1


def is_judged(answers: dict[str, str]) -> bool:
    """Say whether labels may be called complete: no find is left open."""
    return "open" not in answers.values()


def _judge(client: httpx.Client, name: str, kept: Kept, chance: random.Random) -> None:
    """Give a verdict on a picture and its finds, if it has been looked at and has any."""
    path = f"/api/v1/pictures/{kept.picture}"
    detail = client.get(path).raise_for_status().json()
    answers = {str(find["id"]): chance.choice(ANSWERS) for find in detail["finds"]}
    verdicts = [{"find": int(find), "answer": answer} for find, answer in answers.items()]
    revision = detail["picture"]["revision"]
    body = {"revision": revision, "verdicts": verdicts, "reviewed": is_judged(answers)}
    # What was under way at a kill may have come or not; whichever, this verdict is made on it.
    begun = datetime.now(UTC)
    told = client.post(f"{path}/verdicts", json=body).raise_for_status().json()
    kept.between = (begun, datetime.now(UTC))
    kept.verdict, kept.revision, kept.who = answers, told["revision"], f"token {name}"


def _changes(client: httpx.Client) -> dict[tuple[str, int], dict[str, Any]]:
    """Give every verdict in the audit table, by picture and revision."""
    found, before = {}, 2**31 - 1
    while True:
        page = client.get("/api/v1/audit", params={"before": before, "count": 500})
        rows = page.raise_for_status().json()
        if not rows:
            return found
        for row in rows:
            if row["action"] == "verdicts":
                found[row["subject"], row["details"]["revision"]] = row
        before = rows[-1]["id"]
        if before == 1:
            return found


def _missing(
    client: httpx.Client, kept: Kept, changes: dict[tuple[str, int], dict[str, Any]]
) -> Iterator[str]:
    """Yield what is not as it was acknowledged."""
    path, subject = f"/api/v1/pictures/{kept.picture}", f"picture {kept.picture}"
    answer = client.get(path)
    if answer.status_code != 200:
        yield f"{subject}: {answer.status_code}"
        return
    detail = answer.json()
    if detail["picture"]["sha256"] != hashlib.sha256(kept.content).hexdigest():
        yield f"{subject}: another picture"
    if client.get(f"{path}/original").content != kept.content:
        yield f"{subject}: other bytes"
    if kept.verdict is None or kept.between is None:
        return
    row = changes.get((subject, kept.revision))
    if row is None or row["details"]["answers"] != kept.verdict or row["who"] != kept.who:
        yield f"{subject}: no verdict of revision {kept.revision} by {kept.who}"
    elif not kept.between[0] <= datetime.fromisoformat(row["at"]) <= kept.between[1]:
        yield f"{subject}: the verdict of revision {kept.revision} is of another time"
    if detail["picture"]["revision"] == kept.revision:
        stand = {str(find["id"]): find["answer"] for find in detail["finds"]}
        stand = {find: answer for find, answer in stand.items() if find in kept.verdict}
        boxes = {str(row["find_id"]) for row in detail["labels"]}
        accepted = {find for find, given in kept.verdict.items() if given == "accepted"}
        complete = detail["picture"]["reviewed"]
        if stand != kept.verdict or boxes != accepted or complete != is_judged(kept.verdict):
            yield f"{subject}: its verdict does not stand"


if __name__ == "__main__":
    main()

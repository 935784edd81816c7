"""A real server on a free port, and pictures with known answers to send to it."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import httpx

from blemish.web.server import Server, ServeSettings
from blemish.web.serving import address_of, listen, make_server
from planted_bundle import blobs

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Running:
    """A server that runs, and a client that knows where."""

    client: httpx.Client
    server: Server

    def upload(self, name: str, content: bytes, **more: Any) -> httpx.Response:
        return self.client.post("/api/v1/pictures", files={"file": (name, content)}, **more)

    def find(self, name: str, content: bytes, **fields: str) -> httpx.Response:
        return self.client.post("/api/v1/find", files={"file": (name, content)}, data=fields)

    def settled(self, seconds: float = 30) -> None:
        """Wait until nothing waits for the model."""
        end = time.monotonic() + seconds
        while self.client.get("/ready").json()["waiting"]:
            assert time.monotonic() < end, "pictures still wait"
            time.sleep(0.02)


@contextmanager
def running(data: Path, model: Path | None, **settings: Any) -> Iterator[Running]:
    """Run a server with the planted model until the block ends."""
    wished = ServeSettings(data, model, port=0, engine="onnxruntime", threads=1, **settings)
    with listen(wished) as listener:
        serving = make_server(wished)
        thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            where = address_of(wished, listener).replace("0.0.0.0", "127.0.0.1")  # noqa: S104
            with httpx.Client(base_url=where, timeout=60) as client:
                yield Running(client, serving.config.app.state.server)
        finally:
            serving.should_exit = True
            thread.join(30)


@contextmanager
def process(data: Path, model: Path | None, *words: str) -> Iterator[tuple[Process, str]]:
    """Run `blemish serve` as its own process; gives where it is reached."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = ["--data", str(data), "--port", str(port), *words]
    told += [] if model is None else ["--model", str(model)]
    command = [sys.executable, "-m", "blemish", "serve", *told, "--engine", "onnxruntime"]
    with subprocess.Popen(command, env=ENVIRONMENT) as server:  # noqa: S603
        where = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                try:
                    httpx.get(f"{where}/health")
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield server, where
        finally:
            server.kill()


def png(*spots: tuple[int, int], width: int = 96, height: int = 80, step: int = 90) -> bytes:
    """Give a PNG file with bright spots of 8 px around these centres."""
    return cv2.imencode(".png", blobs(width, height, list(spots), step))[1].tobytes()

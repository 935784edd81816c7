"""`blemish serve` as a process of its own, for the other benchmarks."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def serving(data: Path, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run `blemish serve` on a free port until the block ends; gives its process and address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "blemish", "serve", "--data", str(data), "--port", str(port)]
    with subprocess.Popen([*command, *words], stdout=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            where = f"http://127.0.0.1:{port}"
            while True:
                try:
                    httpx.get(f"{where}/ready").raise_for_status()
                    break
                except httpx.HTTPError:
                    if server.poll() is not None:
                        raise SystemExit("the server ended") from None
                    time.sleep(0.05)
            yield server, where
        finally:
            server.terminate()

"""How fast `POST /api/v1/find` is against `blemish find` on the same pictures.

    python benchmarks/serving.py [--count N] [--clients N] [--rounds N]

Drawn 900 x 900 wafers as PNG. Each round times the command line (less what one picture alone
takes, so without its start) and the server with so many clients; both may use all cores that this
process may. Needs the extras [web] and httpx.
"""

import argparse
import http.client
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

COMMAND = [sys.executable, "-m", "blemish"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=96, help="pictures a round")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    wishes = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), wishes.count, wishes.clients, wishes.rounds)


def compare(folder: Path, count: int, clients: int, rounds: int) -> None:
    drawn = folder / "drawn"
    run("synth", "--count", count, "--out", drawn, "--seed", 77)
    pictures = sorted(drawn.rglob("*.png"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [*COMMAND, "serve", "--data", folder / "data", "--port", port]
    with subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            started = time.perf_counter()
            while True:
                try:
                    ask(port, "GET", "/health")
                    break
                except OSError:
                    time.sleep(0.02)
            print(f"start: {time.perf_counter() - started:.2f} s")
            bodies = [form(picture) for picture in pictures]
            served(port, bodies[:8], clients)  # warm
            shares, waits, spent = [], [], [0.0, 0.0]
            for number in range(rounds):
                before = children_cpu()
                alone = found(pictures[:1], folder / f"one-{number}")
                middle = children_cpu()
                whole = found(pictures, folder / f"out-{number}")
                spent[0] += (children_cpu() - 2 * middle + before) / (len(pictures) - 1)
                begun = cpu_of(server.pid)
                line = (len(pictures) - 1) / (whole - alone)
                seconds, each = served(port, bodies, clients)
                spent[1] += (cpu_of(server.pid) - begun) / len(bodies)
                page = len(bodies) / seconds
                shares.append(page / line)
                waits += each
                print(f"find {line:.2f}/s, server {page:.2f}/s, ratio {page / line:.2f}")
            p50, p99 = np.percentile(waits, [50, 99]) * 1000
            line_ms, page_ms = (1000 * one / rounds for one in spent)
            print(f"processor time a picture: find {line_ms:.0f} ms, server {page_ms:.0f} ms")
            print(f"median ratio {np.median(shares):.2f}, p50 {p50:.0f} ms, p99 {p99:.0f} ms")
        finally:
            server.terminate()


def run(*words: object) -> None:
    subprocess.run([*COMMAND, *map(str, words)], check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def found(pictures: list[Path], out: Path) -> float:
    """Time the command line on pictures."""
    begun = time.perf_counter()
    run("find", *pictures, "--out", out, "--pictures", "none")
    return time.perf_counter() - begun


def children_cpu() -> float:
    """Give the processor time of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_of(process: int) -> float:
    """Give the processor time of a running process, on Linux."""
    parts = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def form(picture: Path) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="w.png"\r\n\r\n'
    return head + picture.read_bytes() + b"\r\n--b--\r\n"


def served(port: int, bodies: list[bytes], clients: int) -> tuple[float, list[float]]:
    """Send all pictures with so many clients; gives the seconds, and those of each answer."""

    def send(mine: list[bytes]) -> list[float]:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        waits = []
        for body in mine:
            begun = time.perf_counter()
            line.request(
                "POST", "/api/v1/find", body, {"Content-Type": "multipart/form-data; boundary=b"}
            )
            answer = line.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise SystemExit(f"{answer.status}: {content[:200]!r}")
            json.loads(content)
            waits.append(time.perf_counter() - begun)
        line.close()
        return waits

    lanes = [bodies[lane::clients] for lane in range(clients)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        waits = [wait for lane in pool.map(send, lanes) for wait in lane]
    return time.perf_counter() - begun, waits


def ask(port: int, method: str, path: str) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    line.request(method, path)
    line.getresponse().read()
    line.close()


if __name__ == "__main__":
    main()

"""Peak memory of `blemish find` over many pictures, and whether it grows.

    python benchmarks/memory.py [--count 200] [--model BUNDLE]

Draws the pictures into a temporary folder, runs the real command, and samples the resident size
of its process. Linux only: it reads /proc.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from blemish.jobs.synth import SynthSettings, write_drawn


def resident(process: int) -> tuple[float, float]:
    """Give the present and the highest resident size of a process in MB; 0 when it is gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0, 0.0
    rows = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    sizes = [int(rows.get(key, "0 kB").split()[0]) / 1024 for key in ("VmRSS", "VmHWM")]
    return sizes[0], sizes[1]


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--model", default=None)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pictures = write_drawn(SynthSettings(Path(folder) / "in", asked.count, asked.seed))
        command = [sys.executable, "-m", "blemish", "find", str(pictures)]
        command += ["--out", str(Path(folder) / "out")]
        command += ["--model", asked.model] if asked.model else []
        samples, peak = [], 0.0
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:  # noqa: S603
            while run.poll() is None:
                now, highest = resident(run.pid)
                if now:
                    samples.append(now)
                peak = max(peak, highest)
                time.sleep(0.1)
    parts = [samples[len(samples) * at // 4 : len(samples) * (at + 1) // 4] for at in range(4)]
    means = [round(sum(part) / max(len(part), 1), 1) for part in parts]
    print(json.dumps({"peak_mb": round(peak, 1), "mean_mb_by_quarter": means}))


if __name__ == "__main__":
    main()

"""Which processor this is, and what it can do."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


def processor_name() -> str:
    """Give the name that the maker gave it, or the architecture where none is told."""
    readers: dict[str, Callable[[], str]] = {"linux": _of_linux, "darwin": _of_macos}
    try:
        name = readers.get(sys.platform, platform.processor)()
    except (OSError, subprocess.SubprocessError):
        name = ""
    return " ".join(name.split()) or platform.machine() or "unknown"


def num_cores() -> int:
    """Give how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _of_linux() -> str:
    for line in _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"model name", "Model", "Hardware"}:
            return value
    return ""


def _of_macos() -> str:
    asked = ("/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string")
    answer = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=5)  # noqa: S603
    return answer.stdout

"""Which processor this is, and what it can do."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from blemish.errors import UsageError

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


def read_cores(text: str) -> set[int]:
    """Read numbers of cores, from 0, like ``0,2-5``.

    Raises:
        UsageError: it is something else.
    """
    cores: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        last = last or first
        if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit()):
            raise UsageError(f"--cores {text!r} is no list of cores; write say 0,1 or 0-3")
        if max(len(first), len(last)) > 4 or int(last) < int(first):
            raise UsageError(f"--cores {text!r}: {part.strip()} is no range of cores")
        cores |= set(range(int(first), int(last) + 1))
    return cores


def use_cores(cores: set[int]) -> None:
    """Let this process, and those it starts, run on these cores only; on Linux and Windows.

    Raises:
        UsageError: one is not there, or the system has no such wish.
    """
    number = os.cpu_count() or 1
    if max(cores) >= number:
        raise UsageError(f"--cores: there is no core {max(cores)}; they are 0 to {number - 1}")
    try:
        if sys.platform == "win32":
            import ctypes

            kernel = ctypes.windll.kernel32
            kernel.GetCurrentProcess.restype = ctypes.c_void_p
            mask = ctypes.c_size_t(sum(1 << core for core in cores))
            process = ctypes.c_void_p(kernel.GetCurrentProcess())
            if not kernel.SetProcessAffinityMask(process, mask):
                raise OSError("not allowed")
        elif hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)
        else:
            raise OSError("this system lets no program choose its cores; use --threads")
    except OSError as error:
        raise UsageError(f"--cores: cannot be had ({error.strerror or error})") from error


def is_held_to_some() -> bool:
    """Tell whether this process may use only some of the machine's cores."""
    return num_cores() < (os.cpu_count() or 1)


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

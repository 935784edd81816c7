"""Failed log-ins are counted, and after some nobody is let try for a while."""

from collections import deque
from threading import Lock
from time import monotonic

WINDOW = 300.0  # seconds
MOST = {"name": 5, "address": 20}
_MAX_KEYS = 10_000


class Failures:
    """The failures of the last minutes: by name and address together, and by address."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, ...], deque[float]] = {}
        self._lock = Lock()

    def seconds_to_wait(self, name: str, address: str) -> int:
        """Tell how long nobody may try this name from there; 0 if one may."""
        with self._lock:
            waits = [
                self._times[key][-most] + WINDOW - monotonic()
                for key, most in _keys(name, address)
                if len(self._times.get(key, ())) >= most
            ]
        return max(0, *(int(wait) + 1 for wait in waits if wait > 0), 0)

    def add(self, name: str, address: str) -> None:
        """Count a failure."""
        with self._lock:
            if len(self._times) > _MAX_KEYS:
                self._forget()
            for key, most in _keys(name, address):
                self._times.setdefault(key, deque(maxlen=most)).append(monotonic())

    def _forget(self) -> None:
        old = monotonic() - WINDOW
        self._times = {key: times for key, times in self._times.items() if times[-1] > old}


def _keys(name: str, address: str) -> tuple[tuple[tuple[str, ...], int], ...]:
    return ((name, address), MOST["name"]), ((address,), MOST["address"])

"""One thread that finds: what is asked for now comes before what can wait."""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from itertools import count
from queue import PriorityQueue
from threading import Lock, Thread
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")

NOW, LATER, END = 0, 1, 2
_GUESS = 0.1  # seconds a look takes, before one was measured


class QueueFullError(Exception):
    """More wait than may; `seconds` says when to come again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Looker:
    """The thread, and a bounded number of places for those who wait for an answer."""

    def __init__(self, num_places: int) -> None:
        self._places = num_places
        self._taken = 0
        self._lock = Lock()
        self._queue: PriorityQueue[tuple[int, int, Callable[[], None]]] = PriorityQueue()
        self._numbers = count()
        self._seconds = _GUESS
        self._thread = Thread(target=self._run, name="looker", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what waits, and end."""
        self._queue.put((END, next(self._numbers), self._nothing))
        self._thread.join()

    @property
    def taken(self) -> int:
        """Tell how many places are taken."""
        return self._taken

    def seconds_for(self, num_looks: int) -> int:
        """Tell how long so many looks take, by those that were; at least 1."""
        return max(1, math.ceil(num_looks * self._seconds))

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place while one request is answered.

        Raises:
            QueueFullError: all are taken.
        """
        with self._lock:
            if self._taken >= self._places:
                raise QueueFullError(self.seconds_for(self._taken))
            self._taken += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1

    def submit(self, work: Callable[[], T], urgency: int = NOW) -> Future[T]:
        """Let the thread do a piece of work, after those of the same urgency that came before."""
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            begun = perf_counter()
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)
            self._seconds += (perf_counter() - begun - self._seconds) / 8

        self._queue.put((urgency, next(self._numbers), run))
        return future

    def _run(self) -> None:
        while True:
            urgency, _, run = self._queue.get()
            if urgency == END:
                return
            run()

    @staticmethod
    def _nothing() -> None:
        """Do nothing."""

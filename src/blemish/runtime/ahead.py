"""Do items' work in background threads: the next one's, or that of several at once."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def one_ahead(
    work: Callable[[Item], Result], items: Iterable[Item]
) -> Generator[tuple[Item, Future[Result]], None, None]:
    """Yield each item with its finished or running work, in order, never more than one ahead.

    What the work raises is raised by the future's `result()`, so that one broken item does not
    end the others.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        waiting: tuple[Item, Future[Result]] | None = None
        for item in items:
            begun = (item, pool.submit(work, item))
            if waiting is not None:
                yield waiting
            waiting = begun
        if waiting is not None:
            yield waiting


def side_by_side(
    works: Sequence[Callable[[Item], Result]], items: Iterable[Item]
) -> Generator[tuple[Item, Future[Result]], None, None]:
    """Yield each item with its finished or running work, in order, one more at once than works.

    Each work has a thread of its own and takes every so manieth item, whoever is quicker: what
    depends on the order within a thread is the same every time.
    """
    with ExitStack() as stack:
        pools = [stack.enter_context(ThreadPoolExecutor(1, "beside")) for _ in works]
        waiting: deque[tuple[Item, Future[Result]]] = deque()
        for number, item in enumerate(items):
            lane = number % len(works)
            waiting.append((item, pools[lane].submit(works[lane], item)))
            if len(waiting) > len(works):
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()


def made_ahead(items: Iterable[Item], number: int) -> Iterator[Item]:
    """Yield items that a background thread takes from an iterable, at most so many ahead.

    What taking one raises is raised when its turn comes.
    """
    coming, pool = iter(items), ThreadPoolExecutor(1, "ahead")
    end = object()
    try:
        waiting = deque(pool.submit(next, coming, end) for _ in range(max(number, 1)))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(pool.submit(next, coming, end))
            yield item  # type: ignore[misc]  # it is not the end
    finally:
        pool.shutdown(wait=True, cancel_futures=True)

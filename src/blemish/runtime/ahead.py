"""Do the next item's work in one background thread while the caller works on this one."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def one_ahead(
    work: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Future[Result]]]:
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

import functools
import itertools
import threading
import time
from collections.abc import Iterator

import pytest

from blemish.runtime.ahead import made_ahead, one_ahead, side_by_side


def test_items_keep_their_order_and_their_work() -> None:
    pairs = [(item, work.result()) for item, work in one_ahead(lambda x: x * x, range(5))]
    assert pairs == [(0, 0), (1, 1), (2, 4), (3, 9), (4, 16)]


@pytest.mark.parametrize("count", [0, 1])
def test_few_items(count: int) -> None:
    assert len(list(one_ahead(str, range(count)))) == count


def test_a_broken_item_does_not_end_the_others() -> None:
    def work(item: int) -> float:
        return 1 / item

    results = list(one_ahead(work, [1, 0, 2]))
    with pytest.raises(ZeroDivisionError):
        results[1][1].result()
    assert [results[0][1].result(), results[2][1].result()] == [1, 0.5]


def test_the_next_is_begun_while_this_one_is_used_and_no_more() -> None:
    begun: list[int] = []
    next_begun = threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        if item == 1:
            next_begun.set()
        return item

    for item, future in one_ahead(work, range(100)):
        future.result()
        if item == 0:
            assert next_begun.wait(5)
            time.sleep(0.02)
            assert begun == [0, 1]
            break
    assert len(begun) <= 3


def test_leaving_early_ends_the_thread() -> None:
    stream = one_ahead(str, range(10))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_works_side_by_side_take_turns_and_keep_the_order() -> None:
    threads: dict[str, set[int]] = {"a": set(), "b": set()}

    def work(name: str, item: int) -> tuple[str, int]:
        threads[name].add(threading.get_ident())
        time.sleep(0.01 if name == "a" else 0)
        return name, item

    works = [functools.partial(work, name) for name in "ab"]
    results = [(item, done.result()) for item, done in side_by_side(works, range(7))]
    assert results == [(item, ("ab"[item % 2], item)) for item in range(7)]
    assert [len(one) for one in threads.values()] == [1, 1]
    assert threads["a"] != threads["b"]
    assert list(side_by_side(works, [])) == []


def test_works_side_by_side_do_run_at_once() -> None:
    both = threading.Barrier(2, timeout=10)
    works = [lambda _: both.wait(), lambda _: both.wait()]
    assert sorted(done.result() for _, done in side_by_side(works, range(2))) == [0, 1]


def test_a_broken_item_does_not_end_those_beside_it() -> None:
    results = [done for _, done in side_by_side([lambda x: 1 / x] * 2, [1, 0, 2, 4])]
    with pytest.raises(ZeroDivisionError):
        results[1].result()
    assert [results[place].result() for place in (0, 2, 3)] == [1, 0.5, 0.25]


def test_no_more_are_begun_than_one_more_than_there_are_works() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item

    coming = side_by_side([work] * 3, range(100))
    next(coming)[1].result()
    time.sleep(0.1)
    assert sorted(begun) == [0, 1, 2, 3]
    coming.close()
    assert len(begun) == 4


def test_items_are_made_ahead_in_another_thread_and_in_order() -> None:
    made: list[int] = []

    def items() -> Iterator[tuple[int, int]]:
        for item in range(20):
            made.append(item)
            yield item, threading.get_ident()

    coming = made_ahead(items(), 3)
    first, thread = next(coming)
    time.sleep(0.1)
    assert made == [0, 1, 2, 3]
    assert [first, *(item for item, _ in coming)] == list(range(20))
    assert thread != threading.get_ident()


def test_what_making_an_item_raises_comes_in_its_turn() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("gone")

    coming = made_ahead(items(), 5)
    assert [next(coming), next(coming)] == [1, 2]
    with pytest.raises(OSError, match="gone"):
        next(coming)


def test_closing_ends_what_is_made_ahead() -> None:
    made: list[int] = []
    coming = made_ahead((made.append(item) for item in itertools.count()), 4)
    next(coming)
    coming.close()
    number = len(made)
    time.sleep(0.05)
    assert len(made) == number <= 6
    assert list(made_ahead([], 4)) == []

import threading
import time

import pytest

from blemish.runtime.ahead import one_ahead


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

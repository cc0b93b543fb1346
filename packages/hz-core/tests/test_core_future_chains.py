"""Long chains of futures, and callbacks that wait for futures."""

import gc
import itertools
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from time import monotonic
from typing import Any

import pytest

from hz_core.combination import combine_futures
from hz_core.drivers.executor import CallbackExecutor
from hz_core.future import Future, wait_on_lock

LONG = 30.0
"""Seconds after which a test that hangs fails; never reached otherwise."""

LEVELS = 100_000


class Driver:
    """Waits on locks, and runs callbacks in a thread of their own, as the driver of threads does."""

    def __init__(self) -> None:
        self._executor = CallbackExecutor("test-callbacks", bool, bool)
        self.run_callback = self._executor.run
        self.in_callback = self._executor.in_callback
        self.now = monotonic

    def wait(self, future: Future[Any], timeout: float | None, /) -> bool:
        return wait_on_lock(future, timeout)

    def stop(self) -> None:
        self._executor.stop(LONG)


@pytest.fixture
def driver() -> Iterator[Driver]:
    made = Driver()
    yield made
    made.stop()


@pytest.fixture(params=["no driver", "driver"])
def waiter(request: pytest.FixtureRequest) -> Iterator[Driver | None]:
    made = Driver() if request.param == "driver" else None
    yield made
    if made is not None:
        made.stop()


def done(value: Any, waiter: Any = None) -> Future[Any]:
    future: Future[Any] = Future(waiter)
    future.set_result(value)
    return future


def pass_on(after: Future[int], before: Future[int]) -> None:
    after.set_result(before.result() + 1)


# ---- long chains


def test_long_chain_of_continuations(waiter: Any) -> None:
    first: Future[int] = Future(waiter)
    last: Future[int] = first
    for _ in range(LEVELS):
        last = last.continue_with(lambda f: f.result() + 1)
    first.set_result(0)
    assert last.result(LONG) == LEVELS


@pytest.mark.parametrize("ready", [True, False], ids=["ready", "pending"])
def test_function_that_returns_the_next_continuation(waiter: Any, ready: bool) -> None:
    pending: list[Future[None]] = []

    def step() -> Future[None]:
        future: Future[None] = Future(waiter)
        if ready:
            future.set_result(None)
        else:
            pending.append(future)
        return future

    def loop(left: int) -> Future[Any]:
        return step().continue_with(lambda _: done("end") if left == 0 else loop(left - 1))

    outer = loop(LEVELS if ready or waiter is None else 2000)
    while pending and not outer.done():
        pending.pop().set_result(None)
        if waiter is not None:
            barrier = threading.Event()
            waiter.run_callback(barrier.set)
            assert barrier.wait(LONG)
    assert outer.result(LONG) == "end"


def test_long_chain_of_callbacks_that_complete_the_next_future(waiter: Any) -> None:
    futures: list[Future[int]] = [Future(waiter) for _ in range(LEVELS)]
    for before, after in itertools.pairwise(futures):
        before.add_done_callback(partial(pass_on, after))
    futures[0].set_result(1)
    assert futures[-1].result(LONG) == LEVELS


def test_long_chain_of_inline_callbacks() -> None:
    futures: list[Future[int]] = [Future() for _ in range(LEVELS)]
    for before, after in itertools.pairwise(futures):
        before.add_done_callback_inline(partial(pass_on, after))
    futures[0].set_result(1)
    assert futures[-1].result(0) == LEVELS


def test_future_in_a_future_many_times(waiter: Any) -> None:
    innermost: Future[str] = Future(waiter)
    outer: Future[Any] = innermost
    for _ in range(LEVELS):
        outer = done(outer, waiter)
    followed = done(None, waiter).continue_with(lambda _: outer)
    innermost.set_result("x")
    assert followed.result(LONG) == "x"


def test_combined_future_in_a_combined_future_many_times(waiter: Any) -> None:
    innermost: Future[Any] = Future(waiter)
    outer: Future[Any] = innermost
    for _ in range(LEVELS):
        outer = combine_futures([outer])
    innermost.set_result("x")
    found = outer.result(LONG)
    depth = 0
    while isinstance(found, list):
        found, depth = found[0], depth + 1
    assert (found, depth) == ("x", LEVELS)


def test_callbacks_that_are_too_deep_run_before_the_outermost_call_returns() -> None:
    seen: list[int] = []

    def nest(level: int) -> None:
        future: Future[None] = Future()
        future.add_done_callback(lambda _: nest(level + 1) if level < 1000 else None)
        future.add_done_callback(lambda _: seen.append(level))
        future.set_result(None)

    nest(0)
    assert sorted(seen) == list(range(1001))


def test_interrupt_deep_in_a_chain_loses_no_callback() -> None:
    futures: list[Future[int]] = [Future() for _ in range(100)]
    late: list[int] = []

    def note(number: int, _: object) -> None:
        late.append(number)

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    for number, (before, after) in enumerate(itertools.pairwise(futures)):
        before.add_done_callback_inline(partial(pass_on, after))
        before.add_done_callback_inline(partial(note, number))
    futures[50].add_done_callback_inline(interrupt)
    with pytest.raises(KeyboardInterrupt):
        futures[0].set_result(0)
    assert all(future.done() for future in futures)
    assert sorted(late) == list(range(99))


# ---- a future in a future


def test_continue_with_follows_futures_on_every_level() -> None:
    inner: Future[Any] = Future()
    chained = done(1).continue_with(lambda _: done(done(inner)))
    assert not chained.done()
    inner.set_result(done("x"))
    assert chained.result(0) == "x"
    failed: Future[Any] = Future()
    failed.set_exception(ValueError("innermost"))
    assert isinstance(done(1).continue_with(lambda _: done(failed)).exception(0), ValueError)
    cancelled: Future[Any] = Future()
    cancelled.cancel()
    assert done(1).continue_with(lambda _: done(cancelled)).cancelled()


def test_continuation_that_returns_its_own_future_fails() -> None:
    first: Future[int] = Future()
    mine: list[Future[Any]] = []
    mine.append(first.continue_with(lambda _: mine[0]))
    first.set_result(1)
    with pytest.raises(RuntimeError, match="its own result"):
        mine[0].result(0)


# ---- callbacks that wait


def in_callback(driver: Driver, wait: Callable[[], Any]) -> Any:
    """Return what ``wait`` returns, or raise what it raises, on the thread of the callbacks."""
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(wait())
        except BaseException as e:
            outcome.set_exception(e)

    driver.run_callback(run)
    return outcome.result(LONG)


def later(driver: Driver, value: Any) -> Future[Any]:
    """Return a future that another thread completes soon."""
    future: Future[Any] = Future(driver)
    threading.Thread(target=future.set_result, args=(value,)).start()
    return future


@pytest.mark.parametrize(
    "wait",
    [
        lambda d: later(d, 1).continue_with(lambda f: f.result()).result(LONG),
        lambda d: later(d, 1).continue_with(lambda f: f.result()).result(),
        lambda d: later(d, 0).continue_with(lambda f: later(d, f.result() + 1)).result(LONG),
        lambda d: later(d, 0).continue_with(lambda f: later(d, later(d, 1))).result(LONG),
        lambda d: sum(combine_futures([later(d, 1).continue_with(lambda f: 1), later(d, 0)]).result(LONG)),
        lambda d: combine_futures([later(d, 0)]).continue_with(lambda f: 1).result(LONG),
        lambda d: (
            later(d, 0).continue_with(lambda f: later(d, 1).continue_with(lambda f: 1).result()).result()
        ),
        lambda d: combine_futures([later(d, 1), done(1)]).result(LONG)[0],
    ],
)
def test_callback_may_wait_for_a_continuation(driver: Driver, wait: Callable[[Driver], Any]) -> None:
    assert in_callback(driver, lambda: wait(driver)) == 1


def test_continuation_runs_once_and_in_the_thread_of_callbacks(driver: Driver) -> None:
    ran: list[str] = []

    def note(f: Future[Any]) -> None:
        ran.append(threading.current_thread().name)

    in_callback(driver, lambda: later(driver, 1).continue_with(note).result(LONG))
    in_callback(driver, lambda: None)
    assert ran == ["test-callbacks"]


def test_callback_may_wait_for_the_end_of_a_long_chain(driver: Driver) -> None:
    def wait() -> int:
        first: Future[int] = Future(driver)
        last: Future[int] = first
        for _ in range(LEVELS):
            last = last.continue_with(lambda f: f.result() + 1)
        threading.Thread(target=first.set_result, args=(0,)).start()
        return last.result(LONG)

    assert in_callback(driver, wait) == LEVELS


def test_callback_waits_for_a_continuation_no_longer_than_it_wants(driver: Driver) -> None:
    never: Future[int] = Future(driver)
    with pytest.raises(TimeoutError):
        in_callback(driver, lambda: never.continue_with(lambda f: f.result()).result(0.01))


def test_continuation_that_waits_for_itself_fails(driver: Driver) -> None:
    mine: list[Future[Any]] = []
    first: Future[int] = Future(driver)
    mine.append(first.continue_with(lambda _: mine[0].result()))
    first.set_result(1)
    with pytest.raises(RuntimeError, match="waits for the future of its own result"):
        mine[0].result(LONG)


def test_nothing_keeps_a_chain_with_a_driver_alive(driver: Driver) -> None:
    future: Future[Any] = Future(driver)
    chained = future.continue_with(lambda f: done(f.result()))
    combined = combine_futures([future, chained])
    value = object
    future.set_result(value)
    assert combined.result(LONG) == [value, value]
    in_callback(driver, lambda: None)
    gone = [weakref.ref(f) for f in (future, chained, combined)]
    gc.disable()
    try:
        del future, chained, combined
        assert [ref() for ref in gone] == [None, None, None]
    finally:
        gc.enable()

"""Futures: outcomes, waiting, callbacks, chains, asyncio and concurrent.futures."""

import asyncio
import concurrent.futures
import gc
import logging
import threading
import traceback
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_core.combination import combine_futures
from hz_core.future import Future, LockWaiter
from hz_core.waiters import DerivedWaiter

LONG = 30.0
"""Seconds after which a test that hangs fails; never reached otherwise."""


class Boom(Exception):
    pass


def failed(error: BaseException) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(error)
    return future


def held() -> Any:
    lock = threading.Lock()
    lock.acquire()
    return lock


def in_thread(target: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


# ---- outcomes


def test_pending() -> None:
    future: Future[int] = Future()
    assert not future.done()
    assert future.running()
    assert not future.cancelled()
    assert not future.is_success()
    assert repr(future) == "<Future pending>"


@pytest.mark.parametrize("value", [5, None, False, ""])
def test_result(value: object) -> None:
    future: Future[object] = Future()
    future.set_result(value)
    assert future.done()
    assert not future.running()
    assert future.is_success()
    assert future.result() is value
    assert future.result(0) is value
    assert future.exception() is None
    assert future.traceback() is None
    assert repr(future) == f"<Future done: {type(value).__name__}>"


def test_exception() -> None:
    error = Boom("x")
    future = failed(error)
    assert future.done()
    assert not future.is_success()
    assert future.exception() is error
    with pytest.raises(Boom) as caught:
        future.result()
    assert caught.value is error
    assert repr(future) == "<Future failed: Boom>"


def test_traceback_is_given_or_that_of_the_exception() -> None:
    def fail() -> None:
        raise Boom

    with pytest.raises(Boom) as caught:
        fail()
    own = caught.value.__traceback__
    assert own is not None
    assert failed(caught.value).traceback() is own
    with pytest.raises(Boom) as other:
        fail()
    future: Future[int] = Future()
    future.set_exception(caught.value, other.value.__traceback__)
    assert future.traceback() is other.value.__traceback__
    with pytest.raises(Boom) as raised:
        future.result()
    assert "in fail" in "".join(traceback.format_exception(raised.value))


def test_raising_again_and_again_does_not_grow_the_traceback() -> None:
    error = Boom()
    future = failed(error)

    def depth() -> int:
        with pytest.raises(Boom):
            future.result()
        return len(traceback.extract_tb(error.__traceback__))

    assert depth() == depth() == depth()


def test_only_exceptions_can_be_raised() -> None:
    future: Future[int] = Future()
    with pytest.raises(TypeError, match="not 'text'"):
        future.set_exception("text")  # type: ignore[arg-type] # the wrong type is what is tested
    assert not future.done()


def test_the_first_outcome_wins() -> None:
    future: Future[int] = Future()
    future.set_result(1)
    future.set_result(2)
    future.set_exception(Boom())
    assert not future.cancel()
    assert future.result() == 1
    broken = failed(Boom())
    broken.set_result(1)
    assert isinstance(broken.exception(), Boom)


def test_cancel() -> None:
    future: Future[int] = Future()
    assert future.set_running_or_notify_cancel()
    assert future.cancel()
    assert future.cancel()
    assert future.cancelled()
    assert future.done()
    assert not future.running()
    assert not future.is_success()
    assert not future.set_running_or_notify_cancel()
    future.set_result(1)
    future.set_exception(Boom())
    for ask in (future.result, future.exception, future.traceback):
        with pytest.raises(concurrent.futures.CancelledError):
            ask()
    assert repr(future) == "<Future cancelled>"


# ---- waiting


@pytest.mark.parametrize("timeout", [0, 0.0, -1, 0.001])
def test_timeout(timeout: float) -> None:
    future: Future[int] = Future()
    for ask in (future.result, future.exception, future.traceback):
        with pytest.raises(TimeoutError, match=f"within {timeout} seconds"):
            ask(timeout)
    assert not future.done()
    assert future._watchers == []
    future.set_result(1)
    assert future.result(timeout) == 1


@pytest.mark.parametrize("timeout", [None, LONG, 1e12, float("inf")])
def test_waiting_threads_are_woken(timeout: float | None) -> None:
    future: Future[int] = Future()
    results: list[int] = []
    threads = [in_thread(lambda: results.append(future.result(timeout))) for _ in range(4)]
    future.set_result(3)
    for thread in threads:
        thread.join(LONG)
    assert results == [3] * 4


def test_attach_and_detach() -> None:
    future: Future[int] = Future()
    stays, leaves = held(), held()
    assert future.attach(stays)
    assert future.attach(leaves)
    assert future.detach(leaves)
    assert not future.detach(leaves)
    future.set_result(1)
    assert stays.acquire(timeout=0)
    assert leaves.locked()
    assert not future.detach(stays)
    assert not future.attach(leaves)
    assert leaves.locked()


class Recorder:
    """A driver's waiter that keeps callbacks until they are asked for."""

    def __init__(self) -> None:
        self.waits: list[tuple[Any, float | None]] = []
        self.callbacks: list[Callable[[], None]] = []
        self.answer: Any = None

    def wait(self, future: Future[Any], timeout: float | None, /) -> bool:
        self.waits.append((future, timeout))
        if self.answer is not None:
            future.set_result(self.answer)
        return future.done()

    def run_callback(self, callback: Callable[[], None], /) -> None:
        self.callbacks.append(callback)

    def in_callback(self) -> bool:
        return False

    def now(self) -> float:
        return 0.0

    def run(self) -> None:
        while self.callbacks:
            self.callbacks.pop(0)()


def test_the_driver_s_waiter_waits() -> None:
    waiter = Recorder()
    future: Future[int] = Future(waiter)
    with pytest.raises(TimeoutError):
        future.result(2.5)
    waiter.answer = 7
    assert future.result() == 7
    assert future.result() == 7
    assert waiter.waits == [(future, 2.5), (future, None)]


# ---- callbacks


def test_callbacks_run_in_order_where_the_driver_says() -> None:
    waiter = Recorder()
    future: Future[int] = Future(waiter)
    seen: list[Any] = []
    future.add_done_callback(lambda f: seen.append(("first", f.result())))
    future.add_done_callback_inline(lambda f: seen.append(("inline", f.result())))
    future.add_done_callback(lambda f: seen.append(("second", f.result())))
    future.set_result(1)
    assert seen == [("inline", 1)]
    waiter.run()
    assert seen == [("inline", 1), ("first", 1), ("second", 1)]


def test_callbacks_of_a_done_future_run_at_once_in_the_caller() -> None:
    waiter = Recorder()
    future: Future[int] = Future(waiter)
    future.set_result(1)
    seen: list[int] = []
    future.add_done_callback(lambda f: seen.append(threading.get_ident()))
    future.add_done_callback_inline(lambda f: seen.append(threading.get_ident()))
    assert seen == [threading.get_ident()] * 2
    assert waiter.callbacks == []


def test_callbacks_run_after_failure_and_cancel_too() -> None:
    seen: list[Future[int]] = []
    broken: Future[int] = Future()
    broken.add_done_callback(seen.append)
    broken.set_exception(Boom())
    cancelled: Future[int] = Future()
    cancelled.add_done_callback(seen.append)
    cancelled.cancel()
    assert seen == [broken, cancelled]


def test_failing_callbacks_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: object) -> None:
        raise Boom("in a callback")

    future: Future[int] = Future()
    seen: list[int] = []
    lock = held()
    future.add_done_callback(fail)
    future.add_done_callback(lambda f: seen.append(f.result()))
    assert future.attach(lock)
    with caplog.at_level(logging.ERROR, logger="hazelcast"):
        future.set_result(1)
        future.add_done_callback(fail)
    assert seen == [1]
    assert not lock.locked()
    assert len(caplog.records) == 2
    assert all(r.exc_info and isinstance(r.exc_info[1], Boom) for r in caplog.records)


def test_an_interrupt_in_a_callback_leaves_nobody_waiting() -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    future: Future[int] = Future()
    lock = held()
    future.add_done_callback_inline(interrupt)
    assert future.attach(lock)
    with pytest.raises(KeyboardInterrupt):
        future.set_result(1)
    assert not lock.locked()
    assert future.result() == 1
    with pytest.raises(KeyboardInterrupt):
        future.set_result(1)  # as the next thread does: it repeats what was interrupted


def test_callbacks_run_although_the_executor_is_shut_down() -> None:
    executor = concurrent.futures.ThreadPoolExecutor(1)
    executor.shutdown()
    future: Future[int] = Future(LockWaiter(executor.submit))
    seen: list[int] = []
    future.add_done_callback(lambda f: seen.append(f.result()))
    future.set_result(1)
    assert seen == [1]


def test_inline_callbacks_can_be_removed() -> None:
    future: Future[int] = Future()
    seen: list[Any] = []
    future.add_done_callback_inline(seen.append)
    assert future.remove_done_callback_inline(seen.append)
    assert not future.remove_done_callback_inline(seen.append)
    future.set_result(1)
    assert seen == []


# ---- chains


def test_continue_with() -> None:
    future: Future[int] = Future()
    chained = future.continue_with(lambda f, a, b: f.result() + a + b, 10, 100)
    assert not chained.done()
    future.set_result(1)
    assert chained.result() == 111
    assert future.continue_with(lambda f: f.result()).result() == 1


def test_continue_with_unwraps_futures() -> None:
    future: Future[int] = Future()
    inner: Future[str] = Future()
    chained = future.continue_with(lambda _: inner)
    future.set_result(1)
    assert not chained.done()
    inner.set_result("x")
    assert chained.result() == "x"
    broken: Future[int] = future.continue_with(lambda _: failed(Boom()))
    assert isinstance(broken.exception(), Boom)


def test_continue_with_after_failure() -> None:
    def recover(f: Future[int]) -> int:
        assert isinstance(f.exception(), Boom)
        return 5

    assert failed(Boom()).continue_with(recover).result() == 5
    passed_on = failed(Boom()).continue_with(lambda f: f.result())
    assert isinstance(passed_on.exception(), Boom)
    assert passed_on.traceback() is not None


def test_continue_with_and_cancel() -> None:
    future: Future[int] = Future()
    chained = future.continue_with(lambda f: f.result())
    future.cancel()
    assert chained.cancelled()

    source: Future[int] = Future()
    called: list[Any] = []
    dropped = source.continue_with(called.append)
    dropped.cancel()
    source.set_result(1)
    assert called == []
    assert source.result() == 1


def test_continuations_run_where_the_driver_says_and_can_be_waited_for() -> None:
    with concurrent.futures.ThreadPoolExecutor(1, "callbacks") as executor:
        future: Future[int] = Future(LockWaiter(executor.submit))
        chained = future.continue_with(lambda _: threading.current_thread().name)
        in_thread(lambda: future.set_result(1))
        assert chained.result(LONG).startswith("callbacks")
        second = chained.continue_with(lambda f: f.result())
        assert second.result(LONG).startswith("callbacks")


# ---- combine


def test_combine_nothing() -> None:
    assert combine_futures([]).result() == []


@given(st.permutations(range(6)))
def test_combined_results_come_in_input_order(order: list[int]) -> None:
    parts: list[Future[int]] = [Future() for _ in order]
    combined = combine_futures(iter(parts))
    for index in order:
        assert not combined.done()
        parts[index].set_result(index)
    assert combined.result(0) == sorted(order)


def test_combine_waits_for_all_and_raises_the_first_error_in_input_order() -> None:
    parts: list[Future[int]] = [Future() for _ in range(4)]
    combined = combine_futures(parts)
    parts[2].set_exception(Boom("third"))
    parts[1].set_exception(Boom("second"))
    parts[3].set_result(1)
    assert not combined.done()
    parts[0].set_result(1)
    with pytest.raises(Boom, match="second"):
        combined.result()


def test_combine_with_done_repeated_and_cancelled_parts() -> None:
    done: Future[int] = Future()
    done.set_result(1)
    assert combine_futures([done, done]).result() == [1, 1]
    cancelled: Future[int] = Future()
    combined = combine_futures([done, cancelled])
    cancelled.cancel()
    assert combined.cancelled()


def test_combined_futures_wait_as_their_parts_do() -> None:
    one, two = Recorder(), Recorder()
    assert combine_futures([Future(one), Future(one)])._waiter is one
    assert isinstance(combine_futures([Future(one), Future(two)])._waiter, DerivedWaiter)
    assert isinstance(combine_futures([Future(one), Future()])._waiter, DerivedWaiter)
    assert combine_futures([Future(), Future()])._waiter is None


# ---- concurrent.futures


def test_is_a_future_of_the_standard_library() -> None:
    assert isinstance(Future(), concurrent.futures.Future)


@pytest.mark.parametrize("when", ["FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"])
def test_wait(when: str) -> None:
    parts: list[Future[int]] = [Future() for _ in range(3)]
    assert concurrent.futures.wait(parts, 0, when) == (set(), set(parts))
    assert all(part._waiters == [] for part in parts)
    parts[0].set_exception(Boom())

    def complete_the_rest() -> None:
        parts[1].set_result(1)
        parts[2].cancel()

    in_thread(complete_the_rest)
    done, not_done = concurrent.futures.wait(parts, LONG, when)
    assert parts[0] in done
    assert done | not_done == set(parts)
    if when == "ALL_COMPLETED":
        assert not not_done


def test_as_completed_and_its_timeout() -> None:
    parts: list[Future[int]] = [Future() for _ in range(3)]
    iterator = concurrent.futures.as_completed(parts, LONG)
    parts[1].set_result(1)
    assert next(iterator) is parts[1]
    parts[2].set_exception(Boom())
    assert next(iterator) is parts[2]
    in_thread(parts[0].cancel)
    never: Future[int] = Future()
    assert next(iterator) is parts[0]
    with pytest.raises(TimeoutError):
        list(concurrent.futures.as_completed([never], 0.001))


# ---- asyncio


def test_await() -> None:
    async def main() -> None:
        done: Future[int] = Future()
        done.set_result(1)
        assert await done == 1
        with pytest.raises(Boom):
            await failed(Boom())
        other_thread: Future[int] = Future()
        in_thread(lambda: other_thread.set_result(2))
        assert await asyncio.wait_for(asyncio.ensure_future(other_thread), LONG) == 2
        same_loop: Future[int] = Future()
        asyncio.get_running_loop().call_soon(same_loop.set_result, 3)
        assert await same_loop == 3
        cancelled: Future[int] = Future()
        asyncio.get_running_loop().call_soon(cancelled.cancel)
        with pytest.raises(asyncio.CancelledError):
            await cancelled

    asyncio.run(main())


def test_cancelling_the_awaiting_task_cancels_the_future() -> None:
    async def main() -> None:
        future: Future[int] = Future()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await future
        assert future.cancelled()
        assert future._watchers == []

    asyncio.run(main())


def test_many_tasks_await_one_future() -> None:
    async def main() -> list[int]:
        future: Future[int] = Future()

        async def one() -> int:
            return await future

        asyncio.get_running_loop().call_soon(future.set_result, 1)
        return await asyncio.gather(*(one() for _ in range(10)))

    assert asyncio.run(main()) == [1] * 10


def test_completing_after_the_loop_closed_is_harmless(caplog: pytest.LogCaptureFixture) -> None:
    future: Future[int] = Future()
    coroutine = future.__await__()

    async def main() -> None:
        next(coroutine)

    asyncio.run(main())
    future.set_result(1)
    assert caplog.records == []
    coroutine.close()


def test_wrap_future() -> None:
    async def main() -> None:
        future: Future[int] = Future()
        setting = in_thread(lambda: future.set_result(2))
        assert await asyncio.wait_for(asyncio.wrap_future(future), LONG) == 2
        broken: Future[int] = Future()
        wrapped = asyncio.wrap_future(broken)
        failing = in_thread(lambda: broken.set_exception(Boom()))
        with pytest.raises(Boom):
            await wrapped
        setting.join(LONG)
        failing.join(LONG)
        given_up: Future[int] = Future()
        wrapped = asyncio.wrap_future(given_up)
        wrapped.cancel()
        await asyncio.sleep(0)
        assert given_up.cancelled()

    asyncio.run(main())


# ---- memory


@pytest.mark.parametrize("fail", [False, True])
def test_nothing_keeps_a_future_alive(fail: bool) -> None:
    future: Future[Any] = Future()
    chained = future.continue_with(lambda f: f.exception())
    combined = combine_futures([future])
    concurrent.futures.wait([future], 0)
    if fail:
        future.set_exception(Boom())
        with pytest.raises(Boom):
            future.result()
    else:
        future.set_result(object())
    gone = [weakref.ref(f) for f in (future, chained, combined)]
    gc.disable()
    try:
        del future, chained, combined
        assert [ref() for ref in gone] == [None, None, None]
    finally:
        gc.enable()


def test_a_plain_future_needs_no_dict() -> None:
    future: Future[int] = Future()
    future.set_result(1)
    assert future.result() == 1
    assert future.__dict__ == {}

"""Races of the Future: every interleaving that a tiny switch interval finds."""

import concurrent.futures
import contextlib
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from hz_core.combination import combine_futures
from hz_core.future import Future

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


@pytest.fixture
def _many_switches() -> Any:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def race(*contestants: Callable[[], object]) -> None:
    """Start all at the same moment in a thread each, and wait for them."""
    start = threading.Barrier(len(contestants))
    errors: list[BaseException] = []

    def run(contestant: Callable[[], object]) -> None:
        try:
            start.wait(LONG)
            contestant()
        except BaseException as e:
            errors.append(e)

    threads = [in_thread(lambda c=c: run(c)) for c in contestants]  # type: ignore[misc] # a default binds c now
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive(), "a thread hangs"
    assert errors == []


@pytest.mark.usefixtures("_many_switches")
def test_race_of_watching_and_completing() -> None:
    for _ in range(300):
        future: Future[int] = Future()
        calls: list[str] = []
        locks = [held(), held()]
        attached: list[bool] = []

        def watch(
            lock: Any, future: Future[int] = future, calls: list[str] = calls, attached: list[bool] = attached
        ) -> None:
            future.add_done_callback(lambda _: calls.append("user"))
            attached.append(future.attach(lock))
            future.add_done_callback_inline(lambda _: calls.append("inline"))
            assert future.result(LONG) == 1

        race(
            lambda f=future: f.set_result(1),  # type: ignore[misc] # a default binds f now
            lambda locks=locks, watch=watch: watch(locks[0]),  # type: ignore[misc] # as above
            lambda locks=locks, watch=watch: watch(locks[1]),  # type: ignore[misc] # as above
        )
        assert sorted(calls) == ["inline"] * 2 + ["user"] * 2
        # Released exactly when attached; releasing twice would have raised, and been logged as an error.
        assert sum(lock.locked() for lock in locks) == attached.count(False)
        assert future._watchers == []


class TakenMeanwhile(list[Any]):
    """Watchers whose last one is taken by another thread just after this one has seen that there are some."""

    def __bool__(self) -> bool:
        return True


def test_another_thread_may_take_the_last_watcher() -> None:
    future: Future[int] = Future()
    called: list[Future[int]] = []
    future._watchers = TakenMeanwhile([called.append])
    getattr(future, "_pure_call_watchers", future._call_watchers)()
    assert called == [future]


def outcome(future: Future[str]) -> str:
    """Return the name of the contestant that has completed `future`."""
    try:
        return future.result(LONG)
    except Boom:
        return "error"
    except concurrent.futures.CancelledError:
        return "cancel"


@pytest.mark.usefixtures("_many_switches")
def test_race_of_outcomes() -> None:
    """One of three contestants completes a future, the others change nothing; over the rounds each wins."""
    winners: set[str] = set()
    deadline = time.monotonic() + LONG
    rounds = 0
    while rounds < 300 or winners != {"cancel", "error", "result"}:
        assert time.monotonic() < deadline, f"only {winners} win"
        rounds += 1
        future: Future[str] = Future()
        cancelled: list[bool] = []
        calls: list[Any] = []
        seen: list[str] = []
        future.add_done_callback(calls.append)

        def complete(
            work: Callable[[], object], future: Future[str] = future, seen: list[str] = seen
        ) -> Callable[[], None]:
            def contestant() -> None:
                work()
                seen.append(outcome(future))

            return contestant

        contestants = [
            complete(lambda f=future: f.set_result("result")),  # type: ignore[misc] # a default binds f now
            complete(lambda f=future, c=cancelled: c.append(f.cancel())),  # type: ignore[misc] # as above
            complete(lambda f=future: f.set_exception(Boom())),  # type: ignore[misc] # as above
        ]
        first = rounds % 3
        race(*contestants[first:], *contestants[:first])
        assert len(calls) == 1
        assert seen == [outcome(future)] * 3
        assert cancelled == [future.cancelled()] == [seen[0] == "cancel"]
        winners.add(seen[0])


@pytest.mark.usefixtures("_many_switches")
@pytest.mark.parametrize("when", ["FIRST_COMPLETED", "ALL_COMPLETED"])
def test_race_of_concurrent_wait_and_completing(when: str) -> None:
    for _ in range(200):
        parts: list[Future[int]] = [Future() for _ in range(3)]
        outcomes: list[Any] = []

        def wait(parts: list[Future[int]] = parts, outcomes: list[Any] = outcomes) -> None:
            outcomes.append(concurrent.futures.wait(parts, LONG, when))

        race(wait, wait, *(lambda p=p: p.set_result(1) for p in parts))
        for done, not_done in outcomes:
            assert len(done) >= (3 if when == "ALL_COMPLETED" else 1)
            assert done | not_done == set(parts)
            assert all(part.done() for part in done)
        assert all(part._waiters == [] for part in parts)


@pytest.mark.usefixtures("_many_switches")
def test_race_of_timeouts_and_completing() -> None:
    for _ in range(200):
        future: Future[int] = Future()

        def ask(future: Future[int] = future) -> None:
            with contextlib.suppress(TimeoutError):
                assert future.result(0.0001) == 1
            assert future.result(LONG) == 1

        race(ask, ask, lambda f=future: f.set_result(1))  # type: ignore[misc] # a default binds f now
        assert future._watchers in (None, [])


@pytest.mark.usefixtures("_many_switches")
def test_race_of_combining() -> None:
    for _ in range(200):
        parts: list[Future[int]] = [Future() for _ in range(3)]
        combined = combine_futures(parts)
        race(*(lambda i=i, p=p: p.set_result(i) for i, p in enumerate(parts)))
        assert combined.result(LONG) == [0, 1, 2]

"""The threaded driver under many threads, callbacks that block, cancels and shutdowns."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from functools import partial
from typing import Any

import pytest

from core_selector_thread import PATIENCE
from core_simulation import EntryEvent, listener_spec
from core_sockets import SocketCluster
from core_surfaces import FAST, Threaded, keep
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.drivers.read_handover import Event, ReadHandover
from hz_core.drivers.threaded import ThreadedDriver
from hz_core.errors import HazelcastClientNotActiveError, IllegalStateError
from hz_core.future import Future


@pytest.fixture(params=["plain", "tls"])
def threaded(request: pytest.FixtureRequest) -> Iterator[Threaded]:
    made = Threaded(2, tls_name="127.0.0.1" if request.param == "tls" else None)
    made.cluster.strict = False
    yield made
    made.close()


def in_threads(count: int, work: Callable[[int], object]) -> None:
    """Run `work` in threads; raise the first error."""
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_many_threads_get_their_own_replies(threaded: Threaded) -> None:
    def work(number: int) -> None:
        for turn in range(30):
            threaded.client.blocking.call(threaded.ops.put(number, [number, turn]))
            assert threaded.client.blocking.call(threaded.ops.get(number)) == [number, turn]

    in_threads(16, work)


def test_no_wake_up_is_lost(threaded: Threaded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers hand the reading on to each other, without relying on the I/O thread."""
    happened = ReadHandover._happened

    def unless_callers_wait(handover: ReadHandover, event: Event) -> bool:
        # After a lost wake-up the I/O thread would read for the callers that wait. Without it they wait forever.
        if event in (Event.NOBODY_READS, Event.INPUT_EXPECTED) and handover.followers:
            return False
        return happened(handover, event)

    monkeypatch.setattr(ReadHandover, "_happened", unless_callers_wait)
    for count in (1, 2, 3, 8, 32):
        in_threads(count, partial(in_turn, threaded, 240 // count))
    # The last calls of a storm show a loss best: no later call comes to the rescue.
    for _ in range(150):
        in_threads(4, partial(in_turn, threaded, 3))


def test_threads_and_futures_mixed_with_reconnects(threaded: Threaded) -> None:
    def work(number: int) -> None:
        for turn in range(20):
            futures = [threaded.client.futures.call(threaded.ops.get(key)) for key in range(4)]
            threaded.client.blocking.call(threaded.ops.get(number))
            assert [future.result(PATIENCE) for future in futures] == [None] * 4
            if number == 0 and turn % 5 == 0:
                threaded.do(lambda: threaded.cluster.cut_all())

    in_threads(6, work)


def test_writes_of_many_threads_are_not_mixed_up(threaded: Threaded) -> None:
    """Large and small requests over the same sockets, which take only a part at a time."""
    blob = b"z" * 600_000

    def work(number: int) -> None:
        for turn in range(6):
            value = blob if (number + turn) % 3 == 0 else [number, turn]
            threaded.client.blocking.call(threaded.ops.put(number, value))
            assert threaded.client.blocking.call(threaded.ops.get(number)) == value

    in_threads(8, work)


def test_callback_may_block_on_the_same_client(threaded: Threaded) -> None:
    done = threading.Event()
    found: list[Any] = []

    def callback(future: Future[Any]) -> None:
        threaded.client.blocking.call(threaded.ops.put(1, "from a callback"))
        found.append(threaded.client.futures.call(threaded.ops.get(1)).result(PATIENCE))
        done.set()

    kept = keep(threaded, "Map.get")
    first = threaded.submit(threaded.ops.get(1))
    first.add_done_callback(callback)
    threaded.until(lambda: kept)
    threaded.do(lambda: kept[0].reply(None))
    assert done.wait(PATIENCE)
    assert found == ["from a callback"]


def test_listener_may_block_and_fail(threaded: Threaded, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Any] = []

    def listener(event: EntryEvent) -> None:
        key = event.key
        heard.append(threaded.client.blocking.call(threaded.ops.get(key)))
        raise (ValueError("user's mistake") if key % 2 else SystemExit)

    threaded.client.blocking.run(threaded.client._engine.add_listener(listener_spec(listener)))
    with caplog.at_level(logging.ERROR):
        for key in range(4):
            threaded.client.blocking.call(threaded.ops.put(key, f"value {key}"))
        threaded.until(lambda: len(heard) == 4)
    assert sorted(heard) == [f"value {key}" for key in range(4)]


@pytest.mark.parametrize("timeout", [None, PATIENCE])
def test_cancel_wakes_the_thread_that_waits(threaded: Threaded, timeout: float | None) -> None:
    kept = keep(threaded, "Map.get")
    future = threaded.client.futures.call(threaded.ops.get(1))
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(CancelledError):
            future.result(timeout)
        ended.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    threaded.until(lambda: kept)
    assert future.cancel()
    woken = ended.wait(2)
    threaded.do(lambda: kept[0].reply(None))
    thread.join(PATIENCE)
    assert woken


def test_shutdown_wakes_blocked_threads(threaded: Threaded) -> None:
    kept = keep(threaded, "Map.get", times=8)
    errors: list[BaseException] = []

    def wait(number: int) -> None:
        try:
            threaded.client.blocking.call(threaded.ops.get(number))
        except HazelcastClientNotActiveError as e:
            errors.append(e)

    def close() -> None:
        threaded.until(lambda: len(kept) == 8)
        threaded.client.shutdown()

    closer = threading.Thread(target=close, daemon=True)
    closer.start()
    in_threads(8, wait)
    closer.join(PATIENCE)
    assert len(errors) == 8


def in_turn(threaded: Threaded, count: int, first: int = 0) -> None:
    """Make one blocking call after another."""
    for turn in range(first, first + count):
        threaded.client.blocking.call(threaded.ops.get(turn))


def test_calls_during_shutdown_all_end() -> None:
    for _ in range(5):
        threaded = Threaded(2)
        begun = threading.Barrier(5)

        def work(number: int, threaded: Threaded = threaded, begun: threading.Barrier = begun) -> None:
            begun.wait(PATIENCE)
            if number == 0:
                threaded.client.shutdown()
                return
            with pytest.raises(HazelcastClientNotActiveError):
                in_turn(threaded, 100_000)

        in_threads(5, work)
        threaded.close()


def test_client_in_a_refusing_cluster_leaves_nothing_behind() -> None:
    server = SocketCluster(1)
    server.cluster.authentication_status = 1
    try:
        with pytest.raises(IllegalStateError, match="refused cluster name"):
            Client(
                ClientConfig.from_kwargs(
                    cluster_members=server.addresses, **{**FAST, "cluster_connect_timeout": 0.05}
                )
            )
    finally:
        server.stop()


def test_cancelled_timers_do_not_add_up() -> None:
    """Time limits are cancelled long before they are due; those that stand are called in order."""
    driver = ThreadedDriver("timers")
    called: list[int] = []
    for number in range(5):
        driver.call_later(0.01 * (5 - number), partial(called.append, number))
    for _ in range(10_000):
        driver.call_later(3600, called.clear).cancel()
    assert len(driver._timers) < 200
    done = threading.Event()
    driver.call_later(0.06, done.set)
    driver.start()
    assert done.wait(PATIENCE)
    driver.stop()
    assert called == [4, 3, 2, 1, 0]

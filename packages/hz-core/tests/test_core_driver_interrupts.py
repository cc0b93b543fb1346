"""Threads that are interrupted at any point: nobody waits for ever, no value is wrong, no connection is closed."""

import ctypes
import itertools
import logging
import random
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from core_interrupts import Interrupt, at_point, interrupted
from core_selector_thread import PATIENCE
from core_simulation import listener_spec
from core_surfaces import Threaded, keep
from hz_core.codecs import client as codec
from hz_core.compiled import IS_COMPILED
from hz_core.connection import Connection
from hz_core.drivers.executor import CallbackExecutor
from hz_core.drivers.transport import SocketTransport
from hz_core.errors import HazelcastClientNotActiveError, HazelcastError, IllegalStateError
from hz_core.future import Future
from hz_core.op import Flow, Op
from hz_core.testing import Request


@pytest.fixture(params=["plain", "tls"])
def single(request: pytest.FixtureRequest) -> Iterator[Threaded]:
    made = Threaded(1, tls_name="127.0.0.1" if request.param == "tls" else None)
    made.cluster.strict = False
    yield made
    made.close()


def connection_of(surface: Threaded) -> Connection:
    return surface.client._engine.routing.open_connections()[0]


def transport_of(surface: Threaded) -> SocketTransport:
    transport = connection_of(surface).transport
    assert isinstance(transport, SocketTransport)
    return transport


def check_all_is_well(surface: Threaded, before: Connection) -> None:
    """The connection is still open, nobody has claimed anything, and calls get their own replies."""
    assert connection_of(surface) is before
    assert surface.client.blocking.call(surface.ops.get(1)) == "one"
    transport = transport_of(surface)
    assert not transport.reading.claimed()
    assert transport.idle


def test_a_call_that_is_interrupted_anywhere_loses_no_reply_of_others(single: Threaded) -> None:
    client, ops = single.client, single.ops
    client.blocking.call(ops.put(1, "one"))
    client.blocking.call(ops.put(2, "two"))
    before = connection_of(single)
    kept: list[Request] = []

    def answer_both(request: Request) -> bool:
        """Keep the first request, and answer it together with the second."""
        if request.method != "Map.get":
            return False
        if not kept:
            kept.append(request)
            return True
        first = kept.pop()
        first.member.answer(first)
        return False

    for number in itertools.count(1):
        kept.clear()
        single.do(lambda: single.cluster.members[0].rules.append(answer_both))
        others = client.futures.call(ops.get(2))
        called: list[object] = []
        others.add_done_callback(called.append)
        happened = interrupted(number, lambda: client.blocking.call(ops.get(1)))
        single.do(lambda: single.cluster.members[0].rules.remove(answer_both))
        if kept:
            # Interrupted before the second request was sent.
            single.do(lambda: kept[0].member.answer(kept[0]))
        assert others.result(PATIENCE) == "two", number
        check_all_is_well(single, before)
        single.until(lambda called=called: len(called) == 1)  # type: ignore[misc]  # binds called
        if not happened:
            break
    assert number > (25 if IS_COMPILED else 40)
    client.blocking.call(ops.put(3, "x"))
    single.until(lambda: not before.pending)


def test_a_flow_of_another_caller_ends_wherever_the_thread_that_continues_it_is_interrupted(
    single: Threaded,
) -> None:
    client, ops = single.client, single.ops
    client.blocking.call(ops.put(1, "one"))
    client.blocking.call(ops.put(2, "two"))
    before = connection_of(single)
    kept: list[Request] = []

    def answer_both(request: Request) -> bool:
        """Keep the first request, that of the flow, and answer it together with the second."""
        if request.method != "Map.get":
            return False
        if kept:
            answer()
            return False
        kept.append(request)
        return True

    def answer() -> None:
        if answer_both in single.cluster.members[0].rules:
            single.cluster.members[0].rules.remove(answer_both)
            kept[0].member.answer(kept[0])

    def steps() -> Flow[list[object]]:
        first = yield ops.get(2)
        return [first, *(yield from rest())]

    def rest() -> Flow[list[object]]:
        return [(yield Op.ready(None)), (yield ops.get(1)), (yield [ops.get(1), ops.get(2)])]

    outcomes: set[str] = set()
    # On a busy machine the I/O thread, which is not interrupted, may continue the flow each time.
    for number in itertools.chain.from_iterable(itertools.repeat(range(1, 200), 20)):
        kept.clear()
        single.do(lambda: single.cluster.members[0].rules.append(answer_both))
        others = client.futures.run(steps())
        single.until(lambda: kept)
        happened = interrupted(number, lambda: client.blocking.call(ops.get(1)))
        single.do(answer)
        error = others.exception(PATIENCE)
        if error is None:
            assert others.result() == ["two", None, "one", ["one", "two"]], number
        else:
            assert "interrupted in the middle by Interrupt" in str(error)
        outcomes.add(type(error).__name__)
        check_all_is_well(single, before)
        if not happened and len(outcomes) == 2:
            break
    assert outcomes == {"NoneType", "HazelcastError"}
    single.until(lambda: not before.pending)


def test_an_interrupted_follower_and_leader_leave_the_others_their_replies(single: Threaded) -> None:
    client, ops = single.client, single.ops
    client.blocking.call(ops.put(1, "one"))
    before = connection_of(single)
    for number in itertools.count(1):
        kept = keep(single, "Map.get", times=2)
        results: list[object] = []
        others = [
            threading.Thread(target=lambda: results.append(client.blocking.call(ops.get(1))), daemon=True)  # noqa: B023
            for _ in range(2)
        ]
        for thread in others:
            thread.start()
        single.until(lambda: len(kept) == 2)  # noqa: B023
        happened = interrupted(number, lambda: client.blocking.call(ops.get(1)))
        for request in kept:
            single.do(lambda request=request: request.member.answer(request))  # type: ignore[misc]  # binds it
        for thread in others:
            thread.join(PATIENCE)
            assert not thread.is_alive(), number
        assert results == ["one", "one"]
        check_all_is_well(single, before)
        if not happened:
            break
    assert number > 20


@pytest.mark.parametrize("blocked", [False, True], ids=["free", "blocked"])
def test_code_that_interrupts_a_call_anywhere_may_use_the_client(single: Threaded, blocked: bool) -> None:
    """As a signal handler, or a finalizer that the garbage collector calls."""
    client, ops = single.client, single.ops
    transport = transport_of(single)
    client.blocking.call(ops.put(1, "one"))
    client.blocking.call(ops.put(2, "two"))
    before = connection_of(single)
    for number in itertools.count(1):
        found: list[object] = []

        def handler() -> None:
            found.append(client.blocking.call(ops.get(2)))  # noqa: B023
            client.blocking.call(ops.put(3, number))  # noqa: B023

        # As if the stream had been full a moment ago, and the I/O thread had not seen yet that it is not any more.
        transport._blocked = blocked
        happened = at_point(
            number,
            lambda: found.append(client.blocking.call(ops.get(1))),  # noqa: B023
            handler,
        )
        assert found == (["two", "one"] if happened else ["one"]), number
        if not happened:
            break
        assert client.blocking.call(ops.get(3)) == number
        check_all_is_well(single, before)
    # Compiled code is interrupted nowhere but in a receive: what is left is how these operations are built.
    assert number > (25 if IS_COMPILED else 40)


def test_a_large_message_that_is_interrupted_anywhere_is_not_damaged(single: Threaded) -> None:
    client, ops = single.client, single.ops
    value = bytes(range(256)) * 4096
    client.blocking.call(ops.put(1, "one"))
    before = connection_of(single)
    steps = 0
    for number in itertools.chain(range(1, 120), range(120, 100_000, 37)):
        happened = interrupted(number, lambda: client.blocking.call(ops.put(2, value)))
        check_all_is_well(single, before)
        happened = interrupted(number, lambda: client.blocking.call(ops.get(2))) or happened
        check_all_is_well(single, before)
        steps += 1
        if not happened:
            break
    assert client.blocking.call(ops.get(2)) == value
    assert steps > (30 if IS_COMPILED else 60)


# --- exceptions of users ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [TimeoutError, InterruptedError, BlockingIOError, ConnectionResetError, OSError]
)
def test_an_exception_of_a_signal_handler_comes_out_as_it_is(single: Threaded, kind: type[OSError]) -> None:
    before = connection_of(single)
    kept = keep(single, "Map.get", times=2)
    others = single.client.futures.call(single.ops.get(2))
    mine = kind(11, "my own limit")

    def handler(signum: int, frame: object) -> None:
        raise mine

    former = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(kind) as caught:
            single.client.blocking.call(single.ops.get(1))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
    assert caught.value is mine
    assert connection_of(single) is before
    single.until(lambda: len(kept) == 2)
    single.do(lambda: kept[0].reply(None))
    assert others.result(PATIENCE) is None


def test_a_deserializer_may_call_the_client(single: Threaded) -> None:
    client, ops = single.client, single.ops
    client.blocking.call(ops.put(1, "one"))
    client.blocking.call(ops.put(2, "two"))

    def read(message: bytes, read: object) -> object:
        return client.blocking.call(ops.get(2))

    op = ops.get(1)
    op.decode = read
    assert client.blocking.call(op) == "two"
    # Nobody waits for this one, so its reply is read on the I/O thread, which must not wait for itself: the value is
    # read where callbacks run.
    op = ops.get(1)
    op.decode = read
    done = threading.Event()
    future: Future[object] = client.futures.call(op)
    future.add_done_callback(lambda _: done.set())
    assert done.wait(PATIENCE)
    assert future.result() == "two"
    assert client.blocking.call(ops.get(1)) == "one"


def test_nothing_may_wait_on_the_io_thread(single: Threaded) -> None:
    errors: list[BaseException] = []
    done = threading.Event()

    def on_io_thread() -> None:
        waits: list[Callable[[], object]] = [
            lambda: single.client.blocking.call(single.ops.get(1)),
            lambda: single.client.futures.call(single.ops.get(1)).result(),
            lambda: single.client.blocking.run(two_gets(single)),
        ]
        for wait in waits:
            try:
                wait()
            except IllegalStateError as e:
                errors.append(e)
        done.set()

    single.client._driver.call_soon(on_io_thread)
    assert done.wait(PATIENCE)
    assert len(errors) == 3


def two_gets(surface: Threaded) -> Flow[None]:
    yield [surface.ops.get(1), surface.ops.get(2)]


def test_logging_handlers_that_use_the_client_harm_nobody(single: Threaded) -> None:
    errors: list[BaseException] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            try:
                single.client.blocking.call(single.ops.put(5, "logged"))
            except HazelcastError as e:
                errors.append(e)

    logger = logging.getLogger("hazelcast")
    handler = Handler(logging.WARNING)
    logger.addHandler(handler)
    try:
        single.do(lambda: single.cluster.cut_all())
        single.until(lambda: errors)
    finally:
        logger.removeHandler(handler)
    assert isinstance(errors[0], IllegalStateError)
    assert single.client.blocking.call(single.ops.get(1)) is None


# --- exceptions in other threads ----------------------------------------------------------------------------------


def raise_in(thread: threading.Thread, kind: type[BaseException]) -> None:
    """Raise an exception in another thread, between two of its steps."""
    assert thread.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(kind))


def test_a_storm_of_interrupts_hangs_nobody(single: Threaded) -> None:
    """The short form of ``hatch run stress``."""
    client, ops = single.client, single.ops
    before = connection_of(single)
    choose = random.Random(1)
    stop = threading.Event()
    wrong: list[object] = []
    progress = [0] * 8

    def work(number: int) -> None:
        while not stop.is_set():
            try:
                while not stop.is_set():
                    client.blocking.call(ops.put(number, [number, progress[number]]))
                    found = client.blocking.call(ops.get(number))
                    if found[0] != number:
                        wrong.append((number, found))
                    if client.futures.call(ops.get(number)).result(PATIENCE)[0] != number:
                        wrong.append(number)
                    progress[number] += 1
            except Interrupt:
                pass

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(8)]
    for thread in threads:
        thread.start()
    tick = threading.Event()
    for _ in range(400):
        raise_in(choose.choice(threads), Interrupt)
        tick.wait(choose.uniform(0, 0.01))
    at_the_end = list(progress)
    single.until(lambda: all(now > then for now, then in zip(progress, at_the_end, strict=True)))
    stop.set()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert wrong == []
    assert connection_of(single) is before


def test_an_exception_in_the_callback_thread_does_not_end_it(single: Threaded) -> None:
    client = single.client
    keys: list[object] = []
    client.blocking.run(client._engine.add_listener(listener_spec(lambda event: keys.append(event.key))))
    client.blocking.call(single.ops.put(1, "x"))
    single.until(lambda: keys == [1])
    for name in ("callbacks", "io"):
        (thread,) = [t for t in threading.enumerate() if t.name == f"{client.name}-{name}"]
        for _ in range(3):
            raise_in(thread, Interrupt)
            client.blocking.call(single.ops.put(2, "y"))
            single.until(lambda: keys[-1] == 2)
            client.blocking.call(single.ops.put(1, "y"))
            single.until(lambda: keys[-1] == 1)
        assert thread.is_alive()


# --- the rest ----------------------------------------------------------------------------------------------------


def test_threads_never_share_an_owner_of_locks(single: Threaded) -> None:
    owners: list[int] = []
    for _ in range(50):
        thread = threading.Thread(target=lambda: owners.append(single.client._engine.lock_owner()))
        thread.start()
        thread.join()
    mine = single.client._engine.lock_owner()
    assert len({mine, *owners}) == 51
    assert single.client._engine.lock_owner() == mine


def test_a_client_that_ends_by_itself_ends_its_threads() -> None:
    surface = Threaded(1, reconnect_mode="OFF")
    client = surface.client
    try:
        surface.refuse()
        surface.until(lambda: not [t for t in threading.enumerate() if t.name.startswith(f"{client.name}-")])
        with pytest.raises(HazelcastClientNotActiveError):
            client.blocking.call(codec.ping(client._engine.any_connection()))
    finally:
        surface.close()


def test_the_end_of_a_connection_raises_no_signal(single: Threaded) -> None:
    former = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        transport = transport_of(single)
        for _ in range(3):
            getattr(transport._stream, "_plain", transport._stream).shutdown()
            transport.write(b"x" * 10)
    finally:
        signal.signal(signal.SIGPIPE, former)
    single.until(lambda: transport.broken)


def test_events_are_dropped_after_a_shutdown_that_a_listener_held_up() -> None:
    executor = CallbackExecutor("test", bool, bool)
    gate, started = threading.Event(), threading.Event()
    ran: list[int] = []

    def slow() -> None:
        started.set()
        gate.wait(PATIENCE)

    class Completion:
        is_counted = True

        def __call__(self) -> None:
            ran.append(2)

    executor.run(slow)
    executor.run(lambda: ran.append(1))
    executor.run(Completion())
    assert started.wait(PATIENCE)
    (thread,) = [t for t in threading.enumerate() if t.name == "test"]
    executor.stop(0.01)
    gate.set()
    thread.join(PATIENCE)
    assert ran == [2]

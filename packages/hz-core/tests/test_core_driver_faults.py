"""The threaded driver when users' code misbehaves, a thread is interrupted, or a call takes long."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from core_selector_thread import PATIENCE
from core_surfaces import Threaded
from hz_core.codecs import client as codec
from hz_core.drivers.executor import CallbackExecutor
from hz_core.drivers.read_handover import CHECK_INTERVAL, Reading
from hz_core.drivers.transport import SocketTransport
from hz_core.future import Future, LockWaiter
from hz_core.load_balancer import LoadBalancer, Members
from hz_core.model import MemberInfo


@pytest.fixture
def single() -> Iterator[Threaded]:
    made = Threaded(1)
    made.cluster.strict = False
    yield made
    made.close()


def transport_of(surface: Threaded) -> SocketTransport:
    transport = surface.client._engine.routing.open_connections()[0].transport
    assert isinstance(transport, SocketTransport)
    return transport


class Failing(LoadBalancer):
    """Raises on the I/O thread when told to, as any code of a user may."""

    failing = False

    def init(self, cluster_service: Members) -> None:
        self._members = cluster_service

    def next(self) -> MemberInfo | None:
        if self.failing and threading.current_thread().name.endswith("-io"):
            raise LookupError("no member fits")
        return None


def test_a_load_balancer_that_raises_fails_its_operation_alone() -> None:
    balancer = Failing()
    surface = Threaded(3, load_balancer=balancer, redo_operation=True)
    surface.cluster.strict = False
    try:
        held: list[Any] = []
        for member in surface.cluster.members:
            surface.do(lambda m=member: m.rule("Client.createProxy", held.append))  # type: ignore[misc] # binds m
        futures: list[Future[Any]] = [
            surface.client.futures.call(codec.create_proxy(f"p{i}", "s")) for i in range(3)
        ]
        surface.until(lambda: len(held) == 3)
        balancer.failing = True
        surface.do(lambda: held[0].session.pipe.cut())
        errors = [type(future.exception(timeout=PATIENCE)) for future in futures]
        assert errors == [LookupError] * 3
        balancer.failing = False
        surface.until(lambda: len(surface.client._engine.routing.open_connections()) == 3)
    finally:
        surface.close()


def test_system_exit_in_a_decoder_does_not_end_the_io_thread(single: Threaded) -> None:
    def decode(message: bytes, read: object) -> None:
        raise SystemExit("a user's serializer gave up")

    single.client.futures.call(single.ops.put(1, 1)).result(PATIENCE)
    op = single.ops.get(1)
    op.decode = decode
    done = threading.Event()
    future = single.client.futures.call(op)
    future.add_done_callback(lambda _: done.set())
    assert done.wait(PATIENCE)
    with pytest.raises(SystemExit, match="gave up"):
        future.result()
    assert single.client._engine.routing.open_connections()
    assert single.client.blocking.call(single.ops.get(1)) == 1


def test_an_interrupt_while_sending_for_others_leaves_nobody_waiting(single: Threaded) -> None:
    single.client.futures.call(single.ops.put(1, 1)).result(PATIENCE)
    transport = transport_of(single)
    send = transport._send
    outcomes: list[object] = []

    def work() -> None:
        outcomes.append(single.client.blocking.call(single.ops.get(1)))

    workers = [threading.Thread(target=work, daemon=True) for _ in range(3)]
    calls = 0

    def interrupted(data: Any, flags: int) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            for worker in workers:
                worker.start()
            single.until(lambda: len(transport._outbox) == 3)
            raise KeyboardInterrupt
        return send(data, flags)

    transport._send = interrupted  # type: ignore[assignment] # stands for what a signal does at this moment
    with pytest.raises(KeyboardInterrupt):
        single.client.blocking.call(single.ops.get(1))
    for worker in workers:
        worker.join(PATIENCE)
    assert outcomes == [1, 1, 1]


def test_a_long_call_does_not_keep_the_io_thread_busy(single: Threaded) -> None:
    client = single.client
    held: list[Any] = []
    single.do(lambda: single.cluster.members[0].rule("Map.get", held.append, times=1))
    caller = threading.Thread(target=lambda: client.blocking.call(single.ops.get(1)), daemon=True)
    caller.start()
    single.until(lambda: bool(held))
    transport = transport_of(single)
    client.futures.call(single.ops.put(2, "x")).result(PATIENCE)
    single.until(lambda: transport.reading.state in (Reading.LEFT_TO_LEADER, Reading.WATCHED))
    checks = client._driver._checks
    assert (
        transport.reading not in checks or checks[transport.reading] - client._driver.now() > CHECK_INTERVAL
    )
    single.do(lambda: held[0].reply(None))
    caller.join(PATIENCE)
    assert not caller.is_alive()
    # The one that read for so long has given the socket back.
    single.until(lambda: transport.reading.state is Reading.WATCHED)
    done = threading.Event()
    client.futures.call(single.ops.get(2)).add_done_callback(lambda _: done.set())
    assert done.wait(PATIENCE)


def test_executor_runs_in_order_and_refuses_when_full_or_stopped() -> None:
    idle = threading.Event()
    executor = CallbackExecutor("test", idle.set, bool, capacity=2)
    gate, started = threading.Event(), threading.Event()
    ran: list[int] = []

    def first() -> None:
        started.set()
        gate.wait(PATIENCE)
        raise SystemExit

    assert executor.run(first)
    assert started.wait(PATIENCE)
    assert executor.run(lambda: ran.append(1))
    assert executor.run(lambda: ran.append(2))
    assert not executor.run(lambda: ran.append(3))
    gate.set()
    assert idle.wait(PATIENCE)
    executor.stop(PATIENCE)
    assert ran == [1, 2]
    assert not executor.run(lambda: ran.append(4))


def test_a_future_s_callback_runs_even_when_nobody_takes_it() -> None:
    executor = CallbackExecutor("test", bool, bool)
    executor.stop(PATIENCE)
    future: Future[int] = Future(LockWaiter(executor.run))
    ran: list[int] = []
    future.add_done_callback(lambda f: ran.append(f.result()))
    future.set_result(7)
    assert ran == [7]

"""Calls of locks and semaphores that are interrupted at any point leave nothing held by nobody."""

from collections.abc import Iterator
from typing import Any

import pytest

from core_interrupts import interrupted
from core_sockets import SocketCluster, until
from hz_core import ClientConfig
from hz_core.client import Client
from hz_core.errors import IllegalMonitorStateError
from hz_cp import FENCED_LOCK, SEMAPHORE, LockOwner
from hz_cp.sessions import SessionService

# Not where the surface enters and leaves a block: what is interrupted before it has begun is not done.
MODULES = (
    *("hz_cp.fenced_lock", "hz_cp.semaphore", "hz_cp.sessions", "hz_cp.codecs"),
    *(
        "hz_core.client",
        "hz_core.connection",
        "hz_core.drivers",
        "hz_core.flow",
        "hz_core.invocation",
        "hz_core.op",
    ),
)


@pytest.fixture
def client() -> Iterator[Client]:
    server = SocketCluster(1)
    with Client(ClientConfig.from_kwargs(cluster_members=server.addresses)) as client:
        yield client
    server.stop()


@pytest.mark.parametrize("how", ["with", "hold", "timed", "reentrant"])
def test_a_lock_is_not_held_by_who_was_interrupted(client: Client, how: str) -> None:
    lock: Any = client.get_object(FENCED_LOCK, "l").blocking()
    lock.lock()
    lock.unlock()
    other = lock.owned_by(LockOwner())

    def use() -> None:
        with lock if how == "with" else lock.hold() if how in ("hold", "reentrant") else lock.hold(5):
            entered.append(True)

    depth = 0
    if how == "reentrant":
        depth = 1
        lock.lock()
    for number in range(1, 10_000):
        entered: list[bool] = []
        happened = interrupted(number, use, MODULES)
        assert happened or entered
        # Whatever was granted is given back, maybe in the background.
        until(lambda: other.get_lock_count() == depth)
        if not happened:
            break
    assert number > 30
    # What was interrupted before it was sent waits for no reply.
    until(lambda: client._engine.invocations.pending_count == 0)
    # The session may count too much, which keeps it alive; if it counted too little, locks would be lost with it.
    assert session_holds(client) >= depth
    assert other.try_lock() > 0 or depth
    if depth:
        lock.unlock()
    with pytest.raises(IllegalMonitorStateError):
        lock.unlock()


def test_permits_are_not_held_by_who_was_interrupted(client: Client) -> None:
    permits = client.get_object(SEMAPHORE, "s").blocking()
    permits.init(3)

    def use() -> None:
        permits.acquire(2)
        granted.append(True)

    for number in range(1, 10_000):
        granted: list[bool] = []
        happened = interrupted(number, use, MODULES)
        if granted:  # interrupted after that, in nothing that the client does
            permits.release(2)
        until(lambda: permits.available_permits() == 3)
        if not happened:
            break
    assert number > 30
    until(lambda: client._engine.invocations.pending_count == 0)
    # The session may count too much, which keeps it alive; if it counted too little, permits would be lost with it.
    assert session_holds(client) >= 0


def session_holds(client: Client) -> int:
    return sum(session.holds for session in client._engine.service(SessionService)._sessions.values())

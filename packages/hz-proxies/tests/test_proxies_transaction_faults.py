"""Everything that can go wrong with a transaction, as a table, on three surfaces over sockets to simulated members."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from core_sockets import SocketCluster, until
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.errors import (
    TargetDisconnectedError,
    TransactionError,
    TransactionNotActiveError,
    TransactionTimedOutError,
)
from hz_core.testing import MapService, Request, TransactionService, codes
from hz_proxies import MAP
from hz_proxies.transaction import TransactionType
from hz_proxies.transaction.state import TransactionService as OwnTransactions
from map_harness import SURFACES, AsyncioCaller, BlockingCaller, Caller, FuturesCaller
from object_harness import map_of, transaction

BEFORE, AFTER = "before", "after"

CREATE, PUT = "Transaction.create", "TransactionalMap.put"
COMMIT, ROLLBACK = "Transaction.commit", "Transaction.rollback"


def cut(request: Request) -> None:
    request.session.pipe.cut()


def do_and_cut(request: Request) -> None:
    pipe: Any = request.session.pipe
    pipe.send = lambda data: None  # the answer gets lost
    request.member.answer(request)
    pipe.cut()


def refuse(request: Request) -> None:
    request.error(*codes.TRANSACTION, "the changes could not be prepared")


def too_late(request: Request) -> None:
    """The time of the transaction is over before the member looks at it."""
    for known in request.member.cluster.service(TransactionService).active.values():
        known.deadline = request.member.cluster.clock.now() - 1
    request.member.answer(request)


@dataclass
class Case:
    """What goes wrong, and what must come of it.

    Attributes:
        name: Name of the case.
        fault: What the member does with the request.
        at: The request.
        error: What the operation raises.
        state: The state of the transaction then.
        value: What the member holds in the end.
        ends: How the transaction was to end.
    """

    name: str
    at: str
    fault: Callable[[Request], None]
    error: type[Exception]
    state: str
    value: str
    ends: str = "commit"


LOST = TargetDisconnectedError
CASES = [
    Case("before begin", CREATE, cut, LOST, "not_started", BEFORE),
    Case("before the answer to begin", CREATE, do_and_cut, LOST, "not_started", BEFORE),
    Case("before a change", PUT, cut, LOST, "active", BEFORE),
    Case("before the answer to a change", PUT, do_and_cut, LOST, "active", BEFORE),
    Case("in prepare", COMMIT, cut, LOST, "unknown", BEFORE),
    Case("after the commit, before its answer", COMMIT, do_and_cut, LOST, "unknown", AFTER),
    Case("before the rollback", ROLLBACK, cut, LOST, "rolled_back", BEFORE, "rollback"),
    Case("before the answer to the rollback", ROLLBACK, do_and_cut, LOST, "rolled_back", BEFORE, "rollback"),
    Case("a change is refused", PUT, refuse, TransactionError, "active", BEFORE),
    Case("prepare is refused", COMMIT, refuse, TransactionError, "unknown", BEFORE),
    Case("too late", COMMIT, too_late, TransactionTimedOutError, "rolled_back", BEFORE),
]


@pytest.fixture(params=SURFACES)
async def faulty(request: pytest.FixtureRequest) -> AsyncIterator[tuple[SocketCluster, Caller]]:
    server = SocketCluster(2)
    options: dict[str, Any] = {
        "cluster_members": server.addresses,
        "retry_initial_backoff": 0.01,
        "statistics_enabled": False,
    }
    caller: Caller
    if request.param == "asyncio":
        caller = AsyncioCaller(lambda **given: AsyncioClient(ClientConfig.from_kwargs(**given)), **options)
    else:
        client = Client(ClientConfig.from_kwargs(**options))
        caller = FuturesCaller(client) if request.param == "futures" else BlockingCaller(client)
    try:
        async with caller:
            yield server, caller
    finally:
        if request.param != "asyncio":
            caller.client.shutdown()
        server.stop()


def arm(server: SocketCluster, method: str, fault: Callable[[Request], None]) -> None:
    """Let the member that receives the next request of a method do something else with it."""
    left = [1]

    def look(request: Request) -> bool:
        if request.method != method or not left:
            return False
        left.clear()
        fault(request)
        return True

    def install() -> None:
        for member in server.cluster.members:
            member.rules.append(look)

    server.do(install)


def active(server: SocketCluster) -> int:
    return int(server.do(lambda: len(server.cluster.service(TransactionService).active)))


def value(server: SocketCluster, caller: Caller) -> Any:
    (data,) = server.do(lambda: list(server.cluster.service(MapService).state("m").values().values()))
    return caller.client.serialization.to_object(data)


async def run(caller: Caller, tx: Any, ends: str) -> None:
    await tx.begin()
    await map_of(tx, "m").put("k", AFTER)
    await getattr(tx, ends)()


@pytest.mark.parametrize("kind", list(TransactionType), ids=lambda kind: kind.name)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_comes_of_a_fault(
    faulty: tuple[SocketCluster, Caller], case: Case, kind: TransactionType
) -> None:
    server, caller = faulty
    m = await caller.object(MAP, "m")
    await m.put("k", BEFORE)
    arm(server, case.at, case.fault)
    tx = transaction(caller, transaction_type=kind)
    with pytest.raises(case.error):
        await run(caller, tx, case.ends)
    assert tx.proxy.state == case.state
    if case.state == "active":
        # The program rolls back, as the end of a block does; over a lost connection that fails, and needs not succeed.
        if case.error is LOST:
            with pytest.raises(LOST):
                await tx.rollback()
        else:
            await tx.rollback()
        assert tx.proxy.state == "rolled_back"
    await nothing_is_pending(server, caller, case.value)
    following = await a_next_one_works(server, caller)
    # A late end of this one, of which no member has told, would release the locks of another one with the same id.
    in_doubt = case.error is LOST and case.at != CREATE
    assert (following.proxy.thread_id == tx.proxy._ops._begun_by) == (not in_doubt)
    last = await a_next_one_works(server, caller)
    assert (last.proxy.thread_id != following.proxy.thread_id) == in_doubt


async def nothing_is_pending(server: SocketCluster, caller: Caller, expected: str) -> None:
    """The member has rolled back what was not committed; its locks are free, and the client waits for nothing."""
    until(lambda: active(server) == 0)
    assert value(server, caller) == expected
    engine = caller.client._engine
    await caller.until(lambda: engine.invocations.pending_count == 0)
    assert not engine.service(OwnTransactions).active
    m = await caller.object(MAP, "m")
    assert await m.put("k", BEFORE) == expected


async def a_next_one_works(server: SocketCluster, caller: Caller) -> Any:
    """The same thread or task can begin another one, which is returned."""
    tx = transaction(caller)
    await run(caller, tx, "commit")
    assert (tx.proxy.state, value(server, caller), active(server)) == ("committed", AFTER, 0)
    return tx


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_use_after_the_end(faulty: tuple[SocketCluster, Caller], end: str) -> None:
    server, caller = faulty
    tx = transaction(caller)
    await tx.begin()
    in_tx = map_of(tx, "m")
    await in_tx.put("k", AFTER)
    await getattr(tx, end)()
    ended = "committed" if end == "commit" else "rolled_back"
    for again in ("commit", "rollback"):
        with pytest.raises(TransactionNotActiveError, match=ended):
            await getattr(tx, again)()
    with pytest.raises(TransactionError, match=ended):
        await tx.begin()
    with pytest.raises(TransactionNotActiveError, match=ended):
        tx.proxy.get_map("m")
    with pytest.raises(TransactionError, match="No transaction context"):
        await in_tx.put("k", BEFORE)
    assert (active(server), tx.proxy.state) == (0, ended)


async def test_a_nested_one_is_refused_and_leaves_the_outer_one_alone(
    faulty: tuple[SocketCluster, Caller],
) -> None:
    server, caller = faulty
    outer, inner = transaction(caller), transaction(caller)
    await outer.begin()
    with pytest.raises(TransactionError, match="cannot be nested"):
        await inner.begin()
    assert (inner.proxy.state, active(server)) == ("not_started", 1)
    await map_of(outer, "m").put("k", AFTER)
    await outer.commit()
    assert (value(server, caller), active(server)) == (AFTER, 0)

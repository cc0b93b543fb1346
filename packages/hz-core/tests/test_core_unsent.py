"""A member that stops reading: what waits to be sent to it is bounded, and the error says so."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop

from core_simulation import Simulation
from core_surfaces import Asyncio, Surface, Threaded, make
from hz_core.codecs import client as codec
from hz_core.drivers import aio_transport, transport
from hz_core.errors import HazelcastOverloadError
from hz_core.invocation import limits
from hz_core.testing.scripted import Link

LIMIT = 1 << 20
VALUE = "x" * 100_000
MOST = 1000
"""More requests than all buffers of the system and of the client can take."""


@pytest.fixture(autouse=True)
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (transport, aio_transport, limits):
        monkeypatch.setattr(module, "MOST_UNSENT", LIMIT)


@pytest.fixture(autouse=True, scope="module")
def first_uvloop() -> None:
    """The first loop of uvloop opens a pipe that stays."""
    uvloop.new_event_loop().close()


@pytest.fixture(params=["threaded", "asyncio", "uvloop"])
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    made = make(request.param, socket_options=[(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)])
    made.cluster.strict = False
    yield made
    made.close()


def sent_until_refused(surface: Surface) -> tuple[list[Any], HazelcastOverloadError]:
    """Send until a request is refused at once; return those that were accepted, and the error."""
    accepted: list[Any] = []
    for key in range(MOST):
        handle = surface.submit(surface.ops.put(key, VALUE))
        if handle.done():
            error = handle.exception()
            assert isinstance(error, HazelcastOverloadError)
            return accepted, error
        accepted.append(handle)
    raise AssertionError("nothing was refused")


def unsent(surface: Any) -> int:
    """The bytes that the client keeps for the member."""
    link: Any = surface.client._engine.routing.open_connections()[0].transport
    if isinstance(surface, Asyncio):
        waiting: int = link._transport.get_write_buffer_size()
        return waiting + sum(map(len, link._outbox))
    return sum(map(len, link._outbox)) + len(link._sending or b"")


def test_requests_for_a_member_that_stops_reading_are_refused(surface: Any) -> None:
    surface.do(surface.server.stop_reading)
    accepted, error = sent_until_refused(surface)
    address = surface.client._engine.routing.open_connections()[0].address
    assert f"more than 1 MiB of earlier requests wait for the member at {address}" in str(error)
    assert "Map.put was not sent" in str(error)
    for key in range(20):
        again = surface.submit(surface.ops.get(key))
        assert isinstance(again.exception(), HazelcastOverloadError)
    assert unsent(surface) <= LIMIT + 2 * len(VALUE) + 10_000
    if isinstance(surface, Threaded):
        # Nobody tries again and again before the member reads, but for a look in intervals.
        link = surface.client._engine.routing.open_connections()[0].transport
        assert isinstance(link, transport.SocketTransport)
        assert link._drains < 2 * len(accepted) + 1000
    # The client's own requests are never refused: without them the connection would be lost.
    ping = surface.submit(codec.ping(surface.client._engine.any_connection()))
    assert not ping.done()
    surface.do(surface.server.read_again)
    for handle in [*accepted, ping]:
        surface.result(handle)
    for key in range(20):
        surface.result(surface.submit(surface.ops.put(key, VALUE)))
    assert surface.result(surface.submit(surface.ops.get(len(accepted) - 1))) == VALUE


def test_one_request_of_any_size_is_sent(surface: Any) -> None:
    for key in range(3):
        surface.result(surface.submit(surface.ops.put(key, "x" * 5 * LIMIT)))
    assert len(surface.result(surface.submit(surface.ops.get(2)))) == 5 * LIMIT


@pytest.mark.parametrize("driver", ["asyncio", "uvloop"])
def test_what_one_turn_of_an_event_loop_may_send(driver: str) -> None:
    surface: Any = make(driver)
    try:
        surface.cluster.strict = False

        async def send() -> list[Any]:
            calls = [surface.client.operations.call(surface.ops.put(key, VALUE)) for key in range(30)]
            return await asyncio.gather(*calls, return_exceptions=True)

        outcomes = surface.runner.run(send())
        refused = [outcome for outcome in outcomes if isinstance(outcome, HazelcastOverloadError)]
        assert outcomes == [None] * (len(outcomes) - len(refused)) + refused
        assert LIMIT // len(VALUE) <= len(outcomes) - len(refused) <= LIMIT // len(VALUE) + 2
        assert surface.runner.run(send())[0] == VALUE
    finally:
        surface.close()


def test_what_was_accepted_is_not_refused_later() -> None:
    """A retry is sent, however much waits."""
    simulation = Simulation(1)
    simulation.start()
    connection = simulation.engine.routing.open_connections()[0]
    link = connection.transport
    assert isinstance(link, Link)
    refused = simulation.submit(simulation.ops.put(1, "one"))
    simulation.value(refused)
    link.full = True
    with pytest.raises(HazelcastOverloadError):
        simulation.put(1, "two")
    member = simulation.cluster.members[0]
    link.full = False

    def reject(request: Any) -> bool:
        if request.method != "Map.put":
            return False
        member.rules.remove(reject)
        link.full = True
        request.error(39, "com.hazelcast.spi.exception.PartitionMigratingException")
        return True

    member.rules.append(reject)
    assert simulation.put(1, "three") == "one"
    simulation.stop()

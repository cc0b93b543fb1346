"""Names with several addresses, and options that no socket takes, over both drivers with real sockets."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from hz_core.drivers.aio import AsyncioDriver
from hz_core.errors import IllegalStateError

sys.path.insert(0, str(Path(__file__).parent))
from core_sockets import PATIENCE, SocketCluster
from core_surfaces import make

DRIVERS = ["threaded", "asyncio", "uvloop"]
NAME = "several.test"


@pytest.fixture(scope="module", autouse=True)
def _libuv() -> None:
    """Let libuv open the pipe that it keeps as long as the process lives."""
    uvloop.new_event_loop().close()


def descriptors() -> int:
    """Count the open descriptors, where the system lists them."""
    listing = Path("/proc/self/fd")
    return len(list(listing.iterdir())) if listing.is_dir() else 0


@pytest.fixture
def hole() -> Iterator[tuple[str, int]]:
    """An address that answers no attempt, since its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        where: tuple[str, int] = listener.getsockname()
        clients = [socket.socket() for _ in range(4)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(where)
        yield where
        for client in clients:
            client.close()


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Let the name stand for the addresses."""
    real = socket.getaddrinfo

    def found(host: Any, *args: Any, **options: Any) -> Any:
        if host not in (NAME, NAME.encode()):
            return real(host, *args, **options)
        if options.get("flags", 0) & socket.AI_NUMERICHOST:
            raise socket.gaierror("not a number")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", where) for where in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def nobody() -> tuple[str, int]:
    """Return an address where nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        where: tuple[str, int] = sock.getsockname()
        return where


@pytest.mark.parametrize("driver", ["threaded", "asyncio"])
def test_second_address_is_tried_when_the_first_does_not_answer(
    driver: str, hole: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = SocketCluster(1)
    try:
        member = server.cluster.members[0].address
        resolve(monkeypatch, hole, (member.host, member.port))
        surface = make(
            driver,
            0,
            cluster_members=[f"{NAME}:5701"],
            connection_timeout=0.8,
            cluster_connect_timeout=0,
        )
        assert server.do(lambda: len(server.cluster.members[0].sessions)) >= 1
        surface.close()
    finally:
        server.stop()


@pytest.mark.parametrize("driver", ["threaded", "asyncio"])
def test_error_lists_each_address_of_a_name(
    driver: str, hole: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = nobody()
    resolve(monkeypatch, refusing, hole, hole)
    with pytest.raises(IllegalStateError) as caught:
        make(driver, 0, cluster_members=[f"{NAME}:5701"], connection_timeout=0.4, cluster_connect_timeout=0)
    text = str(caught.value)
    assert "no connection within 0.4 s" in text
    assert (
        f"127.0.0.1:{refusing[1]}: [Errno" in text or f"127.0.0.1:{refusing[1]}: Connection refused" in text
    )
    assert text.count(f"127.0.0.1:{hole[1]}: no answer") == 2


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    "option", [(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**40), (socket.SOL_SOCKET, 9999, 1)]
)
def test_option_that_no_socket_takes_is_told_and_leaks_nothing(
    driver: str, option: tuple[int, int, int]
) -> None:
    server = SocketCluster(1)
    try:
        before = descriptors()
        with pytest.raises(IllegalStateError, match=r"int|rotocol not available"):
            make(
                driver,
                0,
                cluster_members=server.addresses,
                socket_options=[option],
                connection_timeout=2,
                cluster_connect_timeout=0.3,
            )
        assert descriptors() <= before
        assert server.do(lambda: len(server.cluster.members[0].sessions)) == 0
    finally:
        server.stop()


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_addresses_of_a_name_are_tried_side_by_side(
    new_loop: Callable[[], asyncio.AbstractEventLoop], hole: tuple[str, int]
) -> None:
    async def dial(*addresses: tuple[str, int]) -> tuple[str, int]:
        driver = AsyncioDriver(asyncio.get_running_loop())
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", where) for where in addresses]
        async with asyncio.timeout(PATIENCE):
            with await driver._first_of(deque(found), []) as sock:
                peer: tuple[str, int] = sock.getpeername()
                return peer

    with socket.create_server(("127.0.0.1", 0)) as listener, asyncio.Runner(loop_factory=new_loop) as runner:
        where = listener.getsockname()
        assert runner.run(dial(hole, nobody(), hole, where)) == where
        assert runner.run(dial(where, hole)) == where
        with pytest.raises(ConnectionRefusedError, match="no address"):
            runner.run(dial())

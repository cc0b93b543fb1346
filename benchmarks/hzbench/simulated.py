"""Simulated members on sockets, in a process of their own: ``python -m hzbench.simulated COUNT``.

Prints the members' addresses as JSON and ends with its standard input. The members answer in Python, so only the
client's side is worth measuring with them.
"""

import asyncio
import json
import socket
import sys
from functools import partial
from typing import cast

from hz_core.model import Address
from hz_core.testing import SimulatedCluster, SimulatedMember


class Link(asyncio.Protocol):
    """A member's end of one connection (see :class:`hz_core.testing.Pipe`)."""

    def __init__(self, member: SimulatedMember) -> None:
        self._member = member
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tell the member."""
        self._transport = cast(asyncio.Transport, transport)
        # asyncio does so only if the socket names its protocol, which that of `create_server` does not.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._member.connected(self)

    def data_received(self, data: bytes) -> None:
        """Let the member answer; forget what it remembers for tests."""
        self._member.received(self, data)
        self._member.requests.clear()
        self._member.cluster.puts.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the member."""
        self._member.closed(self)

    def send(self, data: bytes) -> None:
        """Send bytes to the client."""
        self._transport.write(data)

    def cut(self) -> None:
        """Close the connection."""
        self._transport.close()


async def serve(count: int) -> None:
    """Run ``count`` members until standard input ends."""
    loop = asyncio.get_running_loop()
    cluster = SimulatedCluster(0)
    cluster.strict = False
    servers = []
    for _ in range(count):
        listener = socket.create_server(("127.0.0.1", 0))
        member = cluster.add(Address("127.0.0.1", listener.getsockname()[1]))
        servers.append(await loop.create_server(partial(Link, member), sock=listener))
    cluster.spread()
    print(json.dumps([str(member.address) for member in cluster.members]), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    for server in servers:
        server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))

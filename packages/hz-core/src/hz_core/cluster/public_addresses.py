"""Decides whether the client uses the members' private or public addresses."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from hz_core.connection import Connection
from hz_core.errors import IllegalStateError
from hz_core.io import IO
from hz_core.log import get_logger
from hz_core.model import Address, MemberInfo
from hz_core.op import Flow, WaitFor
from hz_core.promise import Promise
from hz_core.wire.reader import DEFAULT_MAX_MESSAGE_SIZE

_logger = get_logger("discovery")

CHECKS: Final = 3
"""So many members are checked; with fewer members, some are checked again."""

PRIVATE_LIMIT: Final = 1.0
"""Seconds in which a private address must accept a connection to count as reachable."""

PUBLIC_LIMIT: Final = 3.0
"""Seconds in which a public address must accept a connection to count as reachable."""


class _Probe:
    """The owner of a connection that is closed as soon as it is open (:class:`hz_core.connection.ConnectionOwner`)."""

    def __init__(self, promise: Promise) -> None:
        self._promise = promise

    def on_connection_opened(self, connection: Connection) -> None:
        """Note that the address is reachable."""
        self._end(connection, True)

    def on_connection_closed(self, connection: Connection, error: Exception) -> None:
        """Note that the address is not reachable."""
        _logger.debug("%s cannot be reached: %s", connection.address, error)
        self._end(connection, False)

    def on_messages(self, connection: Connection, messages: Iterable[bytes]) -> None:
        """Ignore what a member sends: nothing was asked."""

    def _end(self, connection: Connection, reachable: bool) -> None:
        connection.close(IllegalStateError("the address was only checked"))
        self._promise.set_result(reachable)


class PublicAddressDetection:
    """Finds out whether members are reached by their public addresses only, by the rules of the Java client.

    They are used if all of this holds:

    - connections are not encrypted: certificates name the addresses that are configured;
    - no member's private address is among the configured ones;
    - each of three random members has a public address, its private one accepts no connection within a second, and its
      public one does so within three seconds.

    Args:
        io: The driver.
        configured: Returns the configured hosts.
        encrypted: Whether connections use TLS.
    """

    def __init__(self, io: IO, configured: Callable[[], Iterable[str]], encrypted: bool) -> None:
        self._io = io
        self._configured = configured
        self._encrypted = encrypted

    def only_public(self, members: Sequence[MemberInfo]) -> Flow[bool]:
        """Return whether the members are reached by their public addresses only."""
        if self._encrypted:
            return self._private("connections are encrypted: set use_public_ip to True if they must be used")
        hosts = {_normal(host) for host in self._configured()}
        if any(_normal(member.address.host) in hosts for member in members):
            return self._private("the private address of a member is configured")
        shuffled = list(members)
        self._io.random.shuffle(shuffled)
        for number in range(CHECKS):
            member = shuffled[number % len(shuffled)]
            public = member.public_address
            if public is None:
                return self._private(f"member {member.uuid} has none")
            if (yield WaitFor(partial(self._reach, member.address, PRIVATE_LIMIT))):
                return self._private(f"the private address {member.address} is reachable")
            if not (yield WaitFor(partial(self._reach, public, PUBLIC_LIMIT))):
                return self._private(f"the public address {public} is not reachable")
        _logger.info("the members are reached by their public addresses only; these are used from now on")
        return True

    def _private(self, reason: str) -> bool:
        _logger.info("public addresses of members are not used: %s", reason)
        return False

    def _reach(self, address: Address, seconds: float, promise: Promise) -> None:
        connection = Connection(0, address, _Probe(promise), DEFAULT_MAX_MESSAGE_SIZE)
        try:
            self._io.connect(connection, address, seconds)
        except Exception as e:
            self._io.call_soon(partial(connection.on_socket_closed, e))


def _normal(host: str) -> str:
    """Return a host in the form in which it is compared."""
    from ipaddress import ip_address  # rarely needed

    try:
        return str(ip_address(host))
    except ValueError:
        return host.lower().rstrip(".")

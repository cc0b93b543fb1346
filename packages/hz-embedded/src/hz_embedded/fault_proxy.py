"""A TCP proxy on loopback that holds, drops, delays, limits, cuts, falsifies or refuses traffic on request."""

import math
import random
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from hz_embedded._fault_server import FaultServer
from hz_embedded._fault_stream import Connection, Direction, Kind, OneWay, Rule
from hz_embedded._py4j import LOOPBACK
from hz_embedded.errors import ConfigurationError

_DIRECTIONS = ("both", "to_member", "to_client")


class Fault:
    """An active fault; :meth:`heal` or the end of a ``with`` block ends it."""

    def __init__(self, heal: Callable[[], None]) -> None:
        self._heal = heal

    def heal(self) -> None:
        """End this fault; others stay active. Idempotent."""
        self._heal()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()


class FaultProxy:
    """Forwards connections on loopback to a member (or to any server), and simulates network faults between them.

    It starts to run when it is created, in its own thread, until :meth:`close` or the end of a ``with`` block.

    Faults may be limited to one ``direction``: ``"to_member"``, ``"to_client"`` (back to the side that connected) or
    ``"both"``; and to the connections of one ``source``: ``"clients"``, ``"members"``, the ``host:port`` of one
    member of the cluster, or None for all. Several faults may be active; they apply to existing and new connections.

    The proxy works above TCP: the operating system accepts connections even while no bytes are forwarded; only
    :meth:`refuse` makes it refuse them, and :meth:`accept_slowly` with a ``backlog`` leave them without an answer.

    Args:
        target: ``host:port`` to forward to.
        port: The port to listen on; 0 takes a free one.

    Raises:
        ConfigurationError: ``target`` is not ``host:port``.
        PortInUseError: The port is taken.
    """

    def __init__(self, target: str, *, port: int = 0) -> None:
        host, _, number = target.rpartition(":")
        if not host or not number.isdigit():
            raise ConfigurationError(f"the target of a fault proxy must be host:port, not {target!r}")
        self._target = target
        self._server = FaultServer((host, int(number)), port)

    def __repr__(self) -> str:
        faults = ", ".join(rule.kind for rule in self._server.active) or "no fault"
        state = "closed" if self._server.closed else faults
        return f"<FaultProxy {self.address} to {self._target}: {state}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The port that the proxy listens on."""
        return self._server.port

    @property
    def address(self) -> str:
        """``host:port`` to connect to instead of the target."""
        return f"{LOOPBACK}:{self._server.port}"

    @property
    def target(self) -> str:
        """``host:port`` that the proxy forwards to."""
        return self._target

    def connection_count(self, source: str | None = None) -> int:
        """Return how many connections from ``source`` the proxy forwards now."""
        return self._server.count(source)

    def await_connections(self, count: int, *, source: str | None = None, timeout: float = 30.0) -> bool:
        """Wait until the proxy forwards at least ``count`` connections from ``source``; return whether it does.

        Args:
            count: Number of connections.
            source: The source of the connections; None counts all.
            timeout: Seconds to wait at most.
        """
        return self._server.wait_for(lambda: self._server.count(source) >= count, timeout)

    def hold(self, direction: Direction = "both", *, source: str | None = None) -> Fault:
        """Forward nothing, and forward all of it when the fault is healed: a network that fails for a while."""
        return self._fault("hold", direction, source)

    def drop(self, direction: Direction = "both", *, source: str | None = None) -> Fault:
        """Discard all bytes without an error for the sender.

        A stream with a gap is useless, so connections that lost bytes are reset when the fault is healed.
        """
        return self._fault("drop", direction, source)

    def delay(self, seconds: float, direction: Direction = "both", *, source: str | None = None) -> Fault:
        """Forward bytes ``seconds`` after they arrive; with both directions, a round trip takes twice that."""
        return self._fault("delay", direction, source, _positive("seconds", seconds))

    def limit(
        self, bytes_per_second: float, direction: Direction = "both", *, source: str | None = None
    ) -> Fault:
        """Forward at most this many bytes per second, for each connection and direction."""
        return self._fault("limit", direction, source, _positive("bytes_per_second", bytes_per_second))

    def cut_after(self, count: int, direction: OneWay = "to_client", *, source: str | None = None) -> Fault:
        """Reset each connection after ``count`` more bytes, even in the middle of a message.

        Args:
            count: Number of bytes, 1 or more, counted from now or from the start of a new connection.
            direction: The direction in which the bytes are counted.
            source: The source of the connections; None means all.
        """
        return self._fault("cut", direction, source, _whole("count", count, 1))

    def garbage(
        self,
        data: bytes | int = 64,
        direction: OneWay = "to_client",
        *,
        after: int = 0,
        seed: int | None = None,
        source: str | None = None,
    ) -> Fault:
        """Insert bytes that nobody sent, once into each connection, existing or new.

        They are written when their place is reached, whatever else is held, delayed or limited. Healing the fault
        spares new connections; it does not repair the others.

        Args:
            data: The bytes, or a number of random ones, 1 or more.
            direction: The direction in which they are inserted.
            after: Number of bytes that pass before, counted from now or from the start of a new connection; 0 inserts
                into existing connections at once. Other numbers fall into the middle of messages.
            seed: Makes the random bytes repeatable.
            source: The source of the connections; None means all.
        """
        if not isinstance(data, bytes | bytearray):
            data = random.Random(seed).randbytes(_whole("data", data, 1))
        if not data:
            raise ConfigurationError("data must be at least one byte of garbage")
        return self._fault("garbage", direction, source, _whole("after", after, 0), data=bytes(data))

    def accept_slowly(self, seconds: float = math.inf, *, backlog: int | None = None) -> Fault:
        """Accept new connections late: a server that is too busy. Existing connections continue.

        A client's connecting succeeds meanwhile, since the operating system completes it, but nobody reads what it
        sends. With a ``backlog``, connections beyond it are not even completed: the client's packets get no answer.
        When the fault is healed, connections that still wait are accepted.

        Args:
            seconds: Time before a connection is accepted, and between two of them; infinite (the default) for never.
            backlog: Number of connections that may wait to be accepted; None leaves it to the operating system. 0
                needs infinite ``seconds``. Exact on Linux; others may round it, or refuse what is too much.
        """
        if not seconds > 0:
            raise ConfigurationError(f"seconds must be a positive number, not {seconds!r}")
        limit = None if backlog is None else _whole("backlog", backlog, 0)
        if limit == 0 and seconds < math.inf:
            raise ConfigurationError("with backlog=0 nothing waits that could be accepted: leave out seconds")
        return self._fault("accept", "both", None, seconds, count=limit)

    def refuse(self) -> Fault:
        """Refuse new connections, as a port without a listener does. Existing connections continue."""
        self._server.call(self._server.acceptor.refuse)
        return Fault(lambda: self._call_unless_closed(self._server.acceptor.listen))

    def reset(self, *, source: str | None = None) -> int:
        """Reset the existing connections and return their number."""
        return self._server.call(lambda: self._server.each(source, Connection.reset))

    def half_close(self, direction: OneWay, *, source: str | None = None) -> int:
        """End one direction of the existing connections in the orderly way.

        The other direction continues. Return the number of connections.
        """
        _check(direction, ("to_member", "to_client"))
        return self._server.call(
            lambda: self._server.each(source, lambda connection: connection.half_close(direction))
        )

    def heal(self) -> None:
        """End all faults. Connections that lost bytes are reset."""

        def end() -> None:
            self._server.remove(self._server.active)
            self._server.acceptor.listen()

        self._server.call(end)

    def close(self) -> None:
        """Reset all connections and stop. Idempotent."""
        self._server.close()

    def know_members(self, addresses: Callable[[], Iterable[str]]) -> None:
        """Set the members of the cluster, so that their connections can be identified.

        Args:
            addresses: Returns ``host:port`` of each member, as members know each other.
        """
        self._server.members = addresses

    def _fault(
        self,
        kind: Kind,
        direction: Direction,
        source: str | None,
        value: float = 0.0,
        *,
        data: bytes = b"",
        count: int | None = None,
    ) -> Fault:
        _check(direction, _DIRECTIONS)
        rule = Rule(kind, direction, source, value, data, count)
        self._server.call(lambda: self._server.add(rule))
        return Fault(lambda: self._call_unless_closed(lambda: self._server.remove([rule])))

    def _call_unless_closed(self, action: Callable[[], None]) -> None:
        if not self._server.closed:
            self._server.call(action)


def _check(direction: str, allowed: tuple[str, ...]) -> None:
    if direction not in allowed:
        raise ConfigurationError(f"direction must be one of {', '.join(allowed)}, not {direction!r}")


def _positive(name: str, value: float) -> float:
    if not 0 < value < math.inf:
        raise ConfigurationError(f"{name} must be a positive number, not {value!r}")
    return value


def _whole(name: str, value: object, least: int) -> int:
    if type(value) is not int or value < least:
        raise ConfigurationError(f"{name} must be a whole number, {least} or more, not {value!r}")
    return value

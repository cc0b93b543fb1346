"""What lies between a client and the simulated members: connections, and the answers to connection attempts."""

from typing import Any, NamedTuple, Protocol, TypeAlias


class Pipe(Protocol):
    """A member's end of one connection: a link of the scripted network, a socket, or what a test makes of it."""

    def send(self, data: bytes) -> None:
        """Send bytes to the client; nothing happens if the connection is gone."""
        ...

    def cut(self) -> None:
        """Break the connection."""
        ...


class Peer(Protocol):
    """The other end of connections: a simulated member, or what a test plays in its place."""

    def connected(self, link: Any) -> None:
        """Note that the client has connected."""
        ...

    def received(self, link: Any, data: bytes) -> None:
        """Take what the client has written."""
        ...

    def closed(self, link: Any) -> None:
        """Note that the client has closed the connection, or that it was cut."""
        ...


class Accept(NamedTuple):
    """The attempt succeeds; ``peer`` has the other end."""

    peer: Peer


class Refuse(NamedTuple):
    """The attempt fails at once."""

    error: OSError = ConnectionRefusedError("refused by the script")


class BlackHole(NamedTuple):
    """Nobody ever answers the attempt, so it ends by the client's own timeout."""


class Delay(NamedTuple):
    """The attempt continues with ``then`` after ``seconds``."""

    seconds: float
    then: "Answer"


Answer: TypeAlias = Accept | Refuse | BlackHole | Delay

"""How many bytes a client has sent and received, over all of its connections."""

from hz_core.connection import Connection
from hz_core.engine import Engine


class Traffic:
    """Adds up the bytes of all connections.

    What a connection carries after the last look before its end is not counted.

    The system counts them, so operations cost nothing more.

    Args:
        engine: The client.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open: dict[Connection, tuple[int, int]] = {}
        self._ended = (0, 0)
        self._mutex = engine.io.mutex()

    def totals(self) -> tuple[int, int] | None:
        """Return the numbers of bytes sent and received; None if the system does not count them."""
        with self._mutex:
            return self._add_up()

    def _add_up(self) -> tuple[int, int] | None:
        now: dict[Connection, tuple[int, int]] = {}
        for connection in self._engine.routing.open_connections():
            facts = connection.facts()
            if facts.sent is not None and facts.received is not None:
                now[connection] = (facts.sent, facts.received)
        known = bool(now or self._open or any(self._ended))
        for connection, (sent, received) in self._open.items():
            if connection not in now:
                self._ended = (self._ended[0] + sent, self._ended[1] + received)
        self._open = now
        if not known:
            return None
        return (
            self._ended[0] + sum(sent for sent, _ in now.values()),
            self._ended[1] + sum(received for _, received in now.values()),
        )

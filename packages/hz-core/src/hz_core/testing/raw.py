"""A client that sends single messages to a simulated member: for tests of services, not of clients."""

from typing import Any
from uuid import UUID, uuid4

from hz_core.testing.members import MemberError, SimulatedMember
from hz_core.testing.messages import BY_TITLE, ERROR_TYPE, SHAPES, Message, decode, default_value, encode
from hz_core.wire.reader import MessageReader


class RawClient:
    """One connection to a simulated member, authenticated.

    Args:
        member: The member.
        uuid: UUID of the client; connections of the same client have the same.

    Attributes:
        member: The member.
        uuid: UUID of the client.
        answers: The answer to each request by its correlation id: a reply, or an error.
        events: All received events, in order.
        open: Whether the connection still exists.
    """

    def __init__(self, member: SimulatedMember, uuid: UUID | None = None) -> None:
        self.member = member
        self.uuid: UUID = uuid or uuid4()
        self.answers: dict[int, Message] = {}
        self.events: list[Message] = []
        self.open: bool = True
        self._reader = MessageReader()
        self._last = 0
        member.connected(self)
        member.received(self, b"CP2")
        self.call("Client.authentication", clusterName=member.cluster.name, username=None, uuid=self.uuid)

    def start(self, method: str, *, partition: int | None = None, flags: int = 0, **named: Any) -> int:
        """Send a request and return its correlation id; its answer is added to ``answers``.

        Args:
            method: Service and method, such as ``Map.put``.
            partition: The partition id; by the key or the name in the request, where it goes by them, if None.
            flags: Further flags, such as ``BACKUP_AWARE``.
            **named: The parameters. Those left out are empty, zero or, where that can be, null.
        """
        shape = BY_TITLE[f"{method} request"][1]
        unknown = named.keys() - {item.name for item in shape.parameters}
        if unknown:
            raise TypeError(f"{method} has no parameters {', '.join(sorted(unknown))}")
        self._last += 1
        cluster = self.member.cluster
        if partition is None:
            partition = -1
            if shape.route == "key":
                partition = cluster.partition_of(named["key"])
            elif shape.route == "name":
                partition = cluster.partition_of_name(named["name"])
        values = [named[p.name] if p.name in named else default_value(p) for p in shape.parameters]
        self.member.received(self, encode(shape.title, values, self._last, partition, flags))
        return self._last

    def answer(self, correlation_id: int) -> list[Any] | None:
        """Return the parameters of the reply to a request, None if there is no answer yet.

        Raises:
            MemberError: The answer is an error.
        """
        message = self.answers.get(correlation_id)
        if message is None:
            return None
        if message.shape is SHAPES[ERROR_TYPE]:
            code, class_name, text, _ = message["errors"][0]
            raise MemberError((code, class_name), text or "")
        return message.values

    def call(self, method: str, *, partition: int | None = None, flags: int = 0, **named: Any) -> Any:
        """Send a request and return the first parameter of the reply, None if it has none.

        Raises:
            MemberError: The answer is an error.
            TimeoutError: There is no answer: the request waits.
        """
        values = self.answer(self.start(method, partition=partition, flags=flags, **named))
        if values is None:
            raise TimeoutError(f"{method} waits")
        return values[0] if values else None

    # --- the client's end of the pipe ---

    def send(self, data: bytes) -> None:
        """Take bytes of the member."""
        for bytes_ in self._reader.feed(data) if self.open else ():
            message = decode(bytes_)
            if message.shape.kind == "event":
                self.events.append(message)
            elif message.correlation_id in self.answers:
                raise AssertionError(f"a second answer to request {message.correlation_id}: {message}")
            else:
                self.answers[message.correlation_id] = message

    def cut(self) -> None:
        """Break the connection."""
        self.open = False
        self.member.closed(self)

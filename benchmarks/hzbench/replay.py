"""Worker of the floor of data structures: a bare socket that sends recorded requests again, and decodes no reply.

Run as ``python -m hzbench.replay CONTENDER HOST:PORT``. The requests are those of the client under test, recorded on
their way through a relay. So the rates show how much of a row is the network's and the member's time.
"""

import socket
import sys
import threading
import time
from collections import Counter
from typing import Final

from hzbench import messages
from hzbench.channel import Channel, serve
from hzbench.floor import BareConnection
from hzbench.structures import StructuresWorker
from hzbench.task import Outcome, Task

_STEPS: Final = 200
"""The recorded steps of a row."""
_CHUNK: Final = 1 << 18


class Relay:
    """Passes the bytes of connections on to a member, and keeps what clients have sent."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._member = host, int(port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.sent = bytearray()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            member = socket.create_connection(self._member)
            for end in client, member:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for ends in (client, member, self.sent), (member, client, None):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, kept: bytearray | None) -> None:
        while received := source.recv(_CHUNK):
            if kept is not None:
                kept += received
            target.sendall(received)


class ReplayWorker:
    """Records the requests of each row on first use, and sends them again, one after the other."""

    def __init__(self, contender: str, address: str) -> None:
        self._relay = Relay(address)
        self._contender = contender
        self._recorded = self._connected()
        self._connection = BareConnection(address)
        self._requests: dict[str, list[bytearray]] = {}
        self._listening: set[str] = set()

    def _connected(self) -> StructuresWorker:
        # No connection besides the relay's.
        return StructuresWorker(self._contender, self._relay.address, {"smart_routing": False})

    def work(self, task: Task, seconds: float) -> Outcome:
        """Send the requests of the row that the task names for ``seconds``."""
        requests = self._requests.get(task.action)
        if requests is None:
            requests = self._requests[task.action] = self._record(task.action)
        bare, position, steps = self._connection.socket, 0, 0
        per_step = len(requests) // _STEPS
        in_transactions = messages.message_type(requests[0]) == messages.CREATE_TRANSACTION
        listens = task.action in self._listening
        reply = b""
        cpu, began = time.process_time(), time.perf_counter()
        end = began + seconds
        while time.perf_counter() < end:
            transaction_id = None
            for request in requests[position : position + per_step]:
                if transaction_id is not None:
                    request[messages.TRANSACTION_ID] = transaction_id
                bare.sendall(request)
                reply = bare.recv(_CHUNK)
                while messages.end_of_message(reply) is None:
                    reply += bare.recv(_CHUNK)
                if listens:
                    while messages.end_of_message(reply[messages.end_of_message(reply) :]) is None:
                        reply += bare.recv(_CHUNK)
                if in_transactions and transaction_id is None:
                    transaction_id = reply[messages.CREATED_ID]
            position = (position + per_step) % len(requests)
            steps += 1
        outcome = Outcome(steps, time.perf_counter() - began, time.process_time() - cpu)
        if messages.message_type(reply) == messages.ERROR:
            raise RuntimeError(f"The member refuses what was recorded of {task.action!r}: {reply[:300]!r}")
        return outcome

    def _record(self, row: str) -> list[bytearray]:
        self._relay.sent.clear()
        step = self._recorded.step(row)
        step()
        for request in _split(bytes(self._relay.sent)):
            if messages.message_type(request) == messages.ADD_TOPIC_LISTENER:
                self._connection.ask(request)
                self._listening.add(row)
        self._relay.sent.clear()
        for _ in range(_STEPS):
            step()
        found = _split(bytes(self._relay.sent))
        if row in self._listening:
            self._recorded.close()  # it would listen further
            self._recorded = self._connected()
        types = Counter(map(messages.message_type, found))
        requests = [one for one in found if not types[messages.message_type(one)] % _STEPS]  # no heartbeats
        if not requests or len(requests) % _STEPS:
            raise RuntimeError(f"The requests of {row!r} differ from step to step: {types}")
        return [bytearray(request) for request in requests]

    def close(self) -> None:
        """Disconnect."""
        self._connection.socket.close()
        self._recorded.close()


def _split(received: bytes) -> list[bytes]:
    """Return the whole messages."""
    found = []
    while (end := messages.end_of_message(received)) is not None:
        found.append(received[:end])
        received = received[end:]
    return found


def main() -> None:
    """Serve the driver."""
    worker = ReplayWorker(*sys.argv[1:])
    try:
        serve(Channel(), "recorded requests", worker.work)
    finally:
        worker.close()


if __name__ == "__main__":
    main()

"""Worker of the floor: a bare socket with encoded requests, which counts replies without decoding them.

Run as ``python -m hzbench.floor CONTENDER HOST:PORT``. A client in pure Python, which must also encode, match and
decode, cannot be faster, so the difference is the cost of the client's code.
"""

import platform
import socket
import sys
import time
from array import array
from itertools import cycle

from hzbench import messages
from hzbench.channel import Channel, serve
from hzbench.task import Outcome, Task

_CHUNK = 1 << 18
_PARTITION_COUNT = 271
_CLUSTER_NAME = "dev"


class BareConnection:
    """An authenticated blocking socket."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(messages.OPENING)
        reply = self.ask(messages.authentication(_CLUSTER_NAME))
        if reply[19]:  # status, the first fixed-size field of a response
            raise ConnectionError(
                f"{address} refused the bare socket with authentication status {reply[19]}."
            )
        self.socket.settimeout(None)

    def ask(self, request: bytes) -> bytes:
        """Send one request and return its whole reply."""
        self.socket.sendall(request)
        buffer = bytearray()
        while (end := messages.end_of_message(buffer)) is None:
            received = self.socket.recv(_CHUNK)
            if not received:
                raise ConnectionError("The member closed the bare socket's connection.")
            buffer += received
        if messages.message_type(buffer) == messages.ERROR:
            raise RuntimeError(f"The member answered the bare socket with an error: {bytes(buffer[:300])!r}")
        return bytes(buffer[:end])


class FloorWorker:
    """Runs tasks, each on a new connection, because an idle one would need heartbeats."""

    def __init__(self, contender: str, address: str) -> None:
        self._contender = contender
        self._address = address
        self._prepared: set[str] = set()

    def work(self, task: Task, seconds: float) -> Outcome:
        """Fill the map, then run ``task`` for ``seconds``."""
        connection = BareConnection(self._address)
        try:
            requests, reply_size = self._requests(connection, task)
            if task.concurrency == 1 and task.surface == "blocking":
                return _one_at_a_time(connection.socket, requests, reply_size, seconds)
            return _in_flight(connection.socket, requests, reply_size, task.concurrency, seconds)
        finally:
            connection.socket.close()

    def _requests(self, connection: BareConnection, task: Task) -> tuple[list[bytes], int]:
        """Return the requests to send in turn, and the size of each reply."""
        name = f"bench-{self._contender}-{task.map_suffix}"
        keys = [messages.string_data(key) for key in task.key_names()]
        placed = [(key, messages.partition_of(key, _PARTITION_COUNT)) for key in keys]
        value = messages.string_data(task.value())
        sets = [messages.map_set(name, key, value, partition) for key, partition in placed]
        if name not in self._prepared:
            for request in sets:
                connection.ask(request)
            self._prepared.add(name)
        if task.action == "set":
            return sets, len(connection.ask(sets[0]))
        if task.action == "values":
            requests = [messages.map_values(name)]
        else:
            requests = [messages.map_get(name, key, partition) for key, partition in placed]
        reply = connection.ask(requests[0])
        if reply.count(value) != (task.entries or 1):
            raise RuntimeError(
                f"Map {name!r} does not hold what was stored in it: figures would mean nothing."
            )
        return requests, len(reply)


def _one_at_a_time(sock: socket.socket, requests: list[bytes], reply_size: int, seconds: float) -> Outcome:
    samples = array("q")
    send, clock, note = sock.sendall, time.perf_counter_ns, samples.append
    receive, space = sock.recv_into, bytearray(_CHUNK)
    cpu, start = time.process_time(), clock()
    before, deadline = start, start + int(seconds * 1e9)
    for request in cycle(requests):
        send(request)
        missing = reply_size - receive(space)
        while missing:
            missing -= receive(space)
        after = clock()
        note(after - before)
        if after >= deadline:
            break
        before = after
    return Outcome.of_samples(samples, (clock() - start) / 1e9, time.process_time() - cpu)


def _in_flight(
    sock: socket.socket, requests: list[bytes], reply_size: int, width: int, seconds: float
) -> Outcome:
    """Keep ``width`` requests in flight; after each ``recv`` send one request per received reply, at once."""
    length, count = len(requests[0]), len(requests)
    if any(len(request) != length for request in requests):
        raise ValueError("Requests in flight must have the same length: they are slices of one buffer.")
    tape = b"".join(requests) + b"".join(requests[i % count] for i in range(width))
    send, clock, receive, space = sock.sendall, time.perf_counter_ns, sock.recv_into, bytearray(_CHUNK)
    cpu, start = time.process_time(), clock()
    deadline = start + int(seconds * 1e9)
    send(tape[: width * length])
    position, received, ops = width % count, 0, 0
    while clock() < deadline:
        answered, received = divmod(received + receive(space), reply_size)
        if answered:
            ops += answered
            send(tape[position * length : (position + answered) * length])
            position = (position + answered) % count
    elapsed, cpu = (clock() - start) / 1e9, time.process_time() - cpu
    return Outcome(ops, elapsed, cpu)


def main(contender: str, address: str) -> None:
    """Process requests of the driver."""
    serve(Channel(), f"Python {platform.python_version()}", FloorWorker(contender, address).work)


if __name__ == "__main__":
    main(*sys.argv[1:])

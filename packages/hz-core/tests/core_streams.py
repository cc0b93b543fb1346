"""Hostile members: streams of bytes that are wrong at random, through the reader and a whole client."""

import gc
import tracemalloc
from random import Random

from core_simulation import Simulation
from hz_core.connection import Connection
from hz_core.errors import HazelcastError
from hz_core.model import Address
from hz_core.testing.messages import encode
from hz_core.wire.frames import HazelcastProtocolError
from hz_core.wire.reader import MessageReader

MAX_MESSAGE_SIZE = 4096
STREAMS_PER_CLIENT = 50
"""Every so many streams a client has to do with one, too: a client takes much longer to make than a reader."""


class Owner:
    """Takes what a connection tells."""

    def __init__(self) -> None:
        self.closed = 0

    def on_connection_opened(self, connection: Connection) -> None:
        raise AssertionError("no socket was opened")

    def on_connection_closed(self, connection: Connection, error: Exception) -> None:
        self.closed += 1
        connection.close(error)

    def on_messages(self, connection: Connection, messages: object) -> None:
        raise AssertionError("the stream gives the messages out itself")


def _message(choose: Random) -> bytes:
    kind = choose.randrange(4)
    correlation = choose.choice([1, 2, 3, choose.getrandbits(63)])
    if kind == 0:
        return bytes(encode("Map.get response", [choose.randbytes(choose.randrange(12, 60))], correlation, 0))
    if kind == 1:
        return bytes(encode("Map.put response", [None], correlation, 0))
    if kind == 2:
        return choose.randbytes(choose.randrange(80))
    size = choose.choice([0, 1, 5, 6, 22, 100, MAX_MESSAGE_SIZE, 1 << 31, (1 << 32) - 1])
    flags = choose.choice([0, 0xC000, 0x8000, 0x4000, 0x2000, 0xE000, choose.getrandbits(16)])
    return size.to_bytes(4, "little") + flags.to_bytes(2, "little") + choose.randbytes(choose.randrange(40))


def stream(choose: Random) -> bytes:
    """Return the bytes of a hostile member: right messages and wrong ones, some bytes changed or doubled."""
    data = bytearray(b"".join(_message(choose) for _ in range(choose.randrange(1, 6))))
    for _ in range(choose.choice([0, 0, 1, 2, 5])):
        if data:
            data[choose.randrange(len(data))] = choose.randrange(256)
    if data and choose.random() < 0.3:
        at = choose.randrange(len(data))
        data[at:at] = data[at : at + choose.randrange(1, 40)]
    return bytes(data[: choose.randrange(len(data) + 1)] if choose.random() < 0.2 else data)


def check(seed: int) -> None:
    """Feed one stream to a connection, in random pieces, and every now and then to a client.

    Raises:
        AssertionError: something else than the protocol error came out, or more bytes than went in, or too many stayed.
    """
    choose = Random(seed)
    data = stream(choose)
    try:
        _feed(data, choose)
        if seed % STREAMS_PER_CLIENT == 0:
            _hostile_member(data, seed)
    except Exception as e:
        raise AssertionError(
            f"stream {seed} fails: {type(e).__name__}: {e}: {data.hex()}\n"
            f"replay it with: hatch run simulate streams --seed {seed} --count 1"
        ) from e


def _feed(data: bytes, choose: Random) -> None:
    owner = Owner()
    connection = Connection(1, Address("10.0.0.1", 5701), owner, MAX_MESSAGE_SIZE)
    reader: MessageReader = connection.reader
    given = at = 0
    while at < len(data) and connection.alive:
        size = choose.choice([1, 3, 7, 64, len(data)])
        try:
            messages = reader.feed(data[at : at + size])
        except HazelcastProtocolError as e:
            connection.on_socket_closed(e)
            break
        at += size
        for message in messages:
            assert len(message) <= MAX_MESSAGE_SIZE
            given += len(message)
        held = sum(map(len, reader._incomplete.pieces)) + reader._incomplete._open_size
        assert held + given <= min(at, len(data)), "more came out than went in"
        assert held <= 2 * MAX_MESSAGE_SIZE
        assert reader.receive_sizes[0] <= 1 << 24, "a length in the stream decides how much is allocated"
    assert owner.closed == (not connection.alive)


def _hostile_member(data: bytes, seed: int) -> None:
    simulation = Simulation(
        1, seed=seed, invocation_timeout=5, heartbeat_interval=1, heartbeat_timeout=3, connection_timeout=2
    ).start()
    outcome = simulation.submit(simulation.ops.get(1))
    link = simulation.driver.links[-1]
    link.send(data)
    simulation.driver.advance(0)
    if link.open:
        link.cut()
    simulation.driver.advance(0)  # the client notices
    simulation.driver.run_until(lambda: outcome.done and simulation.connected)
    assert outcome.error is None or isinstance(outcome.error, (HazelcastError, ValueError)), repr(
        outcome.error
    )
    simulation.put(1, "right")
    assert simulation.get(1) == "right", "no recovery from the stream"
    simulation.stop()


def memory_of(streams: range) -> int:
    """Return by how many bytes the memory has grown after a run of streams."""
    tracemalloc.start()
    try:
        check(streams[0])
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for seed in streams:
            check(seed)
        gc.collect()  # else what is counted depends on when Python last looked for cycles
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

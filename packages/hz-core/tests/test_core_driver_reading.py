"""Who reads a socket: the table of states, walked step by step."""

import random
import threading
from _thread import LockType
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_selector_thread import PATIENCE as LIMIT
from core_sockets import until
from hz_core.connection import NO_FACTS, Connection, SocketFacts
from hz_core.drivers.poller import READ, Poller, Watch
from hz_core.drivers.read_handover import (
    LONG_CHECK_INTERVAL,
    PATIENCE,
    TRANSITIONS,
    Event,
    ReadHandover,
    Reading,
)
from hz_core.drivers.transport import SocketTransport
from hz_core.invocation.invocation import Invocation

FD = 7


class Interests:
    """A poller that only remembers what is watched."""

    def __init__(self) -> None:
        self.now: dict[int, int] = {}

    def add(self, fd: int, interest: int) -> None:
        assert fd not in self.now
        self.now[fd] = interest

    def set(self, fd: int, interest: int) -> None:
        assert fd in self.now
        self.now[fd] = interest

    def forget(self, fd: int) -> None:
        del self.now[fd]

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        raise AssertionError("reading must not call this")

    def wake(self) -> None:
        raise AssertionError("reading must not call this")

    def close(self) -> None:
        raise AssertionError("reading must not call this")


class Call:
    """What a caller waits for."""

    def __init__(self) -> None:
        self.finished = False
        self.connection: object = None
        self.op = SimpleNamespace(deadline=None)

    def done(self) -> bool:
        return self.finished

    def attach(self, lock: LockType, /) -> bool:
        return not self.finished

    def detach(self, lock: LockType, /) -> bool:
        return not self.finished


class World:
    """A handover with everything around it."""

    def __init__(self, listening: bool = False) -> None:
        self.interests = Interests()
        self.pending: dict[int, object] = {}
        self.watch = Watch(self.interests, FD, READ)
        self.listening = listening
        connection = SimpleNamespace(pending=self.pending, listening=listening)
        self.reading = ReadHandover(self, cast("Connection", connection), self.watch)
        self.checking = False
        self.near = False

    def check_later(self) -> None:
        self.checking = True

    def check_is_near(self) -> bool:
        return self.near

    def expect_reply(self) -> None:
        self.pending[1] = None

    def lead(self) -> None:
        assert not self.reading.claimed()
        del self.reading.free
        self.reading.busy = True
        self.reading.thread = threading.get_ident()
        if self.listening:
            self.reading.begun_leading()

    def stop_leading(self) -> None:
        self.reading.free = True
        self.reading.busy = False
        self.reading.turns += 1
        self.reading.stopped_leading()

    def interrupt(self) -> None:
        """Be a leader that is interrupted before it can hand over."""
        self.reading.free = True
        self.reading.busy = False

    def check(self) -> None:
        assert self.checking
        self.checking = self.reading.check() is not None

    def close(self) -> None:
        self.watch.end()
        self.reading.close()

    def state(self) -> Reading:
        return self.reading.state

    def watched(self) -> bool:
        return bool(self.interests.now.get(FD, 0) & READ)


def steps() -> dict[Reading, Callable[[World], None]]:
    """Return a way from the first state to each state."""

    def to_callers(world: World) -> None:
        world.lead()
        world.reading.found_leader()

    def to_leader(world: World) -> None:
        to_callers(world)
        for _ in range(PATIENCE + 1):
            world.check()

    return {
        Reading.WATCHED: World.lead,
        Reading.READ_BY_CALLERS: to_callers,
        Reading.LEFT_TO_LEADER: to_leader,
        Reading.CLOSED: World.close,
    }


@pytest.mark.parametrize("state", Reading)
@pytest.mark.parametrize("event", Event)
def test_every_event_in_every_state_does_what_the_table_says(state: Reading, event: Event) -> None:
    world = World()
    steps()[state](world)
    assert world.state() is state
    if event is Event.CLOSED:
        world.watch.end()
    expected = TRANSITIONS.get((state, event), state)
    assert world.reading._happened(event) is (expected is not state)
    assert world.state() is expected
    assert world.watched() is (expected is Reading.WATCHED)


def test_the_table_closes_from_everywhere_and_leads_back_to_the_io_thread() -> None:
    assert not [state for state, _ in TRANSITIONS if state is Reading.CLOSED]
    for state in set(Reading) - {Reading.CLOSED}:
        assert TRANSITIONS[state, Event.CLOSED] is Reading.CLOSED
    for state in (Reading.READ_BY_CALLERS, Reading.LEFT_TO_LEADER):
        assert TRANSITIONS[state, Event.NOBODY_READS] is Reading.WATCHED
        assert TRANSITIONS[state, Event.INPUT_EXPECTED] is Reading.WATCHED


def test_callers_that_go_on_reading_keep_the_socket() -> None:
    world = World()
    steps()[Reading.READ_BY_CALLERS](world)
    for _ in range(3 * PATIENCE):
        world.stop_leading()
        world.lead()
        world.check()
    assert world.state() is Reading.READ_BY_CALLERS
    world.stop_leading()
    world.check()  # they have read since the last one
    assert world.state() is Reading.READ_BY_CALLERS
    world.check()
    assert world.state() is Reading.WATCHED
    assert not world.checking


def test_the_caller_that_reads_for_long_hands_the_socket_back() -> None:
    world = World()
    steps()[Reading.LEFT_TO_LEADER](world)
    assert world.reading.check() == LONG_CHECK_INTERVAL
    world.stop_leading()
    assert world.state() is Reading.WATCHED


@pytest.mark.parametrize("state", [state for state in Reading if state is not Reading.CLOSED])
def test_a_leader_that_is_interrupted_before_it_hands_over_leaves_the_socket_to_the_io_thread(
    state: Reading,
) -> None:
    world = World()
    steps()[state](world)
    world.expect_reply()
    world.interrupt()
    while world.checking:
        world.check()
    assert world.state() is Reading.WATCHED


def test_a_claim_is_that_of_one_thread() -> None:
    world = World()
    assert not world.reading.claimed_by(threading.get_ident())
    world.lead()
    assert world.reading.claimed_by(threading.get_ident())
    assert not world.reading.claimed_by(threading.get_ident() + 1)
    world.stop_leading()
    assert not world.reading.claimed_by(threading.get_ident())


@pytest.mark.parametrize("near", [False, True])
def test_the_last_caller_leaves_replies_to_the_io_thread(near: bool) -> None:
    world = World()
    world.near = near
    steps()[Reading.READ_BY_CALLERS](world)
    world.expect_reply()
    world.stop_leading()
    assert world.state() is (Reading.READ_BY_CALLERS if near else Reading.WATCHED)
    for _ in range(2 if near else 1):
        world.check()
    assert world.state() is Reading.WATCHED


@pytest.mark.parametrize("state", [Reading.READ_BY_CALLERS, Reading.LEFT_TO_LEADER])
def test_a_leader_that_stops_before_it_can_see_the_new_state_loses_nothing(state: Reading) -> None:
    world = World()
    if state is Reading.READ_BY_CALLERS:
        # The I/O thread has failed to take the lock, and comes to it only now.
        world.expect_reply()
        world.lead()
        world.stop_leading()
        world.reading.found_leader()
    else:
        steps()[Reading.READ_BY_CALLERS](world)
        for _ in range(PATIENCE):
            world.check()
        happened = world.reading._happened

        def stops_meanwhile(event: Event) -> bool:
            if event is Event.LEADER_STAYS:
                world.interrupt()
            return happened(event)

        class Stopping(ReadHandover):
            __slots__ = ()

            def _happened(self, event: Event) -> bool:
                return stops_meanwhile(event)

        world.reading.__class__ = Stopping
        world.check()
    assert world.state() is Reading.WATCHED
    if world.checking:
        world.check()
    assert not world.checking


def test_a_nominated_follower_that_is_done_passes_the_nomination_on() -> None:
    world = World()
    world.lead()
    calls = [Call(), Call()]
    threads = []
    for number, call in enumerate(calls):
        thread = threading.Thread(target=world.reading.follow, args=(call, None), daemon=True)
        thread.start()
        threads.append(thread)
        until(lambda number=number: len(world.reading.followers) > number)  # type: ignore[misc]  # binds number
    calls[1].finished = True  # the one that is nominated: the last
    world.stop_leading()
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()


def test_a_follower_does_not_wait_for_a_leader_that_has_stopped() -> None:
    world = World()
    thread = threading.Thread(target=world.reading.follow, args=(Call(), None), daemon=True)
    thread.start()
    thread.join(LIMIT)
    assert not thread.is_alive()
    assert not world.reading.followers


def test_a_follower_whose_time_is_over_follows_no_more() -> None:
    world = World()
    world.lead()
    world.reading.follow(Call(), 0.01)
    assert not world.reading.followers


def test_with_listeners_the_io_thread_watches_whenever_no_caller_reads() -> None:
    world = World(listening=True)
    for _ in range(3):
        world.lead()
        assert not world.watched()
        world.stop_leading()
        assert world.watched()
    world.lead()
    world.interrupt()
    assert not world.watched()
    world.reading.repair()
    assert world.watched()
    assert not world.checking


@given(st.randoms(use_true_random=False))
def test_random_walks_with_listeners_never_leave_events_without_a_reader(choose: random.Random) -> None:
    world = World(listening=True)
    reading = world.reading
    for _ in range(60):
        if reading.claimed():
            step = choose.choice(
                [world.stop_leading, reading.found_leader, world.expect_reply, reading.repair]
            )
        else:
            step = choose.choice([world.lead, reading.expect_input, world.pending.clear, reading.repair])
        step()
        world.near = choose.random() < 0.3
        if world.checking and choose.random() < 0.7:
            world.check()
        assert world.watched() is (reading.state is Reading.WATCHED)
        assert reading.claimed() or world.watched()


@given(st.randoms(use_true_random=False))
def test_random_walks_never_leave_replies_without_a_reader(choose: random.Random) -> None:
    """Whatever happens: with nobody reading, the I/O thread watches the socket, or will check."""
    world = World()
    reading = world.reading
    for _ in range(60):
        if world.reading.claimed():
            step = choose.choice(
                [world.stop_leading, world.interrupt, reading.found_leader, world.expect_reply]
            )
        else:
            step = choose.choice([world.lead, reading.expect_input, world.pending.clear])
        step()
        world.near = choose.random() < 0.3
        if world.checking and choose.random() < 0.7:
            world.check()
        if not world.reading.claimed():
            assert reading.state is Reading.WATCHED or world.checking
        assert world.watched() is (reading.state is Reading.WATCHED)
        assert reading.state is Reading.WATCHED or world.checking


# --- input that the socket does not show --------------------------------------------------------------------------


class Driver:
    """What a transport needs of its driver."""

    ticking = False
    io_thread = 0
    several = False

    def __init__(self) -> None:
        self.poller: Poller = Interests()
        self.soon: list[Callable[[], None]] = []
        self.call_soon = self.soon.append

    def transports(self) -> list[SocketTransport]:
        return []

    def closing(self, transport: SocketTransport) -> None:
        pass

    def flush_later(self, transport: SocketTransport) -> None:
        pass

    def check_later(self, reading: ReadHandover) -> None:
        pass


class Buffering:
    """A stream that has more than its descriptor shows, as TLS may."""

    fd = FD

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.buffered = False
        self.waits = 0

    def receive(self, size: int, flags: int = 0, /) -> bytes:
        piece = self.pieces.pop(0)
        self.buffered = bool(self.pieces)
        return piece

    def send(self, data: bytes | bytearray | memoryview, flags: int = 0, /) -> int:
        return len(data)

    def wait_readable(self, timeout: float) -> bool:
        self.waits += 1
        return True

    def facts(self) -> SocketFacts:
        return NO_FACTS

    def shutdown(self) -> None:
        pass

    def close(self) -> None:
        pass


class FakeReader:
    """Takes each piece for a message."""

    def __init__(self) -> None:
        self.received: bytes | None = None
        self.ready: Iterator[bytes] = iter(())

    receive_sizes = (100,)

    def split(self) -> None:
        if self.received is not None:
            self.ready = iter([self.received])
            self.received = None


def transport_of(stream: Buffering, call: Call) -> tuple[SocketTransport, list[bytes]]:
    """Make a transport that completes the call with its first message."""
    delivered: list[bytes] = []

    def deliver(connection: object, messages: Iterable[bytes]) -> None:
        delivered.extend(messages)
        call.finished = True

    connection = SimpleNamespace(pending={}, listening=False, reader=FakeReader(), deliver=deliver)
    call.connection = connection
    return SocketTransport(Driver(), cast("Connection", connection), stream), delivered


@pytest.mark.parametrize("timeout", [None, 1.0])
def test_a_leader_leaves_no_buffered_input_to_the_next_reader(timeout: float | None) -> None:
    call = Call()
    stream = Buffering(b"its reply", b"another's", b"a third one")
    transport, delivered = transport_of(stream, call)
    transport.wait(call, cast("Invocation", call), timeout)
    assert delivered == [b"its reply", b"another's", b"a third one"]
    assert not stream.buffered
    assert stream.waits == (timeout is not None)


def test_the_io_thread_leaves_no_buffered_input() -> None:
    stream = Buffering(b"one", b"two", b"three")
    transport, delivered = transport_of(stream, Call())
    transport.readable()
    assert delivered == [b"one", b"two", b"three"]
    assert not transport.reading.claimed()


def test_reading_buffered_input_ends_with_the_stream() -> None:
    stream = Buffering(b"one", b"", b"never read")
    transport, delivered = transport_of(stream, Call())
    transport.readable()
    assert delivered == [b"one"]
    assert transport.broken

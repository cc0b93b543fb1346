"""Threads that are interrupted at any point: nobody waits for ever, no value is wrong, no connection is closed."""

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from core_sockets import PATIENCE
from core_surfaces import Threaded, keep
from hz_core.connection import Connection
from hz_core.drivers.transport import SocketTransport
from hz_core.testing import Request


class Interrupt(BaseException):
    """Raised where a signal handler could raise."""


@pytest.fixture(params=["plain", "tls"])
def single(request: pytest.FixtureRequest) -> Iterator[Threaded]:
    made = Threaded(1, tls_name="127.0.0.1" if request.param == "tls" else None)
    made.cluster.strict = False
    yield made
    made.close()


def connection_of(surface: Threaded) -> Connection:
    return surface.client._engine.routing.open_connections()[0]


def transport_of(surface: Threaded) -> SocketTransport:
    transport = connection_of(surface).transport
    assert isinstance(transport, SocketTransport)
    return transport


def at_point(number: int, action: Callable[[], object], what: Callable[[], object]) -> bool:
    """Run ``action``, and ``what`` in the middle; return False if ``action`` ends before that.

    The interpreter runs signal handlers when it enters a function, and after it has called one written in C. The
    ``number``-th of these points in the client is chosen.
    """
    points = itertools.count(1)
    happened = False

    def profile(frame: FrameType, event: str, arg: object) -> None:
        nonlocal happened
        if event not in ("call", "c_return") or not frame.f_globals["__name__"].startswith("hz_core."):
            return
        if next(points) == number:
            sys.setprofile(None)
            happened = True
            what()

    sys.setprofile(profile)
    try:
        action()
    finally:
        sys.setprofile(None)
    return happened


def interrupt() -> None:
    raise Interrupt


def interrupted(number: int, action: Callable[[], object]) -> bool:
    try:
        return at_point(number, action, interrupt)
    except Interrupt:
        return True


def check_all_is_well(surface: Threaded, before: Connection) -> None:
    """The connection is still open, nobody has claimed anything, and calls get their own replies."""
    assert connection_of(surface) is before
    assert surface.client.blocking.call(surface.ops.get(1)) == "one"
    transport = transport_of(surface)
    assert not transport.reading.claimed()
    assert transport.idle


def test_a_call_that_is_interrupted_anywhere_loses_no_reply_of_others(single: Threaded) -> None:
    client, ops = single.client, single.ops
    client.blocking.call(ops.put(1, "one"))
    client.blocking.call(ops.put(2, "two"))
    before = connection_of(single)
    kept: list[Request] = []

    def answer_both(request: Request) -> bool:
        """Keep the first request, and answer it together with the second."""
        if request.method != "Map.get":
            return False
        if not kept:
            kept.append(request)
            return True
        first = kept.pop()
        first.member.answer(first)
        return False

    for number in itertools.count(1):
        kept.clear()
        single.do(lambda: single.cluster.members[0].rules.append(answer_both))
        others = client.futures.call(ops.get(2))
        called: list[object] = []
        others.add_done_callback(called.append)
        happened = interrupted(number, lambda: client.blocking.call(ops.get(1)))
        single.do(lambda: single.cluster.members[0].rules.remove(answer_both))
        if kept:
            # Interrupted before the second request was sent.
            single.do(lambda: kept[0].member.answer(kept[0]))
        assert others.result(PATIENCE) == "two", number
        check_all_is_well(single, before)
        single.until(lambda called=called: len(called) == 1)  # type: ignore[misc]  # binds called
        if not happened:
            break
    assert number > 40
    client.blocking.call(ops.put(3, "x"))
    single.until(lambda: len(before.pending) <= 5)  # those that were interrupted before they were sent


def test_an_interrupted_follower_and_leader_leave_the_others_their_replies(single: Threaded) -> None:
    client, ops = single.client, single.ops
    client.blocking.call(ops.put(1, "one"))
    before = connection_of(single)
    for number in itertools.count(1):
        kept = keep(single, "Map.get", times=2)
        results: list[object] = []
        others = [
            threading.Thread(target=lambda: results.append(client.blocking.call(ops.get(1))), daemon=True)  # noqa: B023
            for _ in range(2)
        ]
        for thread in others:
            thread.start()
        single.until(lambda: len(kept) == 2)  # noqa: B023
        happened = interrupted(number, lambda: client.blocking.call(ops.get(1)))
        for request in kept:
            single.do(lambda request=request: request.member.answer(request))  # type: ignore[misc]  # binds it
        for thread in others:
            thread.join(PATIENCE)
            assert not thread.is_alive(), number
        assert results == ["one", "one"]
        check_all_is_well(single, before)
        if not happened:
            break
    assert number > 20


def test_code_that_interrupts_a_call_anywhere_may_use_the_client(single: Threaded) -> None:
    """As a signal handler, or a finalizer that the garbage collector calls."""
    client, ops = single.client, single.ops
    client.blocking.call(ops.put(1, "one"))
    client.blocking.call(ops.put(2, "two"))
    before = connection_of(single)
    for number in itertools.count(1):
        found: list[object] = []

        def handler() -> None:
            found.append(client.blocking.call(ops.get(2)))  # noqa: B023
            client.blocking.call(ops.put(3, number))  # noqa: B023

        happened = at_point(
            number, lambda: found.append(client.blocking.call(ops.get(1))), handler  # noqa: B023
        )
        assert found == (["two", "one"] if happened else ["one"]), number
        if not happened:
            break
        assert client.blocking.call(ops.get(3)) == number
        check_all_is_well(single, before)
    assert number > 40


def test_a_large_message_that_is_interrupted_anywhere_is_not_damaged(single: Threaded) -> None:
    client, ops = single.client, single.ops
    value = bytes(range(256)) * 4096
    client.blocking.call(ops.put(1, "one"))
    before = connection_of(single)
    steps = 0
    for number in itertools.chain(range(1, 120), range(120, 100_000, 37)):
        happened = interrupted(number, lambda: client.blocking.call(ops.put(2, value)))
        check_all_is_well(single, before)
        happened = interrupted(number, lambda: client.blocking.call(ops.get(2))) or happened
        check_all_is_well(single, before)
        steps += 1
        if not happened:
            break
    assert client.blocking.call(ops.get(2)) == value
    assert steps > 60

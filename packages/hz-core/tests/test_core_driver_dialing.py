"""Connecting: what is decided, on a virtual clock, and how both drivers do it with real sockets."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from core_sockets import SocketCluster
from core_surfaces import make
from core_tls import server_context
from core_tls_relay import TlsRelay
from hz_core.drivers import dialing
from hz_core.drivers.aio_dial import AsyncioDial
from hz_core.drivers.dialing import Action, Close, Dialing, GiveUp, Start, Use, interleave
from hz_core.drivers.sockets import AddressInfo
from hz_core.errors import IllegalStateError
from hz_core.model import Address

DRIVERS = ["threaded", "asyncio", "uvloop"]
NAME = "several.test"


def descriptors() -> int:
    """Count the open descriptors, where the system lists them."""
    listing = Path("/proc/self/fd")
    return len(list(listing.iterdir())) if listing.is_dir() else 0


@pytest.fixture
def hole() -> Iterator[tuple[str, int]]:
    """An address that answers no attempt, since its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        where: tuple[str, int] = listener.getsockname()
        clients = [socket.socket() for _ in range(4)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(where)
        yield where
        for client in clients:
            client.close()


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Let the name stand for the addresses."""
    real = socket.getaddrinfo

    def found(host: Any, *args: Any, **options: Any) -> Any:
        if host not in (NAME, NAME.encode()):
            return real(host, *args, **options)
        if options.get("flags", 0) & socket.AI_NUMERICHOST:
            raise socket.gaierror("not a number")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", where) for where in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def nobody() -> tuple[str, int]:
    """Return an address where nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        where: tuple[str, int] = sock.getsockname()
        return where


@pytest.mark.parametrize("driver", DRIVERS)
def test_second_address_is_tried_when_the_first_does_not_answer(
    driver: str, hole: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = SocketCluster(1)
    try:
        member = server.cluster.members[0].address
        resolve(monkeypatch, hole, (member.host, member.port))
        surface = make(
            driver,
            0,
            cluster_members=[f"{NAME}:5701"],
            connection_timeout=5,
            cluster_connect_timeout=0,
        )
        assert server.do(lambda: len(server.cluster.members[0].sessions)) >= 1
        surface.close()
    finally:
        server.stop()


@pytest.mark.parametrize("driver", DRIVERS)
def test_error_lists_each_address_of_a_name(
    driver: str, hole: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = nobody()
    resolve(monkeypatch, refusing, hole, hole)
    with pytest.raises(IllegalStateError) as caught:
        make(driver, 0, cluster_members=[f"{NAME}:5701"], connection_timeout=1, cluster_connect_timeout=0)
    text = str(caught.value)
    assert "no connection within 1 s" in text
    assert f"127.0.0.1:{refusing[1]}: Connection refused" in text
    assert text.count(f"127.0.0.1:{hole[1]}: no answer") == 2


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    "option", [(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**40), (socket.SOL_SOCKET, 9999, 1)]
)
def test_option_that_no_socket_takes_is_told_and_leaks_nothing(
    driver: str, option: tuple[int, int, int]
) -> None:
    server = SocketCluster(1)
    try:
        before = descriptors()
        with pytest.raises(IllegalStateError, match=r"int|rotocol not available"):
            make(
                driver,
                0,
                cluster_members=server.addresses,
                socket_options=[option],
                connection_timeout=2,
                cluster_connect_timeout=0.3,
            )
        assert descriptors() <= before
        assert server.do(lambda: len(server.cluster.members[0].sessions)) == 0
    finally:
        server.stop()


@pytest.mark.parametrize("driver", DRIVERS)
def test_addresses_of_a_name_are_tried_side_by_side(
    driver: str, hole: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = SocketCluster(1)
    try:
        member = server.cluster.members[0].address
        resolve(monkeypatch, hole, nobody(), hole, (member.host, member.port))
        surface = make(
            driver, 0, cluster_members=[f"{NAME}:5701"], connection_timeout=0, cluster_connect_timeout=0
        )
        surface.close()
    finally:
        server.stop()


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_attempt_with_a_tls_handshake_wins(
    driver: str, hole: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address where somebody listens is not enough."""
    server = SocketCluster(1, TlsRelay(server_context(NAME)))
    try:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            member = server.cluster.members[0].address
            resolve(monkeypatch, silent.getsockname(), hole, (member.host, member.port))
            surface = make(
                f"{driver}-tls",
                0,
                tls_name=NAME,
                cluster_members=[f"{NAME}:5701"],
                connection_timeout=10,
                cluster_connect_timeout=0,
            )
            surface.close()
    finally:
        server.stop()


@pytest.mark.parametrize("limit", [1.0, 0])
@pytest.mark.parametrize("tls", ["", "-tls"])
def test_both_drivers_tell_the_same(tls: str, limit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = [nobody(), nobody()]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        addresses = [*refusing, silent.getsockname()] if tls and limit else refusing
        resolve(monkeypatch, *addresses)
        texts = set()
        for driver in DRIVERS:
            with pytest.raises(IllegalStateError) as caught:
                make(
                    driver + tls,
                    0,
                    cluster_members=[f"{NAME}:5701"],
                    connection_timeout=limit,
                    cluster_connect_timeout=0,
                )
            texts.add(str(caught.value).partition("Tried ")[2])  # before that is the time it took
    assert len(texts) == 1
    text = texts.pop()
    for host, port in refusing:
        assert f"{host}:{port}: Connection refused" in text


@pytest.mark.parametrize("driver", DRIVERS)
def test_name_that_cannot_be_resolved(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(host: Any, *args: Any, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(
        IllegalStateError, match=r"the name 'nobody\.invalid' cannot be resolved: .*not known"
    ):
        make(driver, 0, cluster_members=["nobody.invalid:5701"], cluster_connect_timeout=0)


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_attempts_that_connect_at_the_same_time_are_closed_but_one(
    new_loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialing, "HEAD_START", 0.0)

    async def connect() -> None:
        dial = AsyncioDial(asyncio.get_running_loop(), Address(NAME, 5701), 10)
        (await dial.run()).close()

    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(4)]
        resolve(monkeypatch, *(listener.getsockname() for listener in listeners))
        with asyncio.Runner(loop_factory=new_loop) as runner:
            for _ in range(10):
                runner.run(connect())


# --- the decisions, on a virtual clock ----------------------------------------------------------------------------


def info(host: str) -> AddressInfo:
    """Return what `getaddrinfo` does."""
    return (socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 5701))


class Clock:
    """Performs what :class:`Dialing` decides, in virtual time.

    Each address is given the time after which an attempt ends, and its error; None connects, and no end is no answer.
    """

    def __init__(self, limit: float = 0.0, **ends: tuple[float, Exception | None]) -> None:
        self.now = 100.0
        self.dialing = Dialing(Address("member.test", 5701), self.now, limit)
        self.ends = {host.replace("_", "."): end for host, end in ends.items()}
        self.events: list[tuple[float, int]] = []
        self.hosts: list[str] = []
        self.started: dict[str, float] = {}
        self.open: set[int] = set()
        self.used: str | None = None
        self.error: OSError | None = None

    def perform(self, actions: list[Action]) -> None:
        for action in actions:
            assert self.used is None
            assert self.error is None
            if isinstance(action, Start):
                host = action.info[4][0]
                assert action.attempt == len(self.hosts)
                self.hosts.append(host)
                self.started[host] = round(self.now - 100.0, 6)
                self.open.add(action.attempt)
                if host in self.ends:
                    self.events.append((self.now + self.ends[host][0], action.attempt))
            elif isinstance(action, Close):
                self.open.remove(action.attempt)
            elif isinstance(action, Use):
                self.open.remove(action.attempt)
                self.used = self.hosts[action.attempt]
            else:
                assert isinstance(action, GiveUp)
                self.error = action.error

    def run(self, *hosts: str) -> Self:
        """Go on to the end; nothing may be left open then."""
        self.perform(self.dialing.resolved(self.now, [info(host) for host in hosts]))
        while not self.dialing.over:
            wake_at = self.dialing.wake_at
            event = min(self.events, default=None)
            assert event is not None or wake_at is not None
            if event is None or (wake_at is not None and wake_at <= event[0]):
                assert wake_at is not None
                self.now = wake_at
                self.perform(self.dialing.time(self.now))
                continue
            self.events.remove(event)
            self.now, attempt = event
            if attempt in self.open:
                self._end(attempt)
        assert self.open == set()
        assert self.dialing.wake_at is None
        return self

    def _end(self, attempt: int) -> None:
        error = self.ends[self.hosts[attempt]][1]
        if error is None:
            self.perform(self.dialing.connected(attempt))
        else:
            self.open.remove(attempt)
            self.perform(self.dialing.failed(self.now, attempt, error))


REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "said in different words by every loop")


def test_a_head_start_for_each_address_and_the_first_answer_wins() -> None:
    clock = Clock(a=(0.7, None), b=(0.6, None), c=(9.0, None)).run("a", "b", "c", "d")
    assert clock.started == {"a": 0.0, "b": 0.25, "c": 0.5}
    assert clock.used == "a"
    assert clock.now == pytest.approx(100.7)


def test_an_attempt_that_fails_lets_the_next_one_start_at_once() -> None:
    clock = Clock(a=(0.1, REFUSED), b=(0.1, REFUSED), c=(0.1, None)).run("a", "b", "c")
    assert clock.started == {"a": 0.0, "b": 0.1, "c": 0.2}
    assert clock.used == "c"


def test_families_take_turns_beginning_with_the_first() -> None:
    hosts = ["::1", "::2", "::3", "1.1.1.1", "1.1.1.2"]
    turns = [each[4][0] for each in interleave([info(host) for host in hosts])]
    assert turns == ["::1", "1.1.1.1", "::2", "1.1.1.2", "::3"]
    turns = [each[4][0] for each in interleave([info(host) for host in reversed(hosts)])]
    assert turns == ["1.1.1.2", "::3", "1.1.1.1", "::2", "::1"]


def test_all_addresses_are_tried_within_a_short_limit() -> None:
    clock = Clock(0.4, d=(0.05, None)).run("a", "b", "c", "d")
    assert list(clock.started) == ["a", "b", "c", "d"]
    assert clock.started["d"] <= 0.3
    assert clock.used == "d"


def test_errors_of_all_addresses() -> None:
    clock = Clock(a=(0.1, REFUSED), b=(0.2, OSError("odd")), c=(0.1, ConnectionResetError())).run(
        "a", "b", "c"
    )
    assert type(clock.error) is ConnectionError
    assert str(clock.error) == "a:5701: Connection refused; b:5701: odd; c:5701: ConnectionResetError"
    assert clock.error.__cause__ is REFUSED


def test_refused_by_all_is_refused() -> None:
    error = Clock(a=(0.1, REFUSED), b=(0.1, REFUSED)).run("a", "b").error
    assert type(error) is ConnectionRefusedError
    assert str(error) == "a:5701: Connection refused; b:5701: Connection refused"


def test_the_limit_tells_what_was_under_way() -> None:
    clock = Clock(2.0, a=(0.1, REFUSED))
    clock.perform(clock.dialing.resolved(clock.now, [info("b"), info("a"), info("c")]))
    clock.dialing.handshake_begun(0)
    clock.now += 0.25
    clock.perform(clock.dialing.time(clock.now))
    clock.perform(clock.dialing.failed(clock.now, 1, REFUSED))
    clock.open.remove(1)
    clock.now += 2
    clock.perform(clock.dialing.time(clock.now))
    assert isinstance(clock.error, TimeoutError)
    assert str(clock.error) == (
        "no connection within 2 s (connection_timeout, or what was left of cluster_connect_timeout):"
        " a:5701: Connection refused;"
        " b:5701: the TLS handshake did not finish; c:5701: no answer"
    )
    assert clock.open == set()


def test_the_limit_also_ends_the_resolution_of_the_name() -> None:
    clock = Clock(2.0)
    assert clock.dialing.wake_at == 102.0
    assert clock.dialing.time(101.9) == []
    clock.perform(clock.dialing.time(102.0))
    assert "the name 'member.test' was still being resolved" in str(clock.error)
    assert clock.dialing.resolved(103.0, [info("a")]) == []


def test_a_name_without_an_address() -> None:
    assert str(Clock().run().error) == "the name 'member.test' has no address"


def test_a_name_that_cannot_be_resolved() -> None:
    clock = Clock()
    clock.perform(clock.dialing.unresolved(socket.gaierror(-2, "not known")))
    assert str(clock.error) == "the name 'member.test' cannot be resolved: [Errno -2] not known"


def test_a_connection_that_ends_in_the_handshake() -> None:
    clock = Clock()
    clock.perform(clock.dialing.resolved(clock.now, [info("a")]))
    clock.dialing.handshake_begun(0)
    clock.open.remove(0)
    clock.perform(clock.dialing.failed(clock.now, 0, ConnectionResetError(errno.ECONNRESET, "reset")))
    assert (
        str(clock.error)
        == "a:5701: the member closed the connection during the TLS handshake; check that the member uses TLS on"
        " this port"
    )


def test_nothing_is_done_after_a_cancel() -> None:
    clock = Clock(1.0)
    clock.perform(clock.dialing.resolved(clock.now, [info("a"), info("b")]))
    clock.perform(clock.dialing.cancel(ConnectionAbortedError("shut down")))
    assert clock.open == set()
    assert isinstance(clock.error, ConnectionAbortedError)
    assert clock.dialing.wake_at is None
    assert clock.dialing.connected(0) == []
    assert clock.dialing.failed(101.0, 0, REFUSED) == []
    assert clock.dialing.time(200.0) == []
    assert clock.dialing.cancel(ConnectionAbortedError("again")) == []


@given(
    ends=st.lists(
        st.none() | st.tuples(st.floats(0, 3), st.sampled_from([None, REFUSED])), min_size=1, max_size=6
    ),
    limit=st.sampled_from([0.0, 0.5, 2.0]),
)
def test_whatever_happens_one_wins_or_all_are_told(
    ends: list[tuple[float, Exception | None] | None], limit: float
) -> None:
    names = [f"host{number}" for number in range(len(ends))]
    told = {name: end for name, end in zip(names, ends, strict=True) if end is not None}
    if not limit and not any(end[1] is None for end in told.values()) and len(told) < len(ends):
        return  # without a limit this waits forever
    clock = Clock(limit, **told).run(*names)
    if clock.used is not None:
        assert told[clock.used][1] is None
    else:
        assert all(f"{name}:5701: " in str(clock.error) for name in names)
    assert sorted(clock.started.values()) == list(clock.started.values())
    if limit:
        assert clock.now <= 100.0 + limit + 1e-6

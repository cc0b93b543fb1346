"""The fault proxy, between plain sockets."""

import contextlib
import gc
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from hz_embedded import ConfigurationError, EmbeddedError, FaultProxy, PortInUseError

LIMIT = 20.0
"""Seconds after which something that is waited for counts as missing."""

SHORT = 0.05
"""Seconds in which what must not come does not come."""


class Server:
    """A server that accepts connections for the test."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(LIMIT)
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.accepted: list[socket.socket] = []

    def accept(self) -> socket.socket:
        connection, _ = self.socket.accept()
        connection.settimeout(LIMIT)
        self.accepted.append(connection)
        return connection

    def close(self) -> None:
        for connection in [self.socket, *self.accepted]:
            connection.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultProxy]:
    with FaultProxy(server.address) as proxy:
        yield proxy


@pytest.fixture
def connect(proxy: FaultProxy, server: Server) -> Iterator[Callable[[], tuple[socket.socket, socket.socket]]]:
    """Return a function that opens a connection through the proxy and returns its two ends."""
    opened: list[socket.socket] = []

    def start() -> tuple[socket.socket, socket.socket]:
        near = socket.create_connection(("127.0.0.1", proxy.port), timeout=LIMIT)
        opened.append(near)
        return near, server.accept()

    yield start
    for near in opened:
        near.close()


Connect = Callable[[], tuple[socket.socket, socket.socket]]


def receive(end: socket.socket, count: int) -> bytes:
    """Read exactly `count` bytes."""
    found = bytearray()
    while len(found) < count:
        chunk = end.recv(count - len(found))
        assert chunk, f"the end came after {bytes(found)!r}"
        found += chunk
    return bytes(found)


def assert_silent(end: socket.socket) -> None:
    """Check that nothing arrives, not even the end of the stream."""
    end.settimeout(SHORT)
    with pytest.raises(TimeoutError):
        end.recv(1)
    end.settimeout(LIMIT)


def assert_reset(end: socket.socket) -> None:
    with pytest.raises(ConnectionResetError):
        end.recv(1)


def assert_ended(end: socket.socket) -> None:
    """Check that nothing more arrives, after a reset that may have been reported already."""
    with contextlib.suppress(ConnectionResetError):
        assert end.recv(1) == b""


def test_what_comes_is_passed_on(connect: Connect, proxy: FaultProxy) -> None:
    near, far = connect()
    data = bytes(range(256)) * 4096
    sender = threading.Thread(target=near.sendall, args=(data,))
    sender.start()
    assert receive(far, len(data)) == data
    sender.join()
    far.sendall(b"back")
    assert receive(near, 4) == b"back"
    assert proxy.connection_count() == 1
    near.shutdown(socket.SHUT_WR)
    assert far.recv(1) == b""
    far.sendall(b"after the end")
    assert receive(near, 13) == b"after the end"


@pytest.mark.parametrize("end", ["near", "far"])
def test_ends_are_passed_on(end: str, connect: Connect, proxy: FaultProxy) -> None:
    near, far = connect()
    (near if end == "near" else far).close()
    other = far if end == "near" else near
    assert other.recv(1) == b""
    other.close()
    assert proxy._server.wait_for(lambda: proxy.connection_count() == 0, LIMIT)


def test_resets_are_passed_on(connect: Connect) -> None:
    near, far = connect()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    near.close()
    assert_reset(far)


def test_held_bytes_come_when_it_is_healed(connect: Connect, proxy: FaultProxy) -> None:
    near, far = connect()
    with proxy.hold("to_member"):
        near.sendall(b"held")
        assert_silent(far)
        far.sendall(b"the other direction")
        assert receive(near, 19) == b"the other direction"
        near.shutdown(socket.SHUT_WR)
        assert_silent(far)
    assert receive(far, 4) == b"held"
    assert far.recv(1) == b""


def test_hold_goes_for_new_connections_too(connect: Connect, proxy: FaultProxy) -> None:
    fault = proxy.hold()
    near, far = connect()
    near.sendall(b"x")
    assert_silent(far)
    fault.heal()
    fault.heal()
    assert receive(far, 1) == b"x"


def test_dropped_bytes_are_lost_and_the_connection_is_reset_when_healed(
    connect: Connect, proxy: FaultProxy
) -> None:
    near, far = connect()
    untouched, untouched_far = connect()
    fault = proxy.drop()
    near.sendall(b"lost")
    assert_silent(far)
    fault.heal()
    assert_reset(near)
    assert_reset(far)
    untouched.sendall(b"goes on")
    assert receive(untouched_far, 7) == b"goes on"


def test_delay(connect: Connect, proxy: FaultProxy) -> None:
    near, far = connect()
    proxy.delay(0.1, "to_member")
    begin = time.monotonic()
    near.sendall(b"a")
    assert receive(far, 1) == b"a"
    assert time.monotonic() - begin >= 0.1
    proxy.heal()
    fault = proxy.delay(3600)
    near.sendall(b"b")
    assert_silent(far)
    fault.heal()
    assert receive(far, 1) == b"b"


def test_limited_rate(connect: Connect, proxy: FaultProxy) -> None:
    near, far = connect()
    proxy.limit(10_000, "to_client")
    begin = time.monotonic()
    far.sendall(bytes(2_000))
    assert receive(near, 2_000) == bytes(2_000)
    assert time.monotonic() - begin >= 0.1
    proxy.heal()
    with proxy.limit(1):
        near.sendall(b"ab")
        assert receive(far, 1) == b"a"
    assert receive(far, 1) == b"b"


def test_cut_in_the_middle_of_a_message(connect: Connect, proxy: FaultProxy) -> None:
    near, far = connect()
    proxy.cut_after(5)
    far.sendall(b"12")
    assert receive(near, 2) == b"12"
    far.sendall(b"34567")
    # A reset may arrive before earlier bytes are read.
    with contextlib.suppress(ConnectionResetError):
        assert receive(near, 3) == b"345"
    assert_ended(near)
    assert_reset(far)
    proxy.heal()
    near, far = connect()
    far.sendall(b"1234567")
    assert receive(near, 7) == b"1234567"


def test_reset_of_connections(connect: Connect, proxy: FaultProxy) -> None:
    ends = [*connect(), *connect()]
    assert proxy.await_connections(2, timeout=LIMIT)
    assert proxy.reset() == 2
    for end in ends:
        assert_reset(end)
    near, far = connect()
    near.sendall(b"new")
    assert receive(far, 3) == b"new"


def test_half_close(connect: Connect, proxy: FaultProxy) -> None:
    near, far = connect()
    far.sendall(b"1")
    receive(near, 1)
    assert proxy.half_close("to_client") == 1
    assert near.recv(1) == b""
    near.sendall(b"still going")
    assert receive(far, 11) == b"still going"
    far.sendall(b"into the void")


def test_refused_until_healed(connect: Connect, proxy: FaultProxy) -> None:
    near, far = connect()
    with proxy.refuse():
        with pytest.raises(ConnectionRefusedError):
            connect()
        near.sendall(b"old ones go on")
        assert receive(far, 14) == b"old ones go on"
    near, far = connect()
    near.sendall(b"x")
    assert receive(far, 1) == b"x"
    proxy.refuse()
    proxy.refuse()
    proxy.heal()
    connect()


def test_garbage_comes_at_once_to_those_who_are_connected(connect: Connect, proxy: FaultProxy) -> None:
    near, far = connect()
    assert proxy.await_connections(1, timeout=LIMIT)
    with proxy.garbage(b"#!?"):
        assert receive(near, 3) == b"#!?"
        far.sendall(b"goes on")
        assert receive(near, 7) == b"goes on"
        near.sendall(b"the other direction")
        assert receive(far, 19) == b"the other direction"
        later, later_far = connect()
        later_far.sendall(b"x")
        assert receive(later, 4) == b"#!?x"
    healed, healed_far = connect()
    healed_far.sendall(b"x")
    assert receive(healed, 1) == b"x"
    assert_silent(near)


def test_garbage_in_the_middle_of_a_message(connect: Connect, proxy: FaultProxy) -> None:
    near, far = connect()
    proxy.garbage(b"?", "to_member", after=5)
    proxy.garbage(b"!", "to_member", after=3)
    near.sendall(b"12")
    near.sendall(b"34567")
    assert receive(far, 9) == b"123!45?67"
    far.sendall(b"1234567")
    assert receive(near, 7) == b"1234567"
    proxy.cut_after(2, "to_member")
    near.sendall(b"89")
    with contextlib.suppress(ConnectionResetError):
        assert receive(far, 2) == b"89"
    assert_ended(far)


def test_garbage_for_one_source(connect: Connect, proxy: FaultProxy) -> None:
    proxy.garbage(b"?", "to_member", source="clients")
    near, far = connect()
    near.sendall(b"CP2")
    assert receive(far, 4) == b"?CP2"
    near, far = connect()
    near.sendall(b"GET")
    assert receive(far, 3) == b"GET"


def test_random_garbage_is_repeated_with_its_seed(connect: Connect, proxy: FaultProxy) -> None:
    near, _ = connect()
    assert proxy.await_connections(1, timeout=LIMIT)
    found = []
    for seed in (1, 1, 2):
        with proxy.garbage(100, seed=seed):
            found.append(receive(near, 100))
    assert found[0] == found[1] != found[2]
    with proxy.garbage():
        assert len(receive(near, 64)) == 64


def connecting(proxy: FaultProxy, server: Server) -> socket.socket:
    """Return a socket that has begun to connect through the proxy."""
    near = socket.socket()
    server.accepted.append(near)  # closed with these
    near.setblocking(False)
    near.connect_ex(("127.0.0.1", proxy.port))
    return near


def is_connected(near: socket.socket) -> bool:
    try:
        near.getpeername()
    except OSError:
        return False
    return True


def test_connections_wait_to_be_accepted(connect: Connect, proxy: FaultProxy, server: Server) -> None:
    old, old_far = connect()
    with proxy.accept_slowly():
        near = connecting(proxy, server)
        near.setblocking(True)
        near.sendall(b"x")
        assert_silent(near)
        old.sendall(b"old ones go on")
        assert receive(old_far, 14) == b"old ones go on"
        assert proxy.connection_count() == 1
    assert receive(server.accept(), 1) == b"x"


def test_connections_are_accepted_one_after_the_other(proxy: FaultProxy, server: Server) -> None:
    fault = proxy.accept_slowly(0.1)
    began = time.monotonic()
    for _ in range(2):
        connecting(proxy, server)
    server.accept()
    assert time.monotonic() - began >= 0.1
    server.accept()
    assert time.monotonic() - began >= 0.2
    fault.heal()
    proxy.accept_slowly(3600)
    connecting(proxy, server)
    server.socket.settimeout(SHORT)
    with pytest.raises(TimeoutError):
        server.accept()
    server.socket.settimeout(LIMIT)
    proxy.heal()
    server.accept()


@pytest.mark.parametrize("backlog", [0, 1, 3])
def test_connections_beyond_the_backlog_get_no_answer(
    backlog: int, proxy: FaultProxy, server: Server
) -> None:
    fault = proxy.accept_slowly(backlog=backlog)
    ends = [connecting(proxy, server) for _ in range(5)]
    assert [is_connected(end) for end in ends] == [True] * backlog + [False] * (5 - backlog)
    fault.heal()
    # The operating system tries again after a second, the proxy's own connection is not passed on.
    assert proxy.await_connections(5, timeout=LIMIT)
    for _ in ends:
        server.accept()
    server.socket.settimeout(SHORT)
    with pytest.raises(TimeoutError):
        server.accept()


def test_slow_and_refused(proxy: FaultProxy, server: Server) -> None:
    proxy.accept_slowly(backlog=0)
    with proxy.refuse(), socket.socket() as near, pytest.raises(ConnectionRefusedError):
        near.connect(("127.0.0.1", proxy.port))
    assert not is_connected(connecting(proxy, server))
    proxy.accept_slowly(backlog=2)  # the smaller one of both goes
    assert not is_connected(connecting(proxy, server))
    assert repr(proxy).endswith(": accept, accept>")
    proxy.heal()
    connecting(proxy, server)
    server.accept()


def test_target_that_is_not_there() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with FaultProxy(f"127.0.0.1:{nobody.getsockname()[1]}") as proxy, socket.socket() as near:
            near.settimeout(LIMIT)

            def connect_and_read(near: socket.socket = near, proxy: FaultProxy = proxy) -> None:
                near.connect(("127.0.0.1", proxy.port))
                near.recv(1)

            with pytest.raises(ConnectionResetError):
                connect_and_read()


def test_proxy_closed_while_connections_are_made(server: Server) -> None:
    for _ in range(20):
        with FaultProxy(server.address) as proxy, socket.socket() as near:
            near.settimeout(LIMIT)
            near.connect(("127.0.0.1", proxy.port))
            proxy.close()
            with pytest.raises(ConnectionResetError):
                near.recv(1)


MEMBER, OTHER = "127.0.0.1:41001", "127.0.0.1:41002"


def handshake(address: str) -> bytes:
    """Return the first bytes of a member at ``address``, as far as the proxy reads them."""
    port = int(address.rpartition(":")[2])
    return b"HZC" + bytes(20) + struct.pack(">ibi", port, 4, 9) + b"127.0.0.1"


def test_faults_for_one_source(connect: Connect, proxy: FaultProxy) -> None:
    proxy.know_members(lambda: [MEMBER, OTHER, proxy.address])
    pairs = {}
    for source, greeting in [
        ("clients", b"CP2"),
        (MEMBER, handshake(MEMBER)),
        (OTHER, handshake(OTHER)),
        ("", b"GET /"),
    ]:
        near, far = pairs[source] = connect()
        for byte in greeting:
            near.sendall(bytes([byte]))
        assert receive(far, len(greeting)) == greeting
    assert proxy.await_connections(2, source="members", timeout=LIMIT)
    for source in ("clients", MEMBER, OTHER):
        assert proxy.await_connections(1, source=source, timeout=LIMIT)
    faults: list[tuple[str | None, set[str]]] = [
        ("clients", {"clients"}),
        ("members", {MEMBER, OTHER}),
        (OTHER, {OTHER}),
        (None, set(pairs)),
    ]
    for wanted, silent in faults:
        with proxy.hold(source=wanted):
            for near, _ in pairs.values():
                near.sendall(b"x")
            for name, (_, far) in pairs.items():
                if name in silent:
                    assert_silent(far)
                else:
                    assert receive(far, 1) == b"x"
        for name in silent:
            assert receive(pairs[name][1], 1) == b"x"
    assert proxy.reset(source="clients") == 1
    assert_reset(pairs["clients"][0])


def test_member_is_known_by_its_handshake_before_that_gets_through(
    connect: Connect, proxy: FaultProxy
) -> None:
    proxy.know_members(lambda: [MEMBER, OTHER])
    proxy.drop(source=MEMBER)
    near, far = connect()
    near.sendall(b"HZC")
    assert receive(far, 3) == b"HZC"
    near.sendall(handshake(MEMBER)[3:])
    assert_silent(far)


def test_closed_proxy(server: Server) -> None:
    proxy = FaultProxy(server.address)
    near = socket.create_connection(("127.0.0.1", proxy.port), timeout=LIMIT)
    far = server.accept()
    assert proxy.await_connections(1, timeout=LIMIT)
    fault = proxy.hold()
    assert repr(proxy) == f"<FaultProxy {proxy.address} to {server.address}: hold>"
    proxy.close()
    proxy.close()
    fault.heal()
    assert_reset(near)
    assert_reset(far)
    near.close()
    assert repr(proxy).endswith("closed>")
    with pytest.raises(EmbeddedError, match="has been closed"):
        proxy.hold()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=LIMIT)


def test_port_of_ones_own_choice(server: Server) -> None:
    with FaultProxy(server.address) as first:
        with pytest.raises(PortInUseError, match=f"cannot listen on {first.address}"):
            FaultProxy(server.address, port=first.port)
        port = first.port
    with FaultProxy(server.address, port=port) as second:
        assert second.port == port


@pytest.mark.parametrize("target", ["", "5701", "host:", "host:port", ":1"])
def test_target_that_is_no_address(target: str) -> None:
    with pytest.raises(ConfigurationError, match="must be host:port"):
        FaultProxy(target)


def test_arguments_that_make_no_sense(proxy: FaultProxy) -> None:
    for wrong in (0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ConfigurationError, match="must be a positive number"):
            proxy.delay(wrong)
        with pytest.raises(ConfigurationError, match="must be a positive number"):
            proxy.limit(wrong)
    with pytest.raises(ConfigurationError, match="1 or more"):
        proxy.cut_after(0)
    for wrong_count in (0, -1, 1.5, True, None):
        with pytest.raises(ConfigurationError, match="data must be a whole number, 1 or more"):
            proxy.garbage(wrong_count)  # type: ignore[arg-type]  # the error is the point
    with pytest.raises(ConfigurationError, match="at least one byte"):
        proxy.garbage(b"")
    with pytest.raises(ConfigurationError, match="after must be a whole number, 0 or more"):
        proxy.garbage(after=-1)
    for wrong in (0, -1.0, float("nan")):
        with pytest.raises(ConfigurationError, match="must be a positive number"):
            proxy.accept_slowly(wrong)
    with pytest.raises(ConfigurationError, match="backlog must be a whole number, 0 or more"):
        proxy.accept_slowly(backlog=-1)
    with pytest.raises(ConfigurationError, match="leave out seconds"):
        proxy.accept_slowly(1, backlog=0)
    with pytest.raises(ConfigurationError, match="must be one of both"):
        proxy.hold("sideways")  # type: ignore[arg-type]  # the error is the point
    with pytest.raises(ConfigurationError, match="must be one of to_member"):
        proxy.half_close("both")  # type: ignore[arg-type]  # the error is the point
    gc.collect()

"""TLS under both drivers: the stream by itself, and clients in front of servers that misbehave."""

import asyncio
import gc
import itertools
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, cast

import pytest
import uvloop

from core_interrupts import at_point
from core_selector_thread import PATIENCE
from core_sockets import SocketCluster
from core_surfaces import Threaded, make, why_not
from core_tls import Server, client_context, server_context
from core_tls_relay import TlsRelay
from hz_core.drivers import tls
from hz_core.drivers.aio_dial import AsyncioDial
from hz_core.drivers.aio_transport import AsyncioTransport
from hz_core.drivers.poller import READ, WRITE
from hz_core.drivers.streams import DONT_WAIT, PlainStream, Stream, WaitingStream
from hz_core.drivers.tls import TlsStream
from hz_core.errors import TargetDisconnectedError
from hz_core.model import Address

TLS_MODULES = ("hz_core.drivers.tls", "ssl")
DRIVERS = ["threaded-tls", "asyncio-tls", "uvloop-tls"]


# --- the stream ---------------------------------------------------------------------------------------------------


class Peer:
    """The other end of a TLS stream, which decides what leaves together."""

    def __init__(self, sock: socket.socket, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        context = server_context()
        context.maximum_version = version
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.received = b""

    def send(self) -> None:
        """Send the ciphertext there is."""
        self.sock.sendall(self.outgoing.read())

    def take(self) -> None:
        """Take what has arrived."""
        while select.select([self.sock], [], [], 0)[0]:
            data = self.sock.recv(1 << 16)
            if not data:
                self.incoming.write_eof()
                return
            self.incoming.write(data)

    def handshake(self) -> bool:
        """Go on with the handshake; return whether it is done."""
        self.take()
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            self.send()
            return False
        return True

    def read(self) -> None:
        """Decrypt what has arrived."""
        self.take()
        try:
            while True:
                self.received += self.tls.read(1 << 14)
        except ssl.SSLWantReadError:
            return


@pytest.fixture(params=[PlainStream, WaitingStream])
def plain(request: pytest.FixtureRequest) -> Callable[[socket.socket], Stream]:
    """The stream below, of this system or of one without ``MSG_DONTWAIT``."""
    kind: Callable[[socket.socket], Stream] = request.param
    return kind


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets."""
    left, right = socket.socketpair()
    with left, right:
        left.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        yield left, right


def connect(stream: TlsStream, peer: Peer) -> None:
    """Do the whole handshake."""
    server = client = False
    while not (server and client):
        client = not stream.handshake()
        server = server or peer.handshake()
    peer.send()


@pytest.fixture
def pair(
    plain: Callable[[socket.socket], Stream], ends: tuple[socket.socket, socket.socket]
) -> tuple[TlsStream, Peer]:
    stream = TlsStream(plain(ends[0]), client_context(), "127.0.0.1")
    peer = Peer(ends[1])
    connect(stream, peer)
    return stream, peer


def receive_nothing(stream: TlsStream) -> None:
    """Receive until the stream ends, by an error."""
    while True:
        with suppress(BlockingIOError):  # the session tickets
            assert stream.receive(65536) == b""


def test_bytes_pass_both_ways(pair: tuple[TlsStream, Peer]) -> None:
    stream, peer = pair
    assert stream.send(b"request") == 7
    peer.read()
    assert peer.received == b"request"
    peer.tls.write(b"reply" * 10_000)
    peer.send()
    got = b""
    while len(got) < 50_000:
        assert stream.wait_readable(PATIENCE)
        try:
            got += stream.receive(65536, DONT_WAIT)
        except BlockingIOError:  # the session tickets, or a part of a record
            continue
    assert got == b"reply" * 10_000
    assert not stream.buffered
    with pytest.raises(BlockingIOError):
        stream.receive(65536, DONT_WAIT)
    with pytest.raises(BlockingIOError):
        stream.receive(65536)  # waits for a while, so that a caller can look whether it was cancelled


def test_a_send_that_was_not_taken_is_repeated_with_more_behind_it(pair: tuple[TlsStream, Peer]) -> None:
    stream, peer = pair
    value = bytes(range(256)) * 4000
    rest = memoryview(value)
    refusals = 0
    while rest:
        try:
            rest = rest[stream.send(rest, DONT_WAIT) :]
        except BlockingIOError:
            refusals += 1
            peer.read()
            if refusals == 2:
                # As the transport joins what waits: the same bytes, and others behind them.
                value += b"more"
                rest = memoryview(bytes(rest) + b"more")
    peer.read()
    assert refusals > 2
    assert peer.received == value


def test_a_send_before_the_handshake_is_an_error(
    plain: Callable[[socket.socket], Stream], ends: tuple[socket.socket, socket.socket]
) -> None:
    stream = TlsStream(plain(ends[0]), client_context(), "127.0.0.1")
    with pytest.raises(ConnectionAbortedError, match="renegotiation"):
        stream.send(b"x")


def test_the_member_is_told_why_the_handshake_failed(
    plain: Callable[[socket.socket], Stream], ends: tuple[socket.socket, socket.socket]
) -> None:
    stream = TlsStream(plain(ends[0]), client_context(), "127.0.0.2")
    peer = Peer(ends[1])
    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for '127\.0\.0\.2'"):
        connect(stream, peer)
    with pytest.raises(ssl.SSLError, match=r"(?i)alert"):
        peer.handshake()


def test_handshake_waits_to_write_when_the_socket_is_full(
    plain: Callable[[socket.socket], Stream], ends: tuple[socket.socket, socket.socket]
) -> None:
    ends[0].setblocking(False)
    filled = 0
    with suppress(BlockingIOError):
        while True:
            filled += ends[0].send(b"x" * 1000)
    stream = TlsStream(plain(ends[0]), client_context(), "127.0.0.1")
    assert stream.handshake() == WRITE
    while filled:
        filled -= len(ends[1].recv(min(filled, 1 << 16)))
    assert stream.handshake() == READ
    connect(stream, Peer(ends[1]))


def test_bytes_that_came_with_the_handshake_are_buffered(
    plain: Callable[[socket.socket], Stream], ends: tuple[socket.socket, socket.socket]
) -> None:
    stream = TlsStream(plain(ends[0]), client_context(), "127.0.0.1")
    # With TLS 1.2 the server ends the handshake.
    peer = Peer(ends[1], ssl.TLSVersion.TLSv1_2)
    while not peer.handshake():
        assert stream.handshake() == READ
    peer.tls.write(b"early")
    peer.send()
    assert stream.handshake() == 0
    assert stream.buffered
    assert stream.wait_readable(0)
    assert stream.receive(100) == b"early"
    assert not stream.wait_readable(0)


def test_the_end_behind_the_last_bytes_is_buffered(pair: tuple[TlsStream, Peer]) -> None:
    stream, peer = pair
    with pytest.raises(BlockingIOError):
        stream.receive(65536, DONT_WAIT)  # the session tickets
    peer.tls.write(b"last")
    with pytest.raises(ssl.SSLWantReadError):
        peer.tls.unwrap()
    peer.send()
    assert stream.receive(65536, DONT_WAIT) == b"last"
    assert stream.buffered
    assert stream.wait_readable(0)
    for _ in range(2):
        with pytest.raises(ConnectionResetError, match=r"^the member closed the connection$"):
            stream.receive(65536, DONT_WAIT)


def test_an_end_without_the_closing_message_is_told(pair: tuple[TlsStream, Peer]) -> None:
    stream, peer = pair
    peer.sock.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionResetError, match="without the closing message"):
        receive_nothing(stream)


def test_an_end_in_the_handshake_is_told_by_every_python(
    plain: Callable[[socket.socket], Stream], ends: tuple[socket.socket, socket.socket]
) -> None:
    """Before 3.11.4 all contexts have this option, which changes the error."""
    context = client_context()
    context.options |= ssl.OP_IGNORE_UNEXPECTED_EOF
    stream = TlsStream(plain(ends[0]), context, "127.0.0.1")
    assert stream.handshake() == READ
    ends[1].shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionResetError, match="during the TLS handshake"):
        stream.handshake()


def test_bytes_that_are_not_tls_break_the_stream(pair: tuple[TlsStream, Peer]) -> None:
    stream, peer = pair
    peer.sock.sendall(b"this is no record of TLS")
    with pytest.raises(ssl.SSLError, match=r"WRONG_VERSION_NUMBER|wrong version number"):
        receive_nothing(stream)


def test_shutdown_says_so_to_the_member_and_wakes_a_reader(pair: tuple[TlsStream, Peer]) -> None:
    stream, peer = pair
    errors: list[OSError] = []

    def read() -> None:
        try:
            receive_nothing(stream)
        except OSError as e:
            errors.append(e)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    stream.shutdown()
    reader.join(PATIENCE)
    assert len(errors) == 1
    peer.take()
    assert peer.tls.read(100) == b""  # the closing message


# --- interrupts ---------------------------------------------------------------------------------------------------


def in_another_thread(do: Callable[[], object]) -> None:
    """Do it to the end, while this thread is in the middle of something."""
    done = threading.Thread(target=do, daemon=True)
    done.start()
    done.join(PATIENCE)
    assert not done.is_alive()


def receive_all(stream: TlsStream, size: int) -> bytes:
    """Receive so many bytes that have arrived."""
    received = b""
    while len(received) < size:
        with suppress(BlockingIOError):  # the session tickets
            received += stream.receive(65536, DONT_WAIT)
    return received


def test_a_thread_that_is_interrupted_while_it_sends_holds_up_no_receive(
    pair: tuple[TlsStream, Peer],
) -> None:
    stream, peer = pair
    for number in itertools.count(1):
        received: list[bytes] = []
        peer.tls.write(b"reply")
        peer.send()
        happened = at_point(
            number,
            lambda: stream.send(b"request"),
            lambda: in_another_thread(lambda: received.append(receive_all(stream, 5))),  # noqa: B023
            TLS_MODULES,
        )
        peer.read()
        assert peer.received == b"request" * number
        if not happened:
            break
        assert received == [b"reply"]
    assert number > 4


def test_a_thread_that_is_interrupted_while_it_receives_holds_up_no_send(
    pair: tuple[TlsStream, Peer],
) -> None:
    stream, peer = pair
    for number in itertools.count(1):
        peer.tls.write(b"reply")
        peer.send()
        received: list[bytes] = []
        happened = at_point(
            number,
            lambda: received.append(receive_all(stream, 5)),  # noqa: B023
            lambda: in_another_thread(lambda: stream.send(b"request")),
            TLS_MODULES,
        )
        assert received == [b"reply"]
        if not happened:
            break
        peer.read()
        assert peer.received == b"request" * number
    assert number > 6


def test_data_is_encrypted_once_if_code_that_interrupts_a_send_has_sent_it(
    pair: tuple[TlsStream, Peer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter also runs signal handlers after it has called a class, which a profiler does not see."""
    stream, peer = pair

    def interrupted_after(data: bytes) -> memoryview:
        monkeypatch.delattr(tls, "memoryview")
        assert stream.send(data) == len(data)
        return memoryview(data)

    monkeypatch.setattr(tls, "memoryview", interrupted_after, raising=False)
    with pytest.raises(BlockingIOError):
        stream.send(b"request")
    peer.read()
    assert peer.received == b"request"


def test_code_that_interrupts_a_receive_may_receive_and_gets_each_byte_once(
    pair: tuple[TlsStream, Peer],
) -> None:
    stream, peer = pair
    for number in itertools.count(1):
        peer.tls.write(b"first")
        peer.send()
        received: list[bytes] = []

        def receive() -> None:
            with suppress(BlockingIOError):
                received.append(stream.receive(65536, DONT_WAIT))  # noqa: B023

        def more() -> None:
            peer.tls.write(b"second")
            peer.send()
            receive()

        happened = at_point(number, receive, more, TLS_MODULES)
        for _ in range(3):
            receive()
        assert sorted(b"".join(received)) == sorted(b"firstsecond" if happened else b"first"), number
        if not happened:
            break
    assert number > 6


# --- clients ------------------------------------------------------------------------------------------------------


def test_closed_during_the_handshake() -> None:
    def close(sock: socket.socket) -> None:
        sock.recv(1)
        sock.close()

    with Server(close) as server:
        for driver in DRIVERS:
            text = why_not(driver, server.address)
            assert f"Tried {server.address}: " in text
            assert ": the member closed the connection during the TLS handshake" in text


def test_no_answer_to_the_handshake() -> None:
    with Server(lambda sock: None) as server:
        for driver in DRIVERS:
            text = why_not(driver, server.address, 0.6)
            assert "no connection within 0.6 s (connection_timeout" in text
            assert ": the TLS handshake did not finish" in text


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("driver", DRIVERS)
def test_only_the_tls_connection_is_closed(driver: str, version: ssl.TLSVersion) -> None:
    """The socket stays open. With TLS 1.2 the closing message comes with the last one of the handshake."""

    def close_tls(sock: socket.socket) -> None:
        peer = Peer(sock, version)
        while not peer.handshake():
            assert select.select([sock], [], [], PATIENCE)[0]
        with suppress(ssl.SSLError):  # the closing message of the client is still to come
            peer.tls.unwrap()
        peer.send()

    with Server(close_tls) as server:
        assert "the member closed the connection" in why_not(driver, server.address)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_an_attempt_that_is_cancelled_after_the_handshake_leaves_nothing_open(
    loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The member never answers the closing message."""

    def shake(sock: socket.socket) -> None:
        peer = Peer(sock)
        with suppress(OSError):  # the client may close before the member has finished
            while not peer.handshake():
                assert select.select([sock], [], [], PATIENCE)[0]
            peer.send()

    made: list[tuple[AsyncioTransport, asyncio.Transport, socket.socket]] = []
    dial: AsyncioDial

    def closed() -> bool:
        protocol, _, sock = made[0]
        # Of asyncio the transport must know it; that of libuv may be closed before it tells its protocol anything.
        return protocol._lost is not None or (loop is uvloop.new_event_loop and sock.fileno() == -1)

    class CancelledWhenMade(AsyncioTransport):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            made.append((self, cast("asyncio.Transport", transport), transport.get_extra_info("socket")))
            # Not in a later turn of the loop, when the attempt may be done.
            for attempt in dial._attempts.values():
                attempt.cancel()

    monkeypatch.setattr("hz_core.drivers.aio_dial.AsyncioTransport", CancelledWhenMade)

    async def main(server: Server) -> None:
        nonlocal dial
        own = asyncio.get_running_loop()
        address = Address("127.0.0.1", int(server.address.rpartition(":")[2]))
        dial = AsyncioDial(own, address, PATIENCE, tls=client_context())
        try:
            with pytest.raises(asyncio.CancelledError):
                await dial.run()
            end = own.time() + PATIENCE / 10  # less than what the loops allow for closing TLS
            while not closed():
                assert own.time() < end
                await asyncio.sleep(0)
        finally:
            # With warnings as errors, libuv cannot end a loop that has open transports: it waits for ever.
            made[0][1].abort()
            await asyncio.sleep(0.01)

    with Server(shake) as server, asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main(server))
    made.clear()
    gc.collect()


def test_no_tls_at_the_other_end() -> None:
    with Server(lambda sock: sock.sendall(b"HTTP/1.1 400 no\r\n\r\n" * 10)) as server:
        for driver in DRIVERS:
            assert "wrong version number" in why_not(driver, server.address)


def test_certificate_for_another_name() -> None:
    members = SocketCluster(1, TlsRelay(server_context("other.test")))
    try:
        for driver in DRIVERS:
            text = why_not(driver, members.addresses[0], tls_name="other.test")
            assert "certificate is not valid for '127.0.0.1'" in text
            assert members.do(lambda: members.cluster.members[0].sessions) == {}
    finally:
        members.stop()


def test_certificate_that_nobody_trusts() -> None:
    members = SocketCluster(1, TlsRelay(server_context("other.test")))
    try:
        for driver in DRIVERS:
            assert "self-signed certificate" in why_not(driver, members.addresses[0])
    finally:
        members.stop()


@pytest.mark.parametrize("driver", DRIVERS)
def test_connections_cut_without_the_closing_message(driver: str) -> None:
    surface: Any = make(driver, 2)
    surface.cluster.strict = False
    try:
        kept: list[Any] = []

        def keep(request: Any) -> bool:
            kept.append(request)
            return True

        def install() -> None:
            for member in surface.cluster.members:
                member.rule("Map.put", keep, times=1)

        surface.do(install)
        handle = surface.submit(surface.ops.put(1, "x"))
        surface.until(lambda: kept)
        surface.server.relay.cut_raggedly()
        with pytest.raises(TargetDisconnectedError):
            surface.result(handle)
        assert surface.result(surface.submit(surface.ops.get(1))) is None
    finally:
        surface.close()


def test_large_values_of_many_threads() -> None:
    surface = Threaded(2, tls_name="127.0.0.1")
    surface.cluster.strict = False
    big = bytes(range(256)) * (1 << 16)  # 16 MB
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            value = big if number % 4 == 0 else [number] * 100
            for _ in range(2):
                surface.client.blocking.call(surface.ops.put(number, value))
                assert surface.client.blocking.call(surface.ops.get(number)) == value
        except BaseException as e:
            errors.append(e)

    try:
        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(4 * PATIENCE)
            assert not thread.is_alive()
        assert errors == []
    finally:
        surface.close()

"""Local ports of connections, socket options and the socket interceptor, on both drivers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
import uvloop

from core_selector_thread import PATIENCE
from core_sockets import SocketCluster, SocketPipe
from core_surfaces import make
from hz_core.drivers.outbound import Outbound, OutboundPortsError
from hz_core.errors import IllegalStateError

DRIVERS = ["threaded", "asyncio", "uvloop"]
TLS_DRIVERS = [*DRIVERS, "threaded-tls", "asyncio-tls", "uvloop-tls"]


@pytest.fixture(scope="module", autouse=True)
def _libuv() -> None:
    """Let libuv open the pipe that it keeps as long as the process lives."""
    uvloop.new_event_loop().close()


def free_ports(count: int) -> list[int]:
    """Return ports that are free."""
    with ExitStack() as stack:
        socks = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in socks:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in socks]


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    """Three members."""
    cluster = SocketCluster(3)
    yield cluster
    cluster.stop()


def clients_ports(server: SocketCluster) -> list[int]:
    """Return the ports of the clients that are connected."""
    ports: list[int] = server.do(
        lambda: sorted(
            pipe.sock.getpeername()[1]
            for member in server.cluster.members
            for pipe in member.sessions
            if isinstance(pipe, SocketPipe)
        )
    )
    return ports


# ---- outbound ports


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_connection_has_one_of_the_ports(server: SocketCluster, driver: str) -> None:
    ports = free_ports(4)
    for _ in range(2):
        # The ports that these clients leave wait for the end of what is under way, and are used nevertheless.
        make(driver, 0, cluster_members=server.addresses, outbound_ports=ports[:3]).close()
    surface = make(
        driver, 0, cluster_members=server.addresses, outbound_ports=[f"{ports[0]}, {ports[1]}", *ports[2:]]
    )
    try:
        surface.until(lambda: len(clients_ports(server)) == 3)
        assert set(clients_ports(server)) <= set(ports)
        # Also after the connections were lost, though the ports were just in use.
        for _ in range(3):
            server.do(server.cluster.cut_all)
            surface.until(lambda: len(clients_ports(server)) == 3)
            assert set(clients_ports(server)) <= set(ports)
    finally:
        surface.close()


@pytest.mark.parametrize("driver", DRIVERS)
def test_ports_of_others_are_left_out(server: SocketCluster, driver: str) -> None:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("", 0))).getsockname()[1] for _ in range(3)]
        ports = [taken[0], *free_ports(3), *taken[1:]]
        surface = make(driver, 0, cluster_members=server.addresses, outbound_ports=ports)
        try:
            surface.until(lambda: len(clients_ports(server)) == 3)
            assert set(clients_ports(server)) <= set(ports) - set(taken)
        finally:
            surface.close()


@pytest.mark.parametrize("driver", DRIVERS)
def test_exhausted_ports_are_named(server: SocketCluster, driver: str) -> None:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("", 0))).getsockname()[1] for _ in range(2)]
        definition = ", ".join(map(str, taken))
        with pytest.raises(
            IllegalStateError, match=rf"none of the 2 local ports of outbound_ports \({definition}\) is free"
        ):
            make(
                driver,
                0,
                cluster_members=server.addresses[:1],
                outbound_ports=definition,
                cluster_connect_timeout=0,
            )
        assert clients_ports(server) == []


@pytest.mark.parametrize("driver", DRIVERS)
def test_two_clients_share_ports_that_lead_to_different_members(server: SocketCluster, driver: str) -> None:
    """A port that another connection to the same member has is found out when connecting, and the next one is used."""
    ports = free_ports(2)
    options = {"cluster_members": server.addresses[:1], "outbound_ports": ports, "smart_routing": False}
    surfaces = [make(driver, 0, **options) for _ in range(2)]
    try:
        assert clients_ports(server) == sorted(ports)
        with pytest.raises(IllegalStateError, match="none of the 2 local ports"):
            make(driver, 0, **options, cluster_connect_timeout=0)
    finally:
        for surface in surfaces:
            surface.close()


def test_ports_take_turns() -> None:
    ports = free_ports(3)
    outbound = Outbound(ports=ports)
    info = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))
    bound = []
    for _ in range(6):
        with next(outbound.sockets(info)) as sock:
            bound.append(sock.getsockname()[1])
    assert bound[:3] == bound[3:]
    assert set(bound) == set(ports)
    # One attempt tries each port once.
    tried = []
    for sock in outbound.sockets(info):
        tried.append(sock.getsockname()[1])
        sock.close()
    assert sorted(tried) == sorted(ports)
    assert isinstance(outbound.exhausted(), OutboundPortsError)


def test_other_errors_are_not_those_of_ports() -> None:
    assert not Outbound().taken(OSError(98, "in use"))
    assert not Outbound(ports=[5]).taken(ConnectionRefusedError(111, "refused"))


@pytest.mark.parametrize("driver", DRIVERS)
def test_options_of_sockets_are_set(server: SocketCluster, driver: str) -> None:
    seen: list[int] = []

    def look(sock: socket.socket, address: tuple[str, int]) -> None:
        seen.append(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    surface = make(
        driver,
        0,
        cluster_members=server.addresses,
        socket_options=[(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)],
        socket_interceptor=look,
    )
    surface.close()
    assert len(seen) >= 3
    assert all(seen)


# ---- the interceptor


class Greeting:
    """A protocol before that of the members: each side says a word."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple[str, int], str, float | None]] = []
        self.error: Exception | None = None

    def __call__(self, sock: socket.socket, address: tuple[str, int]) -> None:
        self.calls.append((address, threading.current_thread().name, sock.gettimeout()))
        if self.error is not None:
            raise self.error
        sock.sendall(b"hello")
        assert sock.recv(5) == b"howdy"


class Greeter:
    """Listens in front of a member, greets, and passes the bytes on.

    Attributes:
        address: Where it listens.
        first: What each client has sent first.
    """

    def __init__(self, target: tuple[str, int], answer: bytes = b"howdy") -> None:
        self.first: list[bytes] = []
        self._target = target
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._socks: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._run, daemon=True)]
        self._threads[0].start()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._socks.append(client)
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        try:
            self.first.append(client.recv(5, socket.MSG_WAITALL))
            if not self._answer:
                client.recv(1)
                return
            client.sendall(self._answer)
            with socket.create_connection(self._target) as member:
                self._socks.append(member)
                back = threading.Thread(target=self._pump, args=(member, client), daemon=True)
                back.start()
                self._pump(client, member)
                back.join(PATIENCE)
        except OSError:
            pass
        finally:
            client.close()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
        except OSError:
            pass
        for sock in (source, target):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._socks):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)


@pytest.fixture
def member() -> Iterator[tuple[str, int]]:
    """The address of a member that is alone."""
    cluster = SocketCluster(1)
    host, _, port = cluster.addresses[0].rpartition(":")
    yield host, int(port)
    cluster.stop()


@pytest.fixture
def greeter(member: tuple[str, int]) -> Iterator[Greeter]:
    """A greeter in front of the member."""
    running = Greeter(member)
    yield running
    running.close()


def through(greeter: Greeter, greeting: Any, **options: Any) -> dict[str, Any]:
    """Return the options of a client that connects through the greeter only."""
    return {
        "cluster_members": [greeter.address],
        "smart_routing": False,
        "socket_interceptor": greeting,
        "connection_timeout": 5,
        "cluster_connect_timeout": 0,
        **options,
    }


@pytest.mark.parametrize("driver", DRIVERS)
def test_interceptor_speaks_before_the_client_does(greeter: Greeter, driver: str) -> None:
    greeting = Greeting()
    surface = make(driver, 0, **through(greeter, greeting))
    try:
        surface.result(surface.submit(surface.ops.put(1, "value")))
    finally:
        surface.close()
    assert greeter.first == [b"hello"]
    ((address, thread, limit),) = greeting.calls
    assert f"{address[0]}:{address[1]}" == greeter.address
    assert thread.endswith("background")  # not on the thread of the I/O
    assert limit is not None
    assert 0 < limit <= 5


@pytest.mark.parametrize("driver", TLS_DRIVERS)
def test_interceptor_is_called_before_tls(driver: str) -> None:
    seen: list[bool] = []

    def peek(sock: socket.socket, address: tuple[str, int]) -> None:
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(1, socket.MSG_PEEK)  # a server with TLS says nothing before the client does
        seen.append(type(sock) is socket.socket)

    surface = make(driver, 2, socket_interceptor=peek)
    surface.close()
    assert len(seen) >= 2
    assert all(seen)


@pytest.mark.parametrize("driver", DRIVERS)
def test_error_of_the_interceptor_ends_the_attempt(greeter: Greeter, driver: str) -> None:
    greeting = Greeting()
    greeting.error = PermissionError("not you")
    with pytest.raises(IllegalStateError, match="socket_interceptor failed: PermissionError: not you"):
        make(driver, 0, **through(greeter, greeting))


@pytest.mark.parametrize("driver", DRIVERS)
def test_interceptor_that_closes_the_socket(greeter: Greeter, driver: str) -> None:
    with pytest.raises(IllegalStateError, match="socket_interceptor has closed the socket"):
        make(driver, 0, **through(greeter, lambda sock, address: sock.close()))


@pytest.mark.parametrize("driver", DRIVERS)
def test_interceptor_that_waits_is_ended_by_the_time_limit(member: tuple[str, int], driver: str) -> None:
    silent = Greeter(member, b"")
    ended = threading.Event()

    def wait(sock: socket.socket, address: tuple[str, int]) -> None:
        sock.sendall(b"hello")
        sock.settimeout(PATIENCE)
        assert sock.recv(5) == b""  # the client has shut it down
        ended.set()

    try:
        with pytest.raises(IllegalStateError, match=r"no connection within 0\.3 s"):
            make(driver, 0, **through(silent, wait, connection_timeout=0.3))
        assert ended.wait(PATIENCE)
    finally:
        silent.close()

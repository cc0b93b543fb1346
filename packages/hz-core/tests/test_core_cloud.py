"""Discovery of Hazelcast Cloud clusters, with a coordinator on the loopback and an authority made on the fly."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import pytest
import trustme
import uvloop

from core_simulation import Simulation
from core_sockets import SocketCluster
from core_surfaces import make
from hz_core.config import ClientConfig
from hz_core.discovery import DiscoveryError
from hz_core.drivers.cloud import CLOUD_URL, URL_VARIABLE, HazelcastCloudDiscovery
from hz_core.drivers.cloud_token import cloud_discovery
from hz_core.errors import IllegalStateError, InvalidConfigurationError
from hz_core.model import Address

TOKEN = "se/cret+tok en"
PRIVATE, PUBLIC = Address("10.0.0.1", 30001), Address("203.0.113.1", 30001)


@pytest.fixture(scope="module", autouse=True)
def _libuv() -> None:
    """Let libuv open the pipe that it keeps as long as the process lives."""
    uvloop.new_event_loop().close()


class Coordinator:
    """Answers requests as it is told.

    Attributes:
        answer: Status and body.
        requests: The paths that were asked for.
        act: Called with the handler instead of the answer, if there is such a function.
    """

    def __init__(self, authority: trustme.CA) -> None:
        self.answer: tuple[int, bytes] = (200, b"[]")
        self.requests: list[str] = []
        self.act: Callable[[BaseHTTPRequestHandler], object] | None = None
        self.ending = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                outer.requests.append(self.path)
                if outer.act is not None:
                    outer.act(self)
                    return
                status, body = outer.answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = False

            def handle_error(self, *args: Any) -> None:
                pass  # clients that do not trust the server, or do not wait

        self._server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def knows(self, *members: tuple[str, str]) -> None:
        """Answer with these private and public addresses."""
        body = [{"private-address": a, "public-address": b, "tpc-ports": []} for a, b in members]
        self.answer = (200, json.dumps(body).encode())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.ending.set()
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The authority of the coordinator's certificate."""
    return trustme.CA()


@pytest.fixture
def coordinator(authority: trustme.CA) -> Iterator[Coordinator]:
    """A running coordinator."""
    with Coordinator(authority) as running:
        yield running


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """TLS options of a client that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_addresses_and_translation(coordinator: Coordinator, trusting: ssl.SSLContext) -> None:
    coordinator.knows(
        ("10.0.0.1", "203.0.113.1:30001"),
        ("10.0.0.2:5701", "h.example:30002"),
        ("fd00::1", "[2001:db8::1]:7"),
    )
    finder = HazelcastCloudDiscovery(TOKEN, url=coordinator.url, ssl_context=trusting)
    others = [Address("h.example", 30002), Address("2001:db8::1", 7)]
    assert finder.translate(PRIVATE) is None
    assert finder.discover() == [PUBLIC, *others]
    assert coordinator.requests == ["/cluster/discovery?token=se%2Fcret%2Btok%20en"]
    assert finder.translate(PRIVATE) == PUBLIC
    assert finder.translate(PUBLIC) == PUBLIC
    assert finder.translate(Address("10.0.0.2", 5701)) == others[0]
    assert finder.translate(Address("fd00::1", 7)) == others[1]
    assert finder.translate(Address("10.0.0.1", 1)) is None
    coordinator.knows(("10.0.0.1", "203.0.113.9:30001"))
    assert finder.discover() == [Address("203.0.113.9", 30001)]
    assert finder.translate(PRIVATE) == Address("203.0.113.9", 30001)


def test_base_url_with_a_path(coordinator: Coordinator, trusting: ssl.SSLContext) -> None:
    coordinator.knows(("10.0.0.1", "203.0.113.1:30001"))
    HazelcastCloudDiscovery("t", url=f"{coordinator.url}/v2/", ssl_context=trusting).discover()
    assert coordinator.requests == ["/v2/cluster/discovery?token=t"]


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (401, b'{"message": "bad token"}', r"HTTP status 401 \(bad token\): check cloud_discovery_token"),
        (404, b"<html>", "HTTP status 404: check cloud_discovery_token"),
        (500, json.dumps({"message": f"no {TOKEN}"}).encode(), r"HTTP status 500 \(no \.\.\.\)$"),
        (302, b"", "HTTP status 302"),
        (200, b"", "not a list of members"),
        (200, b"{}", "it is of type dict"),
        (200, b"[5]", "an item is of type int"),
        (200, b'[{"private-address": "10.0.0.1"}]', "is missing"),
        (200, b'[{"private-address": "10.0.0.1", "public-address": 5}]', "is missing"),
        (200, b'[{"private-address": "10.0.0.1", "public-address": "h"}]', "has no port"),
        (200, b'[{"private-address": "a b", "public-address": "h:1"}]', "is not a member address"),
        (200, b'[{"private-address": "10.0.0.1", "public-address": "h:99999"}]', "port 99999"),
        (200, b"[" * 100_000, "not a list of members"),
        (200, b"\xff\xfe\x00", "not a list of members"),
        (200, b"[]", "knows no member of this cluster"),
        (200, b" " * (1 << 20) + b"[]", "more than 1048576 bytes"),
    ],
)
def test_other_answers_are_named(
    coordinator: Coordinator, trusting: ssl.SSLContext, status: int, body: bytes, text: str
) -> None:
    coordinator.answer = (status, body)
    finder = HazelcastCloudDiscovery(TOKEN, url=coordinator.url, ssl_context=trusting)
    with pytest.raises(DiscoveryError, match=text) as caught:
        finder.discover()
    assert f"coordinator of Hazelcast Cloud at {coordinator.url}" in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert TOKEN not in repr(finder) + str(finder)


def test_certificate_that_is_not_trusted(coordinator: Coordinator) -> None:
    finder = HazelcastCloudDiscovery(TOKEN, url=coordinator.url)
    with pytest.raises(DiscoveryError, match="it gave no answer: SSLCertVerificationError"):
        finder.discover()
    assert coordinator.requests == []  # the token was not sent


def test_certificate_of_another_host(coordinator: Coordinator, trusting: ssl.SSLContext) -> None:
    url = coordinator.url.replace("127.0.0.1", "localhost")
    with pytest.raises(DiscoveryError, match="localhost"):
        HazelcastCloudDiscovery(TOKEN, url=url, ssl_context=trusting).discover()
    assert coordinator.requests == []


def silence(handler: BaseHTTPRequestHandler, ending: threading.Event) -> None:
    """Answer nothing."""
    ending.wait(10)


def dribble(handler: BaseHTTPRequestHandler, ending: threading.Event) -> None:
    """Answer so slowly that each byte is within the time limit, but not all of them."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while not ending.wait(0.05):
            handler.wfile.write(b" ")
    except OSError:
        pass


@pytest.mark.parametrize("act", [silence, dribble])
def test_time_limit(coordinator: Coordinator, trusting: ssl.SSLContext, act: Any) -> None:
    coordinator.act = lambda handler: act(handler, coordinator.ending)
    finder = HazelcastCloudDiscovery(TOKEN, url=coordinator.url, timeout=0.3, ssl_context=trusting)
    with pytest.raises(DiscoveryError, match=r"it gave no whole answer within 0\.3 s"):
        finder.discover()


def test_answer_that_is_cut_off(coordinator: Coordinator, trusting: ssl.SSLContext) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"[]")

    coordinator.act = cut
    with pytest.raises(DiscoveryError, match="it gave no answer: IncompleteRead"):
        HazelcastCloudDiscovery(TOKEN, url=coordinator.url, ssl_context=trusting).discover()


@pytest.mark.parametrize(
    "url", ["http://h", "ftp://h", "https://", "https://u:p@h", "https://h?x", "https://h:x", "https://h#f"]
)
def test_wrong_urls(url: str) -> None:
    with pytest.raises(InvalidConfigurationError, match="URL of the coordinator"):
        HazelcastCloudDiscovery(TOKEN, url=url)


def test_where_the_coordinator_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    assert CLOUD_URL in repr(HazelcastCloudDiscovery("t")).replace(":443", "")
    monkeypatch.setenv(URL_VARIABLE, "coordinator.example:444")
    assert "https://coordinator.example:444" in repr(HazelcastCloudDiscovery("t"))
    assert "https://other.example:443" in repr(HazelcastCloudDiscovery("t", url="https://other.example"))
    with pytest.raises(InvalidConfigurationError, match="empty"):
        HazelcastCloudDiscovery("")
    assert cloud_discovery("t", 7.0).timeout == 7.0
    assert cloud_discovery("t", 0).timeout == 10.0


@pytest.mark.parametrize(
    "other", [{"cluster_members": ["h"]}, {"discovery": HazelcastCloudDiscovery("t")}], ids=str
)
def test_only_one_way_to_find_the_cluster(other: dict[str, Any]) -> None:
    config = ClientConfig.from_kwargs(cloud_discovery_token=TOKEN, **other)
    with pytest.raises(IllegalStateError, match=f"only one discovery method.*{next(iter(other))}") as caught:
        config.check_available()
    assert TOKEN not in str(caught.value)


def test_it_is_not_simulated() -> None:
    with pytest.raises(NotImplementedError, match="discovery"):
        Simulation(1, cluster_members=[], cloud_discovery_token="t")


@pytest.mark.parametrize("driver", ["threaded", "asyncio", "uvloop"])
def test_clients_find_their_cluster_by_a_token(
    coordinator: Coordinator,
    authority: trustme.CA,
    driver: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> None:
    """Members know each other by private addresses, which the coordinator translates; a new one is asked for."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv(URL_VARIABLE, coordinator.url)
    server = SocketCluster(2)
    try:

        def hide() -> list[tuple[str, str]]:
            """Let the members know private addresses only; return these and where the members listen."""
            for number, member in enumerate(server.cluster.members, 1):
                if member.public is None:
                    member.public, member.address = member.address, Address(f"10.255.0.{number}", 5701)
            return [(str(m.address), str(m.public)) for m in server.cluster.members]

        coordinator.knows(*server.do(hide))
        surface = make(driver, 0, cluster_members=None, cloud_discovery_token=TOKEN)
        try:
            sessions = lambda: [len(m.sessions) for m in server.cluster.members]  # noqa: E731
            surface.until(lambda: server.do(sessions) == [1, 1])
            asked = len(coordinator.requests)
            assert asked == 1

            def grow() -> None:
                server.add()
                coordinator.knows(*hide())
                server.cluster.spread()
                server.cluster.publish_view()

            server.do(grow)
            surface.until(lambda: server.do(sessions) == [1, 1, 1])
            assert len(coordinator.requests) == asked + 1
            server.do(server.cluster.cut_all)
            surface.until(lambda: len(coordinator.requests) > asked + 1)
            surface.until(lambda: server.do(sessions) == [1, 1, 1])
        finally:
            surface.close()
    finally:
        server.stop()


@pytest.mark.parametrize("driver", ["threaded", "asyncio", "uvloop"])
def test_client_tells_why_the_cluster_was_not_found(
    coordinator: Coordinator, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, coordinator.url)
    with pytest.raises(
        IllegalStateError, match=r"discovery by Hazelcast Cloud .*SSLCertVerificationError"
    ) as caught:
        make(driver, 0, cluster_members=None, cloud_discovery_token=TOKEN, cluster_connect_timeout=0)
    assert TOKEN not in str(caught.value)

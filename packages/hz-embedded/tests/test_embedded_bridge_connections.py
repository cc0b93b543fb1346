"""The bridge's connections to a simulated JVM: what is sent, how often, and what ends a request."""

import queue
import socket
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from py4j.java_gateway import GatewayParameters, PythonProxyPool
from py4j.protocol import Py4JAuthenticationError, Py4JNetworkError

from hz_embedded._releasing import Releaser
from hz_embedded._waiting import await_state
from hz_embedded.bridge import ConversionError, connections
from hz_embedded.bridge.calls import Calls
from hz_embedded.bridge.clients import Client, PinnedClient, ThreadedClient, marked, refuse_foreign

WAIT = 30
Script = Callable[[Any, "Server"], None]


class Server:
    """Accepts connections, and runs a script for each; it records the lines that arrive."""

    def __init__(self, *scripts: Script) -> None:
        self.lines: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self.go_on = threading.Event()
        self._scripts = queue.SimpleQueue[Script]()
        for script in scripts:
            self._scripts.put(script)
        self._threads: list[threading.Thread] = []
        self._accepted: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self.socket.accept()
            except OSError:
                return
            self._accepted.append(accepted)
            thread = threading.Thread(target=self._run, args=(accepted, self._scripts.get()))
            self._threads.append(thread)
            thread.start()

    def _run(self, accepted: socket.socket, script: Script) -> None:
        with accepted, accepted.makefile("rwb", buffering=0) as stream:
            script(stream, self)

    def close(self) -> None:
        self.go_on.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._accepting.join(WAIT)
        for thread in self._threads:
            thread.join(WAIT)

    def read(self, stream: Any) -> str:
        """Read a request up to its end, and return it."""
        lines = []
        while (line := stream.readline().decode()) not in ("", "e\n"):
            lines.append(line)
            self.lines.append(line)
        return "".join(lines)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*scripts: Script) -> Server:
        servers.append(Server(*scripts))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def answering(*answers: str) -> Script:
    """Return a script that answers one request after the other, and then closes the connection."""

    def script(stream: Any, server: Server) -> None:
        for answer in answers:
            if not server.read(stream):
                return
            stream.write(answer.encode() + b"\n")

    return script


def silent(stream: Any, server: Server) -> None:
    server.read(stream)
    server.go_on.wait(WAIT)


@pytest.fixture(params=[ThreadedClient, PinnedClient])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def make(server: Server, **more: Any) -> Client:
        client: Client = request.param(GatewayParameters(port=server.port, **more))
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.end("the test is over")


def call(client: Client, name: str = "o1") -> str:
    return str(client.send_command(f"c\n{name}\nsize\ne\n"))


def test_requests_use_one_connection(serve: Callable[..., Server], connect: Callable[..., Client]) -> None:
    client = connect(serve(answering("!yi1", "!yi2")))
    assert [call(client), call(client)] == ["yi1", "yi2"]


def test_a_request_whose_answer_is_lost_is_not_sent_again(
    serve: Callable[..., Server], connect: Callable[..., Client]
) -> None:
    server = serve(lambda stream, server: server.read(stream), answering("!yi2"))
    client = connect(server)
    with pytest.raises(Py4JNetworkError, match="was lost before its answer came"):
        call(client, "o1")
    assert call(client, "o2") == "yi2"
    assert [line for line in server.lines if line.startswith("o")] == ["o1\n", "o2\n"]


def test_an_idle_connection_that_the_server_has_closed_is_replaced(
    serve: Callable[..., Server], connect: Callable[..., Client]
) -> None:
    ended = threading.Event()

    def once(stream: Any, server: Server) -> None:
        answering("!yi1")(stream, server)
        ended.set()

    client = connect(serve(once, answering("!yi2")))
    assert call(client) == "yi1"
    assert ended.wait(WAIT)
    (connection,) = client.connections()
    assert await_state(lambda: not connection.usable, WAIT)
    assert call(client) == "yi2"


def test_a_client_that_refuses_ends_who_waits(
    serve: Callable[..., Server], connect: Callable[..., Client]
) -> None:
    client = connect(serve(silent, answering("!yi2")))
    errors: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

    def wait() -> None:
        try:
            call(client)
        except Py4JNetworkError as error:
            errors.put(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert await_state(lambda: any(each.waiting and each.users for each in client.connections()), WAIT)
    client.refuse("out of order", ended=False)
    assert str(errors.get(timeout=WAIT)) == "out of order"
    waiting.join(WAIT)
    with pytest.raises(Py4JNetworkError, match="out of order"):
        call(client)
    client.accept()
    assert call(client) == "yi2"
    client.refuse("for ever", ended=True)
    client.accept()
    client.refuse("later", ended=False)
    with pytest.raises(Py4JNetworkError, match="for ever"):
        call(client)


def test_a_request_that_the_jvm_does_not_read_ends_too(
    serve: Callable[..., Server], connect: Callable[..., Client]
) -> None:
    client = connect(serve(lambda stream, server: server.go_on.wait(WAIT) and None, answering("!yi2")))
    errors: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

    def send() -> None:
        try:
            client.send_command(f"c\no1\nadd\ns{'x' * 50_000_000}\ne\n")
        except Py4JNetworkError as error:
            errors.put(error)

    sending = threading.Thread(target=send)
    sending.start()
    assert await_state(lambda: any(each.waiting and each.users for each in client.connections()), WAIT)
    client.refuse("out of order", ended=False)
    assert str(errors.get(timeout=WAIT)) == "out of order"
    sending.join(WAIT)
    client.accept()
    assert call(client) == "yi2"


def test_a_refused_token(serve: Callable[..., Server], connect: Callable[..., Client]) -> None:
    def refuse(stream: Any, server: Server) -> None:
        server.lines += [stream.readline().decode(), stream.readline().decode()]
        stream.write(b"!x\n")

    server = serve(refuse)
    client = connect(server, auth_token="mine")
    with pytest.raises(Py4JAuthenticationError):
        call(client)
    assert server.lines == ["A\n", "mine\n"]
    assert client.connections() == []


def test_a_server_that_forgets_a_new_connection(
    serve: Callable[..., Server], connect: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_HANDSHAKE_SECONDS", 0.1)
    client = connect(serve(silent), auth_token="mine")
    with pytest.raises(Py4JNetworkError, match=r"gave no answer within 0\.1 s to a new connection"):
        call(client)


def test_nobody_listens(connect: Callable[..., Client]) -> None:
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        client = connect(SimpleNamespace(port=refusing.getsockname()[1]))
        with pytest.raises(Py4JNetworkError, match="cannot be reached") as caught:
            call(client)
    assert isinstance(caught.value.cause, ConnectionRefusedError)


def test_what_is_no_answer(serve: Callable[..., Server]) -> None:
    client = ThreadedClient(GatewayParameters(port=serve(answering("c")).port))
    with pytest.raises(Py4JNetworkError, match="sent 'c', which is no answer"):
        call(client)
    client.end("the test is over")


@pytest.fixture
def releasing(
    serve: Callable[..., Server], connect: Callable[..., Client]
) -> Callable[..., tuple[Client, Server]]:
    """Return a function that starts a client whose releaser talks to the scripts."""

    def start(*scripts: Script) -> tuple[Client, Server]:
        server = serve(*scripts)
        client = connect(server)
        client.releaser = Releaser(client)
        return client, server

    return start


def release(client: Client, *names: str) -> None:
    for name in names:
        client.garbage_collect_object(name)


def released(server: Server) -> list[str]:
    return [line.strip() for line in server.lines if line.startswith("o")]


def test_objects_that_are_dropped_while_requests_are_refused_are_released_later(releasing: Any) -> None:
    client, server = releasing(answering("!yv", "!yv", "!yv"))
    client.refuse("out of order", ended=False)
    release(client, "o1", "o2", "t")  # and the entry point, which is never released
    releaser = client.releaser
    assert releaser is not None
    assert await_state(lambda: releaser._queue.qsize() == 1, WAIT)  # the first one has been taken
    assert released(server) == []
    client.accept()
    releaser.flush()
    assert released(server) == ["o1", "o2"]
    client.refuse("for ever", ended=True)
    release(client, "o3")
    client.end("for ever")
    assert released(server) == ["o1", "o2"]


def test_a_lost_connection_does_not_end_the_releases(releasing: Any) -> None:
    client, server = releasing(
        lambda stream, server: server.read(stream), answering("!yv", "!yv"), answering("!yv")
    )
    release(client, "o1", "o2")
    assert client.releaser is not None
    client.releaser.flush()
    assert released(server) == ["o1", "o1", "o2"]  # releasing twice harms nobody


class Target:
    """A Python object that Java calls."""

    def __init__(self, result: Callable[[], object]) -> None:
        self.run = result


@pytest.fixture
def pinned(serve: Callable[..., Server]) -> Iterator[Callable[[Callable[[], object]], tuple[Client, Server]]]:
    clients: list[Client] = []

    def make(result: Callable[[], object]) -> tuple[Client, Server]:
        def script(stream: Any, server: Server) -> None:
            while server.read(stream):
                stream.write(b"c\np0\nrun\ne\n")
                answer = stream.readline().decode()
                server.lines.append(answer)
                stream.write(answer.encode() if answer[:2] == "!y" else b"!xsfailed\n")

        server = serve(script, script)
        client, pool = PinnedClient(GatewayParameters(port=server.port)), PythonProxyPool()
        client.calls = Calls(client, pool, SimpleNamespace(propagate_java_exceptions=False))
        pool.put(Target(result))
        clients.append(client)
        return client, server

    yield make
    for client in clients:
        client.end("the test is over")


def test_a_callback_answers_before_the_call_returns(pinned: Any) -> None:
    client, _ = pinned(lambda: 5)
    assert call(client) == "yi5"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_thread_comes_out_and_java_is_told(pinned: Any, kind: type[BaseException]) -> None:
    raising = [kind("mine"), 7]

    def result() -> object:
        each = raising.pop(0)
        if isinstance(each, BaseException):
            raise each
        return each

    client, server = pinned(result)
    with pytest.raises(kind, match="mine"):
        call(client)
    assert call(client) == "yi7"
    assert await_state(lambda: any(line.startswith("!x") for line in server.lines), WAIT)
    told = [line for line in server.lines if line.startswith("!x")]
    assert [kind.__name__ in line for line in told] == [True]


def test_a_result_that_java_cannot_have_is_an_error_for_java(pinned: Any) -> None:
    client, server = pinned(lambda: "\ud800")
    assert call(client) == "xsfailed"
    assert "ConversionError" in server.lines[-1]


def test_objects_carry_the_mark_of_their_jvm(connect: Callable[..., Client]) -> None:
    one, other = (connect(SimpleNamespace(port=1)) for _ in range(2))
    one.label, other.label = "the first JVM", "the second JVM"
    assert marked("o5", one) != "o5"
    assert one.own(f"c\no1\nadd\nr{marked('o5', one)}\ne\n") == "c\no1\nadd\nro5\ne\n"
    with pytest.raises(ConversionError, match=r"object of the second JVM cannot be used in the first JVM"):
        one.send_command(f"c\no1\nadd\nr{marked('o5', one)}\nr{marked('o5', other)}\ne\n")
    with pytest.raises(ConversionError, match="the second JVM"):
        refuse_foreign(SimpleNamespace(_gateway_client=other), one)
    refuse_foreign("a value", one)
    assert marked("o5", object()) == "o5"


def test_a_lone_surrogate_is_refused_before_anything_is_sent(connect: Callable[..., Client]) -> None:
    client = connect(SimpleNamespace(port=1))
    with pytest.raises(ConversionError, match=r"lone surrogate '\\ud800'"):
        client.send_command("c\no1\nadd\ns\ud800\ne\n")

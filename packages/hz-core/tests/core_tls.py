"""TLS in front of simulated members: certificates made on the spot, and a relay that ends TLS."""

import asyncio
import datetime
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, suppress
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

T = TypeVar("T")

PATIENCE = 30.0


@cache
def _certificate(name: str) -> bytes:
    """Return a self-signed certificate for an IP address or a name, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "member")])
    now = datetime.datetime.now(datetime.UTC)
    try:
        alternative: x509.GeneralName = x509.IPAddress(ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + made.public_bytes(Encoding.PEM)


def server_context(name: str = "127.0.0.1") -> ssl.SSLContext:
    """Return the options of a member whose certificate is for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "member.pem")
        path.write_bytes(_certificate(name))
        context.load_cert_chain(path)
    return context


def client_context(name: str = "127.0.0.1") -> ssl.SSLContext:
    """Return the options of a client that trusts the certificate for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(
        cadata=_certificate(name).decode().partition("-----END PRIVATE KEY-----\n")[2]
    )
    return context


class TlsRelay:
    """Listens with TLS, and passes the bytes on to plain ports of the loopback, from a thread of its own."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context or server_context()
        self._loop = asyncio.new_event_loop()
        self._servers: dict[int, asyncio.Server] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls-relay", daemon=True)
        self._thread.start()

    def _do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def open(self, plain_port: int, port: int = 0) -> int:
        """Listen, for the member at `plain_port`; return the port."""

        def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = self._loop.create_task(self._relay(reader, writer, plain_port))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        async def listen() -> int:
            listener = socket.create_server(("127.0.0.1", port))
            where: int = listener.getsockname()[1]
            self._servers[where] = await asyncio.start_server(relay, sock=listener, ssl=self._context)
            return where

        return self._do(listen())

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, plain_port: int
    ) -> None:
        writers = [writer]
        # asyncio does so only for sockets whose protocol was named.
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with suppress(OSError):
                plain_reader, plain_writer = await asyncio.open_connection("127.0.0.1", plain_port)
                writers.append(plain_writer)
                self._writers.update(writers)
                await self._pass_on((reader, plain_writer), (plain_reader, writer))
                for end in writers:
                    end.close()
                for end in writers:
                    with suppress(OSError):
                        await end.wait_closed()
        finally:
            # Also when this is cancelled: TLS would wait for the other end.
            for end in writers:
                end.transport.abort()
            self._writers.difference_update(writers)

    async def _pass_on(self, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        """Pass on what is received, until one of the ends is closed."""
        pumps = [self._loop.create_task(_pump(*ends)) for ends in ways]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    def connections(self) -> int:
        """Return how many connections there are, with those that are being closed."""

        async def count() -> int:
            loop: Any = self._loop
            # Each has a socket at each of its two ends; those that listen are not in this table.
            sockets = sum(transport._sock is not None for transport in loop._transports.values())
            return max(len(self._tasks), (sockets + 1) // 2)

        return self._do(count())

    def close(self, port: int) -> None:
        """Stop listening at a port; connections stay."""

        async def close() -> None:
            self._servers.pop(port).close()

        self._do(close())

    def cut_raggedly(self) -> None:
        """Break all connections without the closing message of TLS."""

        self._do(self._abort())

    async def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def stop(self) -> None:
        """Close everything."""

        async def stop() -> None:
            for server in self._servers.values():
                server.close()
            # A task that is cancelled before it has begun would not close what was accepted.
            await asyncio.sleep(0)
            # Those of asyncio, too, which accept connections: a handshake that ends now would begin another relay.
            while running := asyncio.all_tasks() - {asyncio.current_task()}:
                for task in running:
                    task.cancel()
                await asyncio.wait(running)
            # What was in its handshake would otherwise wait for the other end, which nobody hears any more.
            transports: Any = self._loop
            for transport in list(transports._transports.values()):
                transport.abort()
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        self._do(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 17):
            writer.write(data)
            await writer.drain()
    except OSError:
        return


class Server:
    """Accepts connections on the loopback and treats each as it is told, in threads."""

    def __init__(self, treat: Callable[[socket.socket], object]) -> None:
        self._treat = treat
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._kept = ExitStack()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            sock = self._kept.enter_context(self._listener.accept()[0])
            if sock.getpeername() == self._closing:
                return
            self._treat(sock)

    _closing: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with socket.socket() as last:
            last.bind(("127.0.0.1", 0))
            self._closing = last.getsockname()
            last.connect(self._listener.getsockname())
            self._thread.join(PATIENCE)
        self._listener.close()
        self._kept.close()


def strict_member(context: ssl.SSLContext, *, abrupt: bool = False) -> Server:
    """Return a server that tells why it refuses a client; abruptly, without having read what the client has sent."""

    def treat(sock: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        with suppress(ssl.SSLError):  # the refusal
            while True:
                try:
                    tls.do_handshake()
                except ssl.SSLWantReadError:
                    sock.sendall(outgoing.read())
                    incoming.write(sock.recv(16384))
                else:
                    break
        sock.sendall(outgoing.read())
        # Otherwise the system resets the connection, since what the client sends after the handshake is not read.
        if not abrupt:
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(16384):
                pass
        sock.close()

    return Server(treat)

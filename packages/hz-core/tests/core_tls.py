"""TLS of members: certificates made on the spot, and servers that refuse."""

import datetime
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from core_selector_thread import PATIENCE


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
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # as the client's own contexts
    context.load_verify_locations(
        cadata=_certificate(name).decode().partition("-----END PRIVATE KEY-----\n")[2]
    )
    return context


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

"""TLS with contexts of the user, and the tokens that both sides require (rows 73 to 76)."""

import datetime as dt
import ipaddress
import logging
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from py4j.java_gateway import GatewayParameters, JavaGateway
from py4j.protocol import Py4JAuthenticationError, Py4JError, Py4JNetworkError

from bridge_waiting import WAIT, Caller, Gate, sends
from hz_embedded import ConfigurationError, Jvm, JvmStartError
from hz_embedded.bridge import BridgeOptions, BridgeTls

PASSWORD = "secret of the key stores"


class Upper:
    """A Java function."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar = ["java.util.function.Function"]

    def apply(self, value: str) -> str:
        return value.upper()


def call_back(jvm: Jvm) -> object:
    return jvm.view.java.util.Optional.of("a").map(Upper()).get()


class Identity:
    """A self-signed certificate for 127.0.0.1, as files for both sides."""

    def __init__(self, folder: Path, name: str) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                critical=False,
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        secret = serialization.BestAvailableEncryption(PASSWORD.encode())
        self.pem = folder / f"{name}.pem"
        self.pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        self.key_store = folder / f"{name}.p12"
        self.key_store.write_bytes(
            pkcs12.serialize_key_and_certificates(b"key", key, certificate, None, secret)
        )
        self.trust_store = folder / f"{name}-trust.p12"
        friend = pkcs12.PKCS12Certificate(certificate, b"friend")
        self.trust_store.write_bytes(pkcs12.serialize_java_truststore([friend], secret))

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        return context

    def client_that_trusts_it(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.pem)
        assert context.check_hostname
        return context


@pytest.fixture(scope="module")
def java_identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Identity(tmp_path_factory.mktemp("tls"), "java")


@pytest.fixture(scope="module")
def python_identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Identity(tmp_path_factory.mktemp("tls"), "python")


@pytest.fixture(scope="module")
def tls(java_identity: Identity, python_identity: Identity) -> BridgeTls:
    return BridgeTls(
        client=java_identity.client_that_trusts_it(),
        server=python_identity.server(),
        key_store=java_identity.key_store,
        key_store_password=PASSWORD,
        trust_store=python_identity.trust_store,
        trust_store_password=PASSWORD,
    )


@pytest.fixture(scope="module")
def secured(tls: BridgeTls) -> Iterator[Jvm]:
    with Jvm.start(bridge=BridgeOptions(tls=tls)) as jvm:
        yield jvm


def test_row_73_calls_to_java_go_over_tls(secured: Jvm, java_identity: Identity) -> None:
    assert secured.view.java.util.ArrayList().size() == 0
    with socket.create_connection(("127.0.0.1", secured.port)) as plain:
        context = java_identity.client_that_trusts_it()
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as encrypted:
            assert encrypted.version() in ("TLSv1.2", "TLSv1.3")
            subject = encrypted.getpeercert()
    assert subject is not None
    assert subject["subject"] == ((("commonName", "java"),),)


def test_what_ends_a_call_over_tls(tls: BridgeTls) -> None:
    with Jvm.start(bridge=BridgeOptions(tls=tls)) as jvm:
        gate = Gate(jvm)
        with sends(signal.SIGINT, lambda: gate.await_waiting(1)), pytest.raises(KeyboardInterrupt):
            gate.wait()
        assert call_back(jvm) == "A"
        waiting = Caller(gate.wait)
        gate.await_waiting(2)  # with the thread whose caller has gone
        jvm.suspend()
        with pytest.raises(Py4JNetworkError, match="is suspended"):
            waiting.result()
        jvm.resume()
        assert call_back(jvm) == "A"
        waiting = Caller(gate.wait)
        gate.await_waiting(3)
        jvm.kill()
        with pytest.raises(Py4JNetworkError, match=f"{jvm.pid}"):
            waiting.result()


def test_row_73_the_name_must_match_the_certificate(tls: BridgeTls) -> None:
    wrong = replace(tls, address="localhost")
    with pytest.raises(JvmStartError, match="could not be opened"):
        Jvm.start(bridge=BridgeOptions(tls=wrong))


def test_row_73_a_certificate_that_python_does_not_trust(tls: BridgeTls, python_identity: Identity) -> None:
    wrong = replace(tls, client=python_identity.client_that_trusts_it())
    with pytest.raises(JvmStartError, match="could not be opened"):
        Jvm.start(bridge=BridgeOptions(tls=wrong))


def test_row_74_calls_to_python_go_over_tls(secured: Jvm, python_identity: Identity) -> None:
    assert call_back(secured) == "A"
    with socket.create_connection(("127.0.0.1", secured.callback_port)) as plain:
        context = python_identity.client_that_trusts_it()
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as encrypted:
            assert encrypted.version() in ("TLSv1.2", "TLSv1.3")


def test_row_74_a_certificate_that_java_does_not_trust(tls: BridgeTls, java_identity: Identity) -> None:
    wrong = replace(tls, trust_store=java_identity.trust_store)
    with Jvm.start(bridge=BridgeOptions(tls=wrong)) as jvm, pytest.raises(Py4JError):
        call_back(jvm)


def test_row_74_strangers_without_tls_harm_nobody(secured: Jvm) -> None:
    with socket.create_connection(("127.0.0.1", secured.callback_port)) as silent:
        with socket.create_connection(("127.0.0.1", secured.callback_port), timeout=WAIT) as babbling:
            babbling.sendall(b"A\nno token\ne\n" * 10)
            assert b"!y" not in _until_closed(babbling)
        assert call_back(secured) == "A"
        silent.sendall(b"\n")
    assert call_back(secured) == "A"


def test_wrong_passwords_and_files_are_named_errors(tls: BridgeTls, tmp_path: Path) -> None:
    with pytest.raises(JvmStartError, match="password"):
        Jvm.start(bridge=BridgeOptions(tls=replace(tls, key_store_password="wrong")))
    with pytest.raises(ConfigurationError, match=r"missing\.p12 for TLS cannot be read"):
        Jvm.start(bridge=BridgeOptions(tls=replace(tls, key_store=tmp_path / "missing.p12")))
    with pytest.raises(ConfigurationError, match="pinned"):
        BridgeOptions(threading="pinned", tls=tls)
    assert PASSWORD not in repr(tls)


@pytest.fixture(scope="module", params=["multi", "pinned"])
def jvm(request: pytest.FixtureRequest) -> Iterator[Jvm]:
    with Jvm.start(bridge=BridgeOptions(threading=request.param)) as started:
        yield started


@pytest.mark.parametrize("token", [None, "wrong", ""])
def test_rows_75_76_java_refuses_who_lacks_the_token(jvm: Jvm, token: str | None) -> None:
    stranger = JavaGateway(gateway_parameters=GatewayParameters(port=jvm.port, auth_token=token))
    with pytest.raises(Py4JError) as caught:
        stranger.jvm.java.lang.System.currentTimeMillis()
    if token:
        assert isinstance(caught.value, Py4JAuthenticationError)
    stranger.close(keep_callback_server=True)
    assert jvm.view.java.lang.System.currentTimeMillis() > 0


Greeting = Callable[[Jvm], bytes]


@pytest.mark.parametrize("greeting", [b"A\nwrong\ne\n", b"c\nt\ntoString\ne\n", b"A\n\ne\n", b"\n"])
def test_rows_75_76_python_refuses_who_lacks_the_token(
    jvm: Jvm, greeting: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    held: Any = jvm.view.java.util.ArrayList()
    held.add(Upper())
    with (
        caplog.at_level(logging.CRITICAL, "py4j"),
        socket.create_connection(("127.0.0.1", jvm.callback_port), timeout=WAIT) as stranger,
    ):
        stranger.sendall(greeting)
        assert b"!y" not in _until_closed(stranger)
    assert call_back(jvm) == "A"


def test_row_76_both_sides_demand_one_token_that_is_not_guessable(jvm: Jvm) -> None:
    token = jvm.gateway.gateway_parameters.auth_token
    assert len(token) >= 32
    assert jvm.gateway.callback_server_parameters.auth_token == token
    with Jvm.start() as other:
        assert other.gateway.gateway_parameters.auth_token != token


def _until_closed(connection: socket.socket) -> bytes:
    answer = b""
    try:
        while part := connection.recv(4096):
            answer += part
    except ConnectionResetError:
        pass
    return answer

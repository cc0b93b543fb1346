"""Clients whose TLS is made by options, on both drivers, in front of members of every kind."""

import ssl
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core_ca import Authority
from core_forks import in_child
from core_selector_thread import PATIENCE
from core_sockets import SocketCluster
from core_surfaces import Surface, Threaded, make, why_not
from core_tls import strict_member
from core_tls_relay import TlsRelay
from hz_core.errors import InvalidConfigurationError
from hz_core.op import Flow, Sleep
from hz_core.testing import Request, SimulatedMember
from hz_serialization import SerializationService

DRIVERS = ["threaded", "asyncio", "uvloop"]
OLD, NEW = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    """An authority that the other side does not know."""
    return Authority(tmp_path, "stranger")


@contextmanager
def member(context: ssl.SSLContext) -> Iterator[SocketCluster]:
    """Run a member that demands TLS."""
    members = SocketCluster(1, TlsRelay(context))
    try:
        yield members
    finally:
        members.stop()


@contextmanager
def connected(driver: str, members: SocketCluster, **options: Any) -> Iterator[Surface]:
    """Run a client of the members."""
    surface = make(driver, 0, cluster_members=members.addresses, **options)
    try:
        yield surface
    finally:
        surface.close()


def works(surface: Surface) -> None:
    """Write something large and read it again."""
    value = "x" * 100_000
    surface.result(surface.submit(surface.ops.put(1, value)))
    assert surface.result(surface.submit(surface.ops.get(1))) == value


def requests(members: SocketCluster) -> int:
    """Return how many requests have reached the member."""
    return len(members.do(lambda: members.cluster.members[0].requests))


def refused(members: SocketCluster, driver: str, **options: Any) -> str:
    """Return why there is no connection; no request may have reached the member."""
    text = why_not(driver, members.addresses[0], **options)
    assert requests(members) == 0
    return text


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_trusted_member(driver: str, authority: Authority) -> None:
    with member(authority.server()) as members, connected(driver, members, **authority.trusted) as surface:
        works(surface)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_context_of_the_user(driver: str, authority: Authority) -> None:
    context = ssl.create_default_context(cafile=authority.cafile)
    with member(authority.server()) as members, connected(driver, members, ssl_context=context) as surface:
        works(surface)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_certificate_for_another_name(driver: str, authority: Authority) -> None:
    with member(authority.server("other.test")) as members:
        text = refused(members, driver, **authority.trusted)
        assert "IP address mismatch, certificate is not valid for '127.0.0.1'" in text
        assert "ssl_check_hostname=False accepts any name" in text
        with connected(driver, members, **authority.trusted, ssl_check_hostname=False) as surface:
            works(surface)


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_expired_certificate(driver: str, authority: Authority) -> None:
    with member(authority.server(expired=True)) as members:
        text = refused(members, driver, **authority.trusted)
        assert "certificate has expired" in text
        assert "check the dates" in text
        assert "expired" in refused(members, driver, **authority.trusted, ssl_check_hostname=False)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_certificate_of_an_unknown_authority(
    driver: str, authority: Authority, stranger: Authority
) -> None:
    with member(stranger.server()) as members:
        for options in (authority.trusted, {"ssl_enabled": True}):
            text = refused(members, driver, **options, ssl_check_hostname=False)
            assert "unable to get local issuer certificate" in text
            assert "check that ssl_cafile holds the certificate of the authority" in text


@pytest.mark.parametrize("version", [OLD, NEW], ids=lambda version: version.name)
@pytest.mark.parametrize("driver", DRIVERS)
def test_mutual_authentication(driver: str, version: ssl.TLSVersion, authority: Authority) -> None:
    files = authority.client("encrypted", b"the password")
    options = {**authority.trusted, **files.options, "ssl_password": lambda: "the password"}
    with member(authority.mutual(version)) as members, connected(driver, members, **options) as surface:
        works(surface)


@pytest.mark.parametrize("version", [OLD, NEW], ids=lambda version: version.name)
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_missing_or_unknown_certificate_of_the_client(
    driver: str, version: ssl.TLSVersion, authority: Authority, stranger: Authority
) -> None:
    """With TLS 1.3 the member refuses when the client believes that the handshake is done."""
    with strict_member(authority.mutual(version)) as server:
        missing = why_not(driver, server.address, **authority.trusted)
        foreign = stranger.client("foreign").options
        unknown = why_not(driver, server.address, **authority.trusted, **foreign)
    assert ("handshake failure" if version is OLD else "certificate required") in missing
    assert "unknown ca" in unknown
    for text in (missing, unknown):
        assert "check that ssl_certfile and ssl_keyfile are those that the member expects" in text


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_refusal_after_the_handshake_by_a_member_that_reads_nothing_more(
    driver: str, authority: Authority
) -> None:
    """The system resets the connection, and the client may not get to read the reason before."""
    with strict_member(authority.mutual(NEW), abrupt=True) as server:
        for _ in range(10):
            text = why_not(driver, server.address, **authority.trusted)
            assert (
                "certificate required" in text or "(during the authentication: the log of the member" in text
            )


def old_member(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    """Let a member know nothing newer than a version."""
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@pytest.mark.parametrize(
    ("version", "options"),
    [(ssl.TLSVersion.TLSv1_1, {}), (OLD, {"ssl_protocol": "TLSv1_3"})],
    ids=["TLS 1.1", "TLS 1.2"],
)
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_member_with_an_older_version(
    driver: str, version: ssl.TLSVersion, options: dict[str, Any], authority: Authority
) -> None:
    with strict_member(old_member(authority.server(), version)) as server:
        text = why_not(driver, server.address, **authority.trusted, **options)
    assert "alert protocol version" in text
    assert "the client's lowest one is ssl_protocol" in text


@pytest.mark.parametrize("driver", DRIVERS)
def test_no_common_cipher(driver: str, authority: Authority) -> None:
    context = authority.server()
    context.maximum_version = OLD
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    with strict_member(context) as server:
        ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"
        text = why_not(driver, server.address, **authority.trusted, ssl_ciphers=ciphers)
    assert "handshake failure" in text
    assert "see ssl_ciphers" in text
    ciphers = f"ECDHE-ECDSA-AES128-GCM-SHA256:{ciphers}"
    with (
        member(context) as members,
        connected(driver, members, **authority.trusted, ssl_ciphers=ciphers) as surface,
    ):
        works(surface)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_member_without_tls(driver: str, authority: Authority) -> None:
    members = SocketCluster(1)
    members.cluster.members[0].connected = lambda link: link.cut()  # type: ignore[method-assign]  # this member closes at once
    try:
        text = why_not(driver, members.addresses[0], **authority.trusted)
        assert (
            "the member closed the connection during the TLS handshake; check that the member uses TLS on this port"
            in text
        )
    finally:
        members.stop()


# --- what the descriptor does not show ----------------------------------------------------------------------------


def reply_together(kept: list[Request]) -> None:
    """Answer requests in one piece, which the relay encrypts as it likes."""
    pipe = kept[0].session.pipe
    pipe.send(b"".join(request.reply_bytes(data_of(request)) for request in kept))


def data_of(request: Request) -> bytes:
    """Return a reply to a `Map.get` that tells its key, of some records of TLS."""
    service = SerializationService()
    key = service.to_object(request["key"])
    return service.to_data([key, "x" * 5000])


@pytest.mark.parametrize("driver", DRIVERS)
def test_replies_that_arrive_together_wake_everyone_who_waits(driver: str, authority: Authority) -> None:
    """One thread reads for all. What TLS has decrypted, or buffers, must not be left behind."""
    count, rounds = 8, 20
    with member(authority.server()) as members, connected(driver, members, **authority.trusted) as surface:
        kept: list[Request] = []

        def keep(request: Request) -> None:
            kept.append(request)
            if len(kept) == count:
                reply_together(kept)
                kept.clear()

        members.do(lambda: members.cluster.members[0].rule("Map.get", keep))
        if isinstance(surface, Threaded):
            blocking = surface.client.blocking
            with ThreadPoolExecutor(count) as threads:
                for _ in range(rounds):
                    # In threads that wait each for its own, so that reading is handed over.
                    waiting = [threads.submit(blocking.call, surface.ops.get(key)) for key in range(count)]
                    for key, call in enumerate(waiting):
                        assert call.result(PATIENCE)[0] == key
        else:
            for _ in range(rounds):
                begun = [surface.submit(surface.ops.get(key)) for key in range(count)]
                for key, handle in enumerate(begun):
                    assert surface.result(handle)[0] == key


# --- certificates that are renewed --------------------------------------------------------------------------------


def until_logged(surface: Surface, caplog: pytest.LogCaptureFixture, text: str) -> None:
    surface.until(lambda: any(text in record.getMessage() for record in list(caplog.records)))


@pytest.mark.parametrize("driver", DRIVERS)
def test_renewed_certificates_are_read_when_the_client_reconnects(
    driver: str, authority: Authority, stranger: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The authority of the members changes, and so does the one of clients; broken files are tried again."""
    context = authority.mutual()
    own = authority.client("own")
    with (
        member(context) as members,
        connected(driver, members, **authority.trusted, **own.options) as surface,
    ):
        works(surface)
        members.do(members.refuse)
        stranger.certify(context)
        stranger.ca.configure_trust(context)
        caplog.clear()
        members.do(members.accept)
        until_logged(surface, caplog, "check that ssl_cafile holds the certificate of the authority")
        Path(authority.cafile).write_text("-----BEGIN CERTIFICATE-----\nhalf of it")
        until_logged(surface, caplog, "ssl_cafile: no certificates in the format PEM")
        Path(authority.cafile).unlink()
        until_logged(surface, caplog, "cannot be read: No such file or directory")
        fresh = stranger.client("fresh")
        Path(own.ssl_certfile).write_bytes(Path(fresh.ssl_certfile).read_bytes())
        stranger.write(Path(authority.cafile).name)
        until_logged(surface, caplog, "the key is not that of the certificate")
        Path(own.ssl_keyfile).write_bytes(Path(fresh.ssl_keyfile).read_bytes())
        works(surface)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_password_that_takes_long_stops_nobody_else(driver: str, authority: Authority) -> None:
    """While a function waits for the password of a renewed key, the other connection works."""
    files = authority.client("encrypted", b"the password")
    asked, given = threading.Event(), threading.Event()
    given.set()

    def password() -> str:
        asked.set()
        assert given.wait(PATIENCE)
        return "the password"

    options = {**authority.trusted, **files.options, "ssl_password": password}
    members = SocketCluster(2, TlsRelay(authority.mutual()))
    try:
        with connected(driver, members, **options) as surface:
            first, second = members.cluster.members
            surface.until(lambda: members.do(lambda: first.sessions and second.sessions))
            asked.clear()
            given.clear()
            with open(files.ssl_keyfile, "ab") as file:
                file.write(b"\n")
            before = members.do(lambda: second.count("Client.authentication"))
            members.do(second.cut_all)
            surface.until(asked.is_set)
            for _ in range(10):
                surface.result(surface.submit(surface.ops.put(key_of(first), "value")))
                surface.result(surface.begin(pause()))
            assert members.do(lambda: second.count("Client.authentication")) == before
            given.set()
            surface.result(surface.submit(surface.ops.put(key_of(second), "value")))
            assert members.do(lambda: second.count("Client.authentication")) == before + 1
    finally:
        given.set()
        members.stop()


def pause() -> Flow[None]:
    """Wait for the I/O side of the client."""
    yield Sleep(0.001)


def key_of(member: SimulatedMember) -> int:
    """Return a key that a member has."""
    return next(key for key in range(7) if member.cluster.owner(key) is member)


@pytest.mark.parametrize("driver", DRIVERS)
def test_wrong_files_are_told_at_once_at_the_start(driver: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigurationError, match=r"ssl_cafile: the file .* cannot be read"):
        make(driver, 0, ssl_enabled=True, ssl_cafile=str(tmp_path / "missing"))


def test_a_forked_child_does_not_wait_for_certificates_that_the_parent_loads(authority: Authority) -> None:
    with (
        member(authority.server()) as members,
        connected("threaded", members, **authority.trusted) as surface,
        ThreadPoolExecutor(1) as pool,
    ):
        assert isinstance(surface, Threaded)
        (contexts,) = surface.client._driver._tls
        assert contexts is not None
        loading, loaded = threading.Event(), threading.Event()

        def load() -> bool:
            with contexts._lock:
                loading.set()
                return loaded.wait(2 * PATIENCE)

        parent = pool.submit(load)
        assert loading.wait(PATIENCE)
        in_child(lambda: works(surface))
        loaded.set()
        assert parent.result()

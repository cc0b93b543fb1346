"""What the doctor says about packages, configuration, names, ports, TLS, versions and clocks."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from core_ca import Authority
from hazelcast.config import Config
from hazelcast.core import Address, MemberInfo, MemberVersion
from hz_cli.connecting import Connection
from hz_cli.doctor.cluster import clock_finding, version_findings
from hz_cli.doctor.finding import Finding, Status
from hz_cli.doctor.local import check_addresses, check_config, check_packages
from hz_cli.doctor.network import (
    Tried,
    certificate_findings,
    check_names,
    check_tls,
    port_findings,
    try_ports,
)

HERE = ("127.0.0.1", 5701)


def only(found: Any) -> Finding:
    """Return the one finding."""
    (one,) = found
    assert isinstance(one, Finding)
    return one


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide what this machine has configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_packages() -> None:
    assert only(check_packages()).status is Status.OK
    mixed = list(check_packages(lambda name: {"hz-core": "0.2.0"}.get(name, "0.1.3")))
    assert [finding.status for finding in mixed] == [Status.FAILED, Status.FAILED]
    assert "hz-core 0.2.0" in mixed[0].text
    assert mixed[1].advice.startswith("pip uninstall hazelcast-python-client")
    absent = ("hz-cp", "hazelcast-python-client")
    missing = only(check_packages(lambda name: None if name in absent else "0.1.0"))
    assert missing == Finding("packages", Status.FAILED, "not installed: hz-cp", "pip install hz-cp")


@pytest.mark.usefixtures("clean")
def test_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HZCLIENT_CLUSTERNAME", "shop")
    found, config = check_config(Connection())
    assert only(found).text == "cluster 'shop'; no file; environment: HZCLIENT_CLUSTERNAME"
    assert config is not None
    assert config.cluster_name == "shop"
    path = tmp_path / "hazelcast-client.xml"
    path.write_text("<hazelcast-client><network><smart>true</smart></network></hazelcast-client>")
    found, config = check_config(Connection())
    assert config is None
    assert only(found).status is Status.FAILED
    assert "smart is not a known key" in only(found).text


@pytest.mark.usefixtures("clean")
def test_passwords_in_the_clear_are_a_warning() -> None:
    found, _ = check_config(Connection(url="hazelcast://clerk:secret@10.0.0.1"))
    assert [finding.status for finding in found] == [Status.OK, Status.WARNING]
    assert "secret" not in "".join(finding.text for finding in found)


def test_addresses() -> None:
    assert check_addresses(Config.from_url("hazelcast://10.0.0.1:1,[::1]:2")) == (
        [],
        [("10.0.0.1", 1), ("::1", 2)],
    )
    found, _ = check_addresses(Config.given(None, cluster_members=["http://x"]))
    assert only(found).status is Status.FAILED
    found, _ = check_addresses(Config.given(None, cloud_discovery_token="t"))
    assert only(found).status is Status.SKIPPED


def test_names() -> None:
    def resolve(host: str, port: None, *, type: int) -> list[tuple[Any, ...]]:
        if host == "unknown":
            raise socket.gaierror(-2, "Name or service not known")
        address = host if host[0].isdigit() else "10.0.0.1"
        return [(type, 1, 6, "", (address, 0))]

    named = list(check_names(["unknown", "10.0.0.2", "one", "one"], resolve))
    assert [(finding.status, host) for finding, host in named] == [
        (Status.FAILED, "unknown"),
        (Status.OK, "one"),
    ]
    assert named[1][0].text == "one is 10.0.0.1"


def test_ports(server: Callable[..., int]) -> None:
    port = server()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = ("127.0.0.1", closed.getsockname()[1])
        refused = try_ports([nobody])
        both = try_ports([("127.0.0.1", port), nobody])
    assert only(port_findings(refused)).advice.startswith("no member runs there")
    assert [finding.status for finding in port_findings(both)] == [Status.OK, Status.SKIPPED]
    late = only(port_findings([Tried(HERE, 3.0, TimeoutError("timed out"))]))
    assert late.advice.startswith("a firewall or a wrong address")
    assert try_ports([]) == []


@pytest.fixture
def server() -> Iterator[Callable[..., int]]:
    """Return a function that starts a server, which speaks TLS with a context, and returns its port."""
    with contextlib.ExitStack() as stack:

        def start(context: ssl.SSLContext | None = None, greeting: bytes = b"") -> int:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def serve() -> None:
                while True:
                    try:
                        plain, _ = listener.accept()
                    except OSError:
                        return
                    with plain, contextlib.suppress(OSError):
                        if context is None:
                            plain.sendall(greeting)
                            continue
                        with context.wrap_socket(plain, server_side=True) as stream:
                            stream.recv(1)

            thread = threading.Thread(target=serve)
            thread.start()
            stack.callback(thread.join)
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            return int(listener.getsockname()[1])

        yield start


def test_tls(server: Callable[..., int], tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    config = Config.given(None, **authority.trusted)
    good = list(check_tls(config, ("127.0.0.1", server(authority.server("127.0.0.1")))))
    assert [finding.status for finding in good] == [Status.OK, Status.OK]
    assert "TLSv1.3" in good[0].text
    other = only(check_tls(config, ("127.0.0.1", server(authority.server("other.example.com")))))
    assert other.advice == "connect by a name that is in the certificate, or have one made with this name"
    expired = only(check_tls(config, ("127.0.0.1", server(authority.server("127.0.0.1", expired=True)))))
    assert expired.advice.startswith("renew the member's certificate")
    stranger = Config.given(None, ssl_enabled=True)
    unknown = only(check_tls(stranger, ("127.0.0.1", server(authority.server("127.0.0.1")))))
    assert unknown.advice == "name the authority that has signed it with ssl_cafile"
    plain = only(check_tls(config, ("127.0.0.1", server(greeting=b"no TLS here, this is something else"))))
    assert plain.status is Status.FAILED
    assert "may not speak TLS" in plain.advice
    assert only(check_tls(Config(), HERE)).status is Status.SKIPPED
    missing = only(
        check_tls(Config.given(None, ssl_enabled=True, ssl_cafile=str(tmp_path / "none.pem")), HERE)
    )
    assert missing.advice == "correct the options ssl_…"


def test_certificates_that_end_soon() -> None:
    def finding(days: float) -> Finding:
        end = ssl.cert_time_to_seconds("Nov 28 12:00:00 2026 GMT")
        return only(certificate_findings("m", {"notAfter": "Nov 28 12:00:00 2026 GMT"}, end - days * 86_400))

    assert finding(15).status is Status.OK
    assert finding(13).text == "m: the certificate ends on 2026-11-28"
    assert only(certificate_findings("m", None, 0)).status is Status.WARNING


def test_versions() -> None:
    def members(*versions: tuple[int, int, int]) -> list[MemberInfo]:
        return [
            MemberInfo(Address("h", n), UUID(int=n), None, False, MemberVersion(*version))
            for n, version in enumerate(versions, 1)
        ]

    assert only(version_findings(members((5, 7, 0), (5, 7, 1)))).text == "2 members, Hazelcast 5.7.0, 5.7.1"
    assert only(version_findings(members((5, 6, 0), (5, 7, 0)))).status is Status.WARNING
    assert [f.status for f in version_findings(members((3, 12, 0)))] == [Status.OK, Status.FAILED]


@pytest.mark.parametrize(
    ("theirs", "status", "text"),
    [
        (100.2, Status.OK, "m agrees with this machine"),
        (101.4, Status.OK, "m agrees with this machine"),
        (99.1, Status.OK, "m agrees with this machine"),
        (103.0, Status.WARNING, "m is 2.5 s ahead of this machine"),
        (97.0, Status.WARNING, "m is 3.0 s behind this machine"),
        (None, Status.SKIPPED, "m does not tell its time"),
    ],
)
def test_clocks(theirs: float | None, status: Status, text: str) -> None:
    found = clock_finding("m", None if theirs is None else theirs * 1000, 100.0, 100.5)
    assert (found.status, found.text) == (status, text)
    assert bool(found.advice) is (status is Status.WARNING)

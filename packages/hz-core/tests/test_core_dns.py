"""Discovery by DNS, with a name server on the loopback."""

import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop

from core_dns import NameServer, closed_udp_port
from core_sockets import SocketCluster
from core_surfaces import make
from hz_core.discovery import DiscoveryError
from hz_core.drivers.dns_discovery import DnsDiscovery
from hz_core.errors import InvalidConfigurationError
from hz_core.model import Address

NAME = "hazelcast.default.svc.cluster.test"
SERVICE = f"_hazelcast._tcp.{NAME}"


@pytest.fixture(scope="module", autouse=True)
def _libuv() -> None:
    """Let libuv open the pipe that it keeps as long as the process lives."""
    uvloop.new_event_loop().close()


@pytest.fixture
def server() -> Iterator[NameServer]:
    """A name server."""
    with NameServer() as running:
        yield running


def by(server: NameServer, name: str = NAME, **options: Any) -> DnsDiscovery:
    """Return a discovery that asks the server."""
    return DnsDiscovery(
        name, **{"nameservers": ["127.0.0.1"], "nameserver_port": server.port, "timeout": 5, **options}
    )


def test_all_addresses_of_a_name(server: NameServer) -> None:
    server.records[f"{NAME}.", "A"] = ["10.1.0.1", "10.1.0.2"]
    server.records[f"{NAME}.", "AAAA"] = ["2001:db8::1"]
    found = by(server, port=5705).discover()
    assert set(found) == {Address(h, 5705) for h in ("10.1.0.1", "10.1.0.2", "2001:db8::1")}
    assert len(found) == 3


@pytest.mark.parametrize("record", ["A", "SRV"])
def test_name_is_resolved_again_each_time(server: NameServer, record: Any) -> None:
    name = NAME if record == "A" else SERVICE
    finder = by(server, name, record=record)
    found = []
    for host in ("10.1.0.1", "10.1.0.2"):
        server.records[f"{name}.", record] = [host if record == "A" else f"0 0 5701 {host}."]
        found.append(finder.discover())
    assert found == [[Address("10.1.0.1", 5701)], [Address("10.1.0.2", 5701)]]


@pytest.mark.parametrize("truncate", [False, True])
def test_srv_records_by_priority_and_weight(server: NameServer, truncate: bool) -> None:
    server.truncate = truncate
    server.records[f"{SERVICE}.", "SRV"] = [
        f"20 0 5703 c.{NAME}.",
        f"10 5 5702 b.{NAME}.",
        f"10 50 5701 a.{NAME}.",
    ]
    assert by(server, SERVICE, record="SRV").discover() == [
        Address(f"a.{NAME}", 5701),
        Address(f"b.{NAME}", 5702),
        Address(f"c.{NAME}", 5703),
    ]
    assert {transport for *_, transport in server.asked} == ({"udp", "tcp"} if truncate else {"udp"})


def test_srv_record_that_says_there_is_no_service(server: NameServer) -> None:
    server.records[f"{SERVICE}.", "SRV"] = ["0 0 0 ."]
    assert by(server, SERVICE, record="SRV").discover() == []
    server.records[f"{SERVICE}.", "SRV"] = ["0 0 5701 ."]
    assert by(server, SERVICE, record="SRV").discover() == []


@pytest.mark.parametrize(("record", "kind"), [("A", "addresses"), ("SRV", "SRV records")])
def test_unknown_names_and_silence_are_named(server: NameServer, record: Any, kind: str) -> None:
    with pytest.raises(
        DiscoveryError, match=f"the {kind} of the name '{NAME}' cannot be resolved: .*not exist"
    ):
        by(server, record=record).discover()
    server.records[f"{NAME}.", "TXT"] = ['"there is only this"']
    with pytest.raises(DiscoveryError, match=f"{kind} of the name .* cannot be resolved"):
        by(server, record=record).discover()
    server.silent = True
    with pytest.raises(DiscoveryError, match=r"timed out|lifetime expired"):
        by(server, record=record, timeout=0.3).discover()


def test_no_name_server_at_all() -> None:
    finder = DnsDiscovery(NAME, nameservers=["127.0.0.1"], nameserver_port=closed_udp_port(), timeout=0.3)
    with pytest.raises(DiscoveryError, match="cannot be resolved"):
        finder.discover()


def test_system_resolution(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[list[tuple[Any, ...]]] = [
        [("10.1.0.1", 5701), ("10.1.0.2", 5701), ("10.1.0.1", 5701)],
        [("fe80::7", 5701, 0, 3), ("2001:db8::1", 5701, 0, 0)],
    ]

    def getaddrinfo(host: Any, port: int, **options: Any) -> Any:
        assert (host, port) == (NAME.encode(), 5701)
        family = {2: socket.AF_INET, 4: socket.AF_INET6}
        return [(family[len(where)], socket.SOCK_STREAM, 6, "", where) for where in answers.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    finder = DnsDiscovery(NAME)
    assert finder.discover() == [Address("10.1.0.1", 5701), Address("10.1.0.2", 5701)]
    assert finder.discover() == [Address("fe80::7%3", 5701), Address("2001:db8::1", 5701)]


def test_system_resolution_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(host: Any, port: int, **options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(
        DiscoveryError, match=f"the addresses of the name '{NAME}' cannot be resolved: .*not known"
    ):
        DnsDiscovery(NAME).discover()


@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": "a b"},
        {"name": "http://h"},
        {"port": 0},
        {"port": 65536},
        {"record": "MX"},
        {"nameservers": ["no address"]},
    ],
    ids=str,
)
def test_wrong_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfigurationError):
        DnsDiscovery(**{"name": NAME, **options})


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dns.resolver", None)
    with pytest.raises(
        InvalidConfigurationError, match=r"need the package dnspython: install it .*hz-core\[dns\]"
    ):
        DnsDiscovery(SERVICE, record="SRV")
    assert DnsDiscovery(NAME).name == NAME  # the system resolves it


@pytest.mark.parametrize("driver", ["threaded", "asyncio", "uvloop"])
@pytest.mark.parametrize("record", ["A", "SRV"])
def test_clients_follow_the_records(server: NameServer, driver: str, record: Any) -> None:
    """A client follows the name to other members, when those of before are gone."""
    old, new = SocketCluster(1), SocketCluster(1)
    try:
        name = NAME if record == "A" else SERVICE

        def at(cluster: SocketCluster) -> list[str]:
            port = cluster.addresses[0].rpartition(":")[2]
            return ["127.0.0.1"] if record == "A" else [f"0 0 {port} 127.0.0.1."]

        server.records[f"{name}.", record] = at(old)
        port = int(old.addresses[0].rpartition(":")[2])
        finder = by(server, name, port=port, record=record)
        surface = make(driver, 0, cluster_members=None, discovery=finder)
        try:
            asked = len(server.asked)
            assert asked >= 1
            if record == "SRV":
                server.records[f"{name}.", record] = at(new)
                old.do(old.refuse)
                surface.until(lambda: new.do(lambda: len(new.cluster.members[0].sessions)))
            else:
                old.do(old.cluster.cut_all)
                surface.until(lambda: len(server.asked) > asked)
                surface.until(lambda: old.do(lambda: len(old.cluster.members[0].sessions)))
            assert len(server.asked) > asked
        finally:
            surface.close()
    finally:
        old.stop()
        new.stop()

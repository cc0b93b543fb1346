"""Finding and reaching real members: discovery, translated and public addresses, IPv6, outbound ports."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hazelcast.discovery import Discovery
from hz_core.model import Address
from hz_embedded import Cluster
from hz_embedded.fault_proxy import FaultProxy
from map_harness import fresh_name, until

SURFACES = ["blocking", "asyncio"]
PATIENT: dict[str, Any] = {"cluster_connect_timeout": 30, "retry_initial_backoff": 0.1}


@asynccontextmanager
async def connected(surface: str, **options: Any) -> AsyncIterator[Any]:
    """Yield a connected client that has put and read values in many partitions."""
    options = {**PATIENT, **options}
    if surface == "asyncio":
        async with hazelcast.asyncio.HazelcastClient(**options) as client:
            numbers = await client.get_map(fresh_name())
            for key in range(50):
                await numbers.put(key, key + 1)
            assert [await numbers.get(key) for key in range(50)] == list(range(1, 51))
            yield client
            await numbers.destroy()
    else:
        with hazelcast.HazelcastClient(**options) as threaded:
            m = threaded.get_map(fresh_name()).blocking()
            m.put_all({key: key + 1 for key in range(50)})
            assert [m.get(key) for key in range(50)] == list(range(1, 51))
            yield threaded
            m.destroy()


def addresses(client: Any) -> set[Address]:
    """Return the addresses that a client has connections to."""
    return {connection.address for connection in client._engine.connections.routes.all}


def address(text: str) -> Address:
    """Return the address of a text."""
    host, _, port = text.rpartition(":")
    return Address(host, int(port))


# ---- translation


@pytest.fixture(scope="module")
def outside(trio: Cluster) -> Iterator[dict[Address, Address]]:
    """Yield where three members are reached from outside, by the address that they know of."""
    with ExitStack() as stack:
        yield {
            address(member.address): address(stack.enter_context(FaultProxy(member.address)).address)
            for member in trio.members
        }


class Outside(Discovery):
    """Knows all members by their addresses from outside."""

    def __init__(self, known: dict[Address, Address]) -> None:
        self.known = known

    def discover(self) -> list[Address]:
        return list(self.known.values())[:1]

    def translate(self, address: Address) -> Address | None:
        return self.known.get(address)


@pytest.mark.parametrize("surface", SURFACES)
async def test_translated_addresses(outside: dict[Address, Address], surface: str) -> None:
    async with connected(surface, discovery=Outside(outside)) as client:
        await until(lambda: addresses(client) == set(outside.values()))


# ---- public addresses


@pytest.fixture(scope="module")
def behind_nat() -> Iterator[Cluster]:
    """Yield two members that announce addresses that refuse clients, and public ones that lead to them."""
    with Cluster(members=2, proxied=True) as cluster, ExitStack() as stack:
        view: Any = cluster.jvm.view.com.hazelcast
        qualifier = view.instance.EndpointQualifier.resolve(view.instance.ProtocolType.CLIENT, "public")
        real = {member.address: member._slot.port for member in cluster.members}
        for seen_by in cluster.members:
            for member in seen_by.instance.getCluster().getMembers():
                found = member.getAddress()
                port = real[f"{found.getHost()}:{found.getPort()}"]
                member.getAddressMap().put(qualifier, view.cluster.Address("127.0.0.1", port))
        for member in cluster.members:
            stack.enter_context(member.proxy.refuse())
        yield cluster


@pytest.mark.parametrize("choice", ["auto", True])
@pytest.mark.parametrize("surface", SURFACES)
async def test_public_addresses(behind_nat: Cluster, surface: str, choice: Any) -> None:
    public = {Address("127.0.0.1", member._slot.port) for member in behind_nat.members}
    first = behind_nat.members[0]._slot.port
    # By name: the address itself would say that the private addresses are configured.
    members = [f"localhost:{first}"]
    async with connected(surface, cluster_members=members, use_public_ip=choice) as client:
        for member in client.cluster_service.get_members():
            assert member.public_address in public
            assert member.address not in public
        await until(lambda: len(addresses(client)) == 2)
        assert addresses(client) <= {*public, Address("localhost", first)}
        assert addresses(client) & public


@pytest.mark.parametrize("surface", SURFACES)
async def test_private_addresses_stay_in_use_by_default(behind_nat: Cluster, surface: str) -> None:
    """Without the option the client tries the announced addresses, so it reaches the first member only."""
    first = behind_nat.members[0]._slot.port
    attempts: list[Any] = []

    class Seen(Discovery):
        def discover(self) -> list[Any]:
            return [("localhost", first)]

        def translate(self, address: Address) -> Address:
            attempts.append(address)
            return address

    options: dict[str, Any] = {
        **PATIENT,
        "discovery": Seen(),
        "connection_timeout": 1,
        "cluster_connect_timeout": 2,
    }
    if surface == "asyncio":
        async with hazelcast.asyncio.HazelcastClient(**options) as client:
            reached = addresses(client)
    else:
        with hazelcast.HazelcastClient(**options) as threaded:
            reached = addresses(threaded)
    assert reached == {Address("localhost", first)}
    assert set(attempts) == {address(member.address) for member in behind_nat.members}


# ---- IPv6


@pytest.fixture(scope="module")
def on_ipv6() -> Iterator[str]:
    """Yield the port of a member that listens on ::1 only."""

    def listen(config: Any) -> None:
        interfaces = config.getNetworkConfig().getInterfaces()
        interfaces.clear()
        interfaces.addInterface("::1")

    with Cluster(
        configure=listen,
        jvm="own",
        jvm_args=["-Djava.net.preferIPv4Stack=false"],
        properties={"hazelcast.prefer.ipv4.stack": "false"},
    ) as cluster:
        yield cluster.addresses[0].rpartition(":")[2]


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("host", ["[::1]", "[0:0:0:0:0:0:0:1]", "both.test"])
async def test_member_on_ipv6(on_ipv6: str, host: str, surface: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its address, and by a name with addresses of both families, of which only one is the member's."""
    real = socket.getaddrinfo

    def getaddrinfo(name: Any, port: Any, *args: Any, **options: Any) -> Any:
        if name not in ("both.test", b"both.test"):
            return real(name, port, *args, **options)
        if options.get("flags", 0) & socket.AI_NUMERICHOST:
            raise socket.gaierror("not a number")
        return [found for ip in ("127.0.0.1", "::1") for found in real(ip, port, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    async with connected(surface, cluster_members=[f"{host}:{on_ipv6}"]) as client:
        (member,) = client.cluster_service.get_members()
        assert member.address == Address("0:0:0:0:0:0:0:1", int(on_ipv6))


# ---- outbound ports


def ports_of(cluster: Cluster, client: Any) -> list[int]:
    """Return the ports that a client's connections come from, as the members see them."""
    return [
        connected.getSocketAddress().getPort()
        for member in cluster.members
        for connected in member.instance.getClientService().getConnectedClients()
        if str(connected.getName()) == client.name
    ]


@pytest.mark.parametrize("surface", SURFACES)
async def test_outbound_ports(trio: Cluster, surface: str, reserve_range: Callable[[], str]) -> None:
    definition = reserve_range()
    first, last = (int(port) for port in definition.split("-"))
    seen: list[tuple[str, int]] = []

    def note(sock: socket.socket, address: tuple[str, int]) -> None:
        assert first <= sock.getsockname()[1] <= last
        seen.append(address)

    options = {"cluster_members": trio.addresses, "outbound_ports": definition, "socket_interceptor": note}
    async with connected(surface, **options) as client:
        await until(lambda: len(addresses(client)) == 3)
        ports = ports_of(trio, client)
        assert len(ports) == 3
        assert all(first <= port <= last for port in ports)
    assert {address(member.address) for member in trio.members} <= {Address(*one) for one in seen}


@pytest.fixture
def reserve_range() -> Callable[[], str]:
    """Return a function that finds six ports in a row that are free."""

    def find() -> str:
        for begin in range(21000, 30000, 6):
            with ExitStack() as stack:
                try:
                    for port in range(begin, begin + 6):
                        stack.enter_context(socket.create_server(("127.0.0.1", port)))
                except OSError:
                    continue
                return f"{begin}-{begin + 5}"
        raise LookupError

    return find

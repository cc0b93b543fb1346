"""Whether public addresses of members are used: by the option, or found out, on the virtual clock."""

import ssl
from typing import Any

import pytest

from core_simulation import Simulation
from hz_core.cluster.public_addresses import CHECKS, PRIVATE_LIMIT, PUBLIC_LIMIT
from hz_core.model import Address
from hz_core.testing import BlackHole, Delay, Refuse, SimulatedCluster
from hz_core.testing.network import Accept

PUBLIC = [Address("203.0.113.1", 30000 + i) for i in range(5)]


def nat(count: int) -> SimulatedCluster:
    """Return members whose private addresses lead nowhere for the client."""
    cluster = SimulatedCluster(count)
    for member, address in zip(cluster.members, PUBLIC, strict=False):
        member.public = address
        cluster.down[member.address] = BlackHole()
    return cluster


def start(cluster: SimulatedCluster, **options: Any) -> Simulation:
    """Start a client that knows the public address of the first member."""
    defaults = {"cluster_members": [str(PUBLIC[0])], "use_public_ip": "auto"}
    return Simulation(cluster=cluster, **{**defaults, **options}).start()


def private(cluster: SimulatedCluster) -> set[Address]:
    """Return the private addresses."""
    return {member.address for member in cluster.members}


def test_public_addresses_are_used_if_the_option_says_so() -> None:
    cluster = nat(3)
    simulation = start(cluster, use_public_ip=True)
    assert simulation.connected == set(PUBLIC[:3])
    assert not set(simulation.driver.attempts) & private(cluster)
    simulation.stop()


def test_member_without_a_public_address_is_reached_by_its_own() -> None:
    cluster = nat(2)
    cluster.members[1].public = None
    del cluster.down[cluster.members[1].address]
    simulation = start(cluster, use_public_ip=True)
    assert simulation.connected == {PUBLIC[0], cluster.members[1].address}
    simulation.stop()


def test_private_addresses_are_used_by_default() -> None:
    cluster = nat(2)
    cluster.down.clear()
    simulation = start(cluster, use_public_ip=None)
    assert simulation.client.config.use_public_ip is False
    assert simulation.connected == {PUBLIC[0], cluster.members[1].address}
    simulation.stop()


@pytest.mark.parametrize("members", [2, 5])
def test_members_behind_nat_are_found_out(members: int) -> None:
    cluster = nat(members)
    began = 1000.0
    simulation = start(cluster)
    assert simulation.connected == set(PUBLIC[:members])
    # Three members are checked, each by both addresses; with two members, one of them twice.
    checks = [a for a in simulation.driver.attempts if a in private(cluster)]
    assert len(checks) == CHECKS
    assert simulation.driver.now() - began <= CHECKS * PRIVATE_LIMIT + 0.1
    # The decision stays, also for new connections.
    cluster.cut_all()
    simulation.until(lambda: not simulation.connected)
    simulation.until(lambda: simulation.connected == set(PUBLIC[:members]))
    assert len([a for a in simulation.driver.attempts if a in private(cluster)]) == CHECKS
    simulation.stop()


def test_checks_send_nothing_and_are_closed() -> None:
    cluster = nat(3)
    simulation = start(cluster)
    opened = [link for link in simulation.driver.links if link.address in PUBLIC]
    assert len(opened) == CHECKS + 3
    silent = [link for link in opened if link.sent == 0]
    assert len(silent) == CHECKS
    assert not any(link.open for link in silent)
    simulation.stop()


def only_private(simulation: Simulation, cluster: SimulatedCluster) -> None:
    """Check that the client uses private addresses, but for the configured one."""
    assert simulation.connected <= {PUBLIC[0], *private(cluster)}
    assert len(simulation.connected) == len(cluster.members)
    simulation.stop()


def test_reachable_private_addresses_are_used() -> None:
    cluster = nat(3)
    cluster.down.clear()
    only_private(start(cluster), cluster)


def test_slow_private_addresses_are_not_reachable() -> None:
    cluster = nat(3)
    for member in cluster.members:
        cluster.down[member.address] = Delay(PRIVATE_LIMIT * 1.1, Refuse())
    simulation = start(cluster)
    assert simulation.connected == set(PUBLIC[:3])
    simulation.stop()


def test_unreachable_public_addresses_are_not_used() -> None:
    cluster = nat(3)
    for address in PUBLIC[1:3]:
        member = next(member for member in cluster.members if member.public == address)
        cluster.down[address] = Delay(PUBLIC_LIMIT * 1.1, Accept(member))
    simulation = Simulation(cluster=cluster, cluster_members=[str(PUBLIC[0])], use_public_ip="auto")
    outcome = simulation.begin(simulation.engine.connect())
    simulation.driver.advance(60)
    assert outcome.done
    # Later attempts go to the private addresses alone.
    cluster.down.clear()
    simulation.until(lambda: len(simulation.connected) == 3)
    assert simulation.connected == {PUBLIC[0], cluster.members[1].address, cluster.members[2].address}
    simulation.stop()


def test_members_without_public_addresses_are_not_checked() -> None:
    cluster = nat(3)
    cluster.down.clear()
    for member in cluster.members:
        member.public = None
    simulation = start(cluster, cluster_members=["10.0.0.1:5701"], seed=3)
    only_private(simulation, cluster)
    assert len(simulation.driver.attempts) == 3


def test_configured_private_address_decides_without_a_check() -> None:
    cluster = nat(2)
    cluster.down.clear()
    second = cluster.members[1].address
    simulation = start(cluster, cluster_members=[str(second)])
    assert simulation.connected == private(cluster)
    assert len(simulation.driver.attempts) == 2
    simulation.stop()


@pytest.mark.parametrize("configured", ["[2001:DB8:0:0::1]:9", "member-2.test.:9"])
def test_hosts_are_compared_as_addresses_and_names_without_case(configured: str) -> None:
    cluster = SimulatedCluster(0)
    for host, address in (("2001:db8::1", PUBLIC[0]), ("Member-2.test", PUBLIC[1]), ("10.0.0.3", PUBLIC[2])):
        cluster.add(Address(host, 5701)).public = address
    cluster.spread()
    simulation = start(cluster, cluster_members=[configured, str(PUBLIC[2])])
    # The configured addresses, and the private ones of the two other members: none was only checked.
    assert len(simulation.driver.attempts) == 4
    assert len(simulation.driver.links) == 3
    assert all(link.sent for link in simulation.driver.links)
    only_private_but(simulation, cluster, PUBLIC[2])


def only_private_but(simulation: Simulation, cluster: SimulatedCluster, public: Address) -> None:
    """Check that the client uses private addresses, but for one."""
    assert simulation.connected - private(cluster) == {public}
    simulation.stop()


def test_encrypted_connections_use_private_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = nat(2)
    cluster.down.clear()
    monkeypatch.setattr("hz_core.config.client.ClientConfig.check_available", lambda self, **_: None)
    simulation = start(cluster, ssl_context=ssl.create_default_context())
    only_private(simulation, cluster)
    assert len(simulation.driver.attempts) == 2


def test_another_cluster_is_found_out_anew() -> None:
    cluster = nat(2)
    simulation = start(cluster)
    assert simulation.connected == set(PUBLIC[:2])
    cluster.restart()
    for member, address in zip(cluster.members, PUBLIC, strict=False):
        member.public = address
    cluster.down.clear()
    simulation.until(lambda: not simulation.connected)
    simulation.until(lambda: len(simulation.connected) == 2, 120)
    assert simulation.connected & private(cluster)
    simulation.stop()


def test_members_are_found_out_once_at_a_time() -> None:
    """A list of members that changes during the checks begins no others, and nobody connects before the end."""
    cluster = nat(3)
    simulation = Simulation(cluster=cluster, cluster_members=[str(PUBLIC[0])], use_public_ip="auto")
    outcome = simulation.begin(simulation.engine.connect())
    simulation.driver.advance(0.5)
    for _ in range(3):
        cluster.publish_view()
        simulation.driver.advance(0.2)
    simulation.value(outcome, 10)
    assert len([a for a in simulation.driver.attempts if a in private(cluster)]) == CHECKS
    assert simulation.connected == set(PUBLIC[:3])
    simulation.stop()


def test_checks_go_on_after_the_start_and_others_wait_for_their_end() -> None:
    """The start ends before the checks, so that each tick would connect to the members meanwhile."""
    cluster = nat(3)
    simulation = start(cluster, cluster_connect_timeout=0.5)
    assert simulation.connected == {PUBLIC[0]}
    simulation.driver.advance(2.5)
    cluster.publish_view()
    simulation.until(lambda: simulation.connected == set(PUBLIC[:3]), 10)
    # One check was given up with the start.
    assert len([a for a in simulation.driver.attempts if a in private(cluster)]) == CHECKS + 1
    simulation.stop()

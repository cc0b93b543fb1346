"""Load balancers."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from hz_core.load_balancer import LoadBalancer, RandomLB, RoundRobinLB
from hz_core.model import Address, MemberInfo, MemberVersion

MEMBERS = [MemberInfo(Address("h", i), UUID(int=i), {}, False, MemberVersion(5, 7, 0)) for i in range(3)]


class Cluster:
    def __init__(self, members: list[MemberInfo]) -> None:
        self.members = members

    def get_members(self) -> list[MemberInfo]:
        return self.members


def test_round_robin_takes_turns_and_follows_the_member_list() -> None:
    balancer = RoundRobinLB()
    cluster = Cluster(MEMBERS)
    balancer.init(cluster)
    assert [balancer.next() for _ in range(6)] == MEMBERS * 2
    cluster.members = MEMBERS[:1]
    assert [balancer.next() for _ in range(3)] == MEMBERS[:1] * 3


def test_round_robin_shares_evenly_among_threads() -> None:
    balancer = RoundRobinLB()
    balancer.init(Cluster(MEMBERS))
    with ThreadPoolExecutor(4) as threads:
        chosen = Counter(threads.map(lambda _: balancer.next(), range(3000)))
    assert set(chosen.values()) == {1000}


def test_random_takes_what_it_is_given() -> None:
    choices = iter([2, 0, 1])
    sizes = []

    def choose(size: int) -> int:
        sizes.append(size)
        return next(choices)

    balancer = RandomLB(choose)
    balancer.init(Cluster(MEMBERS))
    assert [balancer.next() for _ in range(3)] == [MEMBERS[2], MEMBERS[0], MEMBERS[1]]
    assert sizes == [3, 3, 3]


def test_random_reaches_every_member() -> None:
    balancer = RandomLB()
    balancer.init(Cluster(MEMBERS))
    assert {balancer.next() for _ in range(500)} == set(MEMBERS)


@pytest.mark.parametrize("make", [RoundRobinLB, RandomLB])
def test_data_members_are_not_lite(make: Callable[[], LoadBalancer]) -> None:
    lite = [MemberInfo(m.address, m.uuid, {}, True, m.version) for m in MEMBERS[:2]]
    balancer = make()
    assert balancer.next_data_member() is None
    balancer.init(Cluster([*lite, MEMBERS[2]]))
    assert {balancer.next_data_member() for _ in range(100)} == {MEMBERS[2]}
    assert {balancer.next() for _ in range(100)} == {*lite, MEMBERS[2]}
    balancer.init(Cluster(lite))
    assert balancer.next_data_member() is None


@pytest.mark.parametrize("make", [RoundRobinLB, RandomLB])
def test_without_members_there_is_none(make: Callable[[], LoadBalancer]) -> None:
    balancer = make()
    assert balancer.next() is None
    balancer.init(Cluster([]))
    assert balancer.next() is None


def test_the_interface_asks_to_be_filled_in() -> None:
    class Mine(LoadBalancer):
        pass

    with pytest.raises(NotImplementedError, match="Mine must define next"):
        Mine().next()
    with pytest.raises(NotImplementedError, match="Mine must define init"):
        Mine().init(Cluster([]))

"""Near caches on simulated members: a client with them, another one, and invalidations that get lost."""

from collections.abc import Callable, Iterable
from typing import Any

from hz_core import ClientConfig
from hz_core.testing import Request, SimulatedMember
from hz_core.testing.simulation import SimulatedClient, Simulation
from hz_nearcache import NearCache, make_operations
from hz_proxies import MAP, REPLICATED_MAP
from hz_proxies.map import BlockingMap, Map


class NearClient(SimulatedClient):
    """A client on the virtual clock, whose maps may have near caches."""

    make_near_cached = staticmethod(make_operations)


class Setting:
    """A client with near caches, and another one without, of simulated members.

    Args:
        members: Number of members.
        seed: Seed of all randomness.
        observer: Watches completions of the operations of the first client.
        config: Options of the client.
        **options: Options of the near cache.

    Attributes:
        simulation: The members, the clock and the first client.
        other: The other client's map.
        lost: Tells whether the next invalidation gets lost.
    """

    def __init__(
        self,
        members: int = 3,
        *,
        seed: int = 0,
        observer: Any = None,
        config: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.simulation = Simulation(
            members,
            seed=seed,
            observer=observer,
            client=NearClient,
            near_caches={"m": options},
            **config or {},
        )
        self.lost: Callable[[], bool] = lambda: False
        self._publish = self.cluster.publish
        self.cluster.publish = self._publish_some

    def __enter__(self) -> "Setting":
        self.simulation.__enter__()
        addresses = [str(member.address) for member in self.cluster.members]
        config = ClientConfig.from_kwargs(cluster_members=addresses, client_name="other")
        self.another = SimulatedClient(self.simulation.driver, config)
        self.another.start()
        self.m: Map[Any, Any] = self.simulation.client.get_object(MAP, "m")
        self.own: BlockingMap[Any, Any] = self.m.blocking()
        self.other: BlockingMap[Any, Any] = self.another.get_object(MAP, "m").blocking()
        return self

    def __exit__(self, *error: object) -> None:
        self.another.shutdown()
        self.simulation.__exit__(None, None, None)

    def _publish_some(
        self, member: SimulatedMember, service: str, name: str, values: Any, partition: int = -1
    ) -> None:
        if not (service.endswith("near cache") and self.lost()):
            self._publish(member, service, name, values, partition)

    @property
    def cluster(self) -> Any:
        """The members."""
        return self.simulation.cluster

    @property
    def cache(self) -> NearCache:
        """The near cache."""
        operations: Any = self.m._ops
        cache: NearCache = operations.near_cache
        return cache

    def replicated(self) -> tuple[Any, Any]:
        """Return the replicated map of the two clients."""
        return (
            self.simulation.client.get_object(REPLICATED_MAP, "m").blocking(),
            self.another.get_object(REPLICATED_MAP, "m").blocking(),
        )

    def pass_time(self, seconds: float = 0.0) -> None:
        """Let time pass."""
        self.simulation.driver.advance(seconds)

    def move(self, partitions: Iterable[int]) -> None:
        """Move partitions to the next member each, and tell the clients."""
        members = self.cluster.members
        for partition in partitions:
            place = members.index(self.cluster.owners[partition])
            self.cluster.owners[partition] = members[(place + 1) % len(members)]
        self.cluster.publish_view()

    def late(self, method: str) -> list[Callable[[], None]]:
        """Let members execute the next request of a method at once, and answer when the returned function is called."""
        answers: list[Callable[[], None]] = []

        def execute(request: Request) -> None:
            replies: list[bytes] = []
            pipe: Any = request.session.pipe
            send = pipe.send
            pipe.send = replies.append  # for this one request
            try:
                request.member.answer(request)
            finally:
                pipe.send = send

            def answer() -> None:
                for reply in replies:
                    send(reply)

            answers.append(answer)

        for member in self.cluster.members:
            member.rule(method, execute, times=1)
        return answers

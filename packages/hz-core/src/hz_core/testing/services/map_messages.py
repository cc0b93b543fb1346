"""What the messages of maps share."""

from collections.abc import Callable

from hz_core.testing.locks import Locks
from hz_core.testing.members import Request, SimulatedCluster
from hz_core.testing.services.key_locks import KeyLocking, Values
from hz_core.testing.services.map_state import Entry, MapState, Origin


class MapMessages(KeyLocking):
    """What the messages of a map share."""

    service_name = "hz:impl:mapService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self._maps: dict[str, MapState] = {}

    def state(self, name: str) -> MapState:
        """Return a map; it begins empty."""
        if name not in self._maps:
            self._maps[name] = MapState(self.cluster, self.name, name)
        return self._maps[name]

    def destroy(self, name: str) -> None:
        """Forget a map."""
        if name in self._maps:
            self._maps.pop(name).discard()

    def reset(self) -> None:
        """Forget all maps."""
        for name in list(self._maps):
            self.destroy(name)

    def _map(self, request: Request) -> MapState:
        return self.state(request["name"])

    def _locks(self, request: Request) -> Locks:
        return self._map(request).locks

    def _found(self, request: Request) -> Entry | None:
        return self._map(request).access(request.partition_id, request["key"])

    def _write(
        self,
        request: Request,
        action: Callable[[MapState], Values],
        *,
        timeout: int = -1,
        otherwise: Values = (),
    ) -> None:
        """Reply what ``action`` returns, once nobody else owns the lock of the key; ``otherwise`` after ``timeout``."""
        state = self._map(request)
        self._when_free(request, lambda: action(state), timeout, otherwise)

    def _read(self, request: Request, action: Callable[[MapState], Values]) -> None:
        """Reply what ``action`` returns, once no transaction of others has locked the key."""
        state = self._map(request)
        self._when_readable(request, lambda: action(state))

    def _store(self, request: Request, state: MapState, *, added: bool = False) -> bytes | None:
        """Store what the request has, and return the value before."""
        key, value, named = request["key"], request["value"], request.named
        self.cluster.puts.append((key, value))
        ttl, max_idle = named.get("ttl", -1), named.get("maxIdle", -1)
        return state.store(Origin.of(request), request.partition_id, key, value, ttl, max_idle, added=added)

"""What is seen of a cluster at a moment, and what has happened since the moment before."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import hazelcast
from hz_cli.cluster_state import Metrics, member_metrics, member_state, ping
from hz_core.statistics.metrics_blob import Metric


@dataclass(slots=True)
class MemberRow:
    """A member. What it does not tell is None; rates are per second."""

    address: str
    version: str
    lite: bool
    ping: float | None = None
    partitions: int | None = None
    clients: int | None = None
    cpu: float | None = None
    """Percent of all its processors."""
    heap: float | None = None
    """Bytes in use."""
    heap_limit: float | None = None
    operations: float | None = None
    queued: float | None = None
    uptime: float | None = None


@dataclass(slots=True)
class ClientRow:
    """A client of the cluster."""

    name: str
    kind: str
    version: str
    address: str
    connected: float | None
    """Seconds since it connected."""
    members: int = 1
    """Number of members that it is connected to."""


@dataclass(slots=True)
class MapRow:
    """A map. Rates are per second, latencies in seconds, as members measure them; None where it is not known."""

    name: str
    entries: float | None = None
    memory: float | None = None
    gets: float | None = None
    writes: float | None = None
    removes: float | None = None
    get_latency: float | None = None
    write_latency: float | None = None


@dataclass(slots=True)
class Snapshot:
    """A cluster at a moment."""

    cluster: str
    state: str | None
    members: list[MemberRow] = field(default_factory=list)
    clients: list[ClientRow] = field(default_factory=list)
    maps: list[MapRow] = field(default_factory=list)
    has_metrics: bool = False


class Watch:
    """Takes snapshots of a cluster.

    Args:
        client: A connected client.
    """

    def __init__(self, client: hazelcast.HazelcastClient) -> None:
        self._client = client
        self._last: dict[UUID, Metrics] = {}
        self._before: dict[UUID, Metrics] = {}

    def take(self) -> Snapshot:
        """Ask all members and return what they say."""
        client = self._client
        snapshot = Snapshot(client.config.cluster_name, None)
        names: dict[str, None] = {}
        clients: dict[str, ClientRow] = {}
        for member in client.cluster_service.get_members():
            row = MemberRow(str(member.address), str(member.version), member.lite_member)
            snapshot.members.append(row)
            row.ping = ping(client, member.uuid)
            if row.ping is None:
                continue
            state = (member_state(client, member.uuid) or {}).get("timedMemberState", {})
            told: dict[str, Any] = state.get("memberState", {})
            if told:
                snapshot.state = told.get("nodeState", {}).get("clusterState", snapshot.state)
                row.partitions = len(told.get("memberPartitionState", {}).get("partitions", ()))
                row.clients = len(told.get("clients", ()))
                names.update(dict.fromkeys(told.get("mapStats", ())))
                _add_clients(clients, told.get("clients", ()))
            self._add_metrics(row, member.uuid)
        snapshot.has_metrics = bool(self._last)
        snapshot.clients = sorted(clients.values(), key=lambda found: (found.name, found.address))
        snapshot.maps = [self._map(name) for name in sorted(names) if not name.startswith("__")]
        return snapshot

    def _add_metrics(self, row: MemberRow, member: UUID) -> None:
        last = self._last.get(member)
        found = member_metrics(self._client, member, last.following if last is not None else 0)
        if found is not None:
            if last is not None:
                self._before[member] = last
            self._last[member] = found
        now = _plain(self._last.get(member))
        if not now:
            return
        row.cpu = now.get("os.processCpuLoad")
        row.heap, row.heap_limit = now.get("memory.usedHeap"), now.get("memory.maxHeap")
        row.queued = now.get("operation.queueSize")
        uptime = now.get("runtime.uptime")
        row.uptime = None if uptime is None else uptime / 1000
        before, seconds = _plain(self._before.get(member)), self._between(member)
        if before and seconds:
            done = now.get("operation.completedCount", 0) - before.get("operation.completedCount", 0)
            row.operations = done / seconds

    def _between(self, member: UUID) -> float:
        before, last = self._before.get(member), self._last.get(member)
        return 0.0 if before is None or last is None else last.time - before.time

    def _map(self, name: str) -> MapRow:
        row = MapRow(name)
        if not self._last:
            return row
        now = _summed(self._last.values(), name)
        row.entries = now.get("ownedEntryCount", 0)
        row.memory = now.get("ownedEntryMemoryCost", 0) + now.get("backupEntryMemoryCost", 0)
        both = self._last.keys() & self._before.keys()
        seconds = max((self._between(member) for member in both), default=0.0)
        if seconds > 0:
            after = _summed((self._last[member] for member in both), name)
            before = _summed((self._before[member] for member in both), name)

            def more(*names: str) -> float:
                return sum(max(after.get(n, 0) - before.get(n, 0), 0) for n in names)

            gets, writes = more("getCount"), more("putCount", "setCount")
            row.gets, row.writes = gets / seconds, writes / seconds
            row.removes = more("removeCount") / seconds
            row.get_latency = more("totalGetLatency") / 1000 / gets if gets else None
            row.write_latency = more("totalPutLatency", "totalSetLatency") / 1000 / writes if writes else None
        return row


def _add_clients(found: dict[str, ClientRow], told: Iterable[dict[str, Any]]) -> None:
    for client in told:
        uuid = str(client.get("uuid"))
        if uuid in found:
            found[uuid].members += 1
            continue
        since = client.get("clusterConnectionTimestamp")
        found[uuid] = ClientRow(
            name=str(client.get("name")),
            kind=str(client.get("clientType")),
            version=str(client.get("clientVersion")),
            address=str(client.get("address")),
            connected=max(time.time() - since / 1000, 0.0) if since else None,
        )


def _plain(metrics: Metrics | None) -> dict[str, float]:
    """Return the metrics of the whole member by prefix and name."""
    if metrics is None:
        return {}
    return {f"{m.prefix}.{m.name}": m.value for m in metrics.values if m.label is None and not m.tags}


def _summed(all_metrics: Iterable[Metrics], name: str) -> dict[str, float]:
    """Return the metrics of a map by name, added up over members."""
    total: dict[str, float] = {}
    for metrics in all_metrics:
        for metric in metrics.values:
            if _is_of_map(metric, name):
                total[metric.name] = total.get(metric.name, 0) + metric.value
    return total


def _is_of_map(metric: Metric, name: str) -> bool:
    return (
        metric.prefix == "map" and metric.label == "name" and metric.label_value == name and not metric.tags
    )

"""Simulated members: connections, rules, partitions, backups, the cluster's view, services of one's own."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from hz_core.model import Address
from hz_core.testing import (
    Accept,
    ManualClock,
    MapService,
    MemberError,
    RawClient,
    Refuse,
    Request,
    Service,
    SimulatedCluster,
    codes,
    members,
    serves,
)
from hz_core.testing.messages import BACKUP_AWARE, Message, decode, encode
from hz_serialization import SerializationConfig, SerializationService

data: Callable[[Any], bytes] = SerializationService(SerializationConfig()).to_data
KEY, VALUE = data("k"), data("v")


def put(client: RawClient, **more: Any) -> Any:
    return client.call("Map.put", name="m", key=KEY, value=VALUE, **more)


def test_authentication() -> None:
    cluster = SimulatedCluster(2, partitions=11)
    client = RawClient(cluster.members[1])
    message = client.answers[1]
    assert message["status"] == 0
    assert message["memberUuid"] == cluster.members[1].uuid
    assert message["clusterId"] == cluster.id
    assert (message["partitionCount"], message["serverHazelcastVersion"]) == (11, "5.7.0")
    assert message["address"] == ("10.0.0.2", 5701)


@pytest.mark.parametrize(
    ("status", "name", "user", "expected"),
    [(0, "other", None, 1), (0, "dev", "stranger", 1), (0, "dev", "user", 0), (3, "dev", None, 3)],
)
def test_authentication_that_is_refused(status: int, name: str, user: str | None, expected: int) -> None:
    cluster = SimulatedCluster()
    client = RawClient(cluster.members[0])
    cluster.authentication_status = status
    number = client.start("Client.authentication", clusterName=name, username=user, uuid=client.uuid)
    message = client.answers[number]
    assert message["status"] == expected
    assert message["partitionCount"] == (7 if expected == 0 else -1)


class Wire:
    """An end of a connection that keeps the bytes for the client."""

    def __init__(self) -> None:
        self.sent = b""

    def send(self, data: bytes) -> None:
        self.sent += data

    def cut(self) -> None:
        raise AssertionError("a member must not cut this connection")


def test_bytes_may_come_in_any_pieces() -> None:
    member, wire = SimulatedCluster().members[0], Wire()
    member.connected(wire)
    for byte in b"CP2" + encode("Client.authentication request", ("dev",), 77, -1):
        member.received(wire, bytes([byte]))
    assert decode(wire.sent).correlation_id == 77
    assert decode(wire.sent)["memberUuid"] == member.uuid
    member.closed(wire)
    member.received(wire, b"more")
    assert member.sessions == {}


def test_a_connection_that_begins_otherwise_is_an_error() -> None:
    member, wire = SimulatedCluster().members[0], Wire()
    member.connected(wire)
    with pytest.raises(AssertionError, match="GET"):
        member.received(wire, b"GET / HTTP/1.1")


def test_rules_come_first_and_run_out() -> None:
    cluster = SimulatedCluster()
    member = cluster.members[0]
    client = RawClient(member)
    member.rule("Map.put", lambda request: request.error(*codes.RETRYABLE, "not now"), times=2)
    for _ in range(2):
        with pytest.raises(MemberError, match="not now") as caught:
            put(client)
        assert caught.value.error == codes.RETRYABLE
    assert put(client) is None
    assert member.count("Map.put") == 3
    assert cluster.puts == [(KEY, VALUE)]


def test_a_rule_may_answer_later() -> None:
    member = SimulatedCluster().members[0]
    client = RawClient(member)
    kept: list[Request] = []
    member.rule("Map.put", kept.append)
    number = client.start("Map.put", name="m", key=KEY, value=VALUE)
    assert client.answer(number) is None
    member.answer(kept[0])
    assert client.answer(number) == [None]


def test_only_the_owner_serves_a_partition() -> None:
    cluster = SimulatedCluster(3)
    partition = cluster.partition_of(KEY)
    owner = cluster.owner(partition)
    for member in cluster.members:
        client = RawClient(member)
        if member is owner:
            put(client)
        else:
            with pytest.raises(MemberError) as caught:
                put(client)
            assert caught.value.error == codes.WRONG_TARGET
    cluster.strict = False
    assert put(RawClient(cluster.members[(partition + 1) % 3])) == VALUE


@pytest.mark.parametrize(
    ("method", "named"),
    [
        ("Map.get", {"name": "m", "key": KEY}),
        ("Queue.size", {"name": "q"}),
        ("Map.putAll", {"name": "m", "entries": [(KEY, VALUE)]}),
        ("Map.fetchKeys", {"name": "m", "iterationPointers": [(0, -1)]}),
    ],
)
def test_a_request_that_lacks_its_partition_is_refused(method: str, named: dict[str, Any]) -> None:
    client = RawClient(SimulatedCluster().members[0])
    with pytest.raises(MemberError, match="Partition ID cannot be negative!") as caught:
        client.call(method, partition=-1, **named)
    assert caught.value.error == codes.ILLEGAL_ARGUMENT


def test_a_wrong_partition_is_noticed_on_demand() -> None:
    cluster = SimulatedCluster()
    client = RawClient(cluster.members[0])
    wrong = (cluster.partition_of(KEY) + 1) % cluster.partition_count
    assert put(client, partition=wrong) is None
    assert client.call("Map.get", name="m", key=KEY) is None
    assert client.call("Map.get", name="m", key=KEY, partition=wrong) == VALUE
    cluster.check_partitions = True
    with pytest.raises(MemberError, match="has partition id"):
        put(client, partition=wrong)
    wrong = (cluster.partition_of_name("q") + 1) % cluster.partition_count
    with pytest.raises(MemberError, match="has partition id"):
        client.call("Queue.size", name="q", partition=wrong)


def test_partitions_are_those_of_real_members() -> None:
    cluster = SimulatedCluster(partitions=271)
    # As captured with members of 271 partitions.
    assert [cluster.partition_of(data(key)) for key in ("k1", "k2", 1, 2)] == [21, 235, 31, 5]
    assert cluster.partition_of_name("q") == cluster.partition_of_name("other@q") == 229
    assert cluster.partition_of_name("al") == 72


def test_what_is_not_simulated_is_refused() -> None:
    client = RawClient(SimulatedCluster().members[0])
    unknown: dict[str, dict[str, Any]] = {
        "Map.aggregate": {"name": "m", "aggregator": b""},
        "ContinuousQuery.destroyCache": {"mapName": "m", "cacheName": "c"},
    }
    for method, arguments in unknown.items():
        with pytest.raises(MemberError, match="not simulated") as caught:
            client.call(method, **arguments)
        assert caught.value.error == codes.UNSUPPORTED


@pytest.mark.parametrize("first", [False, True])
def test_backups_acknowledge_over_their_own_connections(first: bool) -> None:
    cluster = SimulatedCluster(3)
    cluster.backups = 2
    cluster.acks_first = first
    owner = cluster.owner(cluster.partition_of(KEY))
    uuid = uuid4()
    order: list[Message] = []
    clients = {member: RawClient(member, uuid) for member in cluster.members}
    stranger = RawClient(cluster.members[0])
    for client in (*clients.values(), stranger):
        client.call("Client.localBackupListener")
        client.events = order
    client = clients[owner]
    number = client.start("Map.put", name="m", key=KEY, value=VALUE, flags=BACKUP_AWARE)
    assert client.answers[number].place == 2
    assert [message["sourceInvocationCorrelationId"] for message in order] == [number, number]
    cluster.acks_lost = True
    number = client.start("Map.put", name="m", key=KEY, value=VALUE, flags=BACKUP_AWARE)
    assert client.answers[number].place == 2
    assert len(order) == 2
    number = client.start("Map.put", name="m", key=KEY, value=VALUE)
    assert client.answers[number].place == 0


def test_only_connections_that_asked_for_backup_acks_count() -> None:
    cluster = SimulatedCluster(3)
    cluster.backups = 2
    owner, *others = sorted(cluster.members, key=lambda m: m is not cluster.owner(cluster.partition_of(KEY)))
    client = RawClient(owner)
    asked, silent = (RawClient(member, client.uuid) for member in others)
    asked.call("Client.localBackupListener")
    number = client.start("Map.put", name="m", key=KEY, value=VALUE, flags=BACKUP_AWARE)
    assert client.answers[number].place == 1
    assert (len(asked.events), len(silent.events)) == (1, 0)


def test_the_view_tells_members_and_partitions() -> None:
    cluster = SimulatedCluster(2, partitions=4)
    client = RawClient(cluster.members[0])
    client.call("Client.addClusterViewListener")
    members_view, partitions_view = client.events
    assert [info[1] for info in members_view["memberInfos"]] == [m.uuid for m in cluster.members]
    assert dict(partitions_view["partitions"]) == {
        cluster.members[0].uuid: [0, 2],
        cluster.members[1].uuid: [1, 3],
    }
    client.events.clear()
    newcomer = cluster.join()
    assert [message["version"] for message in client.events] == [1, 1]
    assert client.events[0]["memberInfos"][2][1] == newcomer.uuid
    client.events.clear()
    cluster.remove(newcomer)
    assert [len(m["memberInfos"]) for m in client.events if m.shape.event == "MembersView"] == [2]


def test_the_network_leads_to_members() -> None:
    cluster = SimulatedCluster(1)
    member = cluster.members[0]
    assert cluster.network(member.address) == Accept(member)
    assert isinstance(cluster.network(Address("10.0.0.9", 5701)), Refuse)
    cluster.down[member.address] = answer = Refuse()
    assert cluster.network(member.address) is answer


def test_proxies_and_schemas() -> None:
    cluster = SimulatedCluster(2)
    client = RawClient(cluster.members[0])
    cluster.strict = False
    client.call("Client.createProxy", name="m", serviceName="hz:impl:mapService")
    client.call("Client.createProxies", proxies=[("q", "hz:impl:queueService")])
    assert cluster.proxies == {("m", "hz:impl:mapService"), ("q", "hz:impl:queueService")}
    assert client.call("Client.getDistributedObjects") == [
        ("hz:impl:mapService", "m"),
        ("hz:impl:queueService", "q"),
    ]
    put(client)
    client.call("Client.destroyProxy", name="m", serviceName="hz:impl:mapService")
    assert client.call("Map.size", name="m") == 0
    assert cluster.proxies == {("q", "hz:impl:queueService")}
    schema = ("Person", [("name", 17)])
    assert client.call("Client.sendSchema", schema=schema) == [m.uuid for m in cluster.members]
    ((number, kept),) = cluster.schemas.items()
    assert kept == schema
    assert client.call("Client.fetchSchema", schemaId=number) == schema
    assert client.call("Client.fetchSchema", schemaId=number + 1) is None
    cluster.schemas.clear()
    client.call("Client.sendAllSchemas", schemas=[schema])
    assert list(cluster.schemas) == [number]


def test_a_restart_loses_everything() -> None:
    cluster = SimulatedCluster(2)
    before, addresses = cluster.id, [member.address for member in cluster.members]
    client = RawClient(cluster.owner(cluster.partition_of(KEY)))
    put(client)
    cluster.restart()
    assert not client.open
    assert cluster.id != before
    assert [member.address for member in cluster.members] == addresses
    assert cluster.service(MapService).state("m").values() == {}


def test_the_same_seed_gives_the_same_uuids() -> None:
    def uuids(seed: int) -> list[UUID]:
        cluster = SimulatedCluster(3, seed=seed)
        return [cluster.id, *(member.uuid for member in cluster.members)]

    assert uuids(1) == uuids(1)
    assert len({*uuids(1), *uuids(2)}) == 8


def test_a_service_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "_services", dict(members._services))

    @serves("PNCounter")
    class CounterService(Service):
        def get_configured_replica_count(self, request: Request) -> None:
            request.reply(len(request["name"]))

    cluster = SimulatedCluster()
    assert cluster.service(CounterService).name == "PNCounter"
    assert RawClient(cluster.members[0]).call("PNCounter.getConfiguredReplicaCount", name="abc") == 3
    with pytest.raises(KeyError, match="Unknown"):
        cluster.service(type("Unknown", (Service,), {}))


def test_a_raw_client_knows_the_parameters() -> None:
    client = RawClient(SimulatedCluster().members[0])
    with pytest.raises(TypeError, match="no parameters value"):
        client.start("Map.get", name="m", key=KEY, value=VALUE)


def test_a_manual_clock_makes_its_calls_in_order() -> None:
    clock = ManualClock(10)
    made: list[tuple[str, float]] = []

    def note(name: str) -> Callable[[], None]:
        return lambda: made.append((name, clock.now()))

    clock.call_later(3, note("third"))
    clock.call_later(1, note("first"))
    clock.call_later(1, note("second"))
    clock.call_later(2, note("cancelled")).cancel()

    def add() -> None:
        clock.call_later(0, note("added"))

    clock.call_later(5, add)
    clock.advance(2)
    assert made == [("first", 11), ("second", 11)]
    clock.advance(3)
    assert made[2:] == [("third", 13), ("added", 15)]
    assert clock.now() == 15

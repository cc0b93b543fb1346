"""Compact schemas reach the cluster before the values that need them, with simulated members."""

import re
from typing import Any

import pytest

from core_simulation import CHANGES, Simulation, listener_spec
from core_simulation import request as make_request
from hz_core.errors import (
    HazelcastClientNotActiveError,
    HazelcastOverloadError,
    HazelcastSerializationError,
    OperationTimeoutError,
)
from hz_core.invocation.invocation import Invocation, PromisedInvocation
from hz_core.listener import ListenerSpec
from hz_core.op import Op
from hz_core.testing import Request, codes
from hz_core.testing.scripted import Outcome
from hz_core.wire.decode import uuid_response
from hz_core.wire.method import Method
from hz_serialization.compact import UnknownSchemaError
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.kinds import FieldKind


def person(name: str = "Ada") -> GenericRecord:
    """A value in Compact form."""
    return GenericRecord("person", {"name": (FieldKind.STRING, name)})


def town(name: str = "Ulm") -> GenericRecord:
    """A value with another schema."""
    return GenericRecord("town", {"town": (FieldKind.STRING, name), "of": (FieldKind.COMPACT, None)})


def count(simulation: Simulation, method: str) -> int:
    """How many requests of `method` came to the members in all."""
    return sum(member.count(method) for member in simulation.cluster.members)


def methods(simulation: Simulation) -> list[str]:
    """The schemas and puts that the only member got, in order."""
    wanted = ("Client.sendSchema", "Client.sendAllSchemas", "Map.put")
    return [r.method for r in simulation.cluster.members[0].requests if r.method in wanted]


def never(request: Request) -> None:
    """Answer nothing."""


def test_a_schema_is_replicated_before_its_first_value_and_only_once() -> None:
    simulation = Simulation(1).start()
    assert simulation.put(1, "plain") is None
    simulation.put(1, person())
    simulation.put(2, person("Bob"))
    assert methods(simulation) == ["Map.put", "Client.sendSchema", "Map.put", "Map.put"]
    assert simulation.get(2) == person("Bob")
    assert not simulation.serialization.schemas.unconfirmed
    simulation.stop()


def test_nested_schemas_are_replicated_too() -> None:
    simulation = Simulation(1).start()
    nested = GenericRecord("town", {"mayor": (FieldKind.COMPACT, person())})
    simulation.put(1, {"towns": [nested]})
    assert methods(simulation) == ["Client.sendSchema", "Client.sendSchema", "Map.put"]
    simulation.stop()


def test_it_is_sent_again_until_every_member_has_it() -> None:
    simulation = Simulation(2).start()
    answers: list[int] = []

    def only_one(request: Request) -> None:
        answers.append(len(answers))
        request.reply([request.member.uuid])

    for member in simulation.cluster.members:
        member.rule("Client.sendSchema", only_one, times=2)
    simulation.put(1, person())
    assert len(answers) >= 2
    assert count(simulation, "Client.sendSchema") == len(answers) + 1
    assert count(simulation, "Map.put") == 1
    simulation.stop()


def test_a_member_that_never_confirms_fails_the_value_and_nothing_else() -> None:
    simulation = Simulation(2, invocation_timeout=5).start()
    for member in simulation.cluster.members:
        member.rule("Client.sendSchema", lambda request: request.reply([]))
    waiting = simulation.submit(simulation.ops.put(1, person()))
    assert simulation.put(2, "other partition") is None
    with pytest.raises(OperationTimeoutError, match=r"Compact schema of 'person'.*not replicated"):
        simulation.value(waiting)
    assert count(simulation, "Map.put") == 1
    assert simulation.serialization.schemas.unconfirmed
    for member in simulation.cluster.members:
        member.rules.clear()
    simulation.put(1, person())
    assert not simulation.serialization.schemas.unconfirmed
    simulation.stop()


def test_an_error_of_the_member_fails_only_what_needs_the_schema() -> None:
    simulation = Simulation(1).start()

    def refuse_persons(request: Request) -> None:
        if request.values[0][0] == "person":
            request.error(*codes.ILLEGAL_ARGUMENT)
        else:
            request.member.answer(request)

    simulation.cluster.members[0].rule("Client.sendSchema", refuse_persons)
    outcomes = [simulation.submit(simulation.ops.put(1, value)) for value in (person(), town(), "plain")]
    with pytest.raises(Exception, match="simulated"):
        simulation.value(outcomes[0])
    simulation.value(outcomes[1])
    assert simulation.value(outcomes[2]) == town()
    simulation.stop()


def test_the_order_in_a_partition_stays_and_others_do_not_wait() -> None:
    simulation = Simulation(1).start()
    held: list[Request] = []
    member = simulation.cluster.members[0]
    member.rule("Client.sendSchema", held.append)
    first = simulation.submit(simulation.ops.put(1, person()))
    second = simulation.submit(simulation.ops.put(1, "later"))
    other = simulation.submit(simulation.ops.put(2, "elsewhere"))
    simulation.driver.advance()
    assert (first.done, second.done, other.done) == (False, False, True)
    member.answer(held[0])
    assert simulation.value(second) == person()
    simulation.stop()


def test_operation_submitted_while_a_held_one_is_sent_stays_behind_it() -> None:
    """Other threads submit operations at any moment, also when those that were held are being sent."""
    simulation = Simulation(1).start()
    schemas = simulation.engine.schemas
    first, second, other = (
        PromisedInvocation(simulation.ops.put(key, value), 0.0, Outcome())
        for key, value in ((1, person()), (1, "behind"), (2, "elsewhere"))
    )
    sent: list[Invocation] = []
    held: list[bool] = []

    class Sender:
        """Notes what is sent, and meanwhile submits more."""

        def send(self, invocation: Invocation) -> None:
            """Note it."""
            sent.append(invocation)
            if invocation is first:
                held.extend([schemas.hold(second, self), schemas.hold(other, self)])

    assert schemas.hold(first, Sender())
    simulation.driver.advance()
    assert held == [True, False]
    assert sent == [first, second]
    simulation.stop()


def test_number_of_held_operations_is_limited() -> None:
    simulation = Simulation(1, max_pending_invocations=3).start()
    held: list[Request] = []
    member = simulation.cluster.members[0]
    member.rule("Client.sendSchema", held.append)
    waiting = [simulation.submit(simulation.ops.put(1, person(str(i)))) for i in range(3)]
    simulation.driver.advance()
    with pytest.raises(HazelcastOverloadError, match="max_pending_invocations"):
        simulation.value(simulation.submit(simulation.ops.put(1, person("one too many"))))
    member.answer(held[0])
    for outcome in waiting:
        simulation.value(outcome)
    simulation.stop()


def test_members_without_compact_are_named() -> None:
    simulation = Simulation(1)
    simulation.cluster.version = (5, 1, 3)
    simulation.start()
    with pytest.raises(HazelcastSerializationError, match=r"'person'.*5\.1\.3.*from 5\.2 on"):
        simulation.put(1, person())
    simulation.put(1, "plain")
    simulation.stop()


def test_a_lost_connection_repeats_the_replication() -> None:
    simulation = Simulation(1).start()
    member = simulation.cluster.members[0]
    member.rule("Client.sendSchema", lambda request: member.cut_all(), times=1)
    simulation.put(1, person())
    assert member.count("Client.sendSchema") == 2
    assert simulation.get(1) == person()
    simulation.stop()


def test_a_restarted_cluster_gets_all_schemas_first() -> None:
    simulation = Simulation(1).start()
    simulation.put(1, person())
    simulation.put(2, town())
    simulation.cluster.restart()
    simulation.driver.advance(5)
    simulation.put(1, person())
    assert methods(simulation) == ["Client.sendAllSchemas", "Map.put"]
    assert len(simulation.cluster.schemas) == 2
    simulation.stop()


def written_elsewhere(value: Any) -> Simulation:
    """A client that has not seen the schema of `value`, which another one wrote under the key 1."""
    writer = Simulation(1).start()
    writer.put(1, value)
    writer.stop()
    return Simulation(1, cluster=writer.cluster).start()


def test_an_unknown_schema_is_fetched_once() -> None:
    reader = written_elsewhere([person(), person("Bob")])
    assert reader.get(1) == [person(), person("Bob")]
    assert reader.get(1) == [person(), person("Bob")]
    assert count(reader, "Client.fetchSchema") == 1
    reader.stop()


def test_several_unknown_schemas_in_one_reply_are_fetched() -> None:
    reader = written_elsewhere([person(), town(), person()])
    first, second = reader.submit(reader.ops.get(1)), reader.submit(reader.ops.get(1))
    assert reader.value(first) == reader.value(second) == [person(), town(), person()]
    reader.stop()


def test_a_schema_that_the_cluster_lacks_is_an_error() -> None:
    reader = written_elsewhere(person())
    reader.cluster.schemas.clear()
    with pytest.raises(UnknownSchemaError):
        reader.get(1)
    reader.stop()


def test_a_wrong_schema_is_refused() -> None:
    reader = written_elsewhere(person())
    wrong = ("intruder", [("name", int(FieldKind.STRING))])
    reader.cluster.members[0].rule("Client.fetchSchema", lambda request: request.reply(wrong))
    with pytest.raises(HazelcastSerializationError, match="intruder"):
        reader.get(1)
    reader.stop()


def test_shutdown_ends_what_waits_for_schemas() -> None:
    simulation = Simulation(1).start()
    member = simulation.cluster.members[0]
    member.rule("Client.sendSchema", never)
    waiting = simulation.submit(simulation.ops.put(1, person()))
    behind = simulation.submit(simulation.ops.put(1, "plain"))
    simulation.driver.advance()
    simulation.stop()
    assert isinstance(waiting.error, HazelcastClientNotActiveError)
    assert isinstance(behind.error, HazelcastClientNotActiveError)

    reader = written_elsewhere(person())
    reader.cluster.members[0].rule("Client.fetchSchema", never)
    reading = reader.submit(reader.ops.get(1))
    reader.driver.advance()
    reader.stop()
    assert isinstance(reading.error, HazelcastClientNotActiveError)


def test_events_wait_for_their_schema_in_order() -> None:
    listener = Simulation(1).start()
    events: list[Any] = []
    registration = listen_to_values(listener, events)
    writer = Simulation(1, cluster=listener.cluster).start()
    for key, value in enumerate([1, person(), 2, town(), person("Bob"), 3]):
        writer.put(key, value)
    listener.driver.advance()
    assert events == [1, person(), 2, town(), person("Bob"), 3]
    assert listener.run(listener.engine.remove_listener(registration))
    writer.stop()
    listener.stop()


def test_an_event_whose_schema_is_lost_does_not_delay_the_next(caplog: pytest.LogCaptureFixture) -> None:
    listener = Simulation(1).start()
    events: list[Any] = []
    listen_to_values(listener, events)
    writer = Simulation(1, cluster=listener.cluster).start()
    listener.cluster.members[0].rule("Client.fetchSchema", lambda request: request.reply(None))
    writer.put(1, person())
    writer.put(2, "next")
    listener.driver.advance()
    assert events == ["next"]
    assert "missed an event" in caplog.text
    writer.stop()
    listener.stop()


@pytest.mark.parametrize("inline", [False, True], ids=["callback", "inline"])
def test_listener_goes_on_although_the_queue_was_full_when_the_schema_came(inline: bool) -> None:
    listener = Simulation(1).start()
    events: list[Any] = []
    listen_to_values(listener, events, inline=inline)
    writer = Simulation(1, cluster=listener.cluster).start()
    kept: list[Request] = []
    listener.cluster.members[0].rule("Client.fetchSchema", kept.append, times=1)
    writer.put(1, person())
    writer.put(2, 2)
    listener.driver.advance()
    run_callback = listener.driver.run_callback
    full = True
    refused: list[Any] = []

    def run_if_room(callback: Any) -> Any:
        if full:
            refused.append(callback)
            return False
        return run_callback(callback)

    listener.driver.__dict__["run_callback"] = run_if_room
    kept[0].member.answer(kept[0])
    listener.driver.advance(5)
    assert events == []
    assert len(refused) > 1
    full = False
    listener.driver.advance(1)
    assert events == [person(), 2]
    writer.put(3, 3)
    listener.driver.advance()
    assert events == [person(), 2, 3]
    writer.stop()
    listener.stop()


def test_removed_listener_does_not_try_to_go_on() -> None:
    listener = Simulation(1).start()
    registration = listen_to_values(listener, [])
    writer = Simulation(1, cluster=listener.cluster).start()
    kept: list[Request] = []
    listener.cluster.members[0].rule("Client.fetchSchema", kept.append, times=1)
    writer.put(1, person())
    listener.driver.advance()
    listener.run(listener.engine.remove_listener(registration))
    refused: list[Any] = []

    def refuse(callback: Any) -> bool:
        refused.append(callback)
        return False

    listener.driver.__dict__["run_callback"] = refuse
    kept[0].member.answer(kept[0])
    listener.driver.advance(60)
    assert len(refused) == 1
    writer.stop()
    listener.stop()


def test_events_that_wait_for_a_schema_are_bounded(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hz_core.listener.MOST_WAITING", 3)
    listener = Simulation(1).start()
    events: list[Any] = []
    listen_to_values(listener, events)
    writer = Simulation(1, cluster=listener.cluster).start()
    kept: list[Request] = []
    listener.cluster.members[0].rule("Client.fetchSchema", kept.append, times=1)
    for key, value in enumerate([person(), 1, 2, 3, 4, 5, 6]):
        writer.put(key, value)
    listener.driver.advance()
    kept[0].member.answer(kept[0])
    listener.driver.advance()
    assert events == [person(), 1, 2]
    assert re.findall(r"dropped (\d+) events: 3 wait", caplog.text) == ["1", "2", "4"]
    writer.put(9, 9)
    listener.driver.advance()
    assert events == [person(), 1, 2, 9]
    writer.stop()
    listener.stop()


def listen_to_values(simulation: Simulation, events: list[Any], *, inline: bool = False) -> str:
    """Register an entry listener that collects the values of events."""
    spec = listener_spec(lambda event: events.append(event.value), inline=inline)
    registration: str = simulation.run(simulation.engine.add_listener(spec))
    return registration


def test_a_listener_whose_request_carries_a_schema_replicates_it_first() -> None:
    simulation = Simulation(2).start()
    with_predicate = "Map.addEntryListenerWithPredicate"
    method = Method(with_predicate, 0x011700, 0x011701, uuid_response)
    predicate = simulation.serialization.to_data(person())
    order: list[str] = []

    def note_schema(request: Request) -> None:
        order.append("schema")
        request.member.answer(request)

    def register(request: Request) -> None:
        order.append("listener")
        request.reply(simulation.cluster.new_uuid())

    for member in simulation.cluster.members:
        member.rule("Client.sendSchema", note_schema)
        member.rule(with_predicate, register)
    plain = listener_spec(lambda message: None)
    spec = ListenerSpec(
        lambda local: Op(method, make_request(with_predicate, "m", predicate, True, CHANGES, local)),
        plain.remove,
        plain.on_event,
    )
    assert simulation.run(simulation.engine.add_listener(spec))
    assert order == ["schema", "listener", "listener"]
    assert not simulation.serialization.schemas.unconfirmed
    simulation.stop()

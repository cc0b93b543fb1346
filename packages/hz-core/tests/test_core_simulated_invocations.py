"""Retries, timeouts, backup acks and strange replies, with simulated members on the virtual clock."""

import struct
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from core_simulation import Simulation
from hz_core.codecs import client as client_codec
from hz_core.errors import (
    ERROR_CLASSES,
    HazelcastOverloadError,
    IllegalArgumentError,
    IndeterminateOperationStateError,
    OperationTimeoutError,
    RetryableHazelcastError,
    TargetDisconnectedError,
    TargetNotMemberError,
    server_error,
)
from hz_core.testing import Refuse, Request, codes
from hz_core.testing.messages import error_bytes, fragments
from hz_core.testing.scripted import Outcome, random_cuts
from hz_core.wire.frames import HazelcastProtocolError


def silence(request: Request) -> None:
    """Never answer."""


def cut(request: Request) -> None:
    """Break the connection instead of answering."""
    request.session.pipe.cut()


# ---- routing and retries


def test_requests_go_to_the_owner_of_their_partition() -> None:
    simulation = Simulation(3).start()
    for key in range(7):
        simulation.put(key, key)
    assert [member.count("Map.put") for member in simulation.cluster.members] == [3, 2, 2]
    simulation.stop()


def test_requests_without_a_partition_go_to_the_members_in_turn() -> None:
    simulation = Simulation(3).start()
    for _ in range(9):
        assert simulation.value(simulation.submit(client_codec.get_distributed_objects())) == []
    counts = [member.count("Client.getDistributedObjects") for member in simulation.cluster.members]
    assert counts == [3, 3, 3]
    simulation.stop()


def test_moved_partition_is_found_at_its_new_owner() -> None:
    simulation = Simulation(2).start()
    simulation.put(0, "moving")
    old, new = simulation.cluster.members
    simulation.cluster.owners[0] = new
    outcome = simulation.submit(simulation.ops.put(0, "moved"))
    simulation.driver.advance(0.5)
    assert not outcome.done
    assert old.count("Map.put") > 2
    simulation.cluster.publish_view()
    assert simulation.value(outcome, 2) == "moving"
    assert new.count("Map.put") == 1
    assert simulation.cluster.puts[-1][1] == simulation.serialization.to_data("moved")
    simulation.stop()


@pytest.mark.parametrize("error", [codes.RETRYABLE, codes.WRONG_TARGET, codes.NOT_MEMBER])
def test_refusals_are_always_tried_again(error: tuple[int, str]) -> None:
    simulation = Simulation(1).start()
    simulation.cluster.members[0].rule("Map.put", lambda request: request.error(*error), times=8)
    began = simulation.driver.now()
    assert simulation.put(1, "x") is None
    assert simulation.cluster.members[0].count("Map.put") == 9
    assert 0 < simulation.driver.now() - began < 1
    simulation.stop()


def test_pauses_between_tries_grow_to_the_configured_one() -> None:
    simulation = Simulation(1, invocation_retry_pause=0.5).start()
    times: list[float] = []

    def refuse(request: Request) -> None:
        times.append(simulation.driver.now())
        request.error(*codes.RETRYABLE)

    simulation.cluster.members[0].rule("Map.put", refuse, times=30)
    simulation.put(1, "x")
    pauses = [b - a for a, b in pairwise(times)]
    assert pauses[:4] == [0, 0, 0, 0]
    assert pauses == sorted(pauses)
    assert pauses[-1] == pytest.approx(0.5)
    simulation.stop()


def test_read_is_repeated_after_a_lost_connection() -> None:
    simulation = Simulation(2).start()
    simulation.put(0, "x")
    simulation.cluster.members[0].rule("Map.get", cut, times=1)
    assert simulation.get(0) == "x"
    simulation.stop()


@pytest.mark.parametrize("action", [cut, lambda request: request.error(*codes.NOT_ACTIVE)])
def test_write_is_not_repeated_after_a_lost_connection(action: Any) -> None:
    simulation = Simulation(1).start()
    simulation.cluster.members[0].rule("Map.put", action, times=1)
    with pytest.raises((TargetDisconnectedError, ERROR_CLASSES[19])):
        simulation.put(0, "x")
    assert simulation.cluster.members[0].count("Map.put") == 1
    simulation.stop()


@pytest.mark.parametrize("action", [cut, lambda request: request.error(*codes.NOT_ACTIVE)])
def test_write_is_repeated_with_redo_operation(action: Any) -> None:
    simulation = Simulation(1, redo_operation=True).start()
    simulation.cluster.members[0].rule("Map.put", action, times=1)
    assert simulation.put(0, "x") is None
    assert simulation.cluster.members[0].count("Map.put") == 2
    simulation.stop()


def test_lost_connection_names_the_reason() -> None:
    simulation = Simulation(1).start()
    simulation.cluster.members[0].rule("Map.put", silence)
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance()
    simulation.driver.links[0].cut(ConnectionResetError("somebody fell over the cable"))
    with pytest.raises(TargetDisconnectedError, match=r"10\.0\.0\.1:5701.*fell over the cable"):
        simulation.value(outcome)
    simulation.stop()


def test_other_errors_are_raised_with_the_message_of_the_member() -> None:
    simulation = Simulation(1).start()
    simulation.cluster.members[0].rule("Map.put", lambda request: request.error(*codes.ILLEGAL_ARGUMENT))
    with pytest.raises(IllegalArgumentError, match="simulated") as caught:
        simulation.put(0, "x")
    told = server_error(caught.value)
    assert told is not None
    assert told.class_name == "java.lang.IllegalArgumentException"
    assert simulation.cluster.members[0].count("Map.put") == 1
    simulation.stop()


@pytest.mark.parametrize("code", sorted(ERROR_CLASSES))
def test_every_error_code_ends_as_its_class_or_in_time(code: int) -> None:
    simulation = Simulation(1, invocation_timeout=2).start()
    simulation.cluster.members[0].rule("Map.put", lambda request: request.error(code, "java.lang.Whatever"))
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance(10)
    error = outcome.error
    if isinstance(error, OperationTimeoutError) and code != 38:
        error = error.__cause__
    assert type(error) is ERROR_CLASSES[code]
    simulation.stop()


def test_invocation_timeout_ends_the_tries() -> None:
    simulation = Simulation(1, invocation_timeout=10).start()
    simulation.cluster.members[0].rule("Map.put", lambda request: request.error(*codes.RETRYABLE))
    began = simulation.driver.now()
    with pytest.raises(OperationTimeoutError, match=r"Map\.put.*invocation_timeout of 10 s") as caught:
        simulation.put(0, "x")
    assert isinstance(caught.value.__cause__, RetryableHazelcastError)
    assert 8 <= simulation.driver.now() - began <= 10
    simulation.stop()


def test_invocation_timeout_does_not_limit_a_running_operation() -> None:
    simulation = Simulation(1, invocation_timeout=10).start()
    kept: list[Request] = []
    simulation.cluster.members[0].rule("Map.put", kept.append)
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance(50)
    assert not outcome.done
    kept[0].reply(None)
    assert simulation.value(outcome) is None
    simulation.stop()


def test_operation_for_one_member_goes_there_or_fails() -> None:
    simulation = Simulation(2).start()
    first, second = simulation.cluster.members
    op = simulation.ops.get(0)
    op.member = second.uuid
    simulation.cluster.strict = False
    simulation.value(simulation.submit(op))
    assert (first.count("Map.get"), second.count("Map.get")) == (0, 1)
    simulation.cluster.remove(second)
    simulation.driver.advance(1)
    began = simulation.driver.now()
    late = simulation.ops.get(0)
    late.member = second.uuid
    with pytest.raises(TargetNotMemberError, match=str(second.uuid)):
        simulation.value(simulation.submit(late))
    assert simulation.driver.now() == began
    simulation.stop()


def test_operation_for_one_connection_is_never_sent_over_another() -> None:
    simulation = Simulation(1, redo_operation=True).start()
    connection = simulation.connections[0]
    op = simulation.ops.get(0)
    op.connection = connection
    simulation.driver.links[0].cut()
    simulation.driver.advance(5)
    assert simulation.connected
    with pytest.raises(TargetDisconnectedError):
        simulation.value(simulation.submit(op))
    simulation.stop()


def test_too_many_pending_invocations_are_refused() -> None:
    simulation = Simulation(1, max_pending_invocations=3).start()
    kept: list[Request] = []
    simulation.cluster.members[0].rule("Map.put", kept.append)
    waiting = [simulation.submit(simulation.ops.put(0, i)) for i in range(3)]
    with pytest.raises(HazelcastOverloadError, match="max_pending_invocations"):
        simulation.put(0, "one too many")
    simulation.driver.advance()
    kept[0].reply(None)
    simulation.driver.advance()
    last = simulation.submit(simulation.ops.put(0, "fits again"))
    simulation.driver.advance()
    for request in kept[1:]:
        request.reply(None)
    simulation.driver.advance()
    assert [outcome.times for outcome in [*waiting, last]] == [1, 1, 1, 1]
    assert last.error is None
    simulation.stop()


# ---- replies


def test_late_and_duplicate_replies_are_ignored() -> None:
    simulation = Simulation(1).start()
    kept: list[Request] = []
    simulation.cluster.members[0].rule("Map.put", kept.append, times=2)
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    given_up = simulation.submit(simulation.ops.put(0, "y"))
    given_up.cancel()
    simulation.driver.advance()
    for request in kept:
        request.reply(None)
        request.reply(None)
        request.error(*codes.RETRYABLE)
    request.session.pipe.send(error_bytes(123456789, *codes.ILLEGAL_ARGUMENT))
    simulation.driver.advance(1)
    assert (outcome.times, given_up.times) == (1, 0)
    assert simulation.put(0, "z") is None
    simulation.stop()


def test_cancelled_operation_is_not_tried_again() -> None:
    simulation = Simulation(1).start()
    simulation.cluster.members[0].rule("Map.put", lambda request: request.error(*codes.RETRYABLE))
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance(2)
    outcome.cancel()
    simulation.driver.advance(2)
    before = simulation.cluster.members[0].count("Map.put")
    simulation.driver.advance(60)
    assert simulation.cluster.members[0].count("Map.put") == before
    assert outcome.times == 0
    simulation.stop()


def test_cancelled_operations_that_pause_or_wait_for_a_connection_are_forgotten_at_once() -> None:
    simulation = Simulation(1).start()
    invocations = simulation.engine.invocations
    member = simulation.cluster.members[0]
    member.rule("Map.put", lambda request: request.error(*codes.RETRYABLE))
    pausing = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance(2)
    assert (len(invocations.pausing()), invocations.pending_count) == (1, 1)
    pausing.abandon()
    assert (invocations.pausing(), invocations.pending_count) == ([], 0)
    member.rules.clear()
    simulation.cluster.down[member.address] = Refuse()
    simulation.cluster.cut_all()
    simulation.driver.advance()
    parked, other = (simulation.submit(simulation.ops.put(0, value)) for value in "yz")
    simulation.driver.advance()
    assert len(invocations.parked) == 2
    parked.abandon()
    assert (invocations.parked.waiting(), invocations.pending_count) == ([other.invocation], 1)
    simulation.cluster.down.clear()
    assert simulation.value(other) is None
    assert simulation.get(0) == "z"
    assert (pausing.times, parked.times, len(simulation.cluster.puts)) == (0, 0, 1)
    simulation.stop()


def test_reply_in_fragments_between_other_replies() -> None:
    simulation = Simulation(1).start()
    simulation.put(0, "x" * 1000)
    simulation.driver.links[0].cut_up = random_cuts(Random(3))
    kept: list[Request] = []
    simulation.cluster.members[0].rule("Map.get", kept.append, times=2)
    first, second = (simulation.submit(simulation.ops.get(0)) for _ in range(2))
    simulation.driver.advance()
    data = simulation.serialization.to_data("x" * 1000)
    parts = [fragments(request.reply_bytes(data), 7 + i) for i, request in enumerate(kept)]
    pipe = kept[0].session.pipe
    pipe.send(parts[0][0])
    pipe.send(parts[1][0])
    assert simulation.get(0) == "x" * 1000
    pipe.send(parts[1][1])
    pipe.send(parts[0][1])
    assert simulation.value(first) == simulation.value(second) == "x" * 1000
    simulation.stop()


@pytest.mark.parametrize("acks", [0, 2])
def test_reply_of_another_type_is_a_protocol_error(acks: int) -> None:
    simulation = Simulation(1).start()

    def confuse(request: Request) -> None:
        reply = bytearray(request.reply_bytes(None, acks=acks))
        struct.pack_into("<i", reply, 6, 0x010301)
        request.session.pipe.send(bytes(reply))

    simulation.cluster.members[0].rule("Map.put", confuse)
    with pytest.raises(HazelcastProtocolError, match=r"Map\.put.*0x010301"):
        simulation.put(0, "x")
    simulation.stop()


def test_error_with_acks_is_an_error() -> None:
    simulation = Simulation(1).start()

    def confuse(request: Request) -> None:
        reply = bytearray(error_bytes(request.correlation_id, *codes.ILLEGAL_ARGUMENT))
        reply[18] = 1
        request.session.pipe.send(bytes(reply))

    simulation.cluster.members[0].rule("Map.put", confuse)
    with pytest.raises(IllegalArgumentError):
        simulation.put(0, "x")
    simulation.stop()


def test_unreadable_replies_and_errors_are_protocol_errors() -> None:
    simulation = Simulation(1).start()

    def shorten(request: Request) -> None:
        reply = request.reply_bytes(None)
        request.session.pipe.send(reply[:4] + b"\x00\xe0" + reply[6:19])

    def no_holders(request: Request) -> None:
        head = struct.pack("<iHiqB", 19, 0xC000, 0, request.correlation_id, 0)
        request.session.pipe.send(head + struct.pack("<iH", 6, 0x2000))

    for action in (shorten, no_holders):
        simulation.cluster.members[0].rule("Map.put", action, times=1)
        with pytest.raises(HazelcastProtocolError, match=r"Map\.put"):
            simulation.put(0, "x")
    assert simulation.put(0, "x") is None
    simulation.stop()


def test_garbage_closes_the_connection_tells_waiters_and_reconnects() -> None:
    simulation = Simulation(1).start()
    simulation.put(0, "x")
    kept: list[Request] = []
    simulation.cluster.members[0].rule("Map.put", kept.append, times=1)
    write = simulation.submit(simulation.ops.put(0, "y"))
    simulation.driver.advance()
    kept[0].session.pipe.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    read = simulation.submit(simulation.ops.get(0))
    simulation.driver.advance()
    assert isinstance(write.error, TargetDisconnectedError)
    assert isinstance(write.error.__cause__, TargetDisconnectedError)
    assert isinstance(write.error.__cause__.__cause__, HazelcastProtocolError)
    assert simulation.value(read) == "x"
    assert len(simulation.driver.links) == 2
    simulation.stop()


def test_unreadable_view_closes_the_connection() -> None:
    simulation = Simulation(1).start()
    session = next(iter(simulation.cluster.members[0].sessions.values()))
    assert session.view_id is not None
    head = struct.pack("<iHiqii", 26, 0xC200, 0x000302, session.view_id, -1, 99)
    session.pipe.send(head + struct.pack("<iH", 6, 0x2000))
    simulation.driver.advance(5)
    assert len(simulation.driver.links) == 2
    assert simulation.connected
    simulation.stop()


# ---- backup acks


def backed_up(acks_first: bool = False, acks_lost: bool = False, **options: Any) -> Simulation:
    simulation = Simulation(3, operation_backup_timeout=5, **options).start()
    simulation.cluster.backups = 2
    simulation.cluster.acks_first = acks_first
    simulation.cluster.acks_lost = acks_lost
    return simulation


@pytest.mark.parametrize("acks_first", [False, True])
def test_acks_may_come_before_or_after_the_reply(acks_first: bool) -> None:
    simulation = backed_up(acks_first)
    began = simulation.driver.now()
    assert simulation.put(0, "x") is None
    assert simulation.put(0, "y") == "x"
    assert simulation.driver.now() == began
    simulation.stop()


@pytest.mark.parametrize("acks_first", [False, True])
def test_reply_waits_for_all_acks(acks_first: bool) -> None:
    simulation = backed_up(acks_first)
    for number, link in enumerate(simulation.driver.links):
        link.latency = number / 10
    began = simulation.driver.now()
    simulation.put(0, "x")
    assert simulation.driver.now() - began == pytest.approx(0.2)
    simulation.stop()


def test_lost_acks_complete_the_operation_after_a_while() -> None:
    simulation = backed_up(acks_lost=True)
    began = simulation.driver.now()
    assert simulation.put(0, "x") is None
    assert 5 <= simulation.driver.now() - began <= 6
    simulation.driver.advance()
    assert simulation.engine.invocations.pending_count == 0
    simulation.stop()


def test_acks_are_awaited_for_a_shorter_time_when_a_connection_is_lost() -> None:
    """The member that is gone may be the one that had to acknowledge."""
    simulation = backed_up(acks_lost=True)
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance(1)
    simulation.driver.links[2].cut()
    simulation.driver.advance(0.4)
    assert not outcome.done
    simulation.driver.advance(1.2)
    assert (outcome.times, outcome.error) == (1, None)
    simulation.stop()


def test_lost_acks_fail_the_operation_where_that_is_wanted() -> None:
    simulation = backed_up(acks_lost=True, fail_on_indeterminate_operation_state=True)
    with pytest.raises(IndeterminateOperationStateError, match=r"Map\.put.*2 of 2 backups"):
        simulation.put(0, "x")
    simulation.stop()


def lose_the_owner(simulation: Simulation) -> Outcome:
    """Return the outcome of a write whose owner is lost, while its backups have not acknowledged it."""
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance(1)
    simulation.driver.links[0].cut()
    simulation.driver.advance(0.4)
    assert not outcome.done
    return outcome


def test_an_owner_that_is_lost_before_its_backups_have_acknowledged_may_take_the_change_with_it() -> None:
    simulation = backed_up(acks_lost=True)
    outcome = lose_the_owner(simulation)
    simulation.driver.advance(1.2)
    assert outcome.times == 1
    assert isinstance(outcome.error, TargetDisconnectedError)
    assert "after the reply to Map.put, before 2 of 2 backups had acknowledged it" in str(outcome.error)
    assert simulation.engine.invocations.pending_count == 0
    simulation.stop()


@pytest.mark.parametrize("fails", [False, True])
def test_what_may_be_repeated_is_repeated_when_its_owner_is_lost_with_it(fails: bool) -> None:
    simulation = backed_up(acks_lost=True, redo_operation=True, fail_on_indeterminate_operation_state=fails)
    outcome = lose_the_owner(simulation)
    simulation.cluster.acks_lost = False
    simulation.driver.advance(1.2)
    # It finds what it has written itself: this owner was not really lost.
    assert (outcome.times, outcome.error, outcome.result) == (1, None, "x")
    assert simulation.cluster.members[0].count("Map.put") == 2
    assert simulation.engine.invocations.pending_count == 0
    simulation.stop()


def test_a_lost_owner_is_reported_as_missing_backups_where_that_is_wanted() -> None:
    simulation = backed_up(acks_lost=True, fail_on_indeterminate_operation_state=True)
    outcome = lose_the_owner(simulation)
    simulation.driver.advance(1.2)
    assert outcome.times == 1
    assert isinstance(outcome.error, IndeterminateOperationStateError)
    assert "2 of 2 backups" in str(outcome.error)
    simulation.stop()


def test_acks_of_backups_count_although_the_owner_is_lost() -> None:
    simulation = backed_up()
    for link in simulation.driver.links[1:]:
        link.latency = 0.3
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance(0.1)
    assert not outcome.done
    simulation.driver.links[0].cut()
    simulation.driver.advance(0.3)
    assert (outcome.times, outcome.error) == (1, None)
    assert simulation.cluster.members[0].count("Map.put") == 1
    simulation.stop()


def test_acks_are_not_asked_for_without_the_option() -> None:
    simulation = backed_up(backup_ack_to_client_enabled=False)
    simulation.put(0, "x")
    requests = [request for member in simulation.cluster.members for request in member.requests]
    assert not any(request.backup_aware for request in requests if request.method == "Map.put")
    assert not any(request.method == "Client.localBackupListener" for request in requests)
    simulation.stop()


def test_acks_of_an_earlier_try_do_not_count() -> None:
    simulation = backed_up(acks_first=True)
    owner = simulation.cluster.members[0]

    def ack_and_refuse(request: Request) -> None:
        simulation.cluster.acknowledge(request, simulation.cluster.backup_sessions(owner, request)[:1])
        request.error(*codes.RETRYABLE)

    owner.rule("Map.put", ack_and_refuse, times=1)
    simulation.cluster.acks_lost = False
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance()
    assert outcome.times == 1
    simulation.stop()


def test_cancelled_while_waiting_for_acks() -> None:
    simulation = backed_up(acks_lost=True, fail_on_indeterminate_operation_state=True)
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance(1)
    outcome.cancel()
    simulation.driver.advance(10)
    assert outcome.times == 0
    assert simulation.engine.invocations.pending_count == 0
    simulation.stop()

"""AtomicLong on simulated members."""

from typing import Any

import pytest

import simulated_harness
from hz_core.errors import TargetDisconnectedError
from hz_core.testing import AtomicLongService, Request
from hz_core.testing.simulation import Simulation
from hz_cp import ATOMIC_LONG
from hz_cp.atomic_long import BlockingAtomicLong

simulation = simulated_harness.simulation


@pytest.fixture
def number(simulation: Simulation) -> BlockingAtomicLong:
    return simulation.client.get_object(ATOMIC_LONG, "n").blocking()


def test_arithmetic(number: BlockingAtomicLong) -> None:
    assert number.get() == 0
    assert number.increment_and_get() == 1
    assert number.decrement_and_get() == 0
    assert number.get_and_increment() == 0
    assert number.get_and_decrement() == 1
    assert number.add_and_get(-5) == -5
    assert number.get_and_add(7) == -5
    assert number.get_and_set(2**63 - 1) == 2
    assert number.increment_and_get() == -(2**63)
    number.set(3)
    assert number.compare_and_set(4, 5) is False
    assert number.compare_and_set(3, 5) is True
    assert number.get() == 5


@pytest.mark.parametrize(
    ("operation", "method", "kind", "reply", "result"),
    [
        ("apply", "AtomicLong.apply", None, "r", "r"),
        ("alter", "AtomicLong.alter", 1, 7, None),
        ("alter_and_get", "AtomicLong.alter", 1, 7, 7),
        ("get_and_alter", "AtomicLong.alter", 0, 7, 7),
    ],
)
def test_functions_of_the_member(
    simulation: Simulation,
    number: BlockingAtomicLong,
    operation: str,
    method: str,
    kind: Any,
    reply: Any,
    result: Any,
) -> None:
    to_data = simulation.client.serialization.to_data
    received: list[Request] = []

    def answer(request: Request) -> None:
        received.append(request)
        request.reply(to_data(reply) if isinstance(reply, str) else reply)

    for member in simulation.cluster.members:
        member.rule(method, answer)
    assert getattr(number, operation)("a function") == result
    (request,) = received
    assert request["function"] == to_data("a function")
    assert (request["groupId"], request["name"]) == (("n", 0, simulation.cluster.partition_of_name("n")), "n")
    assert request.named.get("returnValueType") == (None if kind is None else request["returnValueType"])


def test_names_with_a_group(simulation: Simulation) -> None:
    first = simulation.client.get_object(ATOMIC_LONG, "n@first").blocking()
    simulation.client.get_object(ATOMIC_LONG, "n@second").blocking().set(2)
    first.set(1)
    held = simulation.cluster.service(AtomicLongService).numbers
    assert {(group[0], name): value for (group, name), value in held.items()} == {
        ("first", "n"): 1,
        ("second", "n"): 2,
    }
    for name in ("@group", " @group"):
        with pytest.raises(ValueError, match="@group"):
            simulation.client.get_object(ATOMIC_LONG, name)


def test_changes_are_not_repeated_after_a_lost_connection_and_reads_are(
    simulation: Simulation, number: BlockingAtomicLong
) -> None:
    def do_and_cut(request: Request) -> None:
        request.member.answer(request)
        request.member.cut_all()

    for method in ("AtomicLong.addAndGet", "AtomicLong.get"):
        lost: list[Request] = []

        def once(request: Request, lost: list[Request] = lost) -> None:
            if lost:
                request.member.answer(request)
            else:
                lost.append(request)
                do_and_cut(request)

        for member in simulation.cluster.members:
            member.rule(method, once)
    with pytest.raises(TargetDisconnectedError):
        number.increment_and_get()
    assert number.get() == 1


def test_destroy(simulation: Simulation, number: BlockingAtomicLong) -> None:
    number.set(1)
    assert number.destroy() is True
    assert simulation.cluster.service(AtomicLongService).numbers == {}

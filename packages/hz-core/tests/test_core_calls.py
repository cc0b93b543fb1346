"""What is said of an operation: which message, structure, partition and member, and never a key or value."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import hz_core.testing.messages
from core_simulation import MAP_GET, Simulation
from hz_core.errors import IllegalArgumentError
from hz_core.invocation.invocation import PromisedInvocation
from hz_core.observability.calls import call_of, structure_of
from hz_core.op import Op
from hz_core.testing import codes
from hz_core.testing.messages import encode
from hz_core.testing.scripted import Outcome
from hz_core.wire.decode import data_response
from hz_core.wire.method import Method

SECRET = "secret-value"
KNOWN = {"int": 1, "long": 1, "boolean": True, "byte": 1, "UUID": None, "String": SECRET, "Data": b"\0" * 12}
NAMES = {"name", "proxyName", "schedulerName"}
OTHERS = {"Client", "CPGroup", "ContinuousQuery", "DynamicConfig", "Jet", "Sql"}
"""Services whose names are none of a structure that the client uses."""


def requests() -> list[tuple[str, list[list[Any]]]]:
    """Return all requests of the protocol with their parameters."""
    text = Path(hz_core.testing.messages.__file__).with_name("messages.json").read_text()
    return [(f"{m[1]}.{m[2]}", m[6]) for m in json.loads(text)["messages"] if m[3] == "request"]


def value(name: str, kind: Any) -> Any:
    """Return a value of a parameter; None if it takes one that is hard to make."""
    if isinstance(kind, list):
        return [] if kind[0].endswith("?") or kind[0] in ("List", "EntryList") else None
    if name in NAMES:
        return "the name"
    if kind == "RaftGroupId":
        return ("group", 0, 1)
    return None if kind.endswith("?") else KNOWN.get(kind)


def simple(parameters: list[list[Any]]) -> bool:
    """Return whether the request is made of values that are easy to make."""
    easy = {*KNOWN, "RaftGroupId"}
    return all(isinstance(kind, list) or kind.endswith("?") or kind in easy for _, kind, *_ in parameters)


ALL = [(title, parameters) for title, parameters in requests() if simple(parameters)]


def test_the_structure_is_read_from_each_request() -> None:
    wrong = {}
    for title, parameters in ALL:
        values = [value(name, kind) for name, kind, *_ in parameters]
        request = bytearray(encode(f"{title} request", values, 0, -1))
        named = any(name in NAMES and kind == "String" for name, kind, *_ in parameters)
        expected = "the name" if named and title.partition(".")[0] not in OTHERS else None
        found = structure_of(Op(Method(title, 1, 2, data_response), request))
        if found != expected:
            wrong[title] = found
    assert wrong == {}


def test_nearly_all_requests_are_tried() -> None:
    assert len(ALL) > 300
    assert sum(title.startswith("Map.") for title, _ in ALL) > 65


def test_a_call_in_progress_and_one_that_has_ended() -> None:
    with Simulation(2) as simulation:
        member = simulation.cluster.members[1]
        member.rule("Map.put", lambda request: request.error(*codes.RETRYABLE), times=2)
        member.rule("Map.put", lambda request: request.error(*codes.ILLEGAL_ARGUMENT), times=1)
        op = simulation.ops.put(1, "x")
        invocation = simulation.engine.submit(op, outcome := Outcome())
        call = call_of(invocation, simulation.engine)
        assert call == ("Map.put", "m", 1, member.uuid, member.address, 1)
        simulation.until(lambda: outcome.done)
        assert isinstance(outcome.error, IllegalArgumentError)
        assert call_of(invocation, simulation.engine) == ("Map.put", "m", 1, member.uuid, member.address, 3)
        bound = Op(MAP_GET, bytearray(encode("Map.get request", ["m", b"\0" * 12, 1], 0, -1)))
        bound.member = member.uuid
        unsent = PromisedInvocation(bound, 0.0, outcome)
        assert call_of(unsent, simulation.engine) == ("Map.get", "m", None, member.uuid, member.address, 0)


# ---- the log of slow operations


def slow_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines of the log."""
    return [record.getMessage() for record in caplog.records if record.name == "hazelcast.slow"]


def test_a_slow_operation_is_logged_without_key_and_value(caplog: pytest.LogCaptureFixture) -> None:
    with Simulation(2, slow_operation_threshold=0.5) as simulation:
        member = simulation.cluster.members[1]
        for link in simulation.driver.links:
            link.latency = 0.2
        simulation.put(1, SECRET)
        assert slow_lines(caplog) == []
        for link in simulation.driver.links:
            link.latency = 0.5
        simulation.put(1, SECRET)
    assert slow_lines(caplog) == [
        "Map.put on 'm' took 1.000 s, at least slow_operation_threshold (0.5 s): partition 1,"
        f" member {member.uuid} at 10.0.0.2:5701, attempts 1, succeeded"
    ]
    assert SECRET not in caplog.text


def test_a_slow_operation_that_waits_for_backups_names_its_member(caplog: pytest.LogCaptureFixture) -> None:
    with Simulation(2, slow_operation_threshold=0.5) as simulation:
        simulation.cluster.backups, simulation.cluster.acks_lost = 1, True
        simulation.engine.connections.routes.by_partition = ()
        simulation.put(1, SECRET)
    (line,) = slow_lines(caplog)
    assert re.search(r"partition 1, member \S+ at 10\.0\.0\.[12]:5701, attempts 1, succeeded$", line)


def test_a_slow_operation_that_fails_is_logged_with_its_attempts(caplog: pytest.LogCaptureFixture) -> None:
    with Simulation(1, slow_operation_threshold=0.001) as simulation:
        (member,) = simulation.cluster.members
        member.rule("Map.put", lambda request: request.error(*codes.RETRYABLE), times=7)
        member.rule("Map.put", lambda request: request.error(*codes.ILLEGAL_ARGUMENT), times=1)
        with pytest.raises(IllegalArgumentError):
            simulation.put(1, SECRET)
    (line,) = slow_lines(caplog)
    assert line.endswith("attempts 8, failed with IllegalArgumentError")
    assert float(re.findall(r"took ([\d.]+) s", line)[0]) >= 0.001


def test_many_slow_operations_are_counted_instead_of_logged(caplog: pytest.LogCaptureFixture) -> None:
    with Simulation(1, slow_operation_threshold=0.1, heartbeat_interval=1000) as simulation:
        simulation.driver.links[0].latency = 0.2
        outcomes = [simulation.submit(simulation.ops.get(n)) for n in range(25)]
        simulation.until(lambda: all(outcome.done for outcome in outcomes))
        assert len(slow_lines(caplog)) == 10
        simulation.driver.advance(2)
        simulation.get(1)
        lines = slow_lines(caplog)
    assert len(lines) == 11
    assert lines[-1].endswith("; 15 more slow operations were not logged")
    assert "more slow" not in lines[9]


def test_the_clients_own_requests_are_not_logged_as_slow(caplog: pytest.LogCaptureFixture) -> None:
    with Simulation(1, slow_operation_threshold=0.1, heartbeat_interval=1) as simulation:
        simulation.driver.links[0].latency = 0.5
        simulation.driver.advance(5)
    assert slow_lines(caplog) == []

"""Flows that wait when the client is shut down."""

from contextlib import suppress

import pytest

from core_simulation import Simulation
from hz_core.errors import HazelcastClientNotActiveError
from hz_core.op import Flow, Sleep, Step, Within


def after(step: Step) -> Flow[None]:
    yield step


@pytest.mark.parametrize(
    "step", [Sleep(1000), Within(1000, Sleep(2000)), [Sleep(1000)]], ids=["sleep", "within", "list"]
)
def test_sleeping_flow_ends_with_the_client(step: Step) -> None:
    simulation = Simulation(1).start()
    outcome = simulation.begin(after(step))
    simulation.driver.advance(1)
    simulation.client.shutdown()
    simulation.driver.advance()
    assert isinstance(outcome.error, HazelcastClientNotActiveError)
    simulation.stop()


def test_a_flow_that_goes_on_after_each_error_ends_with_the_client() -> None:
    simulation = Simulation(1).start()
    tries = []

    def flow() -> Flow[None]:
        while True:
            tries.append(1)
            with suppress(HazelcastClientNotActiveError):
                yield simulation.ops.get(1)
            yield Sleep(1)

    outcome = simulation.begin(flow())
    simulation.driver.advance(10.5)
    simulation.client.shutdown()
    simulation.driver.advance()
    assert isinstance(outcome.error, HazelcastClientNotActiveError)
    assert len(tries) == 11
    simulation.stop()

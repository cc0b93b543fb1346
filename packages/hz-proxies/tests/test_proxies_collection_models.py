"""Random operations on a set, a list and a queue of simulated members, whose connections are lost at random."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from hz_core.errors import TargetDisconnectedError
from hz_core.testing import Request
from hz_core.testing.simulation import Simulation
from test_models_collections import EXAMPLES, MACHINES, MANY, Machine


def with_cuts(machine: type[Machine]) -> type[Machine]:
    """Return the machine with rules that cut connections."""

    class WithCuts(machine):  # type: ignore[misc,valid-type] # the base is a variable
        model: Any

        def __init__(self) -> None:
            self.simulation = Simulation(3).__enter__()
            self.simulation.cluster.check_partitions = True
            self.clients = (self.simulation.client, self.simulation.client)
            super().__init__()

        def teardown(self) -> None:
            super().teardown()
            self.simulation.__exit__(None, None, None)

        @rule(which=st.integers(0, 3))
        def cut(self, which: int) -> None:
            """Cut the connections of one member, or of all, between two operations."""
            members = self.simulation.cluster.members
            for member in members[which:][:1] or members:
                member.cut_all()
            self.simulation.driver.advance()  # the client notices it

        @rule(items=MANY.filter(bool), done=st.booleans())
        def cut_in_the_middle(self, items: list[Any], done: bool) -> None:
            """Cut while a write is under way, before or after the member has done it. It is not repeated."""
            found, cluster = self.found[0], self.simulation.cluster
            service = type(found).__name__.removeprefix("Blocking")
            owner = cluster.owner(cluster.partition_of_name(found.name))

            def act(request: Request) -> None:
                owner.cut_all()
                if done:
                    owner.answer(request)

            owner.rule(f"{service}.addAll", act, times=1)
            with pytest.raises(TargetDisconnectedError):
                found.add_all(items)
            if done:
                self.model = type(self.model)([*self.model, *items])

    return WithCuts


@pytest.mark.parametrize("machine", MACHINES)
def test_it_behaves_as_its_model_over_lost_connections(machine: type[Machine]) -> None:
    run_state_machine_as_test(
        with_cuts(machine), settings=settings(EXAMPLES, max_examples=20, stateful_step_count=25)
    )

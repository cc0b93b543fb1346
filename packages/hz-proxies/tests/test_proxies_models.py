"""Random operations on structures of simulated members, whose connections are lost at random, against models."""

import logging
from collections.abc import Iterator
from functools import partial

import pytest

from lossy_executors import DurableExecutorModel
from lossy_models import Model, check
from lossy_simulated import SimulatedNetwork
from lossy_structures import STRUCTURES
from lossy_transactions import TransactionModel


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Log nothing: each lost connection is logged."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_transactions_are_done_or_not_over_lost_connections() -> None:
    losses = check(TransactionModel, SimulatedNetwork, examples=20, steps=20)
    assert losses["lost"] > 0  # in the commit
    assert losses["undone"] > 0  # before


def test_results_of_durable_tasks_survive_lost_connections() -> None:
    losses = check(DurableExecutorModel, SimulatedNetwork, examples=10, steps=25)
    assert losses["returned"] > 0
    assert losses["lost"] == 0


@pytest.mark.parametrize("redo", [False, True], ids=["once", "redo"])
@pytest.mark.parametrize("model", STRUCTURES)
def test_it_behaves_as_its_model_over_lost_connections(model: type[Model], redo: bool) -> None:
    losses = check(model, partial(SimulatedNetwork, redo), examples=8, steps=25)
    assert losses["returned" if redo else "lost"] > 0
    assert (losses["lost"] > 0) is not redo

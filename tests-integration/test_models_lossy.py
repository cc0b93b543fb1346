"""Random operations of two clients on structures of a real member, whose connections are lost at random."""

import logging
from collections.abc import Iterator
from functools import partial

import pytest

from hz_embedded import Cluster
from lossy_executors import DurableExecutorModel, ExecutorModel
from lossy_models import Model, check
from lossy_real import RealClients, RealNetwork
from lossy_structures import STRUCTURES
from lossy_transactions import TransactionModel
from member_side import MemberSide


@pytest.fixture
def real(cluster: Cluster, member_side: MemberSide) -> Iterator[RealClients]:
    clients = RealClients(cluster, gates=member_side.gates)
    yield clients
    clients.close()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Log nothing: each lost connection is logged."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("model", [*STRUCTURES, TransactionModel, DurableExecutorModel, ExecutorModel])
def test_it_behaves_as_its_model_over_lost_connections(real: RealClients, model: type[Model]) -> None:
    losses = check(model, partial(RealNetwork, real), examples=3, steps=12)
    assert losses.total() > 0

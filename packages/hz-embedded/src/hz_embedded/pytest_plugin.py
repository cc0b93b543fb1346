"""Pytest plugin: a real Hazelcast cluster as a fixture.

Options: ``--hazelcast-version`` and ``--hazelcast-members``, for the session's cluster.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hz_embedded.cluster import Cluster


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options."""
    group = parser.getgroup("hazelcast", "embedded Hazelcast cluster")
    group.addoption(
        "--hazelcast-version",
        default=None,
        metavar="VERSION",
        help="version of the members that the fixture hazelcast_cluster starts (default: the newest known)",
    )
    group.addoption(
        "--hazelcast-members",
        type=int,
        default=1,
        metavar="N",
        help="number of members that the fixture hazelcast_cluster starts (default: 1)",
    )


@pytest.fixture(scope="session")
def hazelcast_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """One cluster for the whole session; tests that use it must not end its members."""
    from hz_embedded import NEWEST, Cluster

    version = request.config.getoption("--hazelcast-version") or NEWEST
    members = request.config.getoption("--hazelcast-members")
    with Cluster(members=members, version=version) as cluster:
        yield cluster


@pytest.fixture
def hazelcast_cluster_factory() -> Iterator[Callable[..., Cluster]]:
    """A function that starts clusters (arguments of :class:`hz_embedded.Cluster`), ended with the test."""
    from hz_embedded import Cluster

    with contextlib.ExitStack() as clusters:

        def start(*args: Any, **kwargs: Any) -> Cluster:
            return clusters.enter_context(Cluster(*args, **kwargs))

        yield start

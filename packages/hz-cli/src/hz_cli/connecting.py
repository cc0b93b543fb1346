"""The options that all commands share: which cluster, and how to get there."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

import hazelcast
from hazelcast.config import Config
from hazelcast.errors import HazelcastError
from hz_cli.errors import NoConnectionError, is_no_connection

F = TypeVar("F", bound=Callable[..., Any])

CONNECT_TIMEOUT: Final = 10.0
"""Seconds after which a command gives up to connect, unless the user or the configuration says another time."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Which cluster to connect to, as the command line says.

    Attributes:
        url: ``hazelcast://user:password@host:port/?option=value``; None for none.
        config_file: The configuration file; None for the one that is found.
        members: Addresses; empty for those of the configuration.
        cluster: Name of the cluster; None for that of the configuration.
        timeout: Seconds to connect; None for those of the configuration, or else ``CONNECT_TIMEOUT``.
    """

    url: str | None = None
    config_file: Path | None = None
    members: tuple[str, ...] = ()
    cluster: str | None = None
    timeout: float | None = None

    def config(self) -> Config:
        """Return the options: those of the command line, over the URL, the environment and the file.

        Raises:
            InvalidConfigurationError: One of them is not valid.
        """
        config = Config.load(self.config_file, url=self.url)
        if self.members:
            config.cluster_members = list(self.members)
        if self.cluster is not None:
            config.cluster_name = self.cluster
        if self.timeout is not None:
            config.cluster_connect_timeout = self.timeout
        elif config.cluster_connect_timeout == Config().cluster_connect_timeout:
            config.cluster_connect_timeout = CONNECT_TIMEOUT
        config.async_start = False
        if config.client_name is None:
            config.client_name = "hz"
        return config

    @contextmanager
    def client(self, **options: Any) -> Iterator[hazelcast.HazelcastClient]:
        """Connect, and disconnect at the end.

        Args:
            **options: Options of the client, over all others.

        Raises:
            NoConnectionError: No member could be connected.
            InvalidConfigurationError: An option is not valid.
        """
        config = self.config()
        try:
            client = hazelcast.HazelcastClient(config, **options)
        except HazelcastError as error:
            if is_no_connection(error):
                raise NoConnectionError(error) from error
            raise
        with client:
            yield client


def connection_options(command: F) -> F:
    """Give a command the options to connect; it gets them as its first argument, a :class:`Connection`."""

    @click.option(
        "-u",
        "--url",
        envvar="HZ_URL",
        metavar="URL",
        help="hazelcast://user:password@host:port/?cluster_name=…; also in the variable HZ_URL.",
    )
    @click.option(
        "-c",
        "--config",
        "config_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Client configuration, YAML or XML; without it, the one that every client finds.",
    )
    @click.option(
        "-m", "--member", "members", multiple=True, metavar="HOST[:PORT]", help="Address; repeatable."
    )
    @click.option("--cluster", metavar="NAME", help="Name of the cluster; 'dev' unless it is configured.")
    @click.option(
        "--connect-timeout",
        "connect_timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help=f"How long to try to connect; {CONNECT_TIMEOUT:g} unless it is configured.",
    )
    @functools.wraps(command)
    def with_connection(
        url: str | None,
        config_file: Path | None,
        members: tuple[str, ...],
        cluster: str | None,
        connect_timeout: float | None,
        **others: Any,
    ) -> Any:
        return command(Connection(url, config_file, members, cluster, connect_timeout), **others)

    # Its signature is another one, but click calls it by the names of its options.
    return with_connection  # type: ignore[return-value]  # click decorates in place

"""Several clusters for one client (blue/green): the configuration of each of them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, Self

from hz_core.config.alternatives import FOREVER, Differences, refuse_others, try_count
from hz_core.config.checks import list_of
from hz_core.config.client import ClientConfig
from hz_core.config.option import Option, Options
from hz_core.errors import InvalidConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

_FAILOVER: Final = frozenset({"failover_configs", "failover_try_count"})


def cluster_configs(config: ClientConfig) -> list[ClientConfig]:
    """Return the configuration of each cluster of a client, in the order in which they are tried.

    Raises:
        InvalidConfigurationError: One of ``failover_configs`` differs in an option that must be the same for all.
    """
    first = config.copy()
    first.failover_configs = []
    made = [first]
    for number, alternative in enumerate(config.failover_configs):
        name = f"failover_configs[{number}]"
        if isinstance(alternative, Differences):
            merged = first.copy()
            for option, value in alternative.items():
                if value is None:
                    merged.reset(option)
                else:
                    setattr(merged, option, value)
        else:
            merged = alternative
            if merged.failover_configs:
                raise InvalidConfigurationError(
                    f"{name} has failover_configs of its own: list all clusters in those of the client"
                )
            same = [option for option in first.options() if option not in _FAILOVER]
            differ = [option for option in same if getattr(first, option) != getattr(merged, option)]
            refuse_others(ClientConfig, name, differ)
        made.append(merged)
    return made


class FailoverConfig(Options):
    """Options of a client with several clusters, as one complete configuration for each of them."""

    client_configs: Option[list[ClientConfig]] = Option(
        list_of(lambda v: isinstance(v, ClientConfig), "ClientConfig objects"),
        list,
        "The configuration of each cluster, at least one. The client starts with the first one. They may differ only"
        " in the cluster's name, its addresses, how it is found, the credentials and TLS.",
    )
    try_count: Option[int] = Option(
        try_count,
        lambda: FOREVER,
        "How often the list of clusters is tried again, when the current one cannot be reached; -1 for no limit.",
    )

    @classmethod
    def of(
        cls, configs: "FailoverConfig | Iterable[ClientConfig]", tries: int | None = None
    ) -> "FailoverConfig":
        """Return a copy of ``configs``, or a FailoverConfig with these configurations.

        Args:
            configs: What it is made from.
            tries: The ``try_count``; None to keep it.

        Raises:
            TypeError, ValueError: An argument has the wrong type or is out of range.
        """
        if isinstance(configs, FailoverConfig):
            made = configs.copy()
        else:
            made = cls()
            made.client_configs = list(configs)
        if tries is not None:
            made.try_count = tries
        return made

    @classmethod
    def from_file(cls, path: "str | Path", environ: Mapping[str, str] | None = None) -> Self:
        """Return the configurations of the files that a file in YAML or XML lists (``hazelcast-client-failover``).

        Args:
            path: The file; those in its list are relative to its folder.
            environ: Variables for placeholders ``${NAME}``; None for those of the process.

        Raises:
            InvalidConfigurationError: A file cannot be read, or is not valid.
        """
        import os

        from hz_core.config.sources.files import read_failover

        files, tries = read_failover(path, os.environ if environ is None else environ)
        made = cls()
        made.client_configs = [ClientConfig.from_file(file, environ) for file in files]
        if tries is not None:
            made.try_count = tries
        return made

    def client_config(self) -> ClientConfig:
        """Return the configuration of the client: the first one, with the others as its ``failover_configs``.

        Raises:
            InvalidConfigurationError: There is no configuration, or they differ in an option that must be the same.
        """
        if not self.client_configs:
            raise InvalidConfigurationError("client_configs: at least one ClientConfig is needed")
        first, *others = self.client_configs
        made = first.copy()
        if made.failover_configs:
            raise InvalidConfigurationError(
                "client_configs[0] has failover_configs of its own: list all clusters in client_configs"
            )
        made.failover_configs = others
        made.failover_try_count = self.try_count
        cluster_configs(made)
        return made

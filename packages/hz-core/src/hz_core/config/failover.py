"""Several clusters for one client (blue/green): their configurations, and what may differ between them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from hz_core.config.checks import integer, list_of, type_error
from hz_core.config.option import SECRETS, Option, Options, unknown_option
from hz_core.errors import InvalidConfigurationError

if TYPE_CHECKING:
    from hz_core.config.client import ClientConfig

FOREVER: Final = -1
"""Value of ``failover_try_count`` for no limit."""

PER_CLUSTER: Final = frozenset(
    {
        "cluster_members",
        "cluster_name",
        "creds_username",
        "creds_password",
        "token_provider",
        "use_public_ip",
        "cloud_discovery_token",
        "ssl_enabled",
        "ssl_cafile",
        "ssl_certfile",
        "ssl_keyfile",
        "ssl_password",
        "ssl_protocol",
        "ssl_ciphers",
        "ssl_check_hostname",
        "ssl_context",
    }
)
"""The options that may differ between the clusters of one client: the cluster's name and addresses, how it is found,
the credentials and TLS."""

_FAILOVER: Final = frozenset({"failover_configs", "failover_try_count"})

try_count: Final = integer(f"at least 1, or {FOREVER} for no limit", lambda v: v >= 1 or v == FOREVER)
"""The check of the number of tries."""


class Differences(dict[str, Any]):
    """The options of an alternative cluster that differ from those of the client; secrets are not in its repr."""

    def __repr__(self) -> str:
        return repr({name: "..." if name in SECRETS else value for name, value in self.items()})


def alternatives(name: str, value: Any) -> list[Any]:
    """Check the option ``failover_configs``: a list of ClientConfig, and of dicts of the options that differ."""
    if not isinstance(value, list):
        raise type_error(name, "a list of ClientConfig, or of dicts of options", value)
    return [_alternative(f"{name}[{number}]", item) for number, item in enumerate(value)]


def _alternative(name: str, value: Any) -> Any:
    from hz_core.config.client import ClientConfig  # it has the option that this function checks

    if isinstance(value, ClientConfig):
        return value
    if not isinstance(value, dict):
        raise type_error(name, "a ClientConfig or a dict of options", value)
    known = ClientConfig.options()
    for option in value:
        if option not in known:
            raise unknown_option(f"{name}.{option}", str(option), known)
    _refuse_others(name, value)
    return Differences(
        {option: known[option].check(f"{name}.{option}", setting) for option, setting in value.items()}
    )


def _refuse_others(name: str, options: Iterable[str]) -> None:
    others = [option for option in options if option not in PER_CLUSTER]
    if others:
        raise InvalidConfigurationError(
            f"{name}: {', '.join(others)} must be the same for all clusters of a client. They may differ in"
            f" {', '.join(sorted(PER_CLUSTER))}"
        )


def cluster_configs(config: "ClientConfig") -> "list[ClientConfig]":
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
                setattr(merged, option, value)
        else:
            merged = alternative
            if merged.failover_configs:
                raise InvalidConfigurationError(
                    f"{name} has failover_configs of its own: list all clusters in those of the client"
                )
            same = [option for option in first.options() if option not in _FAILOVER]
            _refuse_others(
                name, [o for o in same if o not in PER_CLUSTER and getattr(first, o) != getattr(merged, o)]
            )
        made.append(merged)
    return made


class FailoverConfig(Options):
    """Options of a client with several clusters, as one complete configuration for each of them."""

    client_configs: "Option[list[ClientConfig]]" = Option(
        list_of(
            lambda v: isinstance(v, Options) and "failover_configs" in v.options(), "ClientConfig objects"
        ),
        list,
        "The configuration of each cluster, at least one. The client starts with the first one. They may differ only"
        " in the cluster's name, its addresses, how it is found, the credentials and TLS.",
    )
    try_count = Option(
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

    def client_config(self) -> "ClientConfig":
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

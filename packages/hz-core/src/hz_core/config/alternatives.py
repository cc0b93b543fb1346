"""The option ``failover_configs``: what may differ between the clusters of one client."""

from collections.abc import Iterable
from typing import Any, Final

from hz_core.config.checks import integer, type_error
from hz_core.config.option import SECRETS, Options, unknown_option
from hz_core.errors import InvalidConfigurationError

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
        "discovery",
        "socket_interceptor",
    }
)
"""The options that may differ between the clusters of one client, beside those of TLS: the cluster's name and
addresses, how it is found, and the credentials."""

_TLS: Final = "ssl_"

try_count: Final = integer(f"at least 1, or {FOREVER} for no limit", lambda v: v >= 1 or v == FOREVER)
"""The check of the number of tries."""


class Differences(dict[str, Any]):
    """The options of an alternative cluster that differ from those of the client; None for the default.

    Secrets are not in its repr.
    """

    def __repr__(self) -> str:
        return repr({name: "..." if name in SECRETS else value for name, value in self.items()})


def alternatives(kind: type[Options], name: str, value: Any) -> list[Any]:
    """Check the option ``failover_configs``: a list of configurations, and of dicts of the options that differ.

    Args:
        kind: The class of the configurations.
        name: Name of the option.
        value: Its value.

    Raises:
        TypeError, ValueError: A value has the wrong type or is out of range.
        InvalidConfigurationError: A dict has an option that does not exist, or must be the same for all clusters.
    """
    if not isinstance(value, list):
        raise type_error(name, "a list of ClientConfig, or of dicts of options", value)
    return [_alternative(kind, f"{name}[{number}]", item) for number, item in enumerate(value)]


def _alternative(kind: type[Options], name: str, value: Any) -> Any:
    if isinstance(value, kind):
        return value
    if not isinstance(value, dict):
        raise type_error(name, "a ClientConfig or a dict of options", value)
    known = kind.options()
    for option in value:
        if option not in known:
            raise unknown_option(f"{name}.{option}", str(option), known)
    refuse_others(kind, name, value)
    return Differences(
        {
            option: None if setting is None else known[option].check(f"{name}.{option}", setting)
            for option, setting in value.items()
        }
    )


def per_cluster(kind: type[Options]) -> list[str]:
    """Return the names of the options that may differ between clusters."""
    return sorted(name for name in kind.options() if name in PER_CLUSTER or name.startswith(_TLS))


def refuse_others(kind: type[Options], name: str, options: Iterable[str]) -> None:
    """Refuse options of an alternative cluster that must be the same for all.

    Raises:
        InvalidConfigurationError: One of ``options`` must be the same.
    """
    allowed = per_cluster(kind)
    others = [option for option in options if option not in allowed]
    if others:
        raise InvalidConfigurationError(
            f"{name}: {', '.join(others)} must be the same for all clusters of a client. They may differ in"
            f" {', '.join(allowed)}"
        )

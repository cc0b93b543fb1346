"""Checks of the options for discovery, public addresses and outbound ports."""

from typing import Any, Final, Protocol

from hz_core.addresses import parse_ports
from hz_core.config.checks import type_error
from hz_core.config.option import Check
from hz_core.errors import IllegalStateError, InvalidAddressError

DETECT: Final = "auto"
"""Value of ``use_public_ip`` to find out which addresses can be reached. Stored as None."""


def _public_ip(name: str, value: Any) -> bool | None:
    if value is None or value == DETECT:
        return None
    if isinstance(value, bool):
        return value
    raise type_error(name, f'a boolean, or "{DETECT}"', value)


public_ip: Final[Check[bool | None]] = Check(f'a boolean, or "{DETECT}"', _public_ip)


def _outbound_ports(name: str, value: Any) -> list[str | int]:
    parts = [value] if isinstance(value, str | int) else value
    fits = isinstance(parts, list | tuple) and all(
        isinstance(part, str | int) and not isinstance(part, bool) for part in parts
    )
    if not fits:
        raise type_error(name, 'a list of ports and ranges such as "33000-33100"', value)
    try:
        parse_ports(parts)
    except InvalidAddressError as e:
        raise ValueError(f"{name} must be ports and ranges of ports: {e}") from None
    return list(parts)


outbound_ports: Final[Check[list[str | int]]] = Check(
    'a list of ports and ranges such as "33000-33100", or one text with commas', _outbound_ports
)


class DiscoveryOptions(Protocol):
    """The options that say how to find the cluster."""

    cluster_members: Any
    cloud_discovery_token: Any
    discovery: Any


def check_discovery(options: DiscoveryOptions) -> None:
    """Refuse a Hazelcast Cloud token beside other ways to find the cluster: it would be unclear which cluster is meant.

    Raises:
        IllegalStateError: There are several.
    """
    if options.cloud_discovery_token is None:
        return
    for name in ("cluster_members", "discovery"):
        if getattr(options, name):
            raise IllegalStateError(
                f"only one discovery method can be enabled at a time, but there are cloud_discovery_token and {name}:"
                " set only one of them"
            )

"""Addresses as users write them: ``host``, ``host:port``, ``[IPv6]:port``."""

from collections.abc import Iterable
from typing import Final

from hz_core.errors import InvalidAddressError
from hz_core.model import Address

DEFAULT_HOST: Final = "127.0.0.1"
"""The host to connect to when no address is configured."""

DEFAULT_PORTS: Final = (5701, 5702, 5703)
"""The ports to try for an address without a port."""

_MAX_PORT: Final = 65535

_NOT_IN_HOSTS: Final = frozenset("[]/@")


def parse_address(text: str) -> tuple[str, int | None]:
    """Split ``text`` into host and port; the port is None if there is none.

    An IPv6 address needs brackets only before a port: ``::1`` and ``[::1]:5701`` are both valid.

    Raises:
        InvalidAddressError: ``text`` is not an address.
    """
    stripped = text.strip()
    if stripped.startswith("["):
        host, closed, rest = stripped[1:].partition("]")
        if not closed or ":" not in host or (rest and not rest.startswith(":")):
            raise _invalid(text, "an IPv6 address in brackets, with or without :port, is expected")
        port = rest[1:] if rest else None
    elif stripped.count(":") > 1:
        host, port = stripped, None
    else:
        host, colon, rest = stripped.partition(":")
        port = rest if colon else None
    if not host:
        raise _invalid(text, "the host is missing")
    if host.split() != [host] or not _NOT_IN_HOSTS.isdisjoint(host):
        raise _invalid(text, "a host has no spaces, brackets, slashes or @; write no scheme such as http://")
    return host, None if port is None else _port(text, port)


def candidates(text: str) -> list[Address]:
    """Return the addresses to try for ``text``: one if it has a port, otherwise one for each default port.

    Raises:
        InvalidAddressError: ``text`` is not an address.
    """
    host, port = parse_address(text)
    return [Address(host, p) for p in (DEFAULT_PORTS if port is None else (port,))]


def all_candidates(members: Iterable[str]) -> list[Address]:
    """Return the addresses to try for ``members``, in order and without duplicates; local ones if it is empty.

    Raises:
        InvalidAddressError: A member is not an address.
    """
    texts = list(members) or [DEFAULT_HOST]
    return list(dict.fromkeys(address for text in texts for address in candidates(text)))


def _port(text: str, port: str) -> int:
    # Checked before the conversion: int() is slow for thousands of digits, or refuses them.
    if not (port.isascii() and port.isdigit() and len(port) <= len(str(_MAX_PORT))):
        raise _invalid(
            text, f"the port {port.rpartition('@')[2][:20]!r} is not a number of at most five digits"
        )
    number = int(port)
    if not 0 < number <= _MAX_PORT:
        raise _invalid(text, f"the port {number} is not between 1 and {_MAX_PORT}")
    return number


def _invalid(text: str, reason: str) -> InvalidAddressError:
    # What stands before an @ may be a password, if a URL was given.
    _, at, after = text.rpartition("@")
    shown = f"…@{after}" if at else text
    return InvalidAddressError(
        f"{shown[:200]!r} is not a member address: {reason}. Write host, host:port or [IPv6]:port"
    )


def parse_ports(parts: Iterable[str | int]) -> list[int]:
    """Return the ports of definitions such as ``33000``, ``"33000-33100"`` and ``"33000-33100, 34000"``, each once.

    ``0`` and ``"*"`` stand for any port, so that the list is empty.

    Raises:
        InvalidAddressError: A definition is not a port, or not a range of ports.
    """
    ports: dict[int, None] = {}
    anything = False
    for part in parts:
        for text in str(part).split(","):
            if text.strip() in ("0", "*"):
                anything = True
                continue
            first, dash, last = (piece.strip() for piece in text.partition("-"))
            begin = _port_of_range(text, first)
            end = _port_of_range(text, last) if dash else begin
            if end < begin:
                raise InvalidAddressError(
                    f"{text.strip()[:200]!r} is an empty range of ports: write the smaller one first"
                )
            ports.update(dict.fromkeys(range(begin, end + 1)))
    return [] if anything else list(ports)


def _port_of_range(text: str, port: str) -> int:
    if not (port.isascii() and port.isdigit() and len(port) <= len(str(_MAX_PORT))) or not (
        0 < int(port) <= _MAX_PORT
    ):
        raise InvalidAddressError(
            f"{text.strip()[:200]!r} is neither a port from 1 to {_MAX_PORT} nor a range such as 33000-33100"
        )
    return int(port)

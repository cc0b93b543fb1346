"""A URL as options: ``hazelcast://user:password@host:5701,other/?cluster_name=shop&tls=true``."""

import re
from collections.abc import Mapping as Variables
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from hz_core.addresses import parse_address
from hz_core.config.option import SECRETS
from hz_core.config.sources.keys import CLIENT
from hz_core.config.sources.values import MILLIS, MILLIS_OR_INFINITE, SECONDS, Kind, Unfit
from hz_core.errors import InvalidAddressError, InvalidConfigurationError

SCHEME: Final = "hazelcast"
ALIASES: Final[Variables[str, str]] = {"tls": "ssl_enabled", "token": "token_provider"}
"""Other names of options, for the query."""

_NAME: Final = re.compile("[A-Za-z_-]{1,60}")
_PARTS: Final = {
    "cluster_members": "the hosts",
    "creds_username": "the user",
    "creds_password": "the password",
}
"""Options that are a part of the URL of their own."""


def url_options(url: str) -> dict[str, Any]:
    """Return the options that a URL names. Errors never quote it, because it may hold a password.

    Raises:
        InvalidConfigurationError: It is not such a URL, or names an option that does not exist or cannot be in it.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() != SCHEME:
        raise _wrong(f"it must begin with {SCHEME}://")
    if "#" in rest:
        raise _wrong("it has a fragment (#); write %23 for that character")
    location, _, query = rest.partition("?")
    authority, _, path = location.partition("/")
    if path:
        raise _wrong("it has a path; name the cluster with ?cluster_name=")
    user, at, hosts = authority.rpartition("@")
    options: dict[str, Any] = {}
    if at:
        name, colon, password = user.partition(":")
        if not name:
            raise _wrong("there is no user before the @")
        options["creds_username"] = _decoded(name, "the user")
        if colon:
            options["creds_password"] = _decoded(password, "the password")
    members = [_host(text) for text in hosts.split(",")] if hosts else []
    if members:
        options["cluster_members"] = members
    options.update(_query(query))
    return options


def _host(text: str) -> str:
    host = _decoded(text, "a host")
    try:
        parse_address(host)
    except InvalidAddressError:
        # It may be a piece of a password with a "/" or an "@" in it.
        raise _wrong("a host is not valid; special characters of passwords must be written as %XX") from None
    return host


def _query(query: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, strict_parsing=bool(query), errors="strict", max_num_fields=1000
        )
    except ValueError:
        raise _wrong("its query must be name=value&name=value, in UTF-8") from None
    options: dict[str, Any] = {}
    for written, text in pairs:
        option = ALIASES.get(written, written)
        if option in options:
            raise _wrong(f"it names {written} twice")
        options[option] = _value(written, option, text)
    return options


def _value(written: str, option: str, text: str) -> Any:
    if not _NAME.fullmatch(written):
        raise _wrong(
            "the name of an option has letters and underscores only"
        )  # it may be a piece of a password
    if option not in CLIENT:
        close = get_close_matches(written, [*CLIENT, *ALIASES], n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise _wrong(f"{written} is not an option{hint}")
    if option in _PARTS:
        raise _wrong(f"{written} is {_PARTS[option]} before the query")
    kinds = [key.kind for key in CLIENT[option]]
    if not kinds or kinds[0].loads:
        raise _wrong(f"{written} cannot be in a URL; set it in a file or in Python")
    try:
        value = _kind(kinds[0]).of_text(text)
    except Unfit as unfit:
        raise _wrong(f"{written} {unfit.text(option in SECRETS)}") from None
    return value


def _kind(kind: Kind) -> Kind:
    """Return the kind in the units of Python: options have the names of Python here, and durations are seconds."""
    return SECONDS if kind in (MILLIS, MILLIS_OR_INFINITE) else kind


def _decoded(text: str, what: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise _wrong(f"{what} is not UTF-8 after decoding of %XX") from None


def _wrong(reason: str) -> InvalidConfigurationError:
    return InvalidConfigurationError(f"URL of the cluster (not shown, it may hold a password): {reason}")

"""Checks that need no network: packages, configuration."""

import os
import platform
import re
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from hazelcast.config import Config
from hazelcast.errors import HazelcastError, InvalidAddressError
from hz_cli.connecting import Connection
from hz_cli.doctor.finding import Finding, failed, ok, skipped, warning
from hz_core.addresses import all_candidates
from hz_core.config.sources import files, loading

_OFFICIAL: Final = "hazelcast-python-client"
_OURS: Final = ("hz-client", "hz-core", "hz-proxies", "hz-cp", "hz-nearcache", "hz-serialization", "hz-cli")


def installed_version(name: str) -> str | None:
    """Return the version of an installed distribution; None if it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def check_packages(find: Callable[[str], str | None] = installed_version) -> Iterator[Finding]:
    """Check the versions of what is installed; ``find`` returns that of a distribution."""
    found = {name: find(name) for name in _OURS}
    missing = sorted(name for name, number in found.items() if number is None)
    if missing:
        advice = f"pip install {' '.join(missing)}"
        yield failed("packages", f"not installed: {', '.join(missing)}", advice)
    lines = {".".join(number.split(".")[:2]) for number in found.values() if number is not None}
    shown = ", ".join(f"{name} {number}" for name, number in found.items() if number is not None)
    if len(lines) > 1:
        yield failed(
            "packages", f"versions that do not belong together: {shown}", "pip install -U hz-client[cli]"
        )
    elif not missing:
        yield ok("packages", f"Python {platform.python_version()}, {shown}")
    if find(_OFFICIAL) is not None:
        yield failed(
            "packages",
            f"{_OFFICIAL} is installed, too: both own the import name hazelcast",
            f"pip uninstall {_OFFICIAL}, then pip install --force-reinstall --no-deps hz-client",
        )


def check_config(connection: Connection) -> tuple[list[Finding], Config | None]:
    """Check the configuration, and return it; None if it is not valid."""
    found: list[Finding] = []
    try:
        path = connection.config_file or files.find_file(os.environ)
        config = connection.config()
        notes = loading.from_everywhere(path, connection.url).reading.notes
        config.check_available(near_caches=True)
    except HazelcastError as error:
        text = " ".join([str(error), *getattr(error, "__notes__", ())])
        advice = "correct it; `python -m hazelcast.config check` shows all options and where they come from"
        return [failed("configuration", text, advice)], None
    variables = sorted(
        name for name in os.environ if re.match("HZCLIENT_|HZ_URL$|HAZELCAST_CLIENT_CONFIG$", name)
    )
    sources = [
        f"file {path}" if path is not None else "no file",
        *([f"environment: {', '.join(variables)}"] if variables else []),
        *(["URL"] if connection.url is not None else []),
    ]
    found.append(ok("configuration", f"cluster {config.cluster_name!r}; {'; '.join(sources)}"))
    found += [warning("configuration", str(note), "remove what has no effect here") for note in notes]
    if config.creds_password is not None and not config.uses_tls:
        advice = "set ssl_enabled, if the members speak TLS"
        found.append(warning("configuration", "the password is sent without encryption", advice))
    return found, config


def check_addresses(config: Config) -> tuple[list[Finding], list[tuple[str, int]]]:
    """Check the addresses of members, and return host and port of each; none if members are found in another way."""
    if config.discovery is not None or config.cloud_discovery_token is not None:
        return [skipped("addresses", "they come from discovery, and are checked with the connection")], []
    if config.failover_configs:
        return [skipped("addresses", "there are several clusters: check each with its own configuration")], []
    try:
        addresses = all_candidates(config.cluster_members)
    except InvalidAddressError as error:
        return [failed("addresses", str(error), "correct cluster_members, or --member")], []
    return [], [(address.host, address.port) for address in addresses]

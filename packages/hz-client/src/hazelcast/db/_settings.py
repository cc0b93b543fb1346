"""What a connection is made from: a configuration, a DSN, or keyword arguments."""

import re
from typing import Final

from hazelcast.config import Config
from hazelcast.db._errors import InterfaceError
from hazelcast.errors import InvalidConfigurationError

_DSN: Final = re.compile("(?:hz|hazelcast)://(.*)", re.DOTALL)
_DOTTED: Final = re.compile(r"(?<=[?&])([a-z]+(?:\.[a-z]+)+)(?==)")


def settings(
    config: Config | str | None,
    dsn: str,
    user: str | None,
    password: str | None,
    host: str | None,
    port: int | None,
    cluster_name: str | None,
) -> Config:
    """Return the options of a connection; see ``connect``.

    Raises:
        InterfaceError: They contradict each other, or are not valid.
    """
    given = {
        name: value
        for name, value in {
            "user": user,
            "password": password,
            "host": host,
            "port": port,
            "cluster_name": cluster_name,
        }.items()
        if value is not None
    }
    if isinstance(config, str):
        if dsn:
            raise InterfaceError("the DSN is given twice, as the first argument and by name")
        dsn, config = config, None
    if given and (config is not None or dsn):
        what = "config" if config is not None else "dsn"
        raise InterfaceError(f"{what} has all options, so {', '.join(given)} cannot be given, too")
    if config is not None and dsn:
        raise InterfaceError("config and dsn cannot be given both")
    if config is not None:
        if not isinstance(config, Config):
            raise InterfaceError(f"config must be a Config, not a {type(config).__name__}")
        return config
    try:
        if dsn:
            return _of_dsn(dsn)
        options: dict[str, object] = {"cluster_members": [_address(host or "localhost", port or 5701)]}
        if user is not None:
            options["creds_username"] = user
        if password is not None:
            options["creds_password"] = password
        if cluster_name is not None:
            options["cluster_name"] = cluster_name
        return Config.from_kwargs(**options)
    except (InvalidConfigurationError, TypeError, ValueError) as e:
        raise InterfaceError(str(e)) from e


def without_options(*given: object) -> None:
    """Raise an InterfaceError if there is an option besides a client."""
    if any(value not in (None, "") for value in given):
        raise InterfaceError("client has all options, so no others can be given, too")


def _of_dsn(dsn: str) -> Config:
    found = _DSN.fullmatch(dsn)
    if found is None:
        raise InterfaceError(
            "a DSN is hz://user:password@host:port?option=value, and this one begins in another way"
        )
    # Names of options may be written with dots: cluster.name is cluster_name.
    rest = _DOTTED.sub(lambda match: match[1].replace(".", "_"), found[1])
    if "/" not in rest.partition("?")[0]:
        rest = rest.replace("?", "/?", 1)
    config = Config.from_url(f"hazelcast://{rest}")
    if not config.cluster_members:
        config.cluster_members = ["localhost:5701"]
    return config


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"

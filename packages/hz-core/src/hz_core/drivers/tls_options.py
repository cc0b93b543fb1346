"""What the options of TLS mean together; loads the module ``ssl`` only for clients that use TLS."""

from typing import TYPE_CHECKING

from hz_core.config import ClientConfig, SSLProtocol
from hz_core.config.failover import cluster_configs
from hz_core.errors import InvalidConfigurationError
from hz_core.log import get_logger

if TYPE_CHECKING:
    from hz_core.drivers.tls_contexts import TlsContexts

_logger = get_logger("config")

_INSTEAD_OF = ("ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_password", "ssl_protocol", "ssl_ciphers")
"""The options that a context of the user contains itself; ``ssl_check_hostname`` is one, too."""


def tls_contexts(config: ClientConfig) -> "TlsContexts | None":
    """Return what makes the TLS contexts of a client's connections; None for plain TCP.

    Raises:
        InvalidConfigurationError: The options contradict each other, or a file cannot be used.
    """
    if not config.uses_tls:
        ignored = [name for name in ("ssl_cafile", "ssl_certfile") if getattr(config, name) is not None]
        if ignored:
            _logger.warning("%s without ssl_enabled: connections are not encrypted", " and ".join(ignored))
        return None
    _check(config)
    from hz_core.drivers.tls_contexts import TlsContexts

    return TlsContexts(config)


def tls_of_clusters(config: ClientConfig) -> "list[TlsContexts | None]":
    """Return what makes the TLS contexts for each of a client's clusters, by :attr:`Connection.cluster`.

    Raises:
        InvalidConfigurationError: The options of a cluster contradict each other, or a file cannot be used.
    """
    return [tls_contexts(one) for one in cluster_configs(config)]


def _check(config: ClientConfig) -> None:
    context = config.ssl_context
    if context is not None:
        given = [name for name in _INSTEAD_OF if getattr(config, name) != config.options()[name].default()]
        if not config.ssl_check_hostname:
            given.append("ssl_check_hostname")
        if given:
            raise InvalidConfigurationError(
                f"ssl_context is used instead of the other ssl options, and {', '.join(given)} would have no effect:"
                " set up the context accordingly"
            )
    elif config.ssl_protocol < SSLProtocol.TLSv1_2:
        raise InvalidConfigurationError(
            f"ssl_protocol is {config.ssl_protocol.name}, which is not secure: the lowest version is TLSv1_2 (for an"
            " older one, set up an ssl.SSLContext and give it as ssl_context)"
        )
    elif config.ssl_keyfile is not None and config.ssl_certfile is None:
        raise InvalidConfigurationError(
            "ssl_keyfile without ssl_certfile: the client would not show a certificate to the members"
        )

"""A member's Java ``Config``: what the user wants, bound to loopback and quick to start."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hz_embedded._py4j import LOOPBACK, Py4JError, java_message
from hz_embedded.errors import ConfigurationError

DEFAULT_PROPERTIES: Final[Mapping[str, str]] = {
    "hazelcast.phone.home.enabled": "false",
    # The JVM's exit ends its members; a hook would only make the exit slower.
    "hazelcast.shutdownhook.enabled": "false",
    "hazelcast.wait.seconds.before.join": "0",
    "hazelcast.socket.bind.any": "false",
    "hazelcast.prefer.ipv4.stack": "true",
    "hazelcast.partition.operation.thread.count": "2",
    "hazelcast.operation.generic.thread.count": "2",
    "hazelcast.io.thread.count": "2",
    "hazelcast.health.monitoring.level": "OFF",
    "hazelcast.slow.operation.detector.enabled": "false",
    # Separated members look for each other every few seconds instead of after minutes.
    "hazelcast.merge.first.run.delay.seconds": "2",
    "hazelcast.merge.next.run.delay.seconds": "2",
}
"""Properties that each member gets unless the user's configuration or properties set them."""

NOTICE_PROPERTIES: Final[Mapping[str, str]] = {
    "hazelcast.heartbeat.interval.seconds": "1",
    "hazelcast.max.no.heartbeat.seconds": "5",
}
"""Properties for members that are to be parted: they give up a silent one in seconds, not in a minute."""

QUIET_PROPERTIES: Final[Mapping[str, str]] = {"hazelcast.metrics.enabled": "false"}
"""Properties for members without a configuration of the user's own, who might want metrics."""


def configuration_text(config: str | Mapping[str, Any]) -> tuple[str, bool]:
    """The text of a configuration and whether it is XML (else YAML).

    Args:
        config: an XML or YAML document, or a mapping in the YAML document's shape, with or without the outer
            ``hazelcast`` key.

    Raises:
        ConfigurationError: wrong type, empty, or a mapping that cannot be written down.
    """
    if isinstance(config, str):
        if not config.strip():
            raise ConfigurationError(
                "config is an empty text; pass an XML or YAML document, a mapping, or None"
            )
        return config, config.lstrip().startswith("<")
    if not isinstance(config, Mapping):
        raise ConfigurationError(
            f"config must be an XML or YAML text or a mapping, not {type(config).__name__}"
        )
    document = config if set(config) == {"hazelcast"} else {"hazelcast": dict(config)}
    try:
        # JSON is a subset of YAML, so the member's YAML reader takes it.
        return json.dumps(document), False
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"config cannot be written as YAML: {error}") from error


def base_config(view: Any, config: str | Mapping[str, Any] | None) -> Any:
    """A new Java ``Config``, from the user's document when there is one.

    Raises:
        ConfigurationError: the member refuses the document.
    """
    if config is None:
        return view.com.hazelcast.config.Config()
    text, is_xml = configuration_text(config)
    package = view.com.hazelcast.config
    try:
        stream = view.java.io.ByteArrayInputStream(text.encode("utf-8"))
        builder = package.XmlConfigBuilder(stream) if is_xml else package.YamlConfigBuilder(stream)
        return builder.build()
    except Py4JError as error:
        raise ConfigurationError(f"Hazelcast refused the configuration: {java_message(error)}") from error


def apply_network(
    config: Any,
    port: int,
    known_addresses: Iterable[str],
    *,
    has_auto_detection: bool,
    public_address: str | None = None,
) -> None:
    """Bind the member to one loopback port and let it look for its cluster at ``known_addresses`` only.

    Args:
        config: the Java ``Config``.
        port: the port to listen on.
        known_addresses: ``host:port`` of the members to join.
        has_auto_detection: whether this version detects clouds by itself, which is turned off.
        public_address: ``host:port`` at which others reach the member, where that is another one.
    """
    network = config.getNetworkConfig()
    network.setPort(port)
    network.setPortAutoIncrement(False)
    # A member that comes back binds its port while connections of its former life are still winding down.
    network.setReuseAddress(True)
    if public_address is not None:
        network.setPublicAddress(public_address)
    interfaces = network.getInterfaces()
    interfaces.clear()
    interfaces.setEnabled(True)
    interfaces.addInterface(LOOPBACK)
    join = network.getJoin()
    join.getMulticastConfig().setEnabled(False)
    if has_auto_detection:
        join.getAutoDetectionConfig().setEnabled(False)
    tcp_ip = join.getTcpIpConfig()
    tcp_ip.clear()
    tcp_ip.setEnabled(True)
    for address in known_addresses:
        tcp_ip.addMember(address)


def apply_properties(config: Any, defaults: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Set the user's properties, and the defaults that neither they nor the document set."""
    for name, value in wanted.items():
        config.setProperty(name, str(value))
    for name, value in defaults.items():
        if config.getProperty(name) is None:
            config.setProperty(name, value)

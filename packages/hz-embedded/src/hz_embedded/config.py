"""A member's Java ``Config``: the user's settings, with the network on loopback and defaults for a quick start."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hz_embedded._py4j import LOOPBACK, Py4JError, java_message
from hz_embedded.errors import ConfigurationError

DEFAULT_PROPERTIES: Final[Mapping[str, str]] = {
    "hazelcast.phone.home.enabled": "false",
    # Members end with their JVM; a shutdown hook would only delay that.
    "hazelcast.shutdownhook.enabled": "false",
    "hazelcast.wait.seconds.before.join": "0",
    "hazelcast.socket.bind.any": "false",
    "hazelcast.prefer.ipv4.stack": "true",
    "hazelcast.partition.operation.thread.count": "2",
    "hazelcast.operation.generic.thread.count": "2",
    "hazelcast.io.thread.count": "2",
    "hazelcast.health.monitoring.level": "OFF",
    "hazelcast.slow.operation.detector.enabled": "false",
    # Clusters after a split look for each other every few seconds instead of after minutes.
    "hazelcast.merge.first.run.delay.seconds": "2",
    "hazelcast.merge.next.run.delay.seconds": "2",
}
"""Properties of each member, unless the user's configuration or properties set them."""

FAST_FAILURE_DETECTION_PROPERTIES: Final[Mapping[str, str]] = {
    "hazelcast.heartbeat.interval.seconds": "1",
    "hazelcast.max.no.heartbeat.seconds": "5",
}
"""Properties for proxied members: they consider a silent member as lost after seconds instead of a minute."""

QUIET_PROPERTIES: Final[Mapping[str, str]] = {"hazelcast.metrics.enabled": "false"}
"""Properties for members without a configuration of the user, who might need metrics."""


def configuration_text(config: str | Mapping[str, Any]) -> tuple[str, bool]:
    """Return the text of a configuration and whether it is XML (otherwise YAML).

    Args:
        config: An XML or YAML document, or a mapping with the structure of the YAML document, with or without the
            outer ``hazelcast`` key.

    Raises:
        ConfigurationError: The type is wrong, the text is empty, or the mapping cannot be written as YAML.
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
        # JSON is a subset of YAML.
        return json.dumps(document), False
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"config cannot be written as YAML: {error}") from error


def base_config(view: Any, config: str | Mapping[str, Any] | None) -> Any:
    """Return a new Java ``Config``, made from the user's document if there is one.

    Raises:
        ConfigurationError: Hazelcast refuses the document.
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
    """Bind the member to one loopback port, and let it look for its cluster only at ``known_addresses``.

    Args:
        config: The Java ``Config``.
        port: The port to listen on.
        known_addresses: ``host:port`` of the members to join.
        has_auto_detection: Whether this version detects cloud environments, which is switched off here.
        public_address: ``host:port`` that others connect to, if it differs from the member's own address.
    """
    network = config.getNetworkConfig()
    network.setPort(port)
    network.setPortAutoIncrement(False)
    # After a restart, the port may still have connections in TIME_WAIT.
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
    """Set the user's properties, and those defaults that neither the user's properties nor the document set."""
    for name, value in wanted.items():
        config.setProperty(name, str(value))
    for name, value in defaults.items():
        if config.getProperty(name) is None:
            config.setProperty(name, value)

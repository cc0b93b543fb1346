"""The statistics of clients as members have received them, read by the members' own classes."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from hz_embedded import Cluster
from hz_embedded.interfaces import implement

_COMPRESSOR = "com.hazelcast.internal.metrics.impl.MetricsCompressor"


class ReceivedStatistics(NamedTuple):
    """The last statistics of a client."""

    timestamp: int
    attributes: dict[str, str]
    metrics: dict[str, int | float]
    """By the text that Java shows of a metric, such as `[unit=bytes,metric=os.totalPhysicalMemorySize]`."""


def received_statistics(cluster: Cluster, name: str) -> ReceivedStatistics | None:
    """Return the last statistics of the client with this name; None if no member has any."""
    for member in cluster.members:
        for client in member.instance.getClientService().getConnectedClients():
            statistics = client.getClientStatistics() if client.getName() == name else None
            if statistics is not None:
                return ReceivedStatistics(
                    statistics.timestamp(),
                    _attributes(statistics.clientAttributes()),
                    _metrics(cluster, statistics.metricsBlob()),
                )
    return None


def _attributes(text: str) -> dict[str, str]:
    """Split at the commas and signs of equality that have no backslash before them."""
    pairs = (re.split(r"(?<!\\)=", part) for part in re.split(r"(?<!\\),", text))
    return {name: re.sub(r"\\(.)", r"\1", value) for name, value in pairs}


def _metrics(cluster: Cluster, blob: bytes) -> dict[str, int | float]:
    jvm: Any = cluster.jvm.gateway.jvm
    found: dict[str, int | float] = {}

    def consume(descriptor: Any, value: int | float) -> None:
        found[descriptor.metricString()] = value

    consumer = implement(
        "com.hazelcast.internal.metrics.MetricConsumer", consumeLong=consume, consumeDouble=consume
    )
    (extract,) = (
        method
        for method in jvm.java.lang.Class.forName(_COMPRESSOR).getDeclaredMethods()
        if method.getName() == "extractMetrics" and method.getParameterCount() == 2
    )
    arguments = cluster.jvm.gateway.new_array(jvm.java.lang.Object, 2)
    arguments[0], arguments[1] = blob, consumer
    extract.invoke(None, arguments)
    return found

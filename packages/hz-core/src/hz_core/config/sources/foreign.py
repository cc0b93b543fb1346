"""Keys that a client in Python cannot follow, each with the reason.

A key is refused where ignoring it would change what a program sees, what it sends, or what it connects to; otherwise
it is ignored with a warning. A section with ``enabled: false`` says nothing, and neither does a harmless value.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Foreign:
    """A key that is not followed, with all below it.

    Attributes:
        path: The keys from the root, separated by slashes; ``*`` is any name.
        reason: Why, to complete "cannot be used: ...".
        refused: Whether it is an error.
        harmless: Values that ask for nothing, in small letters.
    """

    path: str
    reason: str
    refused: bool = True
    harmless: tuple[str, ...] = ()


def _ignored(path: str, reason: str, *harmless: str) -> Foreign:
    return Foreign(path, reason, refused=False, harmless=harmless)


_JVM: Final = "it is about the JVM of clients in Java"
_THREADS: Final = "it tunes threads of clients in Java, which a client in Python does not have"
_DISCOVERY: Final = "this kind of discovery is missing; name the members in network.cluster-members"
_STORE: Final = (
    "stores of keys in Java's formats cannot be read: name files in PEM format in trustCertCollectionFile, "
    "keyCertChainFile and keyFile"
)
_TRIED: Final = "it only tunes clients in Java"

FOREIGN: Final = (
    Foreign("config-replacers", "values cannot be encrypted here: use ${NAME} of environment variables"),
    Foreign("listeners", "write membership-listeners and lifecycle-listeners, each a list of module:name"),
    Foreign("proxy-factories", "there are no factories of proxies in Python"),
    Foreign("query-caches", "there are no continuous query caches in this client"),
    Foreign("user-code-deployment", "classes cannot be sent to members"),
    _ignored("native-memory", _JVM),
    _ignored("instance-tracking", "this client writes no file about itself"),
    _ignored("tpc", "connections to the cores of members are made by clients in Java only"),
    _ignored("metrics/jmx", _JVM),
    Foreign(
        "sql/resubmission-mode", "queries that fail are not sent again by this client", harmless=("never",)
    ),
    Foreign(
        "hazelcast-client-failover",
        "a list of clusters is not a configuration of one; read it with FailoverConfig.from_file",
    ),
    # ---- network
    Foreign("network/cluster-routing/routing-strategy", "routing to several members is missing"),
    Foreign("network/socket-interceptor/properties", "the object gets no properties"),
    Foreign(
        "network/icmp-ping", "this client sends no ICMP packets; lower hazelcast.client.heartbeat.timeout"
    ),
    _ignored("network/auto-detection", "the environment is not searched for members"),
    *(
        Foreign(f"network/{name}", _DISCOVERY)
        for name in ("aws", "gcp", "azure", "kubernetes", "eureka", "discovery-strategies")
    ),
    *(
        Foreign(f"network/ssl/properties/{name}", _STORE)
        for name in (
            "trustStore",
            "trustStorePassword",
            "trustStoreType",
            "keyStore",
            "keyStorePassword",
            "keyStoreType",
            "keyManagerAlgorithm",
            "trustManagerAlgorithm",
        )
    ),
    _ignored("network/ssl/properties/keyMaterialDuration", "files are read again for each connection"),
    _ignored("network/ssl/properties/mutualAuthentication", "the members decide that"),
    _ignored("network/ssl/properties/openssl", _JVM),
    # ---- security
    Foreign("security/realms", "JAAS is a part of Java"),
    Foreign("security/credentials-factory/properties", "the object gets no properties"),
    # ---- serialization
    _ignored("serialization/enable-compression", "it is about Java's own serialization", "false"),
    _ignored("serialization/enable-shared-object", "it is about Java's own serialization"),
    _ignored("serialization/allow-unsafe", _JVM, "false"),
    _ignored("serialization/allow-override-default-serializers", "it is always so in this client"),
    _ignored("serialization/java-serialization-filter", "Java's own serialization is not read"),
    Foreign(
        "serialization/compact-serialization/classes",
        "classes of Java cannot be used; list serializers, which are in Python",
    ),
    _ignored("serialization/compact-serialization/enabled", "Compact is always there", "true"),
    Foreign(
        "serialization/compact-serialization/registered-classes",
        "it is of the preview in 5.1; list serializers",
    ),
    _ignored("serialization/compact-serialization/zero-config-filter", "it is about reflection in Java"),
    # ---- objects
    _ignored("near-cache/*/serialize-keys", "it only changes the memory that keys take"),
    _ignored(
        "near-cache/*/local-update-policy",
        "values that this client writes are removed from its near cache",
        "invalidate",
        "invalidate_on_change",
    ),
    _ignored("near-cache/*/preloader", "preload-file names the file that keeps the keys"),
    Foreign(
        "near-cache/*/eviction/max-size-policy",
        "the size is a number of entries (ENTRY_COUNT)",
        harmless=("entry_count",),
    ),
    Foreign("near-cache/*/eviction/comparator-class-name", "classes of Java cannot be used"),
    # ---- properties
    *(
        _ignored(f"properties/hazelcast.client.{name}", reason)
        for name, reason in {
            "event.thread.count": _THREADS,
            "event.queue.capacity": _THREADS,
            "io.input.thread.count": _THREADS,
            "io.output.thread.count": _THREADS,
            "io.balancer.interval.seconds": _THREADS,
            "io.write.through": _THREADS,
            "concurrent.window.ms": _THREADS,
            "response.thread.count": _THREADS,
            "response.thread.dynamic": _THREADS,
            "metrics.jmx.enabled": _JVM,
            "metrics.debug.enabled": _TRIED,
            "jobupload.partsize": "jobs cannot be sent by this client",
            "sql.partition.argument.cache.size": _TRIED,
            "connectivity.logging.delay.seconds": _TRIED,
        }.items()
    ),
    Foreign(
        "properties/hazelcast.client.invocation.backoff.timeout.millis",
        "an operation beyond the limit fails at once",
        harmless=("-1",),
    ),
    _ignored("properties/hazelcast.discovery.enabled", _DISCOVERY, "false"),
    Foreign("properties/hazelcast.partitioning.strategy.class", "classes of Java cannot be used"),
    _ignored("properties/hazelcast.logging.type", "this client uses the module logging"),
)
"""All of them. Properties whose names do not begin with ``hazelcast.`` are ignored with a warning, too."""

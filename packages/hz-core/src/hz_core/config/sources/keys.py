"""The keys of each option in files, and its environment variables: the one place that says them.

The keys are those of the client configuration files of Hazelcast; those marked as ours have no counterpart there. From
the keys follow the elements and attributes of XML, and the names of environment variables: ``HZCLIENT_``, then the
keys in capitals, without dashes, joined with underscores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hz_core.config.constants import (
    EvictionPolicy,
    InMemoryFormat,
    ReconnectMode,
    SSLProtocol,
    TopicOverloadPolicy,
)
from hz_core.config.option import Options
from hz_core.config.parts import FlakeIdGeneratorConfig, NearCacheConfig, ReliableTopicConfig
from hz_core.config.sources import special
from hz_core.config.sources.values import (
    FLAG,
    INTEGER,
    MILLIS,
    MILLIS_OR_INFINITE,
    NUMBER,
    PYTHON,
    SECONDS,
    TEXT,
    Kind,
    named,
    objects,
    texts,
)
from hz_serialization import ArrayPolicy, IntType

PREFIX: Final = "HZCLIENT_"
"""Beginning of the names of environment variables."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of an option.

    Attributes:
        path: The keys from the root, separated by slashes, because names of properties have dots.
        kind: The kind of its values.
        extends: Whether the value, a list, is added to that of other keys of the option.
        gate: Path of the flag that must not be false for this key to be used.
    """

    path: str
    kind: Kind
    extends: bool = False
    gate: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The keys from the root."""
        return tuple(self.path.split("/"))

    @property
    def shown(self) -> str:
        """The keys as users read them."""
        return self.path.replace("/", ".")

    @property
    def variable(self) -> str:
        """The name of the environment variable."""
        return PREFIX + variable_part(self.path)


def variable_part(path: str) -> str:
    """Return what stands for a path in the names of environment variables."""
    return path.replace("-", "").replace("/", "_").replace(".", "_").upper()


def _keys(*keys: Key) -> tuple[Key, ...]:
    return keys


def _property(name: str, kind: Kind) -> Key:
    return Key(f"properties/{name}", kind)


def _ssl(name: str, kind: Kind = TEXT) -> Key:
    return Key(f"network/ssl/properties/{name}", kind)


def _retry(name: str, kind: Kind) -> Key:
    return Key(f"connection-strategy/connection-retry/{name}", kind)


def _socket(name: str, kind: Kind) -> Key:
    return Key(f"network/socket-options/{name}", kind, extends=True)


_PROTOCOLS: Final = {member.name.replace("_", "."): member for member in SSLProtocol} | {
    "TLS": SSLProtocol.TLSv1_2
}
_ROUTING: Final = {"ALL_MEMBERS": True, "SINGLE_MEMBER": False}
_CLOUD: Final = "network/hazelcast-cloud"

CLIENT: Final[Mapping[str, tuple[Key, ...]]] = {
    "cluster_members": _keys(Key("network/cluster-members", texts("address"))),
    "cluster_name": _keys(Key("cluster-name", TEXT)),
    "client_name": _keys(Key("instance-name", TEXT)),
    "labels": _keys(Key("client-labels", texts("label"))),
    "creds_username": _keys(Key("security/username-password/username", TEXT)),
    "creds_password": _keys(Key("security/username-password/password", TEXT)),
    "token_provider": _keys(
        Key("security/token", special.TOKEN),
        Key("security/kerberos", special.KERBEROS),
        Key("security/credentials-factory/class-name", PYTHON),
    ),
    "shuffle_member_list": _keys(_property("hazelcast.client.shuffle.member.list", FLAG)),
    "use_public_ip": _keys(
        _property(
            "hazelcast.discovery.public.ip.enabled",
            named("one of", {"true": True, "false": False, "auto": "auto"}),
        )
    ),
    "discovery": _keys(Key("network/discovery", PYTHON)),  # ours
    "outbound_ports": _keys(Key("network/outbound-ports", texts("ports"))),
    "socket_interceptor": _keys(
        Key("network/socket-interceptor/class-name", PYTHON, gate="network/socket-interceptor/enabled")
    ),
    "slow_operation_threshold": _keys(Key("metrics/slow-operation-threshold-millis", MILLIS)),  # ours
    # Ours: each a Config or a dict of options. Complete files are listed in hazelcast-client-failover.
    "failover_configs": _keys(Key("failover/configs", objects("config"))),
    "failover_try_count": _keys(Key("failover/try-count", INTEGER)),
    "cloud_discovery_token": _keys(
        Key(f"{_CLOUD}/discovery-token", TEXT, gate=f"{_CLOUD}/enabled"),
        _property("hazelcast.client.cloud.discovery.token", TEXT),
    ),
    "smart_routing": _keys(
        Key("network/smart-routing", FLAG),
        Key("network/cluster-routing/mode", named("one of", _ROUTING)),
    ),
    "cp_direct_to_leader_routing": _keys(Key("cp-direct-to-leader-routing", FLAG)),
    "connection_timeout": _keys(Key("network/connection-timeout", MILLIS)),
    "socket_options": _keys(
        # Ours: any option of the system.
        _socket("options", special.SOCKET_OPTIONS),
        _socket("tcp-no-delay", special.TCP_NO_DELAY),
        _socket("keep-alive", special.KEEP_ALIVE),
        _socket("reuse-address", special.REUSE_ADDRESS),
        _socket("linger-seconds", special.LINGER),
        _socket("buffer-size", special.BUFFERS),
    ),
    "heartbeat_interval": _keys(_property("hazelcast.client.heartbeat.interval", MILLIS)),
    "heartbeat_timeout": _keys(_property("hazelcast.client.heartbeat.timeout", MILLIS)),
    "async_start": _keys(Key("connection-strategy/async-start", FLAG)),
    "reconnect_mode": _keys(
        Key("connection-strategy/reconnect-mode", named("one of", dict(ReconnectMode.__members__)))
    ),
    "retry_initial_backoff": _keys(_retry("initial-backoff-millis", MILLIS)),
    "retry_max_backoff": _keys(_retry("max-backoff-millis", MILLIS)),
    "retry_jitter": _keys(_retry("jitter", NUMBER)),
    "retry_multiplier": _keys(_retry("multiplier", NUMBER)),
    "cluster_connect_timeout": _keys(_retry("cluster-connect-timeout-millis", MILLIS_OR_INFINITE)),
    "ssl_enabled": _keys(Key("network/ssl/enabled", FLAG)),
    "ssl_cafile": _keys(_ssl("trustCertCollectionFile")),
    "ssl_certfile": _keys(_ssl("keyCertChainFile")),
    "ssl_keyfile": _keys(_ssl("keyFile")),
    "ssl_password": _keys(_ssl("keyPassword")),
    "ssl_protocol": _keys(_ssl("protocol", named("one of", _PROTOCOLS))),
    "ssl_ciphers": _keys(_ssl("ciphersuites")),
    "ssl_check_hostname": _keys(_ssl("validateIdentity", FLAG)),
    "ssl_context": _keys(Key("network/ssl/factory-class-name", PYTHON)),
    "redo_operation": _keys(Key("network/redo-operation", FLAG)),
    "invocation_timeout": _keys(_property("hazelcast.client.invocation.timeout.seconds", SECONDS)),
    "invocation_retry_pause": _keys(_property("hazelcast.client.invocation.retry.pause.millis", MILLIS)),
    "max_pending_invocations": _keys(_property("hazelcast.client.max.concurrent.invocations", INTEGER)),
    "max_in_flight": _keys(_property("hazelcast.client.max.in.flight", INTEGER)),  # ours
    "backup_ack_to_client_enabled": _keys(Key("backup-ack-to-client-enabled", FLAG)),
    "operation_backup_timeout": _keys(_property("hazelcast.client.operation.backup.timeout.millis", MILLIS)),
    "fail_on_indeterminate_operation_state": _keys(
        _property("hazelcast.client.operation.fail.on.indeterminate.state", FLAG)
    ),
    "load_balancer": _keys(Key("load-balancer", special.LOAD_BALANCER)),
    # Ours, instead of one list of listeners of any kind.
    "membership_listeners": _keys(Key("membership-listeners", objects("listener"))),
    "lifecycle_listeners": _keys(Key("lifecycle-listeners", objects("listener"))),
    "statistics_enabled": _keys(
        Key("metrics/enabled", FLAG),
        _property("hazelcast.client.metrics.enabled", FLAG),
        _property("hazelcast.client.statistics.enabled", FLAG),
    ),
    "statistics_period": _keys(
        Key("metrics/collection-frequency-seconds", SECONDS),
        _property("hazelcast.client.metrics.collection.frequency", SECONDS),
        _property("hazelcast.client.statistics.period.seconds", SECONDS),
    ),
    "default_int_type": _keys(
        Key("serialization/default-int-type", named("one of", dict(IntType.__members__)))  # ours
    ),
    "is_big_endian": _keys(
        Key("serialization/byte-order", named("one of", special.BYTE_ORDERS)),
        Key("serialization/use-native-byte-order", special.NATIVE_BYTE_ORDER),
    ),
    "data_serializable_factories": _keys(Key("serialization/data-serializable-factories", special.FACTORIES)),
    "portable_factories": _keys(Key("serialization/portable-factories", special.FACTORIES)),
    "portable_version": _keys(Key("serialization/portable-version", INTEGER)),
    "class_definitions": _keys(Key("serialization/class-definitions", objects("class-definition"))),  # ours
    "check_class_definition_errors": _keys(Key("serialization/check-class-def-errors", FLAG)),
    "compact_serializers": _keys(
        Key("serialization/compact-serialization/serializers", special.COMPACT_SERIALIZERS)
    ),
    "custom_serializers": _keys(Key("serialization/serializers", special.SERIALIZERS)),
    "global_serializer": _keys(Key("serialization/global-serializer", special.GLOBAL_SERIALIZER)),
    "pickle_policy": _keys(Key("serialization/pickle-policy", special.PICKLE_POLICY)),  # ours
    "primitive_arrays": _keys(
        Key("serialization/primitive-arrays", named("one of", {p.value: p for p in ArrayPolicy}))  # ours
    ),
    # Keys of SECTIONS, below.
    "near_caches": (),
    "flake_id_generators": (),
    "reliable_topics": (),
}
"""The keys of each option of ``ClientConfig``; the first one is the name that the documentation gives."""

NEAR_CACHE: Final[Mapping[str, tuple[Key, ...]]] = {
    "invalidate_on_change": _keys(Key("invalidate-on-change", FLAG)),
    "in_memory_format": _keys(
        Key("in-memory-format", named("one of", dict(InMemoryFormat.__members__))),
    ),
    "time_to_live": _keys(Key("time-to-live-seconds", SECONDS)),
    "max_idle": _keys(Key("max-idle-seconds", SECONDS)),
    "eviction_policy": _keys(
        Key("eviction/eviction-policy", named("one of", dict(EvictionPolicy.__members__))),
    ),
    "eviction_max_size": _keys(Key("eviction/size", INTEGER)),
    "eviction_sampling_count": _keys(Key("eviction/sampling-count", INTEGER)),  # ours
    "eviction_sampling_pool_size": _keys(Key("eviction/sampling-pool-size", INTEGER)),  # ours
    "max_bytes": _keys(Key("eviction/max-bytes", INTEGER)),  # ours
    "copy_on_read": _keys(Key("copy-on-read", FLAG)),  # ours
    "preload_file": _keys(Key("preload-file", TEXT)),  # ours
    "reconciliation_interval": _keys(Key("reconciliation-interval-seconds", SECONDS)),  # ours
}

FLAKE_ID_GENERATOR: Final[Mapping[str, tuple[Key, ...]]] = {
    "prefetch_count": _keys(Key("prefetch-count", INTEGER)),
    "prefetch_validity": _keys(Key("prefetch-validity-millis", MILLIS)),
    "prefetch_ahead": _keys(Key("prefetch-ahead", FLAG)),  # ours
}

RELIABLE_TOPIC: Final[Mapping[str, tuple[Key, ...]]] = {
    "read_batch_size": _keys(Key("read-batch-size", INTEGER)),
    "overload_policy": _keys(
        Key("topic-overload-policy", named("one of", dict(TopicOverloadPolicy.__members__))),
    ),
}


@dataclass(frozen=True, slots=True)
class Section:
    """Options of objects by name.

    Attributes:
        path: The key.
        option: The option of ``ClientConfig``, a dict by name.
        kind: The class of its values.
        keys: The keys of each option below the name.
    """

    path: str
    option: str
    kind: type[Options]
    keys: Mapping[str, tuple[Key, ...]]


SECTIONS: Final = (
    Section("near-cache", "near_caches", NearCacheConfig, NEAR_CACHE),
    Section("flake-id-generator", "flake_id_generators", FlakeIdGeneratorConfig, FLAKE_ID_GENERATOR),
    Section("reliable-topic", "reliable_topics", ReliableTopicConfig, RELIABLE_TOPIC),
)

SWITCHES: Final = (f"{_CLOUD}/enabled", "network/socket-interceptor/enabled")
"""Flags that are no options, but gates of such."""

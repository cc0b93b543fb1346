"""The client configuration of the real thing reads the same files, and finds the same in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hazelcast.config import Config, NearCacheConfig
from hz_core.config.sources.schema import Branch
from hz_core.config.sources.schema import schema as known_keys
from hz_embedded import Cluster

XML = """<?xml version="1.0" encoding="UTF-8"?>
<hazelcast-client xmlns="http://www.hazelcast.com/schema/client-config"
                  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
                  xsi:schemaLocation="http://www.hazelcast.com/schema/client-config
                  http://www.hazelcast.com/schema/client-config/hazelcast-client-config-5.7.xsd">
    <cluster-name>shop</cluster-name>
    <instance-name>till</instance-name>
    <properties>
        <property name="hazelcast.client.shuffle.member.list">false</property>
        <property name="hazelcast.client.heartbeat.timeout">1500</property>
        <property name="hazelcast.client.heartbeat.interval">250</property>
        <property name="hazelcast.client.invocation.timeout.seconds">7</property>
    </properties>
    <client-labels>
        <label>paying</label>
        <label>open</label>
    </client-labels>
    <backup-ack-to-client-enabled>false</backup-ack-to-client-enabled>
    <network>
        <cluster-members>
            <address>127.0.0.1:5701</address>
            <address>[::1]:5702</address>
        </cluster-members>
        <cluster-routing mode="SINGLE_MEMBER"/>
        <redo-operation>true</redo-operation>
        <connection-timeout>1250</connection-timeout>
        <ssl enabled="true">
            <properties>
                <property name="protocol">TLSv1.3</property>
                <property name="keyFile">key.pem</property>
            </properties>
        </ssl>
        <hazelcast-cloud enabled="false">
            <discovery-token>unused</discovery-token>
        </hazelcast-cloud>
    </network>
    <security>
        <username-password username="clerk" password="of the clerk"/>
    </security>
    <serialization>
        <portable-version>3</portable-version>
        <byte-order>LITTLE_ENDIAN</byte-order>
        <check-class-def-errors>false</check-class-def-errors>
    </serialization>
    <load-balancer type="random"/>
    <near-cache name="prices">
        <in-memory-format>OBJECT</in-memory-format>
        <invalidate-on-change>false</invalidate-on-change>
        <time-to-live-seconds>90</time-to-live-seconds>
        <max-idle-seconds>30</max-idle-seconds>
        <eviction size="11" max-size-policy="ENTRY_COUNT" eviction-policy="LFU"/>
    </near-cache>
    <connection-strategy async-start="true" reconnect-mode="ASYNC">
        <connection-retry>
            <initial-backoff-millis>50</initial-backoff-millis>
            <max-backoff-millis>800</max-backoff-millis>
            <multiplier>1.5</multiplier>
            <cluster-connect-timeout-millis>-1</cluster-connect-timeout-millis>
            <jitter>0.25</jitter>
        </connection-retry>
    </connection-strategy>
    <flake-id-generator name="ids">
        <prefetch-count>9</prefetch-count>
        <prefetch-validity-millis>1500</prefetch-validity-millis>
    </flake-id-generator>
    <reliable-topic name="news">
        <topic-overload-policy>DISCARD_NEWEST</topic-overload-policy>
        <read-batch-size>2</read-batch-size>
    </reliable-topic>
    <metrics enabled="true">
        <collection-frequency-seconds>12</collection-frequency-seconds>
    </metrics>
</hazelcast-client>
"""
YAML = """
hazelcast-client:
  cluster-name: shop
  instance-name: till
  properties:
    hazelcast.client.shuffle.member.list: false
    hazelcast.client.heartbeat.timeout: 1500
    hazelcast.client.heartbeat.interval: 250
    hazelcast.client.invocation.timeout.seconds: 7
  client-labels: [paying, open]
  backup-ack-to-client-enabled: false
  network:
    cluster-members: ["127.0.0.1:5701", "[::1]:5702"]
    cluster-routing: {mode: SINGLE_MEMBER}
    redo-operation: true
    connection-timeout: 1250
    ssl: {enabled: true, properties: {protocol: TLSv1.3, keyFile: key.pem}}
    hazelcast-cloud: {enabled: false, discovery-token: unused}
  security:
    username-password: {username: clerk, password: of the clerk}
  serialization: {portable-version: 3, byte-order: LITTLE_ENDIAN, check-class-def-errors: false}
  load-balancer: {type: random}
  near-cache:
    prices:
      in-memory-format: OBJECT
      invalidate-on-change: false
      time-to-live-seconds: 90
      max-idle-seconds: 30
      eviction: {size: 11, max-size-policy: ENTRY_COUNT, eviction-policy: LFU}
  connection-strategy:
    async-start: true
    reconnect-mode: ASYNC
    connection-retry:
      initial-backoff-millis: 50
      max-backoff-millis: 800
      multiplier: 1.5
      cluster-connect-timeout-millis: -1
      jitter: 0.25
  flake-id-generator: {ids: {prefetch-count: 9, prefetch-validity-millis: 1500}}
  reliable-topic: {news: {topic-overload-policy: DISCARD_NEWEST, read-batch-size: 2}}
  metrics: {enabled: true, collection-frequency-seconds: 12}
"""


def in_java(java: Any) -> dict[str, Any]:
    """Return what Java found, in the units of the file."""
    network = java.getNetworkConfig()
    strategy = java.getConnectionStrategyConfig()
    retry = strategy.getConnectionRetryConfig()
    cache = java.getNearCacheConfig("prices")
    ids = java.getFlakeIdGeneratorConfig("ids")
    topic = java.getReliableTopicConfig("news")
    identity = java.getSecurityConfig().getUsernamePasswordIdentityConfig()
    return {
        "cluster_name": java.getClusterName(),
        "client_name": java.getInstanceName(),
        "shuffle": java.getProperty("hazelcast.client.shuffle.member.list"),
        "heartbeat_timeout": int(java.getProperty("hazelcast.client.heartbeat.timeout")),
        "heartbeat_interval": int(java.getProperty("hazelcast.client.heartbeat.interval")),
        "invocation_timeout": int(java.getProperty("hazelcast.client.invocation.timeout.seconds")),
        "labels": sorted(java.getLabels()),
        "backup_acks": java.isBackupAckToClientEnabled(),
        "members": list(network.getAddresses()),
        "routing": str(network.getClusterRoutingConfig().getRoutingMode().name()),
        "redo": network.isRedoOperation(),
        "connection_timeout": network.getConnectionTimeout(),
        "tls": network.getSSLConfig().isEnabled(),
        "tls_version": network.getSSLConfig().getProperty("protocol"),
        "key": network.getSSLConfig().getProperty("keyFile"),
        "cloud": network.getCloudConfig().isEnabled(),
        "user": (identity.getUsername(), identity.getPassword()),
        "portable_version": java.getSerializationConfig().getPortableVersion(),
        "byte_order": java.getSerializationConfig().getByteOrder().toString(),
        "check_classes": java.getSerializationConfig().isCheckClassDefErrors(),
        "balancer": type_name(java.getLoadBalancer()),
        "format": cache.getInMemoryFormat().name(),
        "invalidate": cache.isInvalidateOnChange(),
        "ttl": cache.getTimeToLiveSeconds(),
        "idle": cache.getMaxIdleSeconds(),
        "eviction": (
            cache.getEvictionConfig().getSize(),
            cache.getEvictionConfig().getEvictionPolicy().name(),
        ),
        "async_start": strategy.isAsyncStart(),
        "reconnect_mode": strategy.getReconnectMode().name(),
        "backoff": (retry.getInitialBackoffMillis(), retry.getMaxBackoffMillis()),
        "multiplier": (retry.getMultiplier(), retry.getJitter()),
        "connect_timeout": retry.getClusterConnectTimeoutMillis(),
        "ids": (ids.getPrefetchCount(), ids.getPrefetchValidityMillis()),
        "topic": (topic.getReadBatchSize(), topic.getTopicOverloadPolicy().name()),
        "metrics": (
            java.getMetricsConfig().isEnabled(),
            java.getMetricsConfig().getCollectionFrequencySeconds(),
        ),
    }


def type_name(value: Any) -> str:
    return str(value.getClass().getSimpleName())


def in_python(config: Config) -> dict[str, Any]:
    """Return what Python found, in the units of the file."""
    cache: NearCacheConfig = config.near_caches["prices"]
    ids = config.flake_id_generators["ids"]
    topic = config.reliable_topics["news"]
    return {
        "cluster_name": config.cluster_name,
        "client_name": config.client_name,
        "shuffle": str(config.shuffle_member_list).lower(),
        "heartbeat_timeout": config.heartbeat_timeout * 1000,
        "heartbeat_interval": config.heartbeat_interval * 1000,
        "invocation_timeout": config.invocation_timeout,
        "labels": sorted(config.labels),
        "backup_acks": config.backup_ack_to_client_enabled,
        "members": config.cluster_members,
        "routing": "ALL_MEMBERS" if config.smart_routing else "SINGLE_MEMBER",
        "redo": config.redo_operation,
        "connection_timeout": config.connection_timeout * 1000,
        "tls": config.ssl_enabled,
        "tls_version": config.ssl_protocol.name.replace("_", "."),
        "key": config.ssl_keyfile,
        "cloud": config.cloud_discovery_token is not None,
        "user": (config.creds_username, config.creds_password),
        "portable_version": config.portable_version,
        "byte_order": "BIG_ENDIAN" if config.is_big_endian else "LITTLE_ENDIAN",
        "check_classes": config.check_class_definition_errors,
        "balancer": type(config.load_balancer).__name__,
        "format": cache.in_memory_format.name,
        "invalidate": cache.invalidate_on_change,
        "ttl": cache.time_to_live,
        "idle": cache.max_idle,
        "eviction": (cache.eviction_max_size, cache.eviction_policy.name),
        "async_start": config.async_start,
        "reconnect_mode": config.reconnect_mode.name,
        "backoff": (config.retry_initial_backoff * 1000, config.retry_max_backoff * 1000),
        "multiplier": (config.retry_multiplier, config.retry_jitter),
        "connect_timeout": config.cluster_connect_timeout,
        "ids": (ids.prefetch_count, ids.prefetch_validity * 1000),
        "topic": (topic.read_batch_size, topic.overload_policy.name),
        "metrics": (config.statistics_enabled, config.statistics_period),
    }


@pytest.mark.parametrize(("suffix", "text"), [("xml", XML), ("yaml", YAML)])
def test_java_reads_the_same(cluster: Cluster, suffix: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / f"hazelcast-client.{suffix}"
    path.write_text(text)
    builders = cluster.jvm.com.hazelcast.client.config
    builder = getattr(builders, f"{suffix.capitalize()}ClientConfigBuilder")(str(path))
    expected = in_java(builder.build())
    # None of it is a default: what a side did not read, it would not have.
    assert in_python(Config.from_file(path)) == expected
    assert expected["members"] == ["127.0.0.1:5701", "[::1]:5702"]


def test_java_knows_the_variables(cluster: Cluster, tmp_path: Path) -> None:
    """The names of environment variables are those that Java reads, too."""
    variables = {
        "HZCLIENT_CLUSTERNAME": "shop",
        "HZCLIENT_INSTANCENAME": "till",
        "HZCLIENT_NETWORK_CONNECTIONTIMEOUT": "1250",
        "HZCLIENT_CONNECTIONSTRATEGY_CONNECTIONRETRY_JITTER": "0.25",
        "HZCLIENT_PROPERTIES_HAZELCAST_CLIENT_HEARTBEAT_INTERVAL": "250",
    }
    jvm = cluster.jvm
    java_variables = jvm.java.util.HashMap()
    for name, value in variables.items():
        java_variables.put(name, value)
    # Not public: only the variables of the process could be read without reflection.
    parser_class = jvm.java.lang.Class.forName(
        "com.hazelcast.internal.config.override.EnvVariablesConfigParser",
    )
    methods = {method.getName(): method for method in parser_class.getDeclaredMethods()}
    for method in methods.values():
        method.setAccessible(True)
    none = jvm.new_array(jvm.view.java.lang.Object, 0)
    one = jvm.new_array(jvm.view.java.lang.Object, 1)
    one[0] = java_variables
    parsed = dict(methods["parse"].invoke(methods["client"].invoke(None, none), one))
    assert set(parsed) == {
        "hazelcast-client.clustername",
        "hazelcast-client.instancename",
        "hazelcast-client.network.connectiontimeout",
        "hazelcast-client.connectionstrategy.connectionretry.jitter",
        "hazelcast-client.properties.hazelcast.client.heartbeat.interval",
    }
    config = Config.from_env(variables)
    assert (config.cluster_name, config.client_name, config.connection_timeout) == ("shop", "till", 1.25)
    assert (config.retry_jitter, config.heartbeat_interval) == (0.25, 0.25)


def keys_of(
    schema: dict[str, Any], at: dict[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all keys that a JSON schema of Hazelcast allows."""
    while "$ref" in at:
        found: Any = schema
        for part in at["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        at = {**found, **{key: value for key, value in at.items() if key != "$ref"}}
    inner = dict(at.get("properties", {}))
    if isinstance(at.get("additionalProperties"), dict):
        inner["*"] = at["additionalProperties"]
    if not inner:
        yield path
    for key, value in inner.items():
        yield from keys_of(schema, value, (*path, key))


@pytest.mark.parametrize("minor", range(8))
def test_every_key_of_hazelcast_is_followed_or_listed_with_a_reason(cluster: Cluster, minor: int) -> None:
    """The jar has the schemas of all versions since 5.0."""
    resource = f"hazelcast-config-5.{minor}.json"
    stream = cluster.jvm.java.lang.ClassLoader.getSystemResourceAsStream(resource)
    schema = json.loads(bytes(stream.readAllBytes()))
    paths = list(keys_of(schema, schema["properties"]["hazelcast-client"]))
    assert len(paths) > 130
    assert [path for path in paths if not is_known(path)] == []


def is_known(path: tuple[str, ...]) -> bool:
    at: Any = known_keys()
    for key in path:
        at = at.find(key)
        if not isinstance(at, Branch):
            return at is not None or path == ("import",)
    return True

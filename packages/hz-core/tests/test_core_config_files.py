"""Configuration files: every option, in YAML and XML, with the keys of the ecosystem."""

import logging
import socket
import struct
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import core_config_objects as objects
from hz_core.config import (
    ClientConfig,
    EvictionPolicy,
    InMemoryFormat,
    IntType,
    ReconnectMode,
    SSLProtocol,
    TopicOverloadPolicy,
)
from hz_core.config.sources.environment import environment_tree
from hz_core.config.sources.reading import Reading
from hz_core.errors import InvalidConfigurationError
from hz_core.load_balancer import RandomLB
from hz_core.security import BasicTokenProvider
from hz_serialization import ArrayPolicy, PicklePolicy

DATA = Path(__file__).with_name("data")

ALL: dict[str, Any] = {
    "cluster_members": ["127.0.0.1:5701", "[::1]:5702"],
    "cluster_name": "shop",
    "client_name": "till",
    "labels": ["paying", "1"],
    "creds_username": "clerk",
    "creds_password": "of the clerk",
    "token_provider": BasicTokenProvider(b"\x00\x01\xff"),
    "shuffle_member_list": False,
    "use_public_ip": True,
    "cloud_discovery_token": "of the cloud",
    "smart_routing": False,
    "cp_direct_to_leader_routing": True,
    "connection_timeout": 1.25,
    "socket_options": [
        (socket.SOL_SOCKET, socket.SO_RCVBUF, 4096),
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0),
        (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1),
        (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3)),
        (socket.SOL_SOCKET, socket.SO_SNDBUF, 2048),
        (socket.SOL_SOCKET, socket.SO_RCVBUF, 2048),
    ],
    "discovery": objects.FINDER,
    "outbound_ports": ["33000-33002", "33005"],
    "socket_interceptor": objects.intercept,
    "slow_operation_threshold": 0.075,
    "failover_configs": [{"cluster_name": "blue"}],
    "failover_try_count": 4,
    "heartbeat_interval": 0.25,
    "heartbeat_timeout": 1.5,
    "async_start": True,
    "reconnect_mode": ReconnectMode.ASYNC,
    "retry_initial_backoff": 0.05,
    "retry_max_backoff": 0.8,
    "retry_jitter": 0.25,
    "retry_multiplier": 1.5,
    "cluster_connect_timeout": -1,
    "ssl_enabled": True,
    "ssl_cafile": "ca.pem",
    "ssl_certfile": "cert.pem",
    "ssl_keyfile": "key.pem",
    "ssl_password": "of the key",
    "ssl_protocol": SSLProtocol.TLSv1_3,
    "ssl_ciphers": "ECDHE+AESGCM",
    "ssl_check_hostname": False,
    "ssl_context": objects.CONTEXT,
    "redo_operation": True,
    "invocation_timeout": 7,
    "invocation_retry_pause": 0.125,
    "max_pending_invocations": 42,
    "max_in_flight": 17,
    "backup_ack_to_client_enabled": False,
    "operation_backup_timeout": 0.375,
    "fail_on_indeterminate_operation_state": True,
    "membership_listeners": [objects.MEMBERSHIP],
    "lifecycle_listeners": [objects.changed],
    "statistics_enabled": True,
    "statistics_period": 12,
    "default_int_type": IntType.LONG,
    "is_big_endian": False,
    "data_serializable_factories": {1: objects.FACTORY},
    "portable_factories": {2: objects.FACTORY},
    "portable_version": 3,
    "class_definitions": [objects.DEFINITION],
    "check_class_definition_errors": False,
    "compact_serializers": [objects.OrderCompact],
    "custom_serializers": {objects.Order: objects.OrderSerializer},
    "global_serializer": objects.OrderSerializer,
    "pickle_policy": PicklePolicy.DENY,
    "primitive_arrays": ArrayPolicy.LIST,
    "near_caches": {
        "prices": {
            "invalidate_on_change": False,
            "in_memory_format": InMemoryFormat.OBJECT,
            "time_to_live": 90,
            "max_idle": 30,
            "eviction_policy": EvictionPolicy.LFU,
            "eviction_max_size": 11,
            "eviction_sampling_count": 3,
            "eviction_sampling_pool_size": 4,
            "max_bytes": 5000,
            "copy_on_read": True,
            "preload_file": "{name}.keys",
            "reconciliation_interval": 30,
        },
        "plain": {},
    },
    "flake_id_generators": {"ids": {"prefetch_count": 9, "prefetch_validity": 1.5, "prefetch_ahead": True}},
    "reliable_topics": {"news": {"read_batch_size": 2, "overload_policy": TopicOverloadPolicy.ERROR}},
}


XML = ("<hazelcast-client>", "</hazelcast-client>")


def write(folder: Path, text: str, name: str = "hazelcast-client.yaml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def error_of(path: Path, environ: dict[str, str] | None = None) -> InvalidConfigurationError:
    with pytest.raises(InvalidConfigurationError) as caught:
        ClientConfig.from_file(path, environ)
    return caught.value


@pytest.mark.parametrize("name", ["config-all.yaml", "config-all.xml"])
def test_a_file_that_sets_every_option(name: str) -> None:
    config = ClientConfig.from_file(DATA / name)
    assert type(config.load_balancer) is RandomLB
    assert {n: getattr(config, n) for n in ClientConfig.options() if n != "load_balancer"} == {
        n: getattr(ClientConfig.from_kwargs(**{n: value}), n) for n, value in ALL.items()
    }
    default = ClientConfig()
    assert [n for n in ClientConfig.options() if getattr(config, n) == getattr(default, n)] == []
    prices = config.near_caches["prices"]
    assert [
        n for n in prices.options() if getattr(prices, n) == getattr(config.near_caches["plain"], n)
    ] == []


OTHER_KEYS: dict[str, dict[str, Any]] = {
    "network: {cluster-routing: {mode: single_member}}": {"smart_routing": False},
    "network: {cluster-routing: {mode: ALL_MEMBERS}}": {"smart_routing": True},
    "properties: {hazelcast.client.cloud.discovery.token: t}": {"cloud_discovery_token": "t"},
    "properties: {hazelcast.client.metrics.enabled: true}": {"statistics_enabled": True},
    "properties: {hazelcast.client.statistics.enabled: true}": {"statistics_enabled": True},
    "properties: {hazelcast.client.metrics.collection.frequency: 2}": {"statistics_period": 2},
    "properties: {hazelcast.client.statistics.period.seconds: 2.5}": {"statistics_period": 2.5},
    "serialization: {use-native-byte-order: true}": {"is_big_endian": sys.byteorder == "big"},
    "serialization: {use-native-byte-order: false, byte-order: LITTLE_ENDIAN}": {"is_big_endian": False},
    "serialization: {pickle-policy: ['datetime:date']}": {"pickle_policy": [date]},
    "security: {token: text}": {"token_provider": BasicTokenProvider(b"text")},
    "security: {token: {value: text, encoding: none}}": {"token_provider": BasicTokenProvider(b"text")},
    "security: {credentials-factory: {class-name: 'core_config_objects:TOKENS'}}": {
        "token_provider": objects.TOKENS
    },
    "network: {hazelcast-cloud: {discovery-token: t}}": {"cloud_discovery_token": "t"},
    "network: {hazelcast-cloud: {discovery-token: t, enabled: false}}": {},
    "network: {ssl: {enabled: false, properties: {trustStore: x, keyFile: k}}}": {"ssl_keyfile": "k"},
    "network: {ssl: {properties: {protocol: TLS}}}": {"ssl_protocol": SSLProtocol.TLSv1_2},
    "network: {kubernetes: {enabled: false, namespace: x}, aws: {enabled: 'false'}}": {},
    "network: {socket-interceptor: {class-name: 'core_config_objects:intercept', enabled: false}}": {},
    "properties: {hazelcast.discovery.public.ip.enabled: auto}": {"use_public_ip": "auto"},
    "network: {cluster-members: 'a, b:1'}": {"cluster_members": ["a", "b:1"]},
    "network: {cluster-members: []}": {},
    "cluster-name:": {},
    "near-cache: {a: '', b: }": {"near_caches": {"a": {}, "b": {}}},
    "network:": {},
    "query-caches: {}": {},
    "connection-strategy: {reconnect-mode: off}": {"reconnect_mode": ReconnectMode.OFF},
    "connection-strategy: {connection-retry: {cluster-connect-timeout-millis: 1.0e+3}}": {
        "cluster_connect_timeout": 1
    },
    "cluster-name: 0123": {"cluster_name": "0123"},
    "cluster-name: &name yes\ninstance-name: *name": {"cluster_name": "yes", "client_name": "yes"},
    "": {},
}


@pytest.mark.parametrize("text", OTHER_KEYS)
def test_other_keys_of_options(text: str, tmp_path: Path) -> None:
    assert ClientConfig.from_file(write(tmp_path, text)) == ClientConfig.from_kwargs(**OTHER_KEYS[text])


def test_load_balancers(tmp_path: Path) -> None:
    custom = "load-balancer: {type: custom, custom-class-name: 'core_config_objects:LastLB'}"
    assert type(ClientConfig.from_file(write(tmp_path, custom)).load_balancer) is objects.LastLB
    error = error_of(write(tmp_path, "load-balancer: {type: custom, custom-class-name: com.acme.LB}"))
    assert "load-balancer must be a Python object, written module:name, not 'com.acme.LB'" in str(error)
    for wrong in ("{type: fastest}", "{type: custom}", "{type: random, custom-class-name: 'a:b'}", "[a]"):
        assert "load-balancer must be " in str(error_of(write(tmp_path, f"load-balancer: {wrong}")))


IGNORED = {
    "native-memory: {enabled: true}": "native-memory is ignored: it is about the JVM",
    "network: {auto-detection: {enabled: true}}": "network.auto-detection is ignored: the environment is not",
    "properties: {hazelcast.client.event.thread.count: 5}": "event.thread.count is ignored: it tunes threads",
    "properties: {com.acme.mine: 5}": "properties.com.acme.mine is ignored: it is not a property of Hazelcast",
    "near-cache: {a: {serialize-keys: true}}": "near-cache.a.serialize-keys is ignored",
    "near-cache: {default: {}}": "the name 'default' in near_caches is that of one object here",
    "flake-id-generator: {'a*': {prefetch-count: 5}}": "the name 'a*' in flake_id_generators",
}


@pytest.mark.parametrize("text", IGNORED)
def test_what_only_tunes_other_clients_is_a_warning(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, f"cluster-name: x\n{text}")
    with caplog.at_level(logging.WARNING, "hazelcast.config"):
        assert ClientConfig.from_file(path).cluster_name == "x"
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(f"{path}, line 2: ")
    assert IGNORED[text] in caplog.messages[0]


REFUSED = {
    # Unknown keys, with the nearest one.
    "cluster_name: x": "cluster_name is not a known key; did you mean cluster-name?",
    "network:\n  conection-timeout: 5": "network.conection-timeout is not a known key; did you mean connection-t",
    "connection-timeout: 5": "is not a known key; did you mean network.connection-timeout?",
    "retry_jitter: 5": "did you mean connection-strategy.connection-retry.jitter?",
    "near-cache: {a: {time-to-live: 5}}": "near-cache.a.time-to-live is not .*; did you mean time-to-live-s",
    "xyzzy: 1": "xyzzy is not a known key",
    "properties: {hazelcast.client.heartbeat.intervall: 1}": "did you mean hazelcast.client.heartbeat.interval?",
    "hazelcast: {cluster-name: x}": "hazelcast is not a known key",
    # What Python cannot follow.
    "listeners: [com.acme.Listener]": "listeners cannot be used by a client in Python: write membership-listeners",
    "query-caches: {a: {map-name: m}}": "query-caches cannot be used by a client in Python",
    "network: {ssl: {enabled: true, properties: {keyStore: x.jks}}}": "keyStore cannot be used .* PEM",
    "network: {kubernetes: {enabled: true}}": "network.kubernetes cannot be used .*cluster-members",
    "network: {cluster-routing: {mode: MULTI_MEMBER}}": "one of: ALL_MEMBERS, SINGLE_MEMBER, not 'MULTI_MEMBER'",
    "near-cache: {a: {in-memory-format: NATIVE}}": "must be one of: BINARY, OBJECT, not 'NATIVE'",
    "near-cache: {a: {eviction: {max-size-policy: USED_NATIVE_MEMORY_SIZE}}}": r"ENTRY_COUNT",
    "serialization: {serializers: [{type-class: com.acme.T, class-name: com.acme.S}]}": "not 'com.acme.T'.*Java",
    # Wrong values.
    "network: {connection-timeout: fast}": "network.connection-timeout must be a number of milliseconds, not 'fast'",
    "network: {connection-timeout: 1_000}": "must be a number of milliseconds, not '1_000'",
    "network: {connection-timeout: .inf}": "must be a number of milliseconds",
    "network: {connection-timeout: -1}": "does not fit: connection_timeout must be non-negative",
    "network: {connection-timeout: [1]}": "must be a number of milliseconds: there is a mapping or a list instead",
    "network: {redo-operation: yes}": "network.redo-operation must be a boolean: true, false, not 'yes'",
    "network: 5": "network must hold keys, not a value",
    "network: [1]": "network must hold keys, not a value",
    "network: {cluster-members: [{a: b}]}": "there is a mapping or a list instead",
    "network: {cluster-members: [a, null]}": "an item of a list is empty",
    "near-cache: {a: {eviction: {size: 1.5}}}": "size must be an integer, not '1.5'",
    "near-cache: {a: {eviction: {size: 0}}}": r"near_caches\['a'\].eviction_max_size must be at least 1, not 0",
    "network: {socket-options: {linger-seconds: -1}}": "from 0 to 32767, not '-1'",
    "network: {socket-options: {buffer-size: 0}}": "positive number of KB",
    "network: {socket-options: {options: [SOL_SOCKET SO_NOTHING 1]}}": "module socket has no number SO_NOTHING",
    "network: {socket-options: {options: {a: b}}}": "there is a mapping instead",
    "network: {socket-options: {options: [SOL_SOCKET]}}": "a list of LEVEL NAME VALUE",
    "serialization: {portable-factories: [{factory-id: 1}]}": "each item needs class-name and factory-id",
    "serialization: {serializers: [{type-class: 'json:loads', class-name: 'a:b'}]}": "must be a type, written module:n",
    "load-balancer: {type: custom, custom-class-name: 'datetime:date'}": "making an object of it fails with TypeError",
    "hazelcast-client-failover: {try-count: 1}": "a list of clusters is not a configuration of one",
    "security: {kerberos: {realm: EXAMPLE.COM}}": "realms of Java .realm, security-realm. are not used here",
    "serialization: {portable-factories: {a: b}}": "there is a mapping instead",
    "serialization: {portable-factories: [{factory-id: 1, class-name: 'core_config_objects:Nothing'}]}": "no attribute",
    "serialization: {portable-factories: [{factory-id: 1, class-name: 'datetime:date'}]}": "does not fit: portable_f",
    "lifecycle-listeners: ['core_config_broken:x']": "must be a Python object.*: RuntimeError: broken",
    "serialization: {global-serializer: {class-name: 'no_such_module_here:S'}}": "No module named",
    # Contradictions.
    "network: {smart-routing: true, cluster-routing: {mode: SINGLE_MEMBER}}": "contradicts network.smart-routing at ",
    "cluster-name: a\ncluster-name: b": "cluster-name is there twice, first at ",
    # Not a configuration.
    "[a, b]": "a mapping with the key hazelcast-client is expected",
    "hazelcast-client: 5": "hazelcast-client must hold keys, not a value",
    "hazelcast-client: {}\nother: {}": "other stands beside hazelcast-client",
    "a: [": "this is not valid YAML: ",
    "a: 1\n---\nb: 2": "this is not valid YAML: ",
    "? [a]\n: b": "a key must be a text",
    "cluster-name: !!python/object/apply:os.getcwd []": "the tag !!python/object/apply:os.getcwd is not allowed here",
    "cluster-name: !mine x": "the tag !mine is not allowed here",
    "cluster-name: &a [*a]": "levels",
    "import: x.yaml": "import must be a list of files, not of URLs",
    "import: ['http://localhost/x.yaml']": "import must be a list of files, not of URLs",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    error = error_of(path)
    assert str(error).startswith(f"{path}, line ")
    with pytest.raises(InvalidConfigurationError, match=REFUSED[text]):
        raise error


def test_the_line_of_an_error_is_that_of_its_key(tmp_path: Path) -> None:
    text = "hazelcast-client:\n  network:\n    ssl:\n\n      enabld: true\n    x: 1\n  y: 2\n"
    path = write(tmp_path, text)
    error = error_of(path)
    assert str(error) == f"{path}, line 5: network.ssl.enabld is not a known key; did you mean enabled?"
    # All others are said, too.
    assert [note.partition(" is not")[0] for note in error.__notes__] == [
        f"{path}, line 6: network.x",
        f"{path}, line 7: y",
    ]


def test_aliases_of_aliases_are_not_expanded_without_end(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "more than 100000 values" in str(error_of(write(tmp_path, "\n".join(lines))))
    assert "not valid YAML" in str(error_of(write(tmp_path, "[" * 5000)))


def test_a_large_file_is_read_in_time(tmp_path: Path) -> None:
    """What is large grows by the number of keys, not by its square; the machine may be busy."""
    names = [f"cache-{n}" for n in range(5_000)]
    config = ClientConfig.from_file(
        write(tmp_path, "".join(f"<near-cache name='{n}'/>" for n in names).join(XML), "a.xml")
    )
    assert list(config.near_caches) == names
    unknown = "".join(f"<key-{n}-that-is-not-known/>" for n in range(20_000)).join(XML)
    error = error_of(write(tmp_path, unknown, "a.xml"))
    assert len(error.__notes__) == 50
    error = error_of(write(tmp_path, f"{'x' * 1_000}: 1"))
    assert str(error).endswith(f": {'x' * 300}… is not a known key")


def test_where_yaml_is_not_valid(tmp_path: Path) -> None:
    path = write(tmp_path, "a: 1\nb: @x\nc: 2")
    assert str(error_of(path)).startswith(f"{path}, line 2: this is not valid YAML: found character '@'")


def test_secrets_are_not_in_errors(tmp_path: Path) -> None:
    for text in (
        "security: {username-password: {username: u, password: [hush]}}",
        "security: {token: {value: 'hush!', encoding: base64}}",
        "security: {token: {value: hush, encoding: rot13}}",
        "security: {credentials-factory: {class-name: hush}}",
        "network: {ssl: {properties: {keyPassword: {hush: hush}}}}",
        "security: {token: hush, credentials-factory: {class-name: 'core_config_objects:TOKENS'}}",
    ):
        error = error_of(write(tmp_path, text))
        assert "hush" not in "".join([str(error), repr(error), *getattr(error, "__notes__", ())]), text
    secret = ClientConfig.from_file(
        write(tmp_path, "security: {username-password: {username: u, password: hush}, token: hush}")
    )
    assert secret.creds_password == "hush"
    assert "hush" not in repr(secret) + str(secret) + repr(secret.token_provider)


def test_secrets_are_not_in_what_debuggers_show() -> None:
    tree = environment_tree(
        {"HZCLIENT_SECURITY_USERNAMEPASSWORD_PASSWORD": "hush", "HZCLIENT_SECURITY_TOKEN": "hush"}
    )
    reading = Reading.of(tree)
    assert "hush" not in repr(tree) + repr(reading)
    assert reading.apply(ClientConfig()).creds_password == "hush"


def test_placeholders(tmp_path: Path) -> None:
    text = "cluster-name: a${NAME}b\nclient-labels: ['${L:x:y}', '$${NAME}', '${E}', '$OTHER{x}']\n"
    path = write(tmp_path, text)
    config = ClientConfig.from_file(path, {"NAME": "$${NAME}\ncluster-name: hacked", "E": ""})
    assert config.cluster_name == "a$${NAME}\ncluster-name: hackedb"
    assert config.labels == ["x:y", "${NAME}", "", "$OTHER{x}"]
    error = error_of(path, {"E": ""})
    assert str(error) == (
        f"{path}, line 1: the environment variable 'NAME' of a placeholder is not set, and has no default"
    )


def test_placeholders_come_from_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_NAME", "corner")
    path = write(
        tmp_path, "<hazelcast-client><cluster-name>${SHOP_NAME}</cluster-name></hazelcast-client>", "a.xml"
    )
    assert ClientConfig.from_file(str(path)).cluster_name == "corner"


def test_imports(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    write(
        tmp_path, "import: [inner/b.xml, c.yml]\ncluster-name: a\nnetwork: {redo-operation: true}", "a.yaml"
    )
    xml = "<hazelcast-client><import resource='../d.yaml'/><cluster-name>b</cluster-name></hazelcast-client>"
    write(tmp_path, xml, "inner/b.xml")
    write(tmp_path, "instance-name: c\nnetwork: {connection-timeout: 3000}", "c.yml")
    write(
        tmp_path,
        "instance-name: d\nclient-labels: [d]\nsecurity: {username-password: {username: d}}",
        "d.yaml",
    )
    config = ClientConfig.from_file(tmp_path / "a.yaml")
    assert config == ClientConfig.from_kwargs(
        cluster_name="a",
        client_name="c",
        labels=["d"],
        creds_username="d",
        redo_operation=True,
        connection_timeout=3,
    )
    write(tmp_path, "import: [a.yaml]", "d.yaml")
    error = error_of(tmp_path / "a.yaml")
    assert "import of 'a.yaml' has no end" in str(error)
    assert error.__notes__ == [
        f"imported by {tmp_path / 'inner' / 'b.xml'}, line 1",
        f"imported by {tmp_path / 'a.yaml'}, line 1",
    ]
    write(tmp_path, "import: [missing.yaml]", "d.yaml")
    assert "missing.yaml: the file cannot be read: No such file" in str(error_of(tmp_path / "d.yaml"))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "the file cannot be read" in str(error_of(tmp_path / "none.yaml"))
    assert "must end with .yaml, .yml or .xml" in str(error_of(write(tmp_path, "{}", "a.json")))
    (tmp_path / "latin.yaml").write_bytes(b"cluster-name: caf\xe9")
    assert "the file is not in UTF-8" in str(error_of(tmp_path / "latin.yaml"))
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfcluster-name: caf\xc3\xa9")
    assert ClientConfig.from_file(tmp_path / "bom.yaml").cluster_name == "café"
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(5 * 1024 * 1024)
    assert "the file is larger than 4194304 bytes" in str(error_of(tmp_path / "large.yaml"))


def test_yaml_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    error = error_of(write(tmp_path, "cluster-name: a"))
    assert "needs the package PyYAML, an extra: pip install 'hz-client[yaml]'" in str(error)
    xml = write(tmp_path, "<hazelcast-client><cluster-name>a</cluster-name></hazelcast-client>", "a.xml")
    assert ClientConfig.from_file(xml).cluster_name == "a"

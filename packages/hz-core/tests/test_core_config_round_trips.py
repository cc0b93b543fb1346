"""Random configurations, written as YAML, XML, environment variables and URLs, are read as the same."""

import tempfile
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import given
from hypothesis import strategies as st

from core_config_writer import text_of, tree_of, xml_of, yaml_of
from hz_core.config import (
    ClientConfig,
    EvictionPolicy,
    InMemoryFormat,
    IntType,
    ReconnectMode,
    SSLProtocol,
    TopicOverloadPolicy,
)
from hz_core.config.sources.keys import CLIENT, SECTIONS
from hz_serialization import ArrayPolicy

# Texts that XML can hold, without spaces at the ends, which XML does not keep.
words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
texts = st.lists(words, min_size=1, max_size=3).map(" ".join)
names = st.from_regex("[A-Za-z][A-Za-z0-9_.-]{0,8}", fullmatch=True)
hosts = st.from_regex(r"[a-z][a-z0-9.-]{0,8}(:[1-9][0-9]{0,3})?|\[::[1-9a-f]\](:5701)?", fullmatch=True)
millis = st.integers(0, 10**9).map(lambda n: n / 1000)
positive_millis = st.integers(1, 10**9).map(lambda n: n / 1000)
seconds = st.floats(0, 10**9, allow_subnormal=False).filter(lambda s: s == 0 or s > 1e-9)
positive_seconds = st.floats(1e-9, 10**9)
counts = st.integers(1, 10**9)


def enums(*kinds: type[Enum]) -> st.SearchStrategy[Any]:
    return st.sampled_from([member for kind in kinds for member in kind])


FLAGS = [
    "shuffle_member_list",
    "use_public_ip",
    "smart_routing",
    "cp_direct_to_leader_routing",
    "async_start",
    "ssl_enabled",
    "ssl_check_hostname",
    "redo_operation",
    "backup_ack_to_client_enabled",
    "fail_on_indeterminate_operation_state",
    "statistics_enabled",
    "is_big_endian",
    "check_class_definition_errors",
]
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(FLAGS, st.booleans()),
    **dict.fromkeys(
        (
            "cluster_name",
            "client_name",
            "creds_username",
            "creds_password",
            "cloud_discovery_token",
            "ssl_cafile",
            "ssl_certfile",
            "ssl_keyfile",
            "ssl_password",
            "ssl_ciphers",
        ),
        texts,
    ),
    "cluster_members": st.lists(hosts, max_size=3),
    "labels": st.lists(texts, max_size=3),
    "connection_timeout": millis,
    "heartbeat_interval": positive_millis,
    "heartbeat_timeout": positive_millis,
    "reconnect_mode": enums(ReconnectMode),
    "retry_initial_backoff": millis,
    "retry_max_backoff": millis,
    "retry_jitter": st.floats(0, 1, allow_subnormal=False).filter(lambda x: x == 0 or x > 1e-9),
    "retry_multiplier": st.floats(1, 10**6),
    "cluster_connect_timeout": st.one_of(millis, st.just(-1)),
    "ssl_protocol": enums(SSLProtocol),
    "invocation_timeout": positive_seconds,
    "invocation_retry_pause": positive_millis,
    "max_pending_invocations": counts,
    "max_in_flight": counts,
    "operation_backup_timeout": positive_millis,
    "statistics_period": positive_seconds,
    "default_int_type": enums(IntType),
    "slow_operation_threshold": positive_millis,
    "failover_try_count": st.one_of(counts, st.just(-1)),
    "outbound_ports": st.lists(st.integers(1, 65535).map(str), max_size=2),
    "portable_version": st.integers(0, 2**31 - 1),
    "primitive_arrays": enums(ArrayPolicy),
}
PARTS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "near_caches": {
        "invalidate_on_change": st.booleans(),
        "in_memory_format": enums(InMemoryFormat),
        "time_to_live": seconds,
        "max_idle": seconds,
        "eviction_policy": enums(EvictionPolicy),
        "eviction_max_size": counts,
        "eviction_sampling_count": counts,
        "eviction_sampling_pool_size": counts,
        "max_bytes": counts,
        "copy_on_read": st.booleans(),
        "preload_file": texts,
        "reconciliation_interval": seconds,
    },
    "flake_id_generators": {
        "prefetch_count": st.integers(1, 100_000),
        "prefetch_validity": millis,
        "prefetch_ahead": st.booleans(),
    },
    "reliable_topics": {"read_batch_size": counts, "overload_policy": enums(TopicOverloadPolicy)},
}
OBJECTS = {
    "token_provider",
    "socket_options",
    "ssl_context",
    "load_balancer",
    "membership_listeners",
    "lifecycle_listeners",
    "data_serializable_factories",
    "portable_factories",
    "class_definitions",
    "compact_serializers",
    "custom_serializers",
    "global_serializer",
    "pickle_policy",
    "discovery",
    "socket_interceptor",
    "failover_configs",
}
"""Values that no file can hold, but only name; test_core_config_files.py has them all."""

simple = st.fixed_dictionaries({}, optional=SIMPLE)
parts = st.fixed_dictionaries(
    {},
    optional={
        option: st.dictionaries(names, st.fixed_dictionaries({}, optional=known), max_size=2)
        for option, known in PARTS.items()
    },
)
PATHS = {option: keys[0].path for option, keys in CLIENT.items() if keys}


def test_every_option_is_in_the_tables_above() -> None:
    assert SIMPLE.keys() | PARTS.keys() | OBJECTS == set(ClientConfig.options())
    for section in SECTIONS:
        assert PARTS[section.option].keys() == section.keys.keys()


def whole_tree(values: dict[str, Any], by_name: dict[str, Any]) -> dict[str, Any]:
    tree = tree_of(values, PATHS)
    for section in SECTIONS:
        paths = {sub: keys[0].path for sub, keys in section.keys.items()}
        for name, part in by_name.get(section.option, {}).items():
            tree.setdefault(section.path, {})[name] = tree_of(part, paths)
    return tree


@given(simple, parts)
def test_files(values: dict[str, Any], by_name: dict[str, Any]) -> None:
    tree = whole_tree(values, by_name)
    expected = ClientConfig.from_kwargs(**values, **by_name)
    with tempfile.TemporaryDirectory() as folder:
        for suffix, text in (("yaml", yaml_of(tree)), ("xml", xml_of(tree))):
            path = Path(folder, f"a.{suffix}")
            path.write_text(text, "utf-8")
            assert ClientConfig.from_file(path) == expected, text


@given(simple, parts)
def test_environment_variables(values: dict[str, Any], by_name: dict[str, Any]) -> None:
    environ = {}
    lists = ("labels", "cluster_members", "outbound_ports")
    for option, value in values.items():
        text = ",".join(value) if option in lists else text_of(option, value).replace("$${", "${")
        environ[CLIENT[option][0].variable] = text
    for section in SECTIONS:
        for name, part in by_name.get(section.option, {}).items():
            for sub, value in part.items():
                variable = f"HZCLIENT_{section.path.replace('-', '').upper()}_{name}_"
                end = section.keys[sub][0].variable.removeprefix("HZCLIENT_")
                environ[variable + end] = text_of(sub, value)
    expected = ClientConfig.from_kwargs(**values)
    expected.labels = [
        label for text in expected.labels for label in map(str.strip, text.split(",")) if label
    ]
    for option, named in by_name.items():
        # A variable says something about one option of a part; a part without any has none.
        setattr(expected, option, {name: part for name, part in named.items() if part})
    assert ClientConfig.from_env(environ) == expected


@given(simple)
def test_urls(values: dict[str, Any]) -> None:
    parts = dict(values)
    user = ""
    if "creds_username" in parts:
        user = quote(parts.pop("creds_username"), safe="")
        if "creds_password" in parts:
            user += ":" + quote(parts.pop("creds_password"), safe="")
        user += "@"
    else:
        parts.pop("creds_password", None)
        values.pop("creds_password", None)
    hosts = ",".join(parts.pop("cluster_members", []))
    labels = parts.pop("labels", [])
    values["labels"] = [label for text in labels for label in map(str.strip, text.split(",")) if label]
    query = {option: _in_url(option, value) for option, value in parts.items()} | {"labels": ",".join(labels)}
    url = f"hazelcast://{user}{hosts}/?{urlencode(query)}"
    assert ClientConfig.from_url(url) == ClientConfig.from_kwargs(**values), url


def _in_url(option: str, value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, float):
        return repr(value)  # seconds, as in Python
    return text_of(option, value).replace("$${", "${")

"""Options: names, defaults, what they take and what they refuse."""

import socket
import ssl
from typing import Any

import pytest

from hz_core.config import (
    ClientConfig,
    EvictionPolicy,
    FlakeIdGeneratorConfig,
    IndexType,
    InMemoryFormat,
    IntType,
    NearCacheConfig,
    Option,
    QueryConstants,
    ReconnectMode,
    ReliableTopicConfig,
    SSLProtocol,
    TopicOverloadPolicy,
    UniqueKeyTransformation,
)
from hz_core.errors import InvalidConfigurationError
from hz_core.load_balancer import RandomLB
from hz_serialization import ArrayPolicy, PicklePolicy, SerializationService

ODD: dict[str, Any] = {
    "none": None,
    "text": "x",
    "true": True,
    "one": 1,
    "one_and_a_half": 1.5,
    "minus_one": -1,
    "zero": 0,
    "no_list": [],
    "list_of_int": [1],
    "list_of_str": ["a"],
    "tuple_of_str": ("a",),
    "no_dict": {},
    "dict_by_str": {"a": {}},
    "dict_of_types": {1: {1: int}},
    "object": object(),
}

TEXT = {"text"}
BOOL = {"true"}
NOT_NEGATIVE = {"true", "one", "one_and_a_half", "zero"}
POSITIVE = NOT_NEGATIVE - {"zero"}
LISTS = {"no_list", "list_of_int", "list_of_str"}
DICTS = {"no_dict", "dict_by_str", "dict_of_types"}

# Which of the odd values each option takes; every other is an error, a ValueError where named below.
ACCEPTED: dict[str, set[str]] = {
    "cluster_members": {"no_list", "list_of_str"},
    "cluster_name": TEXT,
    "client_name": TEXT,
    "connection_timeout": NOT_NEGATIVE,
    "socket_options": {"no_list"},
    "redo_operation": BOOL,
    "smart_routing": BOOL,
    "cp_direct_to_leader_routing": BOOL,
    "ssl_enabled": BOOL,
    "ssl_cafile": TEXT,
    "ssl_certfile": TEXT,
    "ssl_keyfile": TEXT,
    "ssl_password": TEXT,
    "ssl_protocol": {"true", "one", "zero"},
    "ssl_ciphers": TEXT,
    "ssl_check_hostname": BOOL,
    "ssl_context": set(),
    "cloud_discovery_token": TEXT,
    "async_start": BOOL,
    "reconnect_mode": {"true", "one", "zero"},
    "retry_initial_backoff": NOT_NEGATIVE,
    "retry_max_backoff": NOT_NEGATIVE,
    "retry_jitter": {"true", "one", "zero"},
    "retry_multiplier": {"true", "one", "one_and_a_half"},
    "cluster_connect_timeout": NOT_NEGATIVE | {"minus_one"},
    "portable_version": {"true", "one", "zero"},
    "data_serializable_factories": {"no_dict"},
    "portable_factories": {"no_dict"},
    "class_definitions": {"no_list"},
    "check_class_definition_errors": BOOL,
    "is_big_endian": BOOL,
    "default_int_type": {"true", "one", "zero"},
    "global_serializer": set(),
    "custom_serializers": {"no_dict"},
    "compact_serializers": {"no_list"},
    "pickle_policy": {"no_list"},
    "primitive_arrays": set(),
    "near_caches": {"no_dict", "dict_by_str"},
    "flake_id_generators": {"no_dict", "dict_by_str"},
    "reliable_topics": {"no_dict", "dict_by_str"},
    "load_balancer": set(),
    "membership_listeners": {"no_list"},
    "lifecycle_listeners": {"no_list"},
    "labels": {"no_list", "list_of_str"},
    "heartbeat_interval": POSITIVE,
    "heartbeat_timeout": POSITIVE,
    "invocation_timeout": POSITIVE,
    "invocation_retry_pause": POSITIVE,
    "max_pending_invocations": {"true", "one"},
    "max_in_flight": {"true", "one"},
    "statistics_enabled": BOOL,
    "statistics_period": POSITIVE,
    "slow_operation_threshold": POSITIVE,
    "shuffle_member_list": BOOL,
    "backup_ack_to_client_enabled": BOOL,
    "operation_backup_timeout": POSITIVE,
    "fail_on_indeterminate_operation_state": BOOL,
    "creds_username": TEXT,
    "creds_password": TEXT,
    "token_provider": set(),
    "use_public_ip": BOOL | {"none"},
    "discovery": set(),
    "outbound_ports": {"one", "zero", "no_list", "list_of_int"},
    "socket_interceptor": set(),
    "failover_configs": {"no_list"},
    "failover_try_count": {"true", "one", "minus_one"},
}
OUT_OF_RANGE: dict[str, set[str]] = {
    "outbound_ports": {"text", "minus_one", "list_of_str", "tuple_of_str"},
    "connection_timeout": {"minus_one"},
    "retry_initial_backoff": {"minus_one"},
    "retry_max_backoff": {"minus_one"},
    "retry_jitter": {"minus_one", "one_and_a_half"},
    "retry_multiplier": {"minus_one", "zero"},
    "portable_version": {"minus_one"},
    "heartbeat_interval": {"minus_one", "zero"},
    "heartbeat_timeout": {"minus_one", "zero"},
    "invocation_timeout": {"minus_one", "zero"},
    "invocation_retry_pause": {"minus_one", "zero"},
    "max_pending_invocations": {"minus_one", "zero"},
    "max_in_flight": {"minus_one", "zero"},
    "statistics_period": {"minus_one", "zero"},
    "slow_operation_threshold": {"minus_one", "zero"},
    "operation_backup_timeout": {"minus_one", "zero"},
    "failover_try_count": {"zero"},
}
NEAR_CACHE_ACCEPTED: dict[str, set[str]] = {
    "invalidate_on_change": BOOL,
    "in_memory_format": {"true", "one", "zero"},
    "time_to_live": NOT_NEGATIVE,
    "max_idle": NOT_NEGATIVE,
    "eviction_policy": {"true", "one", "zero"},
    "eviction_max_size": {"true", "one"},
    "eviction_sampling_count": {"true", "one"},
    "eviction_sampling_pool_size": {"true", "one"},
    "max_bytes": {"true", "one"},
    "copy_on_read": BOOL,
    "preload_file": TEXT,
    "reconciliation_interval": NOT_NEGATIVE,
}
NEAR_CACHE_OUT_OF_RANGE: dict[str, set[str]] = {
    "time_to_live": {"minus_one"},
    "max_idle": {"minus_one"},
    "eviction_max_size": {"minus_one", "zero"},
    "eviction_sampling_count": {"minus_one", "zero"},
    "eviction_sampling_pool_size": {"minus_one", "zero"},
    "max_bytes": {"minus_one", "zero"},
    "reconciliation_interval": {"minus_one"},
}
FLAKE_ACCEPTED: dict[str, set[str]] = {
    "prefetch_count": {"true", "one"},
    "prefetch_validity": NOT_NEGATIVE,
    "prefetch_ahead": BOOL,
}
FLAKE_OUT_OF_RANGE: dict[str, set[str]] = {
    "prefetch_count": {"minus_one", "zero"},
    "prefetch_validity": {"minus_one"},
}


def expect(accepted: set[str], out_of_range: set[str], odd: str) -> type[Exception] | None:
    if odd in accepted:
        return None
    return ValueError if odd in out_of_range else TypeError


def check(config: Any, name: str, odd: str, error: type[Exception] | None) -> None:
    before = getattr(config, name)
    if error is None:
        setattr(config, name, ODD[odd])
        return
    with pytest.raises(error, match=name) as caught:
        setattr(config, name, ODD[odd])
    assert type(caught.value) is error
    assert getattr(config, name) == before


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ACCEPTED)
def test_odd_values_of_client_options(name: str, odd: str) -> None:
    check(ClientConfig(), name, odd, expect(ACCEPTED[name], OUT_OF_RANGE.get(name, set()), odd))


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", NEAR_CACHE_ACCEPTED)
def test_odd_values_of_near_cache_options(name: str, odd: str) -> None:
    error = expect(NEAR_CACHE_ACCEPTED[name], NEAR_CACHE_OUT_OF_RANGE.get(name, set()), odd)
    check(NearCacheConfig(), name, odd, error)
    if error is not None:
        with pytest.raises(error, match=f"near_caches.'m'..{name}"):
            ClientConfig.from_kwargs(near_caches={"m": {name: ODD[odd]}})


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", FLAKE_ACCEPTED)
def test_odd_values_of_flake_id_options(name: str, odd: str) -> None:
    error = expect(FLAKE_ACCEPTED[name], FLAKE_OUT_OF_RANGE.get(name, set()), odd)
    check(FlakeIdGeneratorConfig(), name, odd, error)


def test_the_tables_above_are_complete() -> None:
    assert set(ACCEPTED) == set(ClientConfig.options())
    assert set(NEAR_CACHE_ACCEPTED) == set(NearCacheConfig.options())
    assert set(FLAKE_ACCEPTED) == set(FlakeIdGeneratorConfig.options())


DEFAULTS: dict[str, object] = {
    "cluster_members": [],
    "cluster_name": "dev",
    "client_name": None,
    "labels": [],
    "creds_username": None,
    "creds_password": None,
    "token_provider": None,
    "shuffle_member_list": True,
    "use_public_ip": False,
    "discovery": None,
    "outbound_ports": [],
    "socket_interceptor": None,
    "cloud_discovery_token": None,
    "smart_routing": True,
    "cp_direct_to_leader_routing": False,
    "connection_timeout": 5.0,
    "socket_options": [],
    "heartbeat_interval": 5.0,
    "heartbeat_timeout": 60.0,
    "async_start": False,
    "reconnect_mode": ReconnectMode.ON,
    "retry_initial_backoff": 1.0,
    "retry_max_backoff": 30.0,
    "retry_jitter": 0.0,
    "retry_multiplier": 1.0,
    "cluster_connect_timeout": 120.0,
    "ssl_enabled": False,
    "ssl_cafile": None,
    "ssl_certfile": None,
    "ssl_keyfile": None,
    "ssl_password": None,
    "ssl_protocol": SSLProtocol.TLSv1_2,
    "ssl_ciphers": None,
    "ssl_check_hostname": True,
    "ssl_context": None,
    "redo_operation": False,
    "invocation_timeout": 120.0,
    "invocation_retry_pause": 1.0,
    "max_pending_invocations": 1_000_000,
    "max_in_flight": None,
    "backup_ack_to_client_enabled": True,
    "operation_backup_timeout": 5.0,
    "fail_on_indeterminate_operation_state": False,
    "load_balancer": None,
    "membership_listeners": [],
    "lifecycle_listeners": [],
    "statistics_enabled": False,
    "statistics_period": 3.0,
    "slow_operation_threshold": None,
    "default_int_type": IntType.INT,
    "is_big_endian": True,
    "data_serializable_factories": {},
    "portable_factories": {},
    "portable_version": 0,
    "class_definitions": [],
    "check_class_definition_errors": True,
    "compact_serializers": [],
    "custom_serializers": {},
    "global_serializer": None,
    "pickle_policy": PicklePolicy.ALLOW,
    "primitive_arrays": ArrayPolicy.TYPED,
    "near_caches": {},
    "flake_id_generators": {},
    "reliable_topics": {},
    "failover_configs": [],
    "failover_try_count": -1,
}


def test_documented_defaults() -> None:
    config = ClientConfig()
    assert {name: getattr(config, name) for name in ClientConfig.options()} == DEFAULTS


def test_documented_defaults_of_parts() -> None:
    cache = NearCacheConfig()
    assert cache.invalidate_on_change is True
    assert cache.in_memory_format is InMemoryFormat.BINARY
    assert (cache.time_to_live, cache.max_idle) == (None, None)
    assert cache.eviction_policy is EvictionPolicy.LRU
    assert (cache.eviction_max_size, cache.eviction_sampling_count, cache.eviction_sampling_pool_size) == (
        10_000,
        8,
        16,
    )
    ids = FlakeIdGeneratorConfig()
    assert (ids.prefetch_count, ids.prefetch_validity, ids.prefetch_ahead) == (100, 600, False)
    topic = ReliableTopicConfig()
    assert (topic.read_batch_size, topic.overload_policy) == (10, TopicOverloadPolicy.BLOCK)


def test_unknown_options() -> None:
    with pytest.raises(InvalidConfigurationError) as caught:
        ClientConfig.from_kwargs(no_such=1)
    assert str(caught.value) == "Unrecognized config option: no_such"
    with pytest.raises(InvalidConfigurationError, match="Unrecognized config option: cluster_nam") as caught:
        ClientConfig.from_kwargs(cluster_nam=None)
    assert caught.value.__notes__ == ["Did you mean cluster_name?"]
    with pytest.raises(
        InvalidConfigurationError, match=r"Unrecognized config option: near_caches\['m'\]\.ttl"
    ):
        ClientConfig.from_kwargs(near_caches={"m": {"ttl": 1}})
    with pytest.raises(InvalidConfigurationError, match=r"Unrecognized config option: .*1"):
        ClientConfig.from_kwargs(flake_id_generators={"f": {1: 1}})
    with pytest.raises(InvalidConfigurationError, match="Unrecognized config option: no_such"):
        ClientConfig().no_such = 1


@pytest.mark.parametrize("name", ["updated", "options", "_values", "uses_tls"])
def test_names_of_methods_are_no_options(name: str) -> None:
    with pytest.raises(InvalidConfigurationError):
        ClientConfig.from_kwargs(**{name: 1})
    with pytest.raises(InvalidConfigurationError):
        setattr(ClientConfig(), name, 1)


def test_none_keeps_the_default_at_the_top_only() -> None:
    everything: dict[str, Any] = dict.fromkeys(ClientConfig.options())
    assert ClientConfig.from_kwargs(**everything) == ClientConfig()
    with pytest.raises(TypeError, match="time_to_live must be a number"):
        ClientConfig.from_kwargs(near_caches={"m": {"time_to_live": None}})


@pytest.mark.parametrize(
    ("name", "enum"),
    [("ssl_protocol", SSLProtocol), ("reconnect_mode", ReconnectMode), ("default_int_type", IntType)],
)
def test_enums_are_taken_by_member_value_and_name(name: str, enum: Any) -> None:
    for member in enum:
        for form in (member, member.value, member.name):
            assert getattr(ClientConfig.from_kwargs(**{name: form}), name) is member
    with pytest.raises(TypeError, match=f"{name} must be one of the values or names of {enum.__name__}"):
        ClientConfig.from_kwargs(**{name: 99})


@pytest.mark.parametrize(
    ("enum", "names"),
    [
        (IntType, ["VAR", "BYTE", "SHORT", "INT", "LONG", "BIG_INT"]),
        (EvictionPolicy, ["NONE", "LRU", "LFU", "RANDOM"]),
        (InMemoryFormat, ["BINARY", "OBJECT"]),
        (SSLProtocol, ["SSLv2", "SSLv3", "TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"]),
        (UniqueKeyTransformation, ["OBJECT", "LONG", "RAW"]),
        (IndexType, ["SORTED", "HASH", "BITMAP"]),
        (ReconnectMode, ["OFF", "ON", "ASYNC"]),
        (TopicOverloadPolicy, ["DISCARD_OLDEST", "DISCARD_NEWEST", "BLOCK", "ERROR"]),
    ],
)
def test_constants_have_their_documented_numbers(enum: Any, names: list[str]) -> None:
    assert [getattr(enum, name) for name in names] == list(range(len(names)))
    assert len(enum) == len(names)


def test_query_constants() -> None:
    assert QueryConstants.KEY_ATTRIBUTE_NAME == "__key"
    assert QueryConstants.THIS_ATTRIBUTE_NAME == "this"


class Identified:
    def read_data(self, object_data_input: Any) -> None: ...
    def write_data(self, object_data_output: Any) -> None: ...
    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1


class Portable:
    def read_portable(self, reader: Any) -> None: ...
    def write_portable(self, writer: Any) -> None: ...
    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1


class Serializer:
    def read(self, inp: Any) -> Any: ...
    def write(self, out: Any, obj: Any) -> None: ...
    def get_type_id(self) -> int:
        return 7

    def destroy(self) -> None: ...


class Compact:
    def read(self, reader: Any) -> Any: ...
    def write(self, writer: Any, obj: Any) -> None: ...
    def get_type_name(self) -> str:
        return "t"

    def get_class(self) -> type:
        return int


class Definition:
    factory_id = 1
    class_id = 2


class Tokens:
    def token(self, address: Any) -> bytes:
        return b"t"


def test_right_values_of_the_options_with_types_of_their_own() -> None:
    context = ssl.create_default_context()
    balancer = RandomLB()
    option = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    right: dict[str, Any] = {
        "data_serializable_factories": {1: {1: Identified}},
        "portable_factories": {1: {1: Portable}},
        "class_definitions": [Definition()],
        "custom_serializers": {Definition: Serializer},
        "global_serializer": Serializer,
        "compact_serializers": [Compact(), Definition],
        "socket_options": [option],
        "ssl_context": context,
        "ssl_password": bytearray(b"x"),
        "load_balancer": balancer,
        "token_provider": Tokens(),
        "membership_listeners": [(print, None), (None, print), (print, print)],
        "lifecycle_listeners": [print],
    }
    config = ClientConfig.from_kwargs(**right)
    for name, value in right.items():
        assert getattr(config, name) == value
    assert config.uses_tls
    assert not ClientConfig().uses_tls
    assert ClientConfig.from_kwargs(ssl_enabled=True).uses_tls


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data_serializable_factories", {1: {"a": Identified}}),
        ("data_serializable_factories", {1: {1: Portable}}),
        ("data_serializable_factories", {1: 1}),
        ("portable_factories", {1: {1: Identified}}),
        ("custom_serializers", {int: int}),
        ("custom_serializers", {int: 1}),
        ("global_serializer", int),
        ("membership_listeners", [(None, None)]),
        ("membership_listeners", [(1, None)]),
        ("membership_listeners", [[print, print]]),
        ("socket_options", [(1, 2)]),
        ("near_caches", {"m": 1}),
        ("near_caches", {"m": FlakeIdGeneratorConfig()}),
        ("pickle_policy", "sometimes"),
        ("pickle_policy", [1]),
        ("primitive_arrays", "tuple"),
        ("compact_serializers", [object()]),
    ],
)
def test_wrong_types_inside(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=name):
        ClientConfig.from_kwargs(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cluster_connect_timeout", -2),
        ("retry_jitter", float("nan")),
        ("retry_multiplier", float("inf")),
        ("portable_version", 2**31),
    ],
)
def test_more_values_out_of_range(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        ClientConfig.from_kwargs(**{name: value})


def test_flake_prefetch_count_ends_at_100000() -> None:
    def prefetch(count: int) -> ClientConfig:
        return ClientConfig.from_kwargs(flake_id_generators={"f": {"prefetch_count": count}})

    assert prefetch(100_000).flake_id_generators["f"].prefetch_count == 100_000
    with pytest.raises(ValueError, match="prefetch_count must be in range 1 to 100000"):
        prefetch(100_001)


def test_nested_options() -> None:
    config = ClientConfig.from_kwargs(
        near_caches={"m": {"in_memory_format": "OBJECT", "time_to_live": 1.5}, "n": NearCacheConfig()},
        reliable_topics={"t": {"overload_policy": "ERROR"}},
    )
    assert config.near_caches["m"].in_memory_format is InMemoryFormat.OBJECT
    assert config.near_caches["m"].time_to_live == 1.5
    assert config.near_caches["n"] == NearCacheConfig()
    assert config.reliable_topics["t"].overload_policy is TopicOverloadPolicy.ERROR


def test_configurations_share_nothing() -> None:
    labels = ["a"]
    one = ClientConfig.from_kwargs(labels=labels)
    labels.append("b")
    assert one.labels == ["a"]
    ClientConfig().labels.append("x")
    assert ClientConfig().labels == []
    two = one.updated(cluster_name="other")
    two.labels.append("c")
    assert (one.cluster_name, one.labels) == ("dev", ["a"])
    assert one != two
    assert one == ClientConfig.from_kwargs(labels=["a"])
    assert one != 1


def test_secrets_are_not_shown() -> None:
    config = ClientConfig.from_kwargs(creds_password="secret1", ssl_password="secret2", cluster_name="seen")
    assert "secret" not in repr(config)
    assert "seen" in repr(config)
    with pytest.raises(TypeError) as caught:
        ClientConfig.from_kwargs(creds_password=b"secret3")
    assert "secret" not in str(caught.value)


def test_options_document_themselves() -> None:
    for kind in (ClientConfig, NearCacheConfig, FlakeIdGeneratorConfig, ReliableTopicConfig):
        for name, option in kind.options().items():
            assert isinstance(option, Option)
            assert option.name == name
            assert option.doc.endswith(".")
            assert option.check.expects
            assert option.default_text


@pytest.mark.parametrize(
    ("given", "policy"),
    [
        ("allow", PicklePolicy.ALLOW),
        ("DENY", PicklePolicy.DENY),
        (PicklePolicy.DENY, PicklePolicy.DENY),
        ([Definition], (Definition,)),
        ({Definition}, (Definition,)),
    ],
)
def test_serialization_gets_its_options(given: Any, policy: Any) -> None:
    config = ClientConfig.from_kwargs(
        pickle_policy=given, default_int_type="LONG", custom_serializers={Definition: Serializer}
    )
    serialization = config.serialization()
    assert serialization.pickle_policy == policy
    assert serialization.default_int_type is IntType.LONG
    assert list(serialization.custom_serializers) == [Definition]
    assert serialization.is_big_endian is True


def test_the_default_configuration_serializes() -> None:
    service = SerializationService(ClientConfig().serialization())
    assert service.to_object(service.to_data(5)) == 5


def test_what_cannot_be_honoured_is_refused() -> None:
    config = ClientConfig.from_kwargs(near_caches={"m": {}})
    with pytest.raises(InvalidConfigurationError, match=r"^near_caches: .* not available in this client"):
        config.check_available()
    config.check_available(near_caches=True)
    ClientConfig().check_available()

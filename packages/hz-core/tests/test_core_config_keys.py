"""The table of keys: each option has one, and none stands for two things."""

from collections import Counter

import pytest

from hz_core.config import (
    ClientConfig,
    FlakeIdGeneratorConfig,
    NearCacheConfig,
    Options,
    ReliableTopicConfig,
)
from hz_core.config.sources.foreign import FOREIGN
from hz_core.config.sources.keys import CLIENT, SECTIONS, SWITCHES, variable_part
from hz_core.config.sources.schema import Leaf, ends, schema

PARTS: dict[str, type[Options]] = {
    "near_caches": NearCacheConfig,
    "flake_id_generators": FlakeIdGeneratorConfig,
    "reliable_topics": ReliableTopicConfig,
}


def test_every_option_has_a_key() -> None:
    """What fails here is an option without a line in ``hz_core.config.sources.keys``, or a line without an option."""
    assert set(CLIENT) == set(ClientConfig.options())
    assert (
        {option for option, keys in CLIENT.items() if not keys} == {s.option for s in SECTIONS} == set(PARTS)
    )


@pytest.mark.parametrize("option", PARTS)
def test_every_option_of_a_part_has_a_key(option: str) -> None:
    (section,) = [section for section in SECTIONS if section.option == option]
    assert section.kind is PARTS[option]
    assert set(section.keys) == set(PARTS[option].options())
    assert all(section.keys.values())


def test_every_key_has_a_variable_of_its_own() -> None:
    variables = Counter(variable_part("/".join(path)) for path, _ in ends())
    assert [name for name, count in variables.items() if count > 1] == []
    assert all(name.replace("*", "").replace("_", "").isalnum() and name.isupper() for name in variables)


def test_the_first_key_and_variable_of_some_options() -> None:
    first = {option: (keys[0].shown, keys[0].variable) for option, keys in CLIENT.items() if keys}
    assert first["cluster_name"] == ("cluster-name", "HZCLIENT_CLUSTERNAME")
    assert first["retry_jitter"] == (
        "connection-strategy.connection-retry.jitter",
        "HZCLIENT_CONNECTIONSTRATEGY_CONNECTIONRETRY_JITTER",
    )
    assert first["heartbeat_interval"] == (
        "properties.hazelcast.client.heartbeat.interval",
        "HZCLIENT_PROPERTIES_HAZELCAST_CLIENT_HEARTBEAT_INTERVAL",
    )


def test_all_keys_are_in_the_schema() -> None:
    found = {end.key.path for _, end in ends() if isinstance(end, Leaf)}
    declared = {key.path for keys in CLIENT.values() for key in keys} | set(SWITCHES)
    in_parts = {key.path for s in SECTIONS for keys in s.keys.values() for key in keys}
    assert found == declared | in_parts
    assert sum(not isinstance(end, Leaf) for _, end in ends()) == len(FOREIGN)
    assert schema() is schema()

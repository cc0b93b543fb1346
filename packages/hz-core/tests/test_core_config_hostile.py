"""Whatever a file, variables or a URL say: a configuration, or the error for configurations."""

import json
from contextlib import suppress
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hz_core.config import ClientConfig
from hz_core.config.sources.environment import environment_tree, substituted
from hz_core.config.sources.keys import CLIENT
from hz_core.config.sources.reading import Reading
from hz_core.config.sources.schema import ends
from hz_core.config.sources.tree import Mapping
from hz_core.config.sources.xml_file import read_xml
from hz_core.config.sources.yaml_file import read_yaml
from hz_core.errors import InvalidConfigurationError

KEYS = sorted({key for path, _ in ends() for key in path})
VARIABLES = sorted({key.variable for keys in CLIENT.values() for key in keys})
VALUES = [
    "true",
    "FALSE",
    "",
    " ",
    "0",
    "-1",
    "1e3",
    "5",
    "99999999999999999999",
    "random",
    "json:loads",
    "a:b",
    "é",
]
VALUES += ["${A}", "datetime:date", "core_config_objects:FACTORY=core_config_objects:FACTORY"]

keys = st.one_of(st.sampled_from(KEYS), st.text(max_size=5))
values = st.one_of(st.sampled_from(VALUES), st.text(max_size=8))
trees = st.recursive(
    values,
    lambda inner: st.one_of(st.dictionaries(keys, inner, max_size=4), st.lists(inner, max_size=3)),
    max_leaves=12,
)
one_path = st.tuples(
    st.sampled_from([path for path, _ in ends()]), st.one_of(trees, st.none(), st.integers())
)


def nested(found: tuple[tuple[str, ...], Any]) -> dict[str, Any]:
    path, value = found
    for key in reversed(path):
        value = {key: value}
    made: dict[str, Any] = value
    return made


def read(tree: Mapping) -> bool:
    try:
        Reading.of(substituted(tree, {"A": "a"})).apply(ClientConfig())
    except InvalidConfigurationError:
        return False
    return True


@given(st.one_of(st.dictionaries(keys, trees, max_size=4), one_path.map(nested)))
@settings(max_examples=200)
def test_yaml_of_known_keys(tree: dict[str, Any]) -> None:
    try:
        found = read_yaml(json.dumps(tree), "a.yaml")
    except InvalidConfigurationError:
        return
    read(found)


@given(st.text(st.sampled_from("ab:-[]{}&*!?#|>'\"\n \t%@`,<=~0.\x00\ud800é")))
@example("%YAML 3.0\n---\na: b")
@example("\ufeff\ufeffa: b")
@example("a: !<tag:yaml.org,2002:binary> x")
@example("a: \x00")
@example("a: \ud800")
@settings(max_examples=200)
def test_yaml_of_any_text(text: str) -> None:
    try:
        found = read_yaml(text, "a.yaml")
    except InvalidConfigurationError:
        return
    read(found)


@given(
    st.one_of(st.dictionaries(keys, trees, max_size=3), one_path.map(nested)).map(
        lambda tree: json.loads(json.dumps(tree, default=str))
    )
)
@settings(max_examples=200)
def test_xml_of_known_keys(tree: dict[str, Any]) -> None:
    def texts(node: Any, name: str = "x") -> str:
        tag = name if name.replace("-", "").isascii() and name.replace("-", "").isalpha() else "x"
        if isinstance(node, dict):
            return f"<{tag}>{''.join(texts(value, key) for key, value in node.items())}</{tag}>"
        if isinstance(node, list):
            return "".join(texts(value, tag) for value in node)
        return f"<{tag}>{escape(str(node))}</{tag}>"

    data = f"<hazelcast-client>{''.join(texts(value, key) for key, value in tree.items())}</hazelcast-client>"
    try:
        found = read_xml(data.encode(errors="replace"), "a.xml")
    except InvalidConfigurationError:
        return
    read(found)


@given(
    st.binary(max_size=40),
    st.sampled_from(["", "<hazelcast-client>", "<?xml version='1.0' encoding='utf-16'?>"]),
)
@example(b"", "")
@example(b"<a b='c' b='d'/>", "")
@example(b"<x:y/></hazelcast-client>", "<hazelcast-client>")
@example(b"<?xml version='1.0' encoding='idna'?><a/>", "")
@example(b"<?xml version='1.0' encoding='hex'?><a/>", "")
def test_xml_of_any_bytes(data: bytes, start: str) -> None:
    try:
        found = read_xml(start.encode() + data, "a.xml")
    except InvalidConfigurationError:
        return
    read(found)


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(VARIABLES), values.map("HZCLIENT_{}".format)), values, max_size=3
    )
)
@example({"HZCLIENT_LOADBALANCER": "datetime:date"})
@example({"HZCLIENT_SERIALIZATION_SERIALIZERS": "core_config_objects:FACTORY=json:loads"})
@example({"HZCLIENT_SSL": "this.is.not:there", "HZCLIENT_LIFECYCLELISTENERS": "core_config_broken:x"})
@settings(max_examples=200)
def test_variables(variables: dict[str, str]) -> None:
    try:
        tree = environment_tree(variables)
    except InvalidConfigurationError:
        return
    read(tree)


@given(
    st.lists(
        st.one_of(st.sampled_from([*CLIENT, *VALUES, *"@:/?#&=,%[]"]), st.text(max_size=3)), max_size=9
    ).map("".join)
)
@settings(max_examples=200)
def test_urls(rest: str) -> None:
    with suppress(InvalidConfigurationError):
        ClientConfig.from_url(f"hazelcast://{rest}")


def test_the_tests_above_reach_valid_configurations() -> None:
    assert read(read_yaml('{"cluster-name": "x", "network": {"redo-operation": "true"}}', "a.yaml"))
    assert not read(read_yaml('{"network": {"redo-operation": "5"}}', "a.yaml"))
    with pytest.raises(InvalidConfigurationError):
        read_xml(b"<a/>", "a.xml")

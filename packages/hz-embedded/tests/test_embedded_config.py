"""Member configuration: the document for Java, the network settings and the properties."""

import json
from typing import Any

import pytest

from hz_embedded import ConfigurationError
from hz_embedded.config import DEFAULT_PROPERTIES, apply_network, apply_properties, configuration_text


class Recorder:
    """Replaces a Java config object, and records calls by their dotted path."""

    def __init__(self, path: str = "", calls: list[str] | None = None) -> None:
        self._path = path
        self.calls: list[str] = [] if calls is None else calls

    def __getattr__(self, name: str) -> Any:
        if name.startswith("get"):
            return lambda: Recorder(f"{self._path}{name[3:]}.", self.calls)

        def call(*arguments: object) -> None:
            self.calls.append(f"{self._path}{name}{arguments}")

        return call


class Properties:
    """Replaces the part of a Java config that holds properties."""

    def __init__(self, **values: str) -> None:
        self.values = values

    def getProperty(self, name: str) -> str | None:
        return self.values.get(name)

    def setProperty(self, name: str, value: str) -> None:
        assert isinstance(value, str)
        self.values[name] = value


@pytest.mark.parametrize(
    ("text", "is_xml"), [("<hazelcast/>", True), ("\n <?xml?>", True), ("hazelcast:\n  a: b", False)]
)
def test_text_goes_as_it_is(text: str, is_xml: bool) -> None:
    assert configuration_text(text) == (text, is_xml)


def test_mapping_with_and_without_outer_key() -> None:
    body = {"map": {"m": {"backup-count": 2, "statistics-enabled": True}}, "cluster-name": "ü"}
    bare, is_xml = configuration_text(body)
    full, _ = configuration_text({"hazelcast": body})
    assert not is_xml
    assert bare == full
    assert json.loads(full) == {"hazelcast": body}


@pytest.mark.parametrize("config", ["", "  \n"])
def test_empty_text_is_refused(config: str) -> None:
    with pytest.raises(ConfigurationError, match="empty text"):
        configuration_text(config)


def test_wrong_type_is_refused() -> None:
    wrong: Any = 5
    with pytest.raises(ConfigurationError, match="not int"):
        configuration_text(wrong)


def test_mapping_that_yaml_cannot_hold_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be written as YAML"):
        configuration_text({"map": object()})


def test_network_is_loopback_and_known_members_only() -> None:
    config = Recorder()
    apply_network(config, 4711, ["127.0.0.1:1", "127.0.0.1:2"], has_auto_detection=True)
    assert config.calls == [
        "NetworkConfig.setPort(4711,)",
        "NetworkConfig.setPortAutoIncrement(False,)",
        "NetworkConfig.setReuseAddress(True,)",
        "NetworkConfig.Interfaces.clear()",
        "NetworkConfig.Interfaces.setEnabled(True,)",
        "NetworkConfig.Interfaces.addInterface('127.0.0.1',)",
        "NetworkConfig.Join.MulticastConfig.setEnabled(False,)",
        "NetworkConfig.Join.AutoDetectionConfig.setEnabled(False,)",
        "NetworkConfig.Join.TcpIpConfig.clear()",
        "NetworkConfig.Join.TcpIpConfig.setEnabled(True,)",
        "NetworkConfig.Join.TcpIpConfig.addMember('127.0.0.1:1',)",
        "NetworkConfig.Join.TcpIpConfig.addMember('127.0.0.1:2',)",
    ]


def test_public_address_is_where_others_connect() -> None:
    config = Recorder()
    apply_network(config, 4711, [], has_auto_detection=True, public_address="127.0.0.1:4712")
    assert "NetworkConfig.setPort(4711,)" in config.calls
    assert "NetworkConfig.setPublicAddress('127.0.0.1:4712',)" in config.calls


def test_no_auto_detection_where_the_version_has_none() -> None:
    config = Recorder()
    apply_network(config, 4711, [], has_auto_detection=False)
    assert not any("AutoDetection" in call for call in config.calls)


def test_properties_of_document_and_user_go_before_the_defaults() -> None:
    config = Properties(**{"hazelcast.io.thread.count": "7"})
    apply_properties(config, DEFAULT_PROPERTIES, {"hazelcast.wait.seconds.before.join": "3", "mine": "x"})
    assert config.values["hazelcast.io.thread.count"] == "7"
    assert config.values["hazelcast.wait.seconds.before.join"] == "3"
    assert config.values["mine"] == "x"
    assert config.values["hazelcast.phone.home.enabled"] == "false"
    assert set(DEFAULT_PROPERTIES) <= set(config.values)

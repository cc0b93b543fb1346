"""Environment variables, and what is loaded where: precedence, and the file that is found."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

import core_config_objects as objects
from hz_core.config import ClientConfig
from hz_core.config.sources.special import FixedToken
from hz_core.errors import InvalidConfigurationError
from hz_core.load_balancer import RandomLB

SET: dict[str, tuple[str, dict[str, Any]]] = {
    "HZCLIENT_CLUSTERNAME": ("shop", {"cluster_name": "shop"}),
    "HZCLIENT_CLUSTER-NAME": ("shop", {"cluster_name": "shop"}),
    "HZCLIENT_ClusterName": ("shop", {"cluster_name": "shop"}),
    "HZCLIENT_NETWORK_CLUSTERMEMBERS": (" a:1 , [::1]:2,", {"cluster_members": ["a:1", "[::1]:2"]}),
    "HZCLIENT_NETWORK_CLUSTERROUTING_MODE": ("SINGLE_MEMBER", {"smart_routing": False}),
    "HZCLIENT_NETWORK_SOCKETOPTIONS_TCPNODELAY": (
        "false",
        {"socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)]},
    ),
    "HZCLIENT_NETWORK_SOCKETOPTIONS_OPTIONS": (
        "SOL_SOCKET SO_KEEPALIVE 1, 0 0 0",
        {"socket_options": [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (0, 0, 0)]},
    ),
    "HZCLIENT_NETWORK_SSL_PROPERTIES_KEYCERTCHAINFILE": ("c.pem", {"ssl_certfile": "c.pem"}),
    "HZCLIENT_SECURITY_TOKEN": ("hush", {"token_provider": FixedToken(b"hush")}),
    "HZCLIENT_SECURITY_USERNAMEPASSWORD_PASSWORD": ("hush", {"creds_password": "hush"}),
    "HZCLIENT_SERIALIZATION_PORTABLEFACTORIES": (
        "1=core_config_objects:FACTORY",
        {"portable_factories": {1: objects.FACTORY}},
    ),
    "HZCLIENT_SERIALIZATION_SERIALIZERS": (
        "core_config_objects:Order=core_config_objects:OrderSerializer",
        {"custom_serializers": {objects.Order: objects.OrderSerializer}},
    ),
    "HZCLIENT_SERIALIZATION_COMPACTSERIALIZATION_SERIALIZERS": (
        "core_config_objects:OrderCompact",
        {"compact_serializers": [objects.OrderCompact]},
    ),
    "HZCLIENT_LIFECYCLELISTENERS": (
        "core_config_objects:changed",
        {"lifecycle_listeners": [objects.changed]},
    ),
    "HZCLIENT_NEARCACHE_my_map_EVICTION_SIZE": ("5", {"near_caches": {"my_map": {"eviction_max_size": 5}}}),
    "HZCLIENT_NEARCACHE_EVICTION_EVICTION_SIZE": (
        "5",
        {"near_caches": {"EVICTION": {"eviction_max_size": 5}}},
    ),
    "HZCLIENT_FLAKEIDGENERATOR_ids_PREFETCHVALIDITYMILLIS": (
        "50",
        {"flake_id_generators": {"ids": {"prefetch_validity": 0.05}}},
    ),
    "HZCLIENT_NETWORK_AWS_ENABLED": ("false", {}),
    "HZCLIENT_CLUSTER": ("", {}),
    "HZ_CLUSTERNAME": ("of members", {}),
    "CLUSTERNAME": ("of others", {}),
}


@pytest.mark.parametrize("variable", SET)
def test_variables(variable: str) -> None:
    value, expected = SET[variable]
    assert ClientConfig.from_env({variable: value, "PATH": "/"}) == ClientConfig.from_kwargs(**expected)


def test_a_load_balancer() -> None:
    assert type(ClientConfig.from_env({"HZCLIENT_LOADBALANCER": "random"}).load_balancer) is RandomLB


REFUSED = {
    "HZCLIENT_CLUSTER_NAME": (
        "x",
        "this stands for no key of the configuration; did you mean HZCLIENT_CLUSTERNAME?",
    ),
    "HZCLIENT_NETWORK_CONECTIONTIMEOUT": ("5", "did you mean HZCLIENT_NETWORK_CONNECTIONTIMEOUT?"),
    "HZCLIENT_NETWORK_CONNECTIONTIMEOUT": (
        "5 s",
        "network.connection-timeout must be a number of milliseconds, not '5 s'",
    ),
    "HZCLIENT_PROPERTIES_HAZELCAST_CLIENT_HEARTBEAT_TIMEOUT": ("0", "heartbeat_timeout must be positive"),
    "HZCLIENT_QUERYCACHES_A_MAPNAME": ("m", "query-caches cannot be used by a client in Python"),
    "HZCLIENT_NEARCACHE_TIMETOLIVESECONDS": ("1", "this stands for no key"),
    "HZCLIENT_SERIALIZATION_SERIALIZERS": ("a", "a list of type-class and class-name"),
    "HZCLIENT_LISTENERS": ("com.acme.L", "listeners cannot be used"),
    "HZCLIENT_": ("x", "this stands for no key"),
}


@pytest.mark.parametrize("variable", REFUSED)
def test_refused_variables(variable: str) -> None:
    value, text = REFUSED[variable]
    with pytest.raises(InvalidConfigurationError, match=f"^environment variable {variable}: ") as caught:
        ClientConfig.from_env({variable: value})
    assert text in str(caught.value)


def test_two_variables_for_one_key() -> None:
    with pytest.raises(InvalidConfigurationError, match="cluster-name is there twice"):
        ClientConfig.from_env({"HZCLIENT_CLUSTERNAME": "a", "HZCLIENT_CLUSTER-NAME": "b"})
    with pytest.raises(InvalidConfigurationError, match=r"contradicts network\.cluster-routing\.mode"):
        ClientConfig.from_env(
            {"HZCLIENT_NETWORK_SMARTROUTING": "true", "HZCLIENT_NETWORK_CLUSTERROUTING_MODE": "SINGLE_MEMBER"}
        )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home folder, beside an empty working folder."""
    home = tmp_path / "home"
    work = tmp_path / "work"
    home.mkdir()
    work.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(work)
    for name in [name for name in os.environ if name.startswith("HZCLIENT_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("HAZELCAST_CLIENT_CONFIG", raising=False)
    return home


def test_the_variables_of_the_process(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HZCLIENT_INSTANCENAME", "mine")
    assert ClientConfig.from_env().client_name == "mine"
    assert ClientConfig.load().client_name == "mine"
    assert ClientConfig().client_name is None


def named(name: str) -> str:
    return f"<hazelcast-client><cluster-name>{name}</cluster-name></hazelcast-client>"


def test_where_a_file_is_looked_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ClientConfig.load() == ClientConfig()
    (home / ".hazelcast").mkdir()
    (home / ".hazelcast" / "hazelcast-client.yml").write_text("cluster-name: home")
    assert ClientConfig.load().cluster_name == "home"
    Path("hazelcast-client.xml").write_text(named("work"))
    assert ClientConfig.load().cluster_name == "work"
    (home / "other.yaml").write_text("cluster-name: variable")
    monkeypatch.setenv("HAZELCAST_CLIENT_CONFIG", str(home / "other.yaml"))
    assert ClientConfig.load().cluster_name == "variable"
    assert ClientConfig.load("hazelcast-client.xml").cluster_name == "work"
    assert ClientConfig.load(environ={}).cluster_name == "work"
    monkeypatch.setenv("HAZELCAST_CLIENT_CONFIG", str(home / "none.yaml"))
    with pytest.raises(InvalidConfigurationError, match=r"none.yaml: the file cannot be read"):
        ClientConfig.load()
    Path("hazelcast-client.yaml").write_text("cluster-name: work")
    with pytest.raises(
        InvalidConfigurationError, match=r"there are hazelcast-client\.yaml and hazelcast-client\.xml"
    ):
        ClientConfig.load(environ={})


def test_precedence(home: Path) -> None:
    path = home / "a.yaml"
    path.write_text(
        "{cluster-name: file, instance-name: file, client-labels: [file], network: {smart-routing: true, "
        "connection-timeout: 1000}, near-cache: {a: {time-to-live-seconds: 1, max-idle-seconds: 1}}}"
    )
    environ = {
        "HZCLIENT_INSTANCENAME": "env",
        "HZCLIENT_CLIENTLABELS": "env",
        # Another key for the option that the file sets.
        "HZCLIENT_NETWORK_CLUSTERROUTING_MODE": "SINGLE_MEMBER",
        "HZCLIENT_NEARCACHE_a_TIMETOLIVESECONDS": "2",
        "HZCLIENT_SECURITY_USERNAMEPASSWORD_USERNAME": "env",
        "HZCLIENT_SECURITY_USERNAMEPASSWORD_PASSWORD": "env",
    }
    loaded = ClientConfig.load(path, url="hazelcast://url@h/?labels=url,url2", environ=environ)
    assert loaded == ClientConfig.from_kwargs(
        cluster_name="file",
        client_name="env",
        labels=["url", "url2"],
        smart_routing=False,
        connection_timeout=1,
        near_caches={"a": {"time_to_live": 2, "max_idle": 1}},
        creds_username="url",
        creds_password="env",
        cluster_members=["h"],
    )
    # Attributes of a configuration win over what it was loaded from, and keyword arguments over both.
    loaded.client_name = "attribute"
    loaded.cluster_name = "attribute"
    given = ClientConfig.given(loaded, cluster_name="keyword", labels=None)
    assert (given.client_name, given.cluster_name, given.labels) == ("attribute", "keyword", ["url", "url2"])


def test_a_variable_switches_off_what_a_file_says(home: Path) -> None:
    path = home / "a.yaml"
    path.write_text("network: {hazelcast-cloud: {enabled: true, discovery-token: t}}")
    assert ClientConfig.load(path, environ={}).cloud_discovery_token == "t"
    off = {"HZCLIENT_NETWORK_HAZELCASTCLOUD_ENABLED": "false"}
    assert ClientConfig.load(path, environ=off).cloud_discovery_token is None


def test_the_configuration_of_clients_without_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the variable makes a client read a file; a file that merely lies there does not."""
    Path("hazelcast-client.yaml").write_text("cluster-name: work")
    monkeypatch.setenv("HZCLIENT_INSTANCENAME", "env")
    assert ClientConfig.given(None) == ClientConfig()
    monkeypatch.setenv("HAZELCAST_CLIENT_CONFIG", "hazelcast-client.yaml")
    assert ClientConfig.given(None, labels=["a"]) == ClientConfig.from_kwargs(
        cluster_name="work", client_name="env", labels=["a"]
    )
    assert ClientConfig.given(ClientConfig(), labels=["a"]) == ClientConfig.from_kwargs(labels=["a"])

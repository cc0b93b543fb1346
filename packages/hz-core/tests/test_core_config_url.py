"""URLs as configurations."""

import traceback
from typing import Any

import pytest

from hz_core.config import ClientConfig, ReconnectMode, SSLProtocol
from hz_core.config.sources.special import FixedToken
from hz_core.errors import InvalidConfigurationError

SET: dict[str, dict[str, Any]] = {
    "hazelcast://": {},
    "HAZELCAST://h": {"cluster_members": ["h"]},
    "hazelcast://host:5701,host2/?cluster_name=dev&tls=true": {
        "cluster_members": ["host:5701", "host2"],
        "cluster_name": "dev",
        "ssl_enabled": True,
    },
    "hazelcast://user:pw@host?tls=false": {
        "cluster_members": ["host"],
        "creds_username": "user",
        "creds_password": "pw",
        "ssl_enabled": False,
    },
    "hazelcast://us%40er:p%3A%2F%3F%23%25@[::1]:5701,[2001:db8::1]/": {
        "cluster_members": ["[::1]:5701", "[2001:db8::1]"],
        "creds_username": "us@er",
        "creds_password": "p:/?#%",
    },
    "hazelcast://u:a:b@h": {"cluster_members": ["h"], "creds_username": "u", "creds_password": "a:b"},
    "hazelcast://u:@h": {"cluster_members": ["h"], "creds_username": "u", "creds_password": ""},
    "hazelcast:///?token=a+b%2Bc": {"token_provider": FixedToken(b"a b+c")},
    "hazelcast://?connection_timeout=2.5&cluster_connect_timeout=-1&labels=a,b": {
        "connection_timeout": 2.5,
        "cluster_connect_timeout": -1,
        "labels": ["a", "b"],
    },
    "hazelcast://?reconnect_mode=off&ssl_protocol=TLSv1.3&max_pending_invocations=5": {
        "reconnect_mode": ReconnectMode.OFF,
        "ssl_protocol": SSLProtocol.TLSv1_3,
        "max_pending_invocations": 5,
    },
}


@pytest.mark.parametrize("url", SET)
def test_urls(url: str) -> None:
    assert ClientConfig.from_url(url) == ClientConfig.from_kwargs(**SET[url])


REFUSED = {
    "http://h": "it must begin with hazelcast://",
    "h:5701": "it must begin with hazelcast://",
    "hazelcast:h": "it must begin with hazelcast://",
    "hazelcast://h/shop": r"it has a path; name the cluster with \?cluster_name=",
    "hazelcast://h#x": r"it has a fragment \(#\); write %23",
    "hazelcast://h:99999": "a host is not valid",
    "hazelcast://h,,i": "a host is not valid",
    "hazelcast://@h": "there is no user before the @",
    "hazelcast://h?cluster_nam=x": "cluster_nam is not an option; did you mean cluster_name?",
    "hazelcast://h?tsl=1": "tsl is not an option; did you mean tls?",
    "hazelcast://h?cluster-name=x": "cluster-name is not an option; did you mean cluster_name?",
    "hazelcast://h?cluster_name": "its query must be name=value&name=value",
    "hazelcast://h?cluster_name=%ff": "its query must be name=value&name=value, in UTF-8",
    "hazelcast://%ff@h": "the user is not UTF-8",
    "hazelcast://h?tls=true&ssl_enabled=false": "it names ssl_enabled twice",
    "hazelcast://h?tls=1": "tls must be a boolean: true, false, not '1'",
    "hazelcast://h?connection_timeout=-1": "connection_timeout must be non-negative",
    "hazelcast://h?cluster_members=a": "cluster_members is the hosts before the query",
    "hazelcast://h?creds_password=a": "creds_password is the password before the query",
    "hazelcast://h?near_caches=a": "near_caches cannot be in a URL",
    "hazelcast://h?ssl_context=core_config_objects:CONTEXT": "ssl_context cannot be in a URL",
    "hazelcast://h?load_balancer=core_config_objects:LastLB": "load_balancer cannot be in a URL",
    "hazelcast://h?pickle_policy=datetime:date": "pickle_policy cannot be in a URL",
}


@pytest.mark.parametrize("url", REFUSED)
def test_refused_urls(url: str) -> None:
    with pytest.raises(InvalidConfigurationError, match=f"^URL of the cluster.*: {REFUSED[url]}"):
        ClientConfig.from_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "hazelcast://u:hush/hush@h",
        "hazelcast://u:hush?hush@h",
        "hazelcast://u:a?hush=hush@h",
        "hazelcast://u:a?hush/=hush@h",
        "hazelcast://u:hush#hush@h",
        "hazelcast://u:hush@h@i,,",
        "http://u:hush@h",
        "hazelcast://u:hush%ff@h",
        "hazelcast://u:hush@h:0",
        "hazelcast://u:hush@h?tls=maybe",
        "hazelcast://u:hush@h?ssl_password=hush&ssl_password=hush",
    ],
)
def test_errors_do_not_quote_what_may_be_a_password(url: str) -> None:
    with pytest.raises(InvalidConfigurationError) as caught:
        ClientConfig.from_url(url)
    text = "".join(traceback.format_exception(caught.value))
    shown = [line for line in text.splitlines() if "hush" in line]
    # The one thing that is shown is a name that looks like one of an option.
    assert shown == [] or (
        url == "hazelcast://u:a?hush=hush@h" and all(line.count("hush") == 1 for line in shown)
    )


def test_secrets_of_urls_are_hidden() -> None:
    config = ClientConfig.from_url(
        "hazelcast://u:hush@h/?token=hush&ssl_password=hush&cloud_discovery_token=hush"
    )
    assert config.creds_password == config.ssl_password == config.cloud_discovery_token == "hush"
    assert "hush" not in repr(config) + str(config) + f"{config.token_provider}"

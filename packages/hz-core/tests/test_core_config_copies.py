"""A configuration can be copied and pickled; a value that belongs to one process is shared, or named."""

import copy
import pickle
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from hz_core.config import ClientConfig, FlakeIdGeneratorConfig, NearCacheConfig, ReliableTopicConfig
from hz_core.config.sources.special import FixedToken


def pickled(config: Any, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(config, protocol))


WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "copy()": lambda config: config.copy(),
    **{f"pickle {n}": partial(pickled, protocol=n) for n in range(6)},
}


def full() -> ClientConfig:
    return ClientConfig.from_kwargs(
        labels=["a"],
        membership_listeners=[(print, None)],
        custom_serializers={},
        near_caches={"m": {"time_to_live": 1.5}},
        flake_id_generators={"f": {"prefetch_count": 5}},
        reliable_topics={"t": {"overload_policy": "ERROR"}},
        creds_password="secret",
        token_provider=FixedToken(b"secret"),
    )


@pytest.mark.parametrize("way", WAYS)
def test_copies_are_equal_and_independent(way: str) -> None:
    config = full()
    made = WAYS[way](config)
    assert type(made) is ClientConfig
    assert made == config
    made.labels.append("b")
    made.near_caches["m"].time_to_live = 3
    made.cluster_name = "other"
    assert config == full()
    with pytest.raises(ValueError, match=r"near_caches\['m'\]\.time_to_live must be"):
        made.near_caches["m"].time_to_live = -1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("part", [NearCacheConfig, FlakeIdGeneratorConfig, ReliableTopicConfig])
def test_parts_are_copied_alone(way: str, part: type[Any]) -> None:
    assert WAYS[way](part()) == part()
    assert type(WAYS[way](part())) is part


def test_an_ssl_context_is_shared_and_not_pickled() -> None:
    config = ClientConfig.from_kwargs(ssl_context=ssl.create_default_context())
    for made in (copy.copy(config), copy.deepcopy(config)):
        assert made.ssl_context is config.ssl_context
    with pytest.raises(TypeError, match=r"ClientConfig with ssl_context cannot be pickled.* set it after"):
        pickle.dumps(config)

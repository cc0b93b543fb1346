"""Configuration of a client: options with checks and defaults, and the constants for their values."""

from hz_core.config.client import ClientConfig
from hz_core.config.constants import (
    EvictionPolicy,
    IndexType,
    InMemoryFormat,
    QueryConstants,
    ReconnectMode,
    SSLProtocol,
    TopicOverloadPolicy,
    UniqueKeyTransformation,
)
from hz_core.config.failover import FailoverConfig
from hz_core.config.option import Check, Option, Options
from hz_core.config.parts import FlakeIdGeneratorConfig, NearCacheConfig, ReliableTopicConfig
from hz_serialization import IntType
from hz_serialization.public_names import publish

__all__ = [
    "Check",
    "ClientConfig",
    "EvictionPolicy",
    "FailoverConfig",
    "FlakeIdGeneratorConfig",
    "InMemoryFormat",
    "IndexType",
    "IntType",
    "NearCacheConfig",
    "Option",
    "Options",
    "QueryConstants",
    "ReconnectMode",
    "ReliableTopicConfig",
    "SSLProtocol",
    "TopicOverloadPolicy",
    "UniqueKeyTransformation",
]

publish(__name__, (globals()[name] for name in __all__))

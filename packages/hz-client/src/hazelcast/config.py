"""The options of a client, and the constants for options and indexes.

``python -m hazelcast.config check FILE`` checks a configuration file.
"""

from hz_core.config import ClientConfig as Config
from hz_core.config import (
    EvictionPolicy,
    FailoverConfig,
    FlakeIdGeneratorConfig,
    IndexType,
    InMemoryFormat,
    IntType,
    NearCacheConfig,
    QueryConstants,
    ReconnectMode,
    ReliableTopicConfig,
    SSLProtocol,
    TopicOverloadPolicy,
    UniqueKeyTransformation,
)
from hz_serialization import ArrayPolicy, PicklePolicy

__all__ = [
    "ArrayPolicy",
    "Config",
    "EvictionPolicy",
    "FailoverConfig",
    "FlakeIdGeneratorConfig",
    "InMemoryFormat",
    "IndexType",
    "IntType",
    "NearCacheConfig",
    "PicklePolicy",
    "QueryConstants",
    "ReconnectMode",
    "ReliableTopicConfig",
    "SSLProtocol",
    "TopicOverloadPolicy",
    "UniqueKeyTransformation",
]

if __name__ == "__main__":
    from hz_core.config.command import main

    raise SystemExit(main())

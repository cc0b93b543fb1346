"""The values that options and indexes choose from. All are numbers; options take their names too."""

from enum import IntEnum
from typing import Final


class EvictionPolicy(IntEnum):
    """Which entries a full near cache drops."""

    NONE = 0
    """None: the near cache grows without limit, whatever `eviction_max_size` says."""

    LRU = 1
    """Those that were not used for the longest time."""

    LFU = 2
    """Those that were used least often."""

    RANDOM = 3
    """Any."""


class InMemoryFormat(IntEnum):
    """How a near cache keeps values."""

    BINARY = 0
    """Serialized: each read makes a new object."""

    OBJECT = 1
    """As Python objects: each read gives the same object, which must not be changed."""


class SSLProtocol(IntEnum):
    """TLS versions."""

    SSLv2 = 0
    """SSL 2.0, forbidden by RFC 6176."""

    SSLv3 = 1
    """SSL 3.0, forbidden by RFC 7568."""

    TLSv1 = 2
    """TLS 1.0."""

    TLSv1_1 = 3
    """TLS 1.1."""

    TLSv1_2 = 4
    """TLS 1.2."""

    TLSv1_3 = 5
    """TLS 1.3."""


class QueryConstants:
    """Names by which predicates and indexes call an entry's key and value themselves."""

    KEY_ATTRIBUTE_NAME: Final = "__key"
    """The key."""

    THIS_ATTRIBUTE_NAME: Final = "this"
    """The value."""


class UniqueKeyTransformation(IntEnum):
    """How a bitmap index makes ids of its unique keys."""

    OBJECT = 0
    """Each distinct value gets an id."""

    LONG = 1
    """Values become 64-bit integers; each distinct one gets an id."""

    RAW = 2
    """Values become 64-bit integers, which are the ids themselves and must not be negative."""


class IndexType(IntEnum):
    """Kinds of a map's index."""

    SORTED = 0
    """Serves equality and range predicates."""

    HASH = 1
    """Serves equality predicates."""

    BITMAP = 2
    """Serves equality predicates, of one attribute with few distinct values."""


class ReconnectMode(IntEnum):
    """What the client does when it has lost the cluster."""

    OFF = 0
    """It shuts down."""

    ON = 1
    """It connects again; operations wait meanwhile."""

    ASYNC = 2
    """It connects again; operations fail with ClientOfflineError meanwhile."""


class TopicOverloadPolicy(IntEnum):
    """What publishing to a reliable topic does when its ringbuffer is full."""

    DISCARD_OLDEST = 0
    """Overwrites the oldest message."""

    DISCARD_NEWEST = 1
    """Drops the new message."""

    BLOCK = 2
    """Waits until there is room."""

    ERROR = 3
    """Raises TopicOverloadError."""

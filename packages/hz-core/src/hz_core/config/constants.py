"""Constants for the values of options and indexes. All are numbers; options accept their names too."""

from enum import IntEnum
from typing import Final


class EvictionPolicy(IntEnum):
    """The entries that a full near cache evicts."""

    NONE = 0
    """None: the near cache grows without limit; ``eviction_max_size`` is ignored."""

    LRU = 1
    """The least recently used entries."""

    LFU = 2
    """The least frequently used entries."""

    RANDOM = 3
    """Any."""


class InMemoryFormat(IntEnum):
    """The format of the values in a near cache."""

    BINARY = 0
    """Serialized: each read returns a new object."""

    OBJECT = 1
    """Python objects: each read returns the same object, which must not be changed."""


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
    """Attribute names of an entry's key and value in predicates and indexes."""

    KEY_ATTRIBUTE_NAME: Final = "__key"
    """The key."""

    THIS_ATTRIBUTE_NAME: Final = "this"
    """The value."""


class UniqueKeyTransformation(IntEnum):
    """The conversion of the unique keys of a bitmap index to ids."""

    OBJECT = 0
    """Each distinct value is assigned an id."""

    LONG = 1
    """Values are converted to 64-bit integers; each distinct one is assigned an id."""

    RAW = 2
    """Values are converted to 64-bit integers, which are the ids and must not be negative."""


class IndexType(IntEnum):
    """The types of indexes."""

    SORTED = 0
    """For equality and range predicates."""

    HASH = 1
    """For equality predicates."""

    BITMAP = 2
    """For equality predicates, on one attribute with few distinct values."""


class ReconnectMode(IntEnum):
    """What the client does after it has lost its last connection."""

    OFF = 0
    """Shut down."""

    ON = 1
    """Reconnect; operations wait until then."""

    ASYNC = 2
    """Reconnect; operations fail with ClientOfflineError until then."""


class TopicOverloadPolicy(IntEnum):
    """What publishing to a reliable topic does if its ringbuffer is full."""

    DISCARD_OLDEST = 0
    """Overwrite the oldest message."""

    DISCARD_NEWEST = 1
    """Discard the new message."""

    BLOCK = 2
    """Wait until there is space."""

    ERROR = 3
    """Raise TopicOverloadError."""

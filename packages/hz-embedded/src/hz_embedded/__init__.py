"""A real Hazelcast cluster in a JVM that Python starts, drives and ends.

from hz_embedded import Cluster

with Cluster(members=3) as cluster:
    print(cluster.addresses)
"""

from hz_embedded.__about__ import __version__
from hz_embedded.cluster import Cluster
from hz_embedded.errors import (
    ChecksumMismatchError,
    ConfigurationError,
    EmbeddedError,
    JarResolutionError,
    JavaNotFoundError,
    JvmDiedError,
    JvmStartError,
    MemberStartError,
    MemberStateError,
    UnsupportedVersionError,
)
from hz_embedded.java import JavaRuntime, find_java
from hz_embedded.jvm import Jvm
from hz_embedded.member import Member
from hz_embedded.versions import NEWEST, known_versions

__all__ = [
    "NEWEST",
    "ChecksumMismatchError",
    "Cluster",
    "ConfigurationError",
    "EmbeddedError",
    "JarResolutionError",
    "JavaNotFoundError",
    "JavaRuntime",
    "Jvm",
    "JvmDiedError",
    "JvmStartError",
    "Member",
    "MemberStartError",
    "MemberStateError",
    "UnsupportedVersionError",
    "__version__",
    "find_java",
    "known_versions",
]

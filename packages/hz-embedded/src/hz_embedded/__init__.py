"""A real Hazelcast cluster in a JVM that is started, controlled and stopped from Python.

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
    JavaTooOldError,
    JvmDiedError,
    JvmOutOfMemoryError,
    JvmStartError,
    MemberStartError,
    MemberStateError,
    PortInUseError,
    UnsupportedVersionError,
    set_public_module,
)
from hz_embedded.fault_proxy import Fault, FaultProxy
from hz_embedded.java import JavaRuntime, find_java
from hz_embedded.jvm import Jvm
from hz_embedded.member import Member
from hz_embedded.running import JvmConnection
from hz_embedded.versions import NEWEST, known_versions

__all__ = [
    "NEWEST",
    "ChecksumMismatchError",
    "Cluster",
    "ConfigurationError",
    "EmbeddedError",
    "Fault",
    "FaultProxy",
    "JarResolutionError",
    "JavaNotFoundError",
    "JavaRuntime",
    "JavaTooOldError",
    "Jvm",
    "JvmConnection",
    "JvmDiedError",
    "JvmOutOfMemoryError",
    "JvmStartError",
    "Member",
    "MemberStartError",
    "MemberStateError",
    "PortInUseError",
    "UnsupportedVersionError",
    "__version__",
    "find_java",
    "known_versions",
]

set_public_module(globals())

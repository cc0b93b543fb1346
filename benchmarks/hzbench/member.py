"""The member that all contenders talk to."""

from collections.abc import Iterator
from contextlib import contextmanager

MEMBER_VERSION = "5.7.0"

_JVM_ARGS = ("-XX:TieredStopAtLevel=4", "-XX:-UseSerialGC", "-XX:+UseG1GC")
"""Full compilation and the usual collector: embedded members are tuned to start soon, not to serve fast."""


@contextmanager
def member_at(address: str | None) -> Iterator[str]:
    """The given address, else that of an embedded member that runs as long as the context."""
    if address is not None:
        yield address
        return
    # Imported here, so that a member elsewhere can be measured without hz-embedded.
    from hz_embedded import Cluster

    # Large values leave garbage by the hundred megabytes: a small heap would measure its collection.
    with Cluster(members=1, version=MEMBER_VERSION, heap="2g", jvm_args=_JVM_ARGS) as cluster:
        yield str(cluster.addresses[0])

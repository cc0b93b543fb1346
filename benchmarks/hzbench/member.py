"""The member that all contenders use."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MEMBER_VERSION = "5.7.0"

CP_VERSION = "5.4.0"
"""The last version whose open-source members have the CP Subsystem."""

_JVM_ARGS = ("-XX:TieredStopAtLevel=4", "-XX:-UseSerialGC", "-XX:+UseG1GC")
"""Full compilation and the default collector: embedded members are tuned for a fast start, not for throughput."""


@contextmanager
def member_at(address: str | None, **options: Any) -> Iterator[str]:
    """Yield the given address, or that of an embedded member, which runs until the context ends.

    Args:
        address: HOST:PORT of a member that runs already.
        **options: More options of the embedded member.
    """
    if address is not None:
        yield address
        return
    # Imported here, so that a member elsewhere can be measured without hz-embedded.
    from hz_embedded import Cluster

    # Large values create hundreds of megabytes of garbage: with a small heap its collection would be measured.
    chosen = {"version": MEMBER_VERSION, **options}
    with Cluster(members=1, heap="2g", jvm_args=_JVM_ARGS, **chosen) as cluster:
        yield str(cluster.addresses[0])

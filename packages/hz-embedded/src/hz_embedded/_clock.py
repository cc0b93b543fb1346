"""The clock of a JVM's members: shifted at its start, and moved while they run.

Members read the time through a class of Hazelcast's own, which adds an offset that a system property gives. The
offset is an instance field of that clock, so Java's reflection can change it later.
"""

from __future__ import annotations

from typing import Any, Final

_PROPERTY: Final = "com.hazelcast.clock.offset"
_CLOCK: Final = "com.hazelcast.internal.util.Clock"


def start_option(milliseconds: int) -> str:
    """The JVM option that starts its members on a movable clock.

    An offset of nothing would give them the system's clock, which cannot be moved: the least is 1 ms.
    """
    return f"-D{_PROPERTY}={milliseconds or 1}"


def move(view: Any, milliseconds: int) -> None:
    """Set the offset of a JVM that was started with :func:`start_option`.

    Args:
        view: py4j's view of the JVM.
        milliseconds: what the clock adds to the system's time from now on.
    """
    holder = view.java.lang.Class.forName(_CLOCK).getDeclaredField("CLOCK")
    holder.setAccessible(True)
    clock = holder.get(None)
    offset = clock.getClass().getDeclaredField("offset")
    offset.setAccessible(True)
    offset.setLong(clock, milliseconds)

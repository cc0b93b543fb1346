"""The clock of a JVM's members: an offset when the JVM starts, and changes of it while members run.

Members read the time through a class of Hazelcast, which adds an offset that is set by a system property. The offset
is an instance field of that class, so it can be changed later through reflection.
"""

from typing import Any, Final

_PROPERTY: Final = "com.hazelcast.clock.offset"
_CLOCK: Final = "com.hazelcast.internal.util.Clock"


def start_option(milliseconds: int) -> str:
    """Return the JVM option that gives its members a clock that can be moved.

    With an offset of zero, members use the system's clock, which cannot be moved: the minimum is 1 ms.
    """
    return f"-D{_PROPERTY}={milliseconds or 1}"


def move(view: Any, milliseconds: int) -> None:
    """Set the offset of a JVM that was started with :func:`start_option`.

    Args:
        view: The py4j view of the JVM.
        milliseconds: What the clock adds to the system's time from now on.
    """
    holder = view.java.lang.Class.forName(_CLOCK).getDeclaredField("CLOCK")
    holder.setAccessible(True)
    clock = holder.get(None)
    offset = clock.getClass().getDeclaredField("offset")
    offset.setAccessible(True)
    offset.setLong(clock, milliseconds)

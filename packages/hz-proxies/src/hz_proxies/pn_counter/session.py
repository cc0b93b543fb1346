"""What a client has observed of a PN counter, and the replica that it uses."""

from collections.abc import Iterable
from uuid import UUID

from hz_core.io import Mutex


class Session:
    """The observations between two resets: a vector clock, which only grows. Used by many threads.

    Args:
        mutex: A lock of the driver.

    Attributes:
        clock: Timestamp of the last observed update by replica; an immutable snapshot, replaced as a whole.
        replica: The member that the counter uses as long as it can; None before the first operation.
    """

    def __init__(self, mutex: Mutex) -> None:
        self._mutex = mutex
        # By the numbers of the UUIDs, because the hash of a UUID is computed in Python.
        self._known: dict[int, tuple[UUID, int]] = {}
        self.clock: tuple[tuple[UUID, int], ...] = ()
        self.replica: UUID | None = None

    def observe(self, timestamps: Iterable[tuple[UUID, int]]) -> None:
        """Merge the vector clock of a reply. Replies may be received in any order."""
        with self._mutex:
            known = self._known
            for replica, timestamp in timestamps:
                before = known.get(replica.int)
                if before is None or timestamp > before[1]:
                    known[replica.int] = replica, timestamp
            self.clock = tuple(known.values())

    def switch(self, before: UUID | None, after: UUID) -> bool:
        """Use another replica, unless another thread has chosen one since ``before`` was read.

        All threads must use the same one: the updates on two replicas are in neither of them for a while.
        """
        with self._mutex:
            if self.replica != before:
                return False
            self.replica = after
            return True

"""The numbers of changes, from which it is noticed that a change was not told."""

from uuid import UUID


class Numbers:
    """The numbers of the last changes that are known of the partitions.

    A partition has a UUID as long as its entries live on; its changes are numbered without a gap, whatever member
    owns it.

    Attributes:
        last: The number of the last change of each partition, by the number that its UUID is.
        gaps: How often it was noticed that changes of a partition were not told.
    """

    def __init__(self) -> None:
        self.last: dict[int, int] = {}
        self._uuids: dict[int, UUID] = {}
        self.gaps: int = 0

    def told(self, uuid: UUID, number: int) -> bool:
        """Note a change that a member has told of; return whether others may not have been told before.

        Args:
            uuid: UUID of the partition.
            number: Number of the change. A member that was slow may tell of it after later ones.
        """
        key = uuid.int
        last = self.last.get(key)
        if last is None:
            self.last[key] = number
            return True
        if number > last:
            self.last[key] = number
        if number <= last + 1:
            return False
        self.gaps += 1
        return True

    def reported(self, partition: int, uuid: UUID, number: int) -> bool:
        """Note the number of the last change of a partition, as its owner knows it; return whether some were not told.

        Members may tell of them later, since they collect changes; that is not known here.
        """
        before = self._uuids.get(partition)
        if before != uuid:
            self._uuids[partition] = uuid
            if before is not None:
                self.last.pop(before.int, None)
        last = self.last.get(uuid.int)
        if before == uuid and last is not None and number <= last:
            return False
        if last is None or number > last:
            self.last[uuid.int] = number
        if before is not None:
            self.gaps += 1
        return True

    def forget(self) -> None:
        """Forget everything: the cluster is another one."""
        self.last.clear()
        self._uuids.clear()

"""Where a scheduled task lives, and the name by which every client finds it again."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from hz_core.arguments import shown

_BASE: Final = "urn:hzScheduledTaskHandler:"
_SEPARATOR: Final = "\0"
_NO_MEMBER: Final = "-"


@dataclass(frozen=True, slots=True)
class Handler:
    """A scheduled task of a partition, or of a member.

    Attributes:
        member: UUID of the member; None for a task of a partition.
        partition: The partition; -1 for a task of a member.
        scheduler: Name of the executor.
        task: Name of the task.
    """

    member: UUID | None
    partition: int
    scheduler: str
    task: str

    def urn(self) -> str:
        """Return the resource name, as Java clients have it."""
        member = _NO_MEMBER if self.member is None else str(self.member)
        return _BASE + _SEPARATOR.join((member, str(self.partition), self.scheduler, self.task))

    @classmethod
    def of_urn(cls, urn: str) -> "Handler":
        """Return the handler with this resource name.

        Raises:
            TypeError: It is not a string.
            ValueError: It is not the resource name of a scheduled task.
        """
        if not isinstance(urn, str):
            raise TypeError(f"urn must be a string, not {shown(urn)}")
        parts = urn.removeprefix(_BASE).split(_SEPARATOR)
        try:
            if not urn.startswith(_BASE):
                raise ValueError("it has another beginning")
            member, partition, scheduler, task = parts
            found = cls(None if member == _NO_MEMBER else UUID(member), int(partition), scheduler, task)
            if (found.member is None) == (found.partition < 0):
                raise ValueError("it has both or neither of member and partition")
        except ValueError as e:
            raise ValueError(f"{shown(urn)} is not the resource name of a scheduled task") from e
        return found

"""What the parts of a client that keep copies of entries, such as near caches, need to know of changes."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from hz_core.context import ClientContext, Service
from hz_core.op import Op
from hz_serialization import Data

Change: TypeAlias = tuple[Data | None, UUID | None, UUID | None, int]
"""The key, None for all keys; the UUID of the client or member that made the change; the UUID of the partition and the
number of the change there. The UUIDs are None if changes are not numbered."""

Numbers: TypeAlias = tuple[list[tuple[str, list[tuple[int, int]]]], list[tuple[int, UUID]]]
"""The numbers of the last changes by object and partition, 0 if there is none; the UUIDs of the partitions."""


class ChangeFeed(Protocol):
    """How members tell of changes of the entries of a structure."""

    numbered: bool
    """Whether changes are numbered, so that one that was not told is noticed."""

    def listen(self, name: str, local_only: bool, /) -> Op[UUID]:
        """Return the operation that registers a listener."""
        ...

    def stop(self, name: str, registration: UUID, /) -> Op[bool]:
        """Return the operation that removes a listener."""
        ...

    def changes(self, event: Any, /) -> Iterable[Change]:
        """Return the changes that an event tells of. Its keys are ``Data``."""
        ...

    def numbers(self, names: list[str], member: UUID, /) -> Op[Numbers]:
        """Return the operation that asks a member for the numbers of the last changes in its partitions."""
        ...


class Copies(Protocol):
    """Copies of the entries of one object."""

    def changed(self, keys: Iterable[Data] | None, certain: bool, /) -> None:
        """Forget entries that this client has changed, or is about to change.

        Args:
            keys: The keys; None for all.
            certain: False if nobody knows whether, or when, the change is made.
        """
        ...


class LocalCopies(Service):
    """The copies that a client keeps, by the object whose entries they are.

    Whatever changes entries by another way than the object's own operations reports that here.

    Args:
        context: The client.
    """

    def __init__(self, context: ClientContext) -> None:
        super().__init__(context)
        self._copies: dict[tuple[str, str], list[Copies]] = {}

    def add(self, service_name: str, name: str, copies: Copies) -> None:
        """Let ``copies`` know of changes of an object."""
        known = self._copies.get((service_name, name), [])
        self._copies[service_name, name] = [*known, copies]

    def remove(self, service_name: str, name: str, copies: Copies) -> None:
        """Let ``copies`` know of no more changes."""
        known = self._copies.get((service_name, name), [])
        self._copies[service_name, name] = [one for one in known if one is not copies]

    def changed(
        self, service_name: str, name: str, keys: Iterable[Data] | None, certain: bool = True
    ) -> None:
        """Report that entries are changed; see :meth:`Copies.changed`."""
        for copies in self._copies.get((service_name, name), ()):
            copies.changed(keys, certain)

"""``client.cp_subsystem`` of asyncio programs: the CP objects by name."""

from typing import TYPE_CHECKING, Any, Protocol

from hz_core.callers import AsyncioCaller
from hz_core.kinds import AsyncioT, ObjectKind
from hz_cp.cp_object import variant

if TYPE_CHECKING:
    from hz_cp.atomic_long.aio import AsyncAtomicLong
    from hz_cp.atomic_reference.aio import AsyncAtomicReference
    from hz_cp.count_down_latch.aio import AsyncCountDownLatch
    from hz_cp.cp_management.aio import AsyncCPManagement
    from hz_cp.cp_map.aio import AsyncCPMap
    from hz_cp.fenced_lock.aio import AsyncFencedLock
    from hz_cp.semaphore.aio import AsyncSemaphore


class AsyncioClient(Protocol):
    """A client of asyncio programs."""

    operations: AsyncioCaller
    _engine: Any

    async def get_object(self, kind: ObjectKind[Any, AsyncioT], name: str) -> AsyncioT:
        """Return a distributed object."""
        ...


class AsyncCPSubsystem:
    """The objects of the CP Subsystem, which are linearizable: all clients see all changes in one order.

    A name may end with that of a CP group, as in ``counter@payments``; the group is created with its first object.
    Without it, the object is in the default group. An object that was destroyed cannot be created again.

    Args:
        client: The client.
    """

    def __init__(self, client: AsyncioClient) -> None:
        self._client = client

    async def get_atomic_long(self, name: str) -> "AsyncAtomicLong":
        """Return the AtomicLong with this name.

        Args:
            name: Its name, maybe with ``@`` and the name of a CP group.

        Raises:
            UnsupportedOperationError: The members have no CP Subsystem.
            ValueError: ``name`` is not a valid name.
        """
        from hz_cp.atomic_long.kind import ATOMIC_LONG

        return await self._client.get_object(ATOMIC_LONG, name)

    async def get_atomic_reference(self, name: str) -> "AsyncAtomicReference[Any]":
        """Return the AtomicReference with this name.

        Args:
            name: Its name, maybe with ``@`` and the name of a CP group.

        Raises:
            UnsupportedOperationError: The members have no CP Subsystem.
            ValueError: ``name`` is not a valid name.
        """
        from hz_cp.atomic_reference.kind import ATOMIC_REFERENCE

        return await self._client.get_object(ATOMIC_REFERENCE, name)

    async def get_count_down_latch(self, name: str) -> "AsyncCountDownLatch":
        """Return the CountDownLatch with this name.

        Args:
            name: Its name, maybe with ``@`` and the name of a CP group.

        Raises:
            UnsupportedOperationError: The members have no CP Subsystem.
            ValueError: ``name`` is not a valid name.
        """
        from hz_cp.count_down_latch.kind import COUNT_DOWN_LATCH

        return await self._client.get_object(COUNT_DOWN_LATCH, name)

    async def get_lock(self, name: str) -> "AsyncFencedLock":
        """Return the FencedLock with this name.

        Args:
            name: Its name, maybe with ``@`` and the name of a CP group.

        Raises:
            UnsupportedOperationError: The members have no CP Subsystem.
            ValueError: ``name`` is not a valid name.
        """
        from hz_cp.fenced_lock.kind import FENCED_LOCK

        return await self._client.get_object(FENCED_LOCK, name)

    async def get_semaphore(self, name: str, *, sessionless: bool | None = None) -> "AsyncSemaphore":
        """Return the Semaphore with this name.

        Args:
            name: Its name, maybe with ``@`` and the name of a CP group.
            sessionless: Whether permits are bound to no session; None for what the members' configuration says.

        Raises:
            UnsupportedOperationError: The members have no CP Subsystem.
            ValueError: ``name`` is not a valid name.
            TypeError: ``sessionless`` is not a bool.
        """
        from hz_cp.semaphore.kind import SEMAPHORE

        return variant(await self._client.get_object(SEMAPHORE, name), sessionless=sessionless)

    async def get_cp_map(self, name: str) -> "AsyncCPMap[Any, Any]":
        """Return the CPMap with this name, which only Enterprise members of 5.4 and later have.

        Args:
            name: Its name, maybe with ``@`` and the name of a CP group.

        Raises:
            UnsupportedOperationError: The members have no CP Subsystem.
            ValueError: ``name`` is not a valid name.
        """
        from hz_cp.cp_map.kind import CP_MAP

        return await self._client.get_object(CP_MAP, name)

    @property
    def management(self) -> "AsyncCPManagement":
        """The members, groups and sessions of the CP Subsystem."""
        from hz_cp.cp_management.aio import AsyncCPManagement
        from hz_cp.cp_management.operations import CPManagementOperations

        return AsyncCPManagement(self._client.operations, CPManagementOperations(self._client._engine))

"""``client.cp_subsystem`` of programs of threads: the CP objects by name."""

from typing import TYPE_CHECKING, Any, Protocol

from hz_core.callers import FuturesCaller
from hz_core.kinds import FuturesT, ObjectKind
from hz_cp.cp_object import variant

if TYPE_CHECKING:
    from hz_cp.atomic_long.futures import AtomicLong
    from hz_cp.atomic_reference.futures import AtomicReference
    from hz_cp.count_down_latch.futures import CountDownLatch
    from hz_cp.cp_management.futures import CPManagement
    from hz_cp.cp_map.futures import CPMap
    from hz_cp.fenced_lock.futures import FencedLock
    from hz_cp.semaphore.futures import Semaphore


class Client(Protocol):
    """A client of programs of threads."""

    futures: FuturesCaller
    _engine: Any

    def get_object(self, kind: ObjectKind[FuturesT, Any], name: str) -> FuturesT:
        """Return a distributed object."""
        ...


class CPSubsystem:
    """The objects of the CP Subsystem, which are linearizable: all clients see all changes in one order.

    A name may end with that of a CP group, as in ``counter@payments``; the group is created with its first object.
    Without it, the object is in the default group. An object that was destroyed cannot be created again.

    Args:
        client: The client.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def get_atomic_long(self, name: str) -> "AtomicLong":
        """Return the AtomicLong with this name.

        Args:
            name: Its name, maybe with ``@`` and the name of a CP group.

        Raises:
            UnsupportedOperationError: The members have no CP Subsystem.
            ValueError: ``name`` is not a valid name.
        """
        from hz_cp.atomic_long.kind import ATOMIC_LONG

        return self._client.get_object(ATOMIC_LONG, name)

    def get_atomic_reference(self, name: str) -> "AtomicReference[Any]":
        """Return the AtomicReference with this name.

        Args:
            name: Its name, maybe with ``@`` and the name of a CP group.

        Raises:
            UnsupportedOperationError: The members have no CP Subsystem.
            ValueError: ``name`` is not a valid name.
        """
        from hz_cp.atomic_reference.kind import ATOMIC_REFERENCE

        return self._client.get_object(ATOMIC_REFERENCE, name)

    def get_count_down_latch(self, name: str) -> "CountDownLatch":
        """Return the CountDownLatch with this name.

        Args:
            name: Its name, maybe with ``@`` and the name of a CP group.

        Raises:
            UnsupportedOperationError: The members have no CP Subsystem.
            ValueError: ``name`` is not a valid name.
        """
        from hz_cp.count_down_latch.kind import COUNT_DOWN_LATCH

        return self._client.get_object(COUNT_DOWN_LATCH, name)

    def get_lock(self, name: str) -> "FencedLock":
        """Return the FencedLock with this name.

        Args:
            name: Its name, maybe with ``@`` and the name of a CP group.

        Raises:
            UnsupportedOperationError: The members have no CP Subsystem.
            ValueError: ``name`` is not a valid name.
        """
        from hz_cp.fenced_lock.kind import FENCED_LOCK

        return self._client.get_object(FENCED_LOCK, name)

    def get_semaphore(self, name: str, *, sessionless: bool | None = None) -> "Semaphore":
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

        return variant(self._client.get_object(SEMAPHORE, name), sessionless=sessionless)

    def get_cp_map(self, name: str) -> "CPMap[Any, Any]":
        """Return the CPMap with this name, which only Enterprise members of 5.4 and later have.

        Args:
            name: Its name, maybe with ``@`` and the name of a CP group.

        Raises:
            UnsupportedOperationError: The members have no CP Subsystem.
            ValueError: ``name`` is not a valid name.
        """
        from hz_cp.cp_map.kind import CP_MAP

        return self._client.get_object(CP_MAP, name)

    @property
    def management(self) -> "CPManagement":
        """The members, groups and sessions of the CP Subsystem."""
        from hz_cp.cp_management.futures import CPManagement
        from hz_cp.cp_management.operations import CPManagementOperations

        return CPManagement(self._client.futures, CPManagementOperations(self._client._engine))

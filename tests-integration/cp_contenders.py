"""A process whose contenders take one FencedLock again and again, and see whether anybody else has it.

What the lock protects is a file in the memory of all processes: who is in, the last fence, and how often
somebody was in.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import hazelcast
import hazelcast.asyncio
from hz_cp import LockOwner
from hz_cp.fenced_lock import FencedLock

LOCK = "contended"
CONTENDERS = 2
"""In each process."""

SURFACES = ("blocking", "asyncio", "futures", "blocking")
"""One for each process."""

_NUMBER = struct.Struct("=q")
_WHO, _FENCE, _COUNT, _WRONG = range(0, 32, 8)


class Guarded:
    """What only one contender may use at a time.

    Args:
        path: The file; it is made if ``new``.
        new: Whether to make it.
    """

    def __init__(self, path: Path, *, new: bool = False) -> None:
        if new:
            path.write_bytes(bytes(32))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 32)

    def close(self) -> None:
        """Close the file."""
        self._memory.close()

    def _get(self, place: int) -> int:
        number: int = _NUMBER.unpack_from(self._memory, place)[0]
        return number

    def _set(self, place: int, number: int) -> None:
        _NUMBER.pack_into(self._memory, place, number)

    @property
    def count(self) -> int:
        """How often somebody was in."""
        return self._get(_COUNT)

    @property
    def wrong(self) -> int:
        """How often somebody else was in at the same time, or had a fence that was not greater than the one before."""
        return self._get(_WRONG)

    def enter(self, who: int, fence: int) -> None:
        """Enter: nobody may be in, and the fence must be greater than all before."""
        if self._get(_WHO) != 0 or fence <= self._get(_FENCE):
            self._set(_WRONG, self.wrong + 1)
        self._set(_WHO, who)
        self._set(_FENCE, fence)

    def leave(self, who: int) -> None:
        """Leave: nobody else may have come in."""
        if self._get(_WHO) != who:
            self._set(_WRONG, self.wrong + 1)
        self._set(_COUNT, self.count + 1)
        self._set(_WHO, 0)


def _blocking(addresses: list[str], guarded: Guarded, who: int, wanted: int, *, futures: bool) -> None:
    with hazelcast.HazelcastClient(cluster_members=addresses) as client:
        lock = client.cp_subsystem.get_lock(LOCK)
        use = _with_futures if futures else _with_block

        def contend(number: int) -> None:
            act = use(lock, guarded, number)
            while guarded.count < wanted:
                act()

        threads = [threading.Thread(target=contend, args=(who + i,)) for i in range(CONTENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _with_block(lock: FencedLock, guarded: Guarded, who: int) -> Callable[[], None]:
    blocking = lock.blocking()

    def act() -> None:
        with blocking.hold() as fence:
            guarded.enter(who, fence)
            guarded.leave(who)

    return act


def _with_futures(lock: FencedLock, guarded: Guarded, who: int) -> Callable[[], None]:
    owned = lock.owned_by(LockOwner())

    def act() -> None:
        guarded.enter(who, owned.lock().result())
        guarded.leave(who)
        owned.unlock().result()

    return act


async def _asyncio(addresses: list[str], guarded: Guarded, who: int, wanted: int) -> None:
    async with hazelcast.asyncio.HazelcastClient(cluster_members=addresses) as client:
        lock = await client.cp_subsystem.get_lock(LOCK)

        async def contend(number: int) -> None:
            while guarded.count < wanted:
                async with lock.hold() as fence:
                    guarded.enter(number, fence)
                    await asyncio.sleep(0)
                    guarded.leave(number)

        async with asyncio.TaskGroup() as group:
            for i in range(CONTENDERS):
                group.create_task(contend(who + i))


def main() -> None:
    """Contend: the file, how many acquisitions all do together, the surface, and the addresses of members."""
    path, wanted, surface, *addresses = sys.argv[1:]
    guarded = Guarded(Path(path))
    who = os.getpid() * CONTENDERS
    if surface == "asyncio":
        asyncio.run(_asyncio(addresses, guarded, who, int(wanted)))
    else:
        _blocking(addresses, guarded, who, int(wanted), futures=surface == "futures")
    guarded.close()


if __name__ == "__main__":
    main()

"""Waiting for sockets, with the best means of the system."""

import os
import select
import selectors
import socket
from _thread import RLock
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

READ: Final = 1
WRITE: Final = 2


_EPOLL_MASKS: Final = (0, 1, 4, 5)
"""The masks of epoll by interest: EPOLLIN for READ, EPOLLOUT for WRITE."""


class Poller(Protocol):
    """Tells which sockets are ready. ``add``, ``set`` and ``wake`` may be called from any thread."""

    def add(self, fd: int, interest: int) -> None:
        """Begin to watch ``fd`` for READ and/or WRITE."""
        ...

    def set(self, fd: int, interest: int) -> None:
        """Watch ``fd`` for READ and/or WRITE instead; 0 watches nothing."""
        ...

    def forget(self, fd: int) -> None:
        """Stop watching ``fd``, which is still open."""
        ...

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        """Wait at most ``timeout`` seconds; return ready file descriptors with READ and/or WRITE."""
        ...

    def wake(self) -> None:
        """Make the ``poll`` that is under way, or else the next one, return at once."""
        ...

    def close(self) -> None:
        """Release the resources of the system."""
        ...


class EpollPoller:
    """Polls with epoll (Linux). Changes take effect at once, also on a poll under way in another thread."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._event_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._event_fd, select.EPOLLIN)

    def add(self, fd: int, interest: int) -> None:
        """See :class:`Poller`."""
        self._epoll.register(fd, _EPOLL_MASKS[interest])

    def set(self, fd: int, interest: int) -> None:
        """See :class:`Poller`."""
        self._epoll.modify(fd, _EPOLL_MASKS[interest])

    def forget(self, fd: int) -> None:
        """See :class:`Poller`."""
        self._epoll.unregister(fd)

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        """See :class:`Poller`."""
        ready = []
        for fd, mask in self._epoll.poll(-1 if timeout is None else timeout):
            if fd == self._event_fd:
                os.eventfd_read(fd)
                continue
            # Reading reports errors and hang-ups.
            interest = (WRITE if mask & select.EPOLLOUT else 0) | (READ if mask & ~select.EPOLLOUT else 0)
            ready.append((fd, interest))
        return ready

    def wake(self) -> None:
        """See :class:`Poller`."""
        os.eventfd_write(self._event_fd, 1)

    def close(self) -> None:
        """See :class:`Poller`."""
        self._epoll.close()
        os.close(self._event_fd)


class SelectorPoller:
    """Polls with any selector. Changes are applied by the polling thread, which is woken for them."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wanted: dict[int, int | None] = {}
        self._watched: dict[int, int] = {}
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def add(self, fd: int, interest: int) -> None:
        """See :class:`Poller`."""
        self.set(fd, interest)

    def set(self, fd: int, interest: int) -> None:
        """See :class:`Poller`."""
        self._wanted[fd] = interest
        self.wake()

    def forget(self, fd: int) -> None:
        """See :class:`Poller`."""
        self._wanted[fd] = None
        self._apply()

    def _apply(self) -> None:
        while self._wanted:
            fd, interest = self._wanted.popitem()
            before = self._watched.pop(fd, 0)
            if before:
                self._selector.unregister(fd)
            if interest:
                self._selector.register(fd, interest)
                self._watched[fd] = interest

    def poll(self, timeout: float | None) -> list[tuple[int, int]]:
        """See :class:`Poller`."""
        self._apply()
        ready = []
        for key, mask in self._selector.select(timeout):
            if key.fileobj is self._woken:
                self._drain()
            else:
                ready.append((key.fd, mask))
        self._apply()
        return ready

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass

    def wake(self) -> None:
        """See :class:`Poller`."""
        # When the buffer is full, the poller is going to wake anyway.
        with suppress(BlockingIOError):
            self._waker.send(b"\0")

    def close(self) -> None:
        """See :class:`Poller`."""
        self._selector.close()
        self._woken.close()
        self._waker.close()


class Watch:
    """What one descriptor is watched for. Any thread may change that, until the watch has ended."""

    __slots__ = ("_ended", "_interest", "_lock", "_poller", "fd")

    def __init__(self, poller: Poller, fd: int, interest: int) -> None:
        self.fd: int = fd
        self._poller = poller
        self._interest = interest
        self._ended = False
        self._lock = RLock()
        poller.add(fd, interest)

    def add(self, interest: int) -> None:
        """Watch for this, too."""
        with self._lock:
            self._interest = interest = self._interest | interest
            if not self._ended:
                self._poller.set(self.fd, interest)

    def remove(self, interest: int) -> None:
        """Do not watch for this any more."""
        with self._lock:
            self._interest = interest = self._interest & ~interest
            if not self._ended:
                self._poller.set(self.fd, interest)

    def replace(self, interest: int) -> None:
        """Watch for this alone."""
        with self._lock:
            self._interest = interest
            if not self._ended:
                self._poller.set(self.fd, interest)

    def forked(self) -> None:
        """Change nothing any more: a forked child shares what is watched with its parent."""
        self._ended = True
        self._lock = RLock()

    def end(self) -> None:
        """Stop watching; the descriptor may be closed afterwards. On the thread that polls."""
        with self._lock:
            if not self._ended:
                self._ended = True
                self._poller.forget(self.fd)


def new_poller() -> Poller:
    """Return the best poller that this system has."""
    make: Callable[[], Poller] = EpollPoller if hasattr(select, "epoll") else SelectorPoller
    return make()

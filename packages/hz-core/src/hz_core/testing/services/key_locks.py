"""Locks on the keys of a structure, and what waits for them."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from hz_core.testing import codes
from hz_core.testing.locks import Locks, Owner
from hz_core.testing.members import MemberError, Request, Service

Values = tuple[Any, ...]
"""The parameters of a reply."""


class KeyLocking(Service):
    """A service with messages about the lock of a key; its other messages wait for the lock."""

    @abstractmethod
    def _locks(self, request: Request) -> Locks:
        """Return the locks of the object that the request is about."""

    def lock(self, request: Request) -> None:
        """Take the lock, however long it takes."""
        self._when_free(request, lambda: self._acquire(request, request["ttl"], ()))

    def try_lock(self, request: Request) -> None:
        """Take the lock if it can be had in time."""
        self._when_free(
            request,
            lambda: self._acquire(request, request["lease"], (True,)),
            request["timeout"],
            (False,),
        )

    def unlock(self, request: Request) -> None:
        """Release the lock once."""
        locks, place = self._locks(request), _place(request)
        holder = locks.owner(place)
        if holder != _owner(request):
            owner = "<not-locked>" if holder is None else f"Owner: {holder[0]}, thread ID: {holder[1]}"
            message = f"Current thread is not owner of the lock! Name: {request['name']}, Owner info: {owner}"
            raise MemberError(codes.ILLEGAL_MONITOR_STATE, message)
        request.reply_write()
        locks.release(place, _owner(request), request["referenceId"])

    def is_locked(self, request: Request) -> None:
        """Reply whether anybody owns the lock."""
        request.reply(self._locks(request).is_locked(_place(request)))

    def force_unlock(self, request: Request) -> None:
        """Release the lock, whoever owns it."""
        request.reply_write()
        self._locks(request).force_release(_place(request))

    def _acquire(self, request: Request, lease: int, reply: Values) -> Values:
        self._locks(request).acquire(_place(request), _owner(request), request["referenceId"], lease)
        return reply

    def _when_free(
        self, request: Request, action: Callable[[], Values], timeout: int = -1, otherwise: Values = ()
    ) -> None:
        """Reply what ``action`` returns, once nobody else owns the lock of the key; ``otherwise`` after ``timeout``."""
        self._locks(request).when_free(
            _place(request),
            _owner(request),
            request,
            lambda: request.reply_write(*action()),
            timeout,
            lambda: request.reply_write(*otherwise),
        )

    def _when_readable(self, request: Request, action: Callable[[], Values]) -> None:
        """Reply what ``action`` returns, once no transaction of others has locked the key."""
        self._locks(request).when_free(
            _place(request), _owner(request), request, lambda: request.reply(*action()), reads=True
        )


def _place(request: Request) -> tuple[int, bytes]:
    return request.partition_id, request["key"]


def _owner(request: Request) -> Owner:
    return request.session.client, request.named.get("threadId", 0)

"""AtomicReference, CountDownLatch and Semaphore, as members without CP members serve them."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hz_core.testing import codes
from hz_core.testing.members import MemberError, Request, Service, SimulatedCluster, serves
from hz_core.testing.services.cp import GroupId, SessionBound, SessionService
from hz_core.testing.waiting import WaitList

_NO_SESSION = -1


@serves("AtomicRef")
class AtomicRefService(Service):
    """Messages of the service ``AtomicRef``, but those with functions.

    Attributes:
        values: The serialized values by group and name; those that are not there are null.
    """

    service_name = "hz:raft:atomicRefService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.values: dict[tuple[GroupId, str], Any] = {}

    def destroy(self, name: str) -> None:
        """Forget a reference."""
        for key in [key for key in self.values if key[1] == name]:
            del self.values[key]

    def reset(self) -> None:
        """Forget all references."""
        self.values.clear()

    def get(self, request: Request) -> None:
        """Reply the value."""
        request.reply(self._value(request))

    def set(self, request: Request) -> None:
        """Set the value; reply the one before if the caller wants it."""
        before = self._value(request)
        self.values[request["groupId"], request["name"]] = request["newValue"]
        request.reply(before if request["returnOldValue"] else None)

    def contains(self, request: Request) -> None:
        """Reply whether a value is the value."""
        request.reply(self._value(request) == request["value"])

    def compare_and_set(self, request: Request) -> None:
        """Set the value if it is the expected one; reply whether it was."""
        same = self._value(request) == request["oldValue"]
        if same:
            self.values[request["groupId"], request["name"]] = request["newValue"]
        request.reply(same)

    def _value(self, request: Request) -> Any:
        return self.values.get((request["groupId"], request["name"]))


@serves("CPMap")
class CPMapService(Service):
    """Messages of the service ``CPMap``.

    Attributes:
        entries: The serialized entries by group and name.
    """

    service_name = "hz:raft:mapService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.entries: dict[tuple[GroupId, str], dict[bytes, bytes]] = {}

    def destroy(self, name: str) -> None:
        """Forget a map."""
        for key in [key for key in self.entries if key[1] == name]:
            del self.entries[key]

    def reset(self) -> None:
        """Forget all maps."""
        self.entries.clear()

    def get(self, request: Request) -> None:
        """Reply the value of a key."""
        request.reply(self._map(request).get(request["key"]))

    def put(self, request: Request) -> None:
        """Set the value of a key; reply the one before."""
        before = self._map(request).get(request["key"])
        self._map(request)[request["key"]] = request["value"]
        request.reply(before)

    def set(self, request: Request) -> None:
        """Set the value of a key."""
        self._map(request)[request["key"]] = request["value"]
        request.reply(None)

    def put_if_absent(self, request: Request) -> None:
        """Set the value of a key that has none; reply the one that it had."""
        before = self._map(request).get(request["key"])
        self._map(request).setdefault(request["key"], request["value"])
        request.reply(before)

    def compare_and_set(self, request: Request) -> None:
        """Set the value of a key if it is the expected one; reply whether it was."""
        same = self._map(request).get(request["key"]) == request["expectedValue"]
        if same:
            self._map(request)[request["key"]] = request["newValue"]
        request.reply(same)

    def remove(self, request: Request) -> None:
        """Remove a key; reply its value."""
        request.reply(self._map(request).pop(request["key"], None))

    def delete(self, request: Request) -> None:
        """Remove a key."""
        self._map(request).pop(request["key"], None)
        request.reply(None)

    def _map(self, request: Request) -> dict[bytes, bytes]:
        return self.entries.setdefault((request["groupId"], request["name"]), {})


@dataclass(eq=False)
class LatchState:
    """One latch.

    Attributes:
        waiting: The requests that wait for it.
        round: How often its count was set.
        count: What is left to count.
        counted: The requests that were counted in this round.
    """

    waiting: WaitList
    round: int = 0
    count: int = 0
    counted: set[UUID] = field(default_factory=set)


@serves("CountDownLatch")
class CountDownLatchService(Service):
    """Messages of the service ``CountDownLatch``."""

    service_name = "hz:raft:countDownLatchService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self._latches: dict[tuple[GroupId, str], LatchState] = {}

    def state(self, group: GroupId, name: str) -> LatchState:
        """Return a latch; its count is 0 at first."""
        return self._latches.setdefault((group, name), LatchState(WaitList(self.cluster)))

    def destroy(self, name: str) -> None:
        """Forget a latch; waiting requests fail."""
        for key in [key for key in self._latches if key[1] == name]:
            self._latches.pop(key).waiting.refuse(MemberError(codes.DESTROYED, f"{name} is destroyed"))

    def reset(self) -> None:
        """Forget all latches."""
        for _, name in list(self._latches):
            self.destroy(name)

    def try_set_count(self, request: Request) -> None:
        """Set the count if it is 0; reply whether it was."""
        latch = self._latch(request)
        free = latch.count == 0
        if free:
            latch.count = request["count"]
            latch.round += 1
            latch.counted.clear()
        request.reply(free)

    def count_down(self, request: Request) -> None:
        """Count, if the caller means this round and was not counted yet."""
        latch = self._latch(request)
        if request["expectedRound"] == latch.round and request["invocationUid"] not in latch.counted:
            latch.counted.add(request["invocationUid"])
            latch.count = max(latch.count - 1, 0)
            if latch.count == 0:
                latch.waiting.wake()
        request.reply()

    def get_count(self, request: Request) -> None:
        """Reply the count."""
        request.reply(self._latch(request).count)

    def get_round(self, request: Request) -> None:
        """Reply how often the count was set."""
        request.reply(self._latch(request).round)

    def wait(self, request: Request) -> None:
        """Reply True when the count is 0, or False when the time is over."""
        latch = self._latch(request)

        def attempt() -> bool:
            if latch.count:
                return False
            request.reply(True)
            return True

        latch.waiting.serve(request, attempt, max(request["timeoutMs"], 0), lambda: request.reply(False))

    def _latch(self, request: Request) -> LatchState:
        return self.state(request["groupId"], request["name"])


# The message's name is a word of Python.
setattr(CountDownLatchService, "await", CountDownLatchService.wait)


@dataclass(eq=False)
class SemaphoreState:
    """One semaphore.

    Attributes:
        waiting: The requests that wait for permits.
        permits: The permits that nobody has.
        initialized: Whether the number of permits was set.
        held: The permits of each session.
        replies: The last request of each thread id of a session, and what was replied: one that is repeated is not done
            again.
    """

    waiting: WaitList
    permits: int = 0
    initialized: bool = False
    held: dict[int, int] = field(default_factory=dict)
    replies: dict[tuple[int, int], tuple[UUID, Any]] = field(default_factory=dict)


@serves("Semaphore")
class SemaphoreService(Service, SessionBound):
    """Messages of the service ``Semaphore``.

    Attributes:
        sessionless: Names of the semaphores that are compatible with those of the JDK.
    """

    service_name = "hz:raft:semaphoreService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.sessionless: set[str] = set()
        self._semaphores: dict[tuple[GroupId, str], SemaphoreState] = {}

    def state(self, group: GroupId, name: str) -> SemaphoreState:
        """Return a semaphore; it has no permits at first."""
        return self._semaphores.setdefault((group, name), SemaphoreState(WaitList(self.cluster)))

    def destroy(self, name: str) -> None:
        """Forget a semaphore; waiting requests fail."""
        for key in [key for key in self._semaphores if key[1] == name]:
            self._semaphores.pop(key).waiting.refuse(MemberError(codes.DESTROYED, f"{name} is destroyed"))

    def reset(self) -> None:
        """Forget all semaphores."""
        for _, name in list(self._semaphores):
            self.destroy(name)

    def session_ended(self, group: GroupId, session_id: int) -> None:
        """Release the permits of a session, and refuse its requests that wait."""
        expired = MemberError(codes.SESSION_EXPIRED, f"active session: {session_id} does not exist")
        for (of_group, _), semaphore in list(self._semaphores.items()):
            if of_group == group:
                semaphore.waiting.refuse(expired, lambda request: bool(request["sessionId"] == session_id))
                semaphore.permits += semaphore.held.pop(session_id, 0)
                semaphore.waiting.wake()

    def get_semaphore_type(self, request: Request) -> None:
        """Reply whether a semaphore is sessionless."""
        request.reply(request["proxyName"] in self.sessionless)

    def init(self, request: Request) -> None:
        """Set the permits if that was not done; reply whether it was done now."""
        semaphore = self.state(request["groupId"], request["name"])
        first = not semaphore.initialized
        if first:
            semaphore.initialized = True
            semaphore.permits += request["permits"]
            semaphore.waiting.wake()
        request.reply(first)

    def available_permits(self, request: Request) -> None:
        """Reply the permits that nobody has."""
        request.reply(self.state(request["groupId"], request["name"]).permits)

    def acquire(self, request: Request) -> None:
        """Take permits when there are as many, and reply whether they were taken in time."""
        semaphore = self._checked(request)
        self._cancel_waiting(semaphore, request)

        def attempt() -> bool:
            if not self._repeated(semaphore, request):
                if semaphore.permits < request["permits"]:
                    return False
                semaphore.permits -= request["permits"]
                self._hold(semaphore, request, request["permits"])
                self._reply(semaphore, request, True)
            return True

        timeout = request["timeoutMs"]
        semaphore.waiting.serve(request, attempt, timeout, lambda: request.reply(False))

    def release(self, request: Request) -> None:
        """Give permits back."""
        semaphore = self._checked(request)
        if self._repeated(semaphore, request):
            return
        self._cancel_waiting(semaphore, request)
        session, permits = request["sessionId"], request["permits"]
        if session != _NO_SESSION and semaphore.held.get(session, 0) < permits:
            raise MemberError(
                codes.ILLEGAL_STATE, "Cannot release permits: the session has not acquired them"
            )
        self._hold(semaphore, request, -permits)
        semaphore.permits += permits
        self._reply(semaphore, request, True)
        semaphore.waiting.wake()

    def drain(self, request: Request) -> None:
        """Take all permits, and reply how many."""
        semaphore = self._checked(request)
        if self._repeated(semaphore, request):
            return
        self._cancel_waiting(semaphore, request)
        drained, semaphore.permits = max(semaphore.permits, 0), min(semaphore.permits, 0)
        self._hold(semaphore, request, drained)
        self._reply(semaphore, request, drained)

    def change(self, request: Request) -> None:
        """Add permits that did not exist, or take some away."""
        semaphore = self._checked(request)
        if self._repeated(semaphore, request):
            return
        self._cancel_waiting(semaphore, request)
        semaphore.permits += request["permits"]
        semaphore.initialized = True
        self._reply(semaphore, request, True)
        semaphore.waiting.wake()

    def _checked(self, request: Request) -> SemaphoreState:
        if request["sessionId"] != _NO_SESSION:
            self.cluster.service(SessionService).check(request["groupId"], request["sessionId"])
        return self.state(request["groupId"], request["name"])

    def _hold(self, semaphore: SemaphoreState, request: Request, permits: int) -> None:
        if request["sessionId"] != _NO_SESSION:
            held = semaphore.held.get(request["sessionId"], 0)
            semaphore.held[request["sessionId"]] = held + permits

    def _reply(self, semaphore: SemaphoreState, request: Request, result: Any) -> None:
        if request["sessionId"] != _NO_SESSION:
            semaphore.replies[_endpoint(request)] = request["invocationUid"], result
        request.reply(result)

    def _repeated(self, semaphore: SemaphoreState, request: Request) -> bool:
        """Reply once more to a request that was sent twice; return whether it was."""
        uid, result = semaphore.replies.get(_endpoint(request), (None, None))
        if uid != request["invocationUid"]:
            return False
        request.reply(result)
        return True

    def _cancel_waiting(self, semaphore: SemaphoreState, request: Request) -> None:
        """Refuse what the same thread id waited for: it waits for one thing at a time."""

        def is_older(other: Request) -> bool:
            return _endpoint(other) == _endpoint(request) and bool(
                other["invocationUid"] != request["invocationUid"]
            )

        semaphore.waiting.refuse(MemberError(codes.WAIT_KEY_CANCELLED), is_older)


def _endpoint(request: Request) -> tuple[int, int]:
    return request["sessionId"], request["threadId"]

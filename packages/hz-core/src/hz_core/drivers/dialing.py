"""Decides which addresses of a host to try, and when, without doing it (RFC 8305, "happy eyeballs")."""

import os
from collections import deque
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final, NamedTuple, TypeAlias

from hz_core.drivers.sockets import AddressInfo
from hz_core.model import Address

HEAD_START: Final = 0.25
"""Longest time in seconds that an attempt is alone before the next one starts beside it."""


class Start(NamedTuple):
    """Start the attempt with this number."""

    attempt: int
    info: AddressInfo


class Close(NamedTuple):
    """Close the socket of this attempt; its result no longer matters."""

    attempt: int


class Use(NamedTuple):
    """This attempt is the connection. Nothing follows."""

    attempt: int


class GiveUp(NamedTuple):
    """There is no connection. Nothing follows."""

    error: OSError


Action: TypeAlias = Start | Close | Use | GiveUp


class _Attempt:
    def __init__(self, name: str) -> None:
        self.name = name
        self.in_handshake = False


class _Failures:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.errors: list[Exception] = []


class Dialing:
    """Decides how to connect to one host, by the first of its addresses that answers.

    Each method that tells what happened returns what to do now, in order. IPv6 and IPv4 addresses take turns. An
    attempt has a head start, then the next address is tried as well; when an attempt fails, the next address is
    tried at once. With a time limit the head starts are short enough for all addresses to be tried within it.

    Args:
        address: The host, by name or IP address, and the port.
        now: The time in seconds.
        limit: Seconds for everything, name resolution and TLS handshake included; 0 or less means no limit.

    Attributes:
        wake_at: When ``time`` must be called, None when only events matter.
        over: Whether there is a result; then nothing is to be done any more.
    """

    def __init__(self, address: Address, now: float, limit: float) -> None:
        self._address = address
        self._limit = limit
        self._deadline = now + limit if limit > 0 else None
        self._waiting: deque[AddressInfo] = deque()
        self._attempts: dict[int, _Attempt] = {}
        self._failures = _Failures()
        self._started = 0
        self._resolved = False
        self._next_start: float | None = None
        self.over: bool = False

    @property
    def wake_at(self) -> float | None:
        """Return when ``time`` must be called."""
        times = [time for time in (self._deadline, self._next_start) if time is not None]
        return min(times) if times and not self.over else None

    def left(self, now: float) -> float | None:
        """Return the seconds that are left, None if there is no limit."""
        return None if self._deadline is None else max(self._deadline - now, 0.001)

    # --- what happened ----------------------------------------------------------------------------------------

    def resolved(self, now: float, infos: Sequence[AddressInfo]) -> list[Action]:
        """Take the addresses of the host, the preferred one first."""
        if self.over:
            return []
        self._resolved = True
        self._waiting.extend(interleave(infos))
        return self._start_next(now)

    def unresolved(self, error: Exception) -> list[Action]:
        """Give up, since the name of the host has no address."""
        failure = OSError(f"the name {self._address.host!r} cannot be resolved: {error}")
        failure.__cause__ = error
        return self._give_up(failure)

    def handshake_begun(self, attempt: int) -> None:
        """Note that the socket is connected, and that the TLS handshake follows."""
        if attempt in self._attempts:
            self._attempts[attempt].in_handshake = True

    def connected(self, attempt: int) -> list[Action]:
        """Take an attempt that is ready for use. The first one wins."""
        if self.over:
            return []
        del self._attempts[attempt]
        return [*self._end(), Use(attempt)]

    def failed(self, now: float, attempt: int, error: Exception) -> list[Action]:
        """Take an attempt that failed and has no socket any more."""
        if self.over:
            return []
        self._note(self._attempts.pop(attempt), error)
        return self._start_next(now)

    def time(self, now: float) -> list[Action]:
        """Do what is due; see ``wake_at``."""
        if self.over:
            return []
        if self._deadline is not None and now >= self._deadline:
            return self._give_up(self._too_late())
        if self._next_start is not None and now >= self._next_start:
            return self._start_next(now)
        return []

    def cancel(self, error: OSError) -> list[Action]:
        """Give up, with ``error``."""
        return self._give_up(error)

    # --- what to do -------------------------------------------------------------------------------------------

    def _start_next(self, now: float) -> list[Action]:
        self._next_start = None
        if not self._waiting:
            return [] if self._attempts else self._give_up(self._refused())
        info = self._waiting.popleft()
        attempt = self._started
        self._started += 1
        self._attempts[attempt] = _Attempt(str(Address(*info[4][:2])))
        if self._waiting:
            head_start = HEAD_START
            if self._deadline is not None:
                head_start = min(head_start, max(self._deadline - now, 0.0) / (len(self._waiting) + 1))
            self._next_start = now + head_start
        return [Start(attempt, info)]

    def _give_up(self, error: OSError) -> list[Action]:
        return [] if self.over else [*self._end(), GiveUp(error)]

    def _end(self) -> list[Action]:
        self.over = True
        actions: list[Action] = [Close(attempt) for attempt in self._attempts]
        self._attempts.clear()
        self._waiting.clear()
        return actions

    # --- errors -----------------------------------------------------------------------------------------------

    def _note(self, attempt: _Attempt, error: Exception) -> None:
        self._failures.texts.append(f"{attempt.name}: {_reason(attempt, error)}")
        self._failures.errors.append(error)

    def _refused(self) -> OSError:
        errors = self._failures.errors
        if not errors:
            return ConnectionError(f"the name {self._address.host!r} has no address")
        refused = all(isinstance(error, ConnectionRefusedError) for error in errors)
        failure = (ConnectionRefusedError if refused else ConnectionError)("; ".join(self._failures.texts))
        failure.__cause__ = errors[0]
        return failure

    def _too_late(self) -> OSError:
        reasons = [*self._failures.texts]
        if not self._resolved:
            reasons.append(f"the name {self._address.host!r} was still being resolved")
        for attempt in self._attempts.values():
            what = "the TLS handshake did not finish" if attempt.in_handshake else "no answer"
            reasons.append(f"{attempt.name}: {what}")
        reasons += [f"{Address(*info[4][:2])}: not tried" for info in self._waiting]
        limit = f"{round(self._limit, 3):g} s"
        why = "connection_timeout, or what was left of cluster_connect_timeout"
        return TimeoutError(f"no connection within {limit} ({why}): {'; '.join(reasons)}")


def _reason(attempt: _Attempt, error: Exception) -> str:
    """Return the same text for the same failure, whatever driver it comes from."""
    if attempt.in_handshake and isinstance(error, ConnectionError):
        return "the member closed the connection during the TLS handshake; check that the member uses TLS on this port"
    # An SSLError, told by its attribute so that programs without TLS do not load the module, has numbers of its own.
    if isinstance(error, OSError) and not hasattr(error, "library") and error.errno:
        return os.strerror(error.errno)
    from hz_core.drivers.tls_advice import advised  # only errors need it

    return str(advised(error)) or type(error).__name__


def interleave(infos: Sequence[AddressInfo]) -> list[AddressInfo]:
    """Let address families take turns, beginning with that of the first address; keep the order otherwise."""
    families: dict[object, list[AddressInfo]] = {}
    for info in infos:
        families.setdefault(info[0], []).append(info)
    rounds = zip_longest(*families.values())
    return [info for turn in rounds for info in turn if info is not None]

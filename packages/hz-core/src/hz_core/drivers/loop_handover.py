"""Who runs the loop of a client: the I/O thread, or the thread of the callbacks.

Usually the I/O thread runs it, and passes callbacks to a thread of their own, so that a slow callback holds up nobody.
With many operations in flight whose callbacks are short, passing them on costs more than the callbacks do: the two
threads take turns for each batch of replies. Then the thread of the callbacks runs the loop between its callbacks, and
the I/O thread stands by. If a callback takes long, the I/O thread takes the loop back.
"""

from _thread import allocate_lock, get_ident
from time import monotonic, sleep
from typing import Final, Protocol

from hz_core.drivers.executor import CallbackExecutor
from hz_core.drivers.streams import GREEN_THREADS

STAND_BY_INTERVAL: Final = 0.005
"""Seconds after which the I/O thread looks whether the thread of the callbacks still runs the loop."""

LONG_CALLBACK_DELAY: Final = 1.0
"""Seconds for which the I/O thread keeps the loop after a callback that took long."""


class LoopOwner(Protocol):
    """What the handover needs of the driver whose loop is run."""

    io_thread: int
    ticking: bool

    def running(self) -> bool:
        """Return whether the loop is to go on."""
        ...

    def turn(self) -> None:
        """Make one turn of the loop."""
        ...


class LoopHandover:
    """Passes a loop between the I/O thread and the thread of the callbacks.

    Args:
        owner: The driver.
        callbacks: Runs the callbacks.

    Attributes:
        free: Exists while no thread runs the loop. To claim it, a thread deletes this attribute, which succeeds in one
            thread only, and sets it again in a ``finally`` clause.
        lent: Whether the I/O thread leaves the loop to the thread of the callbacks, as long as that one returns to it.
    """

    __slots__ = ("_callbacks", "_given_back", "_kept_until", "_owner", "_turns", "free", "lent")

    def __init__(self, owner: LoopOwner, callbacks: CallbackExecutor) -> None:
        self.free: bool = True
        self.lent: bool = False
        self._owner = owner
        self._callbacks = callbacks
        self._turns = 0  # those of the thread of the callbacks
        self._kept_until = 0.0
        self._given_back = allocate_lock()
        self._given_back.acquire()

    def _turn(self) -> bool:
        """Make a turn, unless another thread runs the loop; return whether it was made."""
        owner = self._owner
        me = get_ident()
        try:
            del self.free
        except AttributeError:
            return False
        try:
            owner.io_thread = me
            owner.turn()
        finally:
            # Nothing can interrupt the thread before the end of these steps, which contain no call.
            if owner.io_thread == me:  # it is another one in a forked child
                owner.io_thread = 0
            self.free = True
        return True

    # --- the I/O thread ---------------------------------------------------------------------------------------

    def turn_of_io_thread(self) -> None:
        """Make a turn, or wait a moment while the thread of the callbacks runs the loop."""
        if not self._owner.ticking:
            self.lent = False
        if (self.lent and self._callbacks.waiting()) or not self._turn():
            self._stand_by()

    def _stand_by(self) -> None:
        """Wait until the loop is given back, at most for an interval; take it back from a callback that takes long."""
        turns = self._turns
        if self._given_back.acquire(timeout=STAND_BY_INTERVAL):
            return
        if self.lent and self._turns == turns and hasattr(self, "free"):
            self._kept_until = monotonic() + LONG_CALLBACK_DELAY
            self.lent = False

    def end(self, timeout: float) -> None:
        """Claim the loop for ever; wait at most ``timeout`` seconds for another thread that runs it."""
        end = monotonic() + timeout
        while monotonic() < end:
            try:
                del self.free
            except AttributeError:
                sleep(0.001)
            else:
                return

    # --- the thread of the callbacks --------------------------------------------------------------------------

    def run_while_idle(self) -> None:
        """Run the loop until callbacks wait, if many requests are in flight; otherwise return at once."""
        owner, callbacks = self._owner, self._callbacks
        if owner.ticking and (self.lent or (not GREEN_THREADS and monotonic() >= self._kept_until)):
            self.lent = True
            try:
                # Whoever adds a callback now sees this after adding it; and they are looked for after this was set.
                callbacks.away = True
                if not self._run():
                    return  # the I/O thread makes a turn, and stands by when callbacks wait after it
            finally:
                callbacks.away = False
        if not (owner.ticking and callbacks.waiting()):
            self._give_back()

    def _run(self) -> bool:
        """Make turns until callbacks wait, or few requests are in flight; return False if another thread makes one."""
        owner, waiting = self._owner, self._callbacks.waiting
        while owner.ticking and owner.running() and not waiting():
            if not self._turn():
                return False
            self._turns += 1
        return True

    def _give_back(self) -> None:
        if not self.lent:
            return
        self.lent = False
        try:  # noqa: SIM105  # as short as it can be, since it may be interrupted
            self._given_back.release()
        except RuntimeError:
            pass  # released already: the I/O thread did not stand by

"""A client of the parent process in a forked child: it begins anew when it is used there for the first time."""

from _thread import RLock
from collections.abc import Callable
from typing import Final
from weakref import WeakMethod

from hz_core.drivers.threaded import ThreadedDriver
from hz_core.engine import Engine
from hz_core.log import get_logger

_logger: Final = get_logger("client")


class Renewal:
    """Lets one client begin anew in forked children.

    A child that does not use the client costs nothing: it has no thread, no socket and no connection of it. The first
    operation there makes all of these, under another client UUID; objects and listeners stay what they are.

    Args:
        engine: The client.
        driver: Its threads and sockets.
        connect: Called when the client has begun anew, to connect it; a method of the client, which is not kept alive.
    """

    def __init__(self, engine: Engine, driver: ThreadedDriver, connect: Callable[[], object]) -> None:
        self._engine = engine
        self._driver = driver
        self._connect = WeakMethod(connect)
        self._lock = RLock()
        self._armed = False

    def leave(self) -> bool:
        """Do not begin anew while the client of the parent ends in a forked child; return whether it had not begun."""
        self._lock = RLock()  # a thread that does not exist here may hold it
        was_armed, self._armed = self._armed, False
        return was_armed

    def arm(self) -> None:
        """Begin anew with the next use. In the child, after the client of the parent has ended there."""
        self._engine.states.on_first_use = self._driver.on_first_use = self._first_use
        self._engine.end_flows()
        self._armed = True

    def disarm(self) -> bool:
        """Stay closed: the client was shut down before its first use. Return whether it has not begun anew."""
        with self._lock:
            was_armed = self._armed
            self._armed = False
            if was_armed:
                self._engine.states.forked = False
            return was_armed

    def _first_use(self) -> None:
        # Other threads wait here until the client can be used. What ends in this one, meanwhile, finds it closed.
        with self._lock:
            if not self._armed:
                return
            self._armed = False
            connect = self._connect()
            if connect is None:  # nobody can shut it down
                self._engine.states.forked = False
                return
            try:
                self._begin_anew()
                connect()
            except BaseException:
                self._armed = True  # interrupted, or no descriptor was left: tried again with the next use
                raise

    def _begin_anew(self) -> None:
        engine = self._engine
        _logger.info("%s begins anew in a forked process", engine.name)
        self._driver.renew()
        engine.renew()

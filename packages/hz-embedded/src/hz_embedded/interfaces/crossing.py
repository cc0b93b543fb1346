"""How a Python object gets to another member: as a number, by which that member finds the same object again.

Hazelcast serializes what it sends to a partition or to a member. A Python object has no Java class to make it
anew from, but all members of an embedded cluster call the same Python process. So the object is written as an
``IdentifiedDataSerializable`` without content, whose class id is the object's number; on the other side a factory,
itself in Python, gives back the object with that number.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import OrderedDict
from typing import Any, ClassVar, Final

from hz_embedded.interfaces.problems import CannotCrossError, class_name

FACTORY_ID: Final = 0x50794A49
"""Factory id of Python's objects in the members' serialization configuration ("PyJI")."""

IDENTIFIED: Final = "com.hazelcast.nio.serialization.IdentifiedDataSerializable"
FACTORY: Final = "com.hazelcast.nio.serialization.DataSerializableFactory"
KEPT: Final = 10_000
"""How many sent objects are kept alive that nothing in Python holds any more."""

_NUMBER: Final = "_hz_embedded_number"


class Numbers:
    """The numbers of objects that were sent; safe to use from several threads."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._next = itertools.count(1)
        self._living: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        # A sent object may be on its way when Java has let go of the one that was sent.
        self._recent: OrderedDict[int, Any] = OrderedDict()

    def number(self, target: Any) -> int:
        """The number of ``target``, the same one each time."""
        with self._lock:
            number = vars(target).get(_NUMBER)
            # A copy of the object has the attribute too, but is another object.
            if number is None or self._living.get(number) is not target:
                number = next(self._next)
                object.__setattr__(target, _NUMBER, number)
                self._living[number] = target
            self._recent[number] = target
            self._recent.move_to_end(number)
            while len(self._recent) > self._kept:
                self._recent.popitem(last=False)
            return int(number)

    def find(self, number: int) -> Any:
        """The object with this number.

        Raises:
            CannotCrossError: there is none, or none any more.
        """
        with self._lock:
            target = self._living.get(number)
        if target is None:
            raise CannotCrossError(
                f"there is no Python object number {number} in this process: it was sent by another process, or "
                f"more than {self._kept} others were sent after it and nothing in Python holds it; keep a "
                "reference to what members are to use for long"
            )
        return target


NUMBERS: Final = Numbers()


class ObjectFactory:
    """The members' factory for Python objects: it gives back the very object that was sent."""

    class Java:
        """What py4j shows to Java."""

        implements: ClassVar = [FACTORY]

    def create(self, number: int) -> Any:
        """The object with this number, called by a member that reads one."""
        return NUMBERS.find(number)


_enabled: weakref.WeakSet[Any] = weakref.WeakSet()


def enable(config: Any) -> None:
    """Let a member receive Python objects from other members; call it on its ``Config`` before it starts.

    Args:
        config: the member's (or Java client's) Java configuration.
    """
    config.getSerializationConfig().addDataSerializableFactory(FACTORY_ID, ObjectFactory())
    _enabled.add(config._gateway_client)


def factory_id(target: Any, gateway_client: Any) -> int:
    """Answer Java's question by whom ``target`` is read: it is about to be serialized.

    Raises:
        CannotCrossError: no member of this JVM was told how to read it.
    """
    if gateway_client not in _enabled:
        raise CannotCrossError(
            f"a {class_name(target)} is an object of this Python process and cannot be serialized for another "
            "member or partition: its member was not started by a Cluster. Start it so, or call "
            "hz_embedded.interfaces.enable with its Config before it starts; or use what needs no code of yours "
            "there: a predicate or an expression of SQL, or a Java class on the class path "
            "(Cluster(classpath=...))"
        )
    return FACTORY_ID

"""How Python objects are sent to other members: as numbers, by which a member finds the same object again.

Hazelcast serializes what it sends to a partition or to a member. A Python object has no Java class from which it
could be created again, but all members of an embedded cluster call the same Python process. So the object is written
as an ``IdentifiedDataSerializable`` without content, whose class id is the object's number. The receiving member calls
a factory in Python, which returns the object with that number.
"""

import itertools
import threading
import weakref
from collections import OrderedDict
from typing import Any, ClassVar, Final

from hz_embedded.interfaces.errors import CannotCrossError, class_name

FACTORY_ID: Final = 0x50794A49
"""Factory id of Python's objects in the members' serialization configuration ("PyJI")."""

IDENTIFIED: Final = "com.hazelcast.nio.serialization.IdentifiedDataSerializable"
FACTORY: Final = "com.hazelcast.nio.serialization.DataSerializableFactory"
KEPT: Final = 10_000
"""How many sent objects are kept alive although nothing in Python refers to them."""

_NUMBER: Final = "_hz_embedded_number"


class Numbers:
    """The numbers of the objects that were sent. Thread-safe."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._next = itertools.count(1)
        self._living: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        # An object may be in transit while Java no longer refers to it at the sending side.
        self._recent: OrderedDict[int, Any] = OrderedDict()

    def number(self, target: Any) -> int:
        """Return the number of ``target``, which is always the same."""
        with self._lock:
            number = vars(target).get(_NUMBER)
            # A copy of the object also has the attribute, but is a different object.
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
        """Return the object with this number.

        Raises:
            CannotCrossError: There is no such object, or it no longer exists.
        """
        with self._lock:
            target = self._living.get(number)
        if target is None:
            raise CannotCrossError(
                f"there is no Python object number {number} in this process: it was sent by another process, or "
                f"more than {self._kept} others were sent after it and nothing in Python refers to it; "
                "keep a reference to objects that members use for longer"
            )
        return target


NUMBERS: Final = Numbers()


class ObjectFactory:
    """The members' factory for Python objects; it returns the object that was sent."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar[list[str]] = [FACTORY]

    def create(self, number: int) -> Any:
        """Return the object with this number; members call it to read an object."""
        return NUMBERS.find(number)


_enabled: weakref.WeakSet[Any] = weakref.WeakSet()


def enable(config: Any) -> None:
    """Allow a member to receive Python objects from other members; call this before the member starts.

    Args:
        config: The member's (or Java client's) Java configuration.
    """
    config.getSerializationConfig().addDataSerializableFactory(FACTORY_ID, ObjectFactory())
    _enabled.add(config._gateway_client)


def factory_id(target: Any, gateway_client: Any) -> int:
    """Return the id of the factory that reads ``target``, which Java is about to serialize.

    Raises:
        CannotCrossError: :func:`enable` has not been called for this JVM.
    """
    if gateway_client not in _enabled:
        raise CannotCrossError(
            f"a {class_name(target)} is an object of this Python process and cannot be serialized for another "
            "member or partition: its member was not started by a Cluster. Start it with a Cluster, or call "
            "hz_embedded.interfaces.enable with its Config before it starts; or use something that runs without "
            "Python: a predicate or an expression of SQL, or a Java class on the class path "
            "(Cluster(classpath=...))"
        )
    return FACTORY_ID

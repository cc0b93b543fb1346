"""Java's arrays, lists, sets, maps, iterators and other collections with Python's protocols.

They are based on py4j's classes of the same names, and behave as Python's collections where py4j's classes do not: a
missing key is a ``KeyError``, ``==`` compares with Python's collections, and a failing iterator raises. Lists and
arrays compare elements as Python does; sets and maps find them as Java does.
"""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

from hz_embedded._py4j import BaseObject, protocol
from hz_embedded.bridge import raw
from hz_embedded.bridge.java_arrays import JavaArray
from hz_embedded.bridge.java_lists import JavaList
from hz_embedded.bridge.java_maps import JavaMap
from hz_embedded.bridge.java_objects import JavaIterator, UnknownReference
from hz_embedded.bridge.java_sets import JavaSet

CLASSES: Final[Mapping[str, Callable[[str, Any], BaseObject]]] = {
    protocol.REFERENCE_TYPE: UnknownReference,
    protocol.LIST_TYPE: JavaList,
    protocol.SET_TYPE: JavaSet,
    protocol.MAP_TYPE: JavaMap,
    protocol.ARRAY_TYPE: JavaArray,
    protocol.ITERATOR_TYPE: JavaIterator,
}
"""The class for each kind of reference that py4j distinguishes."""

raw.CLASSES.update(CLASSES)

KINDS: Final[MutableMapping[str, str]] = {
    "java.util.List": protocol.LIST_TYPE,
    "java.util.Set": protocol.SET_TYPE,
    "java.util.Map": protocol.MAP_TYPE,
    "java.util.Iterator": protocol.ITERATOR_TYPE,
}
"""The kind of all objects with the interface."""

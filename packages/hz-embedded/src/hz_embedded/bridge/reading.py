"""Reading the elements of Java's collections, arrays and maps: many plain ones in one stream, others one by one."""

from collections.abc import Iterable
from typing import Any, Final

from hz_embedded._py4j import BaseArray, BaseMap, BaseObject, Py4JJavaError, protocol
from hz_embedded.bridge import raw
from hz_embedded.bridge.stream_format import UnknownContentError
from hz_embedded.bridge.stream_reader import read_stream

MANY: Final = 10
"""From this number of elements on, one stream is faster than a call for each element."""

_SCALARS: Final = frozenset({type(None), bool, int, float, str, bytes})


def length(thing: BaseObject) -> int:
    """Return the number of elements of a Java collection, map or array."""
    if isinstance(thing, BaseArray):
        return int(raw.of_array(thing, protocol.ARRAY_LEN_SUB_COMMAND_NAME))
    return int(raw.call(thing, "size"))


def streamed(thing: BaseObject) -> Any:
    """Return a copy of a Java map, collection or array, transferred as one stream.

    Raises:
        UnknownContentError: It contains more than plain data, or the user converts what is received.
    """
    client = thing._gateway_client
    if getattr(getattr(client, "hz_bridge", None), "outputs", ()):
        raise UnknownContentError("there are output converters")
    plain: Any = thing
    if not isinstance(thing, BaseArray):
        # A copy, because a member's collections are not serializable.
        kind = "java.util.LinkedHashMap" if isinstance(thing, BaseMap) else "java.util.ArrayList"
        plain = raw.new(client, kind, thing)
    target = raw.new(client, "java.io.ByteArrayOutputStream")
    stream = raw.new(client, "java.io.ObjectOutputStream", target)
    try:
        raw.call(stream, "writeObject", plain)
    except Py4JJavaError as error:
        raise UnknownContentError("Java cannot serialize something in it") from error
    raw.call(stream, "flush")
    return read_stream(bytes(raw.call(target, "toByteArray")))


def elements(thing: BaseObject) -> list[Any]:
    """Return what iteration over a Java collection or array yields, in a list."""
    size = length(thing)
    if size >= MANY:
        try:
            found = streamed(thing)
        except UnknownContentError:
            pass
        else:
            if _are_scalars(found):
                return list(found)
    array = thing if isinstance(thing, BaseArray) else raw.call(thing, "toArray")
    return [element(array, index) for index in range(length(array))]


def entries(thing: BaseObject) -> list[tuple[Any, Any]]:
    """Return the keys and values of a Java map, as they are at one time."""
    if length(thing) >= MANY:
        try:
            found = streamed(thing)
        except UnknownContentError:
            pass
        else:
            if _are_scalars(found.keys()) and _are_scalars(found.values()):
                return list(found.items())
    array = raw.call(raw.call(thing, "entrySet"), "toArray")
    pairs = []
    for index in range(length(array)):
        entry = raw.of_array(array, protocol.ARRAY_GET_SUB_COMMAND_NAME, index)
        pairs.append((raw.call(entry, "getKey", for_user=True), raw.call(entry, "getValue", for_user=True)))
    return pairs


def element(array: BaseObject, index: int) -> Any:
    """Return the element of a Java array at an index from 0, as the user gets it."""
    return raw.of_array(array, protocol.ARRAY_GET_SUB_COMMAND_NAME, index, for_user=True)


def _are_scalars(values: Iterable[object]) -> bool:
    # A UUID, for example, is a Java object for those who iterate, and a nested list is one that can be changed.
    return all(type(value) in _SCALARS for value in values)

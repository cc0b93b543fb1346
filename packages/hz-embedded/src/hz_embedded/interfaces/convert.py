"""Conversion of arguments and results of Python methods that Java calls: collections are copied."""

import contextlib
from collections.abc import Iterable, Mapping, Set
from decimal import Decimal
from typing import Any, Final

from py4j.java_gateway import JVMView

from hz_embedded._py4j import (
    BaseArray,
    BaseIterator,
    BaseList,
    BaseMap,
    BaseObject,
    BaseSet,
    Py4JError,
    is_proxy,
    protocol,
)
from hz_embedded.bridge.converting import InputConverters, OutputCopier
from hz_embedded.bridge.errors import ConversionError
from hz_embedded.interfaces.errors import CannotCrossError, not_convertible
from hz_embedded.interfaces.long_values import Long
from hz_embedded.interfaces.stream_format import UnknownContentError
from hz_embedded.interfaces.stream_reader import hashable, read_stream
from hz_embedded.interfaces.stream_writer import StreamWriter

_PLAIN: Final = (BaseObject, bool, float, str, bytes, bytearray, Decimal)
_MANY: Final = 24
"""Larger collections are passed as one stream; smaller ones with one call per item."""

_LONG_END: Final = 2**63
_ITERABLES: Final = frozenset({"java.lang.Iterable", "java.util.Collection", "java.util.List"})
_INTEGERS: Final = frozenset({"byte", "short", "int", "long", "java.lang.Integer", "java.lang.Long"})


class _WireLong(int):
    """An integer that py4j sends as a long, because of how it compares with the largest ``Integer``."""

    def __le__(self, other: int) -> bool:
        return other != protocol.JAVA_MAX_INT and int(self) <= other


class JavaView:
    """A Java object with Python names; ``java`` is the object itself, through py4j."""

    __slots__ = ("java",)

    def __init__(self, java: Any) -> None:
        self.java = java

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __str__(self) -> str:
        return str(self.java.toString())

    def _get(self, getter: str) -> Any:
        return to_python(getattr(self.java, getter)(), "", jvm_of(self.java))


def jvm_of(java: Any) -> Any:
    """Return the py4j view of the JVM that a Java object belongs to."""
    return JVMView(java._gateway_client, "default", id=protocol.DEFAULT_JVM_ID)


def to_python(value: Any, declared: str, jvm: Any) -> Any:
    """Return a Java value as an argument for a Python method; collections are copied.

    Args:
        value: The argument as it comes from py4j.
        declared: The Java type of the method's parameter.
        jvm: The py4j view of the JVM that called.
    """
    if not isinstance(value, BaseObject) or not _is_data(declared):
        return value
    if isinstance(value, BaseMap | BaseList | BaseSet) and len(value) >= _MANY:
        with contextlib.suppress(UnknownContentError, Py4JError):
            return _read_many(value, jvm)
    if isinstance(value, BaseMap):
        return {hashable(to_python(key, "", jvm)): to_python(value[key], "", jvm) for key in value}
    if isinstance(value, BaseList | BaseArray):
        return [to_python(item, "", jvm) for item in value]
    if isinstance(value, BaseSet):
        return {hashable(to_python(item, "", jvm)) for item in value}
    if isinstance(value, BaseIterator):
        return value
    if declared == "java.util.Collection":
        return to_python(jvm.java.util.ArrayList(value), "", jvm)
    if declared == "java.lang.Iterable":
        return [to_python(item, "", jvm) for item in value.iterator()]
    return OutputCopier().copy(value)


def _read_many(value: Any, jvm: Any) -> Any:
    """Return a copy of a Java collection, transferred as one stream.

    Raises:
        UnknownContentError: It contains more than plain data.
        Py4JError: Java cannot serialize something in it.
    """
    util = jvm.java.util
    kind = util.LinkedHashMap if isinstance(value, BaseMap) else util.ArrayList
    target = jvm.java.io.ByteArrayOutputStream()
    stream = jvm.java.io.ObjectOutputStream(target)
    stream.writeObject(kind(value))
    stream.flush()
    items = read_stream(bytes(target.toByteArray()))
    return {hashable(item) for item in items} if isinstance(value, BaseSet) else items


def _is_data(declared: str) -> bool:
    """Return whether parameters of this type are data, and not objects of Hazelcast such as an ``IMap``."""
    return declared.startswith("java.") or declared.endswith("[]") or not declared


def to_java(value: Any, declared: str, jvm: Any, where: str) -> Any:
    """Return the result of a Python method in the return type of the Java method.

    Args:
        value: The result.
        declared: The Java type that the method returns.
        jvm: The py4j view of the JVM that called.
        where: The method, for messages.

    Raises:
        CannotCrossError: Java has no type for the result, or the result does not fit the declared type.
    """
    if declared == "void":
        return None
    if declared == "boolean":
        return bool(value)
    if declared in _INTEGERS and (isinstance(value, bool) or not isinstance(value, int | None)):
        raise CannotCrossError(f"{where} returned {value!r:.80}, where Java wants an integer ({declared})")
    if declared == "java.util.Iterator" and isinstance(value, Iterable) and not isinstance(value, BaseObject):
        return java_value(list(value), jvm, where).iterator()
    if (
        declared == "java.util.Set"
        and isinstance(value, Iterable)
        and not isinstance(value, Set | BaseObject)
    ):
        return java_value(set(value), jvm, where)
    if declared in _ITERABLES and isinstance(value, Iterable) and not isinstance(value, BaseObject):
        return java_value(list(value), jvm, where)
    return java_value(value, jvm, where)


def java_value(value: Any, jvm: Any, where: str) -> Any:
    """Return ``value`` as something that py4j can send; Python collections become new Java collections.

    Raises:
        CannotCrossError: Java has no type for it.
    """
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, int):
        return _java_int(value, jvm)
    if isinstance(value, JavaView):
        return value.java
    if is_proxy(value):
        return value
    return _java_collection(value, jvm, where)


def _java_int(value: int, jvm: Any) -> Any:
    if not -_LONG_END <= value < _LONG_END:
        return jvm.java.math.BigInteger(str(int(value)))
    return _WireLong(value) if isinstance(value, Long) else value


def _java_collection(value: Any, jvm: Any, where: str) -> Any:
    util = jvm.java.util
    if isinstance(value, Mapping | Set | list | tuple) and len(value) >= _MANY:
        with contextlib.suppress(UnknownContentError):
            writer = StreamWriter()
            writer.write(value)
            source = jvm.java.io.ByteArrayInputStream(writer.data())
            return jvm.java.io.ObjectInputStream(source).readObject()
    if isinstance(value, Mapping):
        java_map = util.LinkedHashMap()
        for key, item in value.items():
            java_map.put(java_value(key, jvm, where), java_value(item, jvm, where))
        return java_map
    if isinstance(value, Set):
        return _filled(util.LinkedHashSet(), value, jvm, where)
    if isinstance(value, list | tuple):
        return _filled(util.ArrayList(), value, jvm, where)
    try:
        return _inputs(jvm._gateway_client).convert(value, where)
    except ConversionError as error:
        raise not_convertible(where, value) from error


def _inputs(client: Any) -> InputConverters:
    """Return the converters of the JVM, including those of the user."""
    for converter in client.converters or ():
        known = getattr(converter, "_converters", None)
        if isinstance(known, InputConverters):
            return known
    return InputConverters(client)


def _filled(collection: Any, items: Iterable[Any], jvm: Any, where: str) -> Any:
    for item in items:
        collection.add(java_value(item, jvm, where))
    return collection

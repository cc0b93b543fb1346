"""Conversion of arguments and results of Python methods that Java calls: collections are copied."""

import struct
from collections.abc import Iterable, Set
from typing import Any, Final

from py4j.java_gateway import JVMView

from hz_embedded._py4j import BaseArray, BaseIterator, BaseList, BaseMap, BaseObject, BaseSet, protocol
from hz_embedded.bridge.converting import inputs_of, wire_value
from hz_embedded.bridge.copying import copier_of
from hz_embedded.bridge.errors import ConversionError
from hz_embedded.interfaces.errors import CannotCrossError

_ITERABLES: Final = frozenset({"java.lang.Iterable", "java.util.Collection", "java.util.List"})
_BITS: Final = {"byte": 8, "short": 16, "int": 32, "long": 64}
_BOXES: Final = {
    "java.lang.Byte": "byte",
    "java.lang.Short": "short",
    "java.lang.Integer": "int",
    "java.lang.Long": "long",
    "java.lang.Float": "float",
    "java.lang.Double": "double",
    "java.lang.Character": "char",
}


class JavaView:
    """A Java object with Python names; ``java`` is the object itself, through py4j."""

    __slots__ = ("java",)

    def __init__(self, java: Any) -> None:
        self.java: Any = java

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __str__(self) -> str:
        return str(self.java.toString())

    def _get_object_id(self) -> str:
        """Return the id by which py4j passes the Java object."""
        return str(self.java._get_object_id())

    def _get(self, getter: str) -> Any:
        return to_python(getattr(self.java, getter)(), "")


def jvm_of(java: Any) -> Any:
    """Return the py4j view of the JVM that a Java object belongs to."""
    return JVMView(java._gateway_client, "default", id=protocol.DEFAULT_JVM_ID)


def to_python(value: Any, declared: str) -> Any:
    """Return a Java value as an argument for a Python method; collections are copied.

    Args:
        value: The argument as it comes from py4j.
        declared: The Java type of the method's parameter.
    """
    if not isinstance(value, BaseObject) or isinstance(value, BaseIterator) or not _is_data(declared):
        return value
    copier = copier_of(value._gateway_client)
    is_iterable = declared == "java.lang.Iterable" and not isinstance(
        value, BaseMap | BaseList | BaseSet | BaseArray
    )
    return copier.copy(value.iterator() if is_iterable else value)


def _is_data(declared: str) -> bool:
    """Return whether parameters of this type are data, and not objects of Hazelcast such as an ``IMap``."""
    return declared.startswith("java.") or declared.endswith("[]") or not declared


def to_java(value: Any, declared: str, client: Any, where: str) -> Any:
    """Return the result of a Python method in the return type of the Java method.

    Args:
        value: The result.
        declared: The Java type that the method returns.
        client: The gateway client of the JVM that called.
        where: What the value is, for messages.

    Raises:
        CannotCrossError: Java has no type for the result, or the result does not fit the declared type.
    """
    if declared == "void":
        return None
    if declared == "boolean":
        return bool(value)
    kind = _BOXES.get(declared, declared)
    if kind in _BITS and (value is not None or kind == declared):
        return _integer(value, kind, where)
    if kind in ("float", "double") and (value is not None or kind == declared):
        return _real(value, kind, where)
    if isinstance(value, Iterable) and not isinstance(value, BaseObject):
        if declared == "java.util.Iterator":
            return java_value(list(value), client, where).iterator()
        if declared == "java.util.Set" and not isinstance(value, Set):
            value = set(value)
        elif declared in _ITERABLES:
            value = list(value)
    return java_value(value, client, where)


def _integer(value: Any, kind: str, where: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        raise CannotCrossError(f"{where} is {value!r:.80}, where Java wants an integer ({kind})")
    limit = 1 << (_BITS[kind] - 1)
    if not -limit <= value < limit:
        raise CannotCrossError(f"{where} is {value}, which does not fit into Java's {kind}")
    return wire_value(value)


def _real(value: Any, kind: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CannotCrossError(f"{where} is {value!r:.80}, where Java wants a number ({kind})")
    try:
        struct.pack(">f" if kind == "float" else ">d", value)
    except (OverflowError, struct.error) as error:
        raise CannotCrossError(f"{where} is {value!r:.80}, which does not fit into Java's {kind}") from error
    return float(value)


def java_value(value: Any, client: Any, where: str) -> Any:
    """Return ``value`` as something that py4j can send; Python collections become new Java collections.

    Raises:
        CannotCrossError: Java has no type for it.
    """
    try:
        return wire_value(inputs_of(client).to_java(value, where))
    except ConversionError as error:
        raise CannotCrossError(str(error)) from error

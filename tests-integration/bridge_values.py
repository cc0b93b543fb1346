"""Reads Java collections without the classes under test, so that assertions compare Python's own values only."""

from typing import Any

from py4j.java_gateway import JavaClass, JavaObject, get_method


def copied(value: Any) -> Any:
    """Return a Java array, collection or map as a Python list, set or dict, read with Java's methods alone."""
    if not isinstance(value, JavaObject):
        return value
    client = value._gateway_client
    java_class = get_method(value, "getClass")()
    if get_method(java_class, "isArray")():
        array = JavaClass("java.lang.reflect.Array", client)
        return [copied(array.get(value, index)) for index in range(array.getLength(value))]
    if _is(value, "java.util.Map"):
        entries = _elements(get_method(value, "entrySet")())
        return {get_method(entry, "getKey")(): copied(get_method(entry, "getValue")()) for entry in entries}
    if _is(value, "java.util.Set"):
        return {copied(element) for element in _elements(value)}
    assert _is(value, "java.util.Collection"), value
    return [copied(element) for element in _elements(value)]


def pure(value: Any) -> Any:
    """Return a Python value, after a check that neither it nor anything in it is a Java object."""
    assert not isinstance(value, JavaObject), f"{value!r} is a Java object"
    if isinstance(value, dict):
        pure([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            pure(each)
    return value


def _is(value: JavaObject, class_name: str) -> bool:
    return bool(JavaClass("py4j.reflection.TypeUtil", value._gateway_client).isInstanceOf(class_name, value))


def _elements(collection: JavaObject) -> list[Any]:
    elements = get_method(collection, "toArray")()
    array = JavaClass("java.lang.reflect.Array", collection._gateway_client)
    return [array.get(elements, index) for index in range(array.getLength(elements))]

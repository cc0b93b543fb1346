"""Java methods as Python callables, including default methods of interfaces that py4j does not find."""

import re
from typing import Any, Final

from hz_embedded._py4j import BaseObject, JavaMember, Py4JError, Py4JJavaError, is_instance, protocol
from hz_embedded.bridge import raw
from hz_embedded.bridge.converting import inputs_of
from hz_embedded.bridge.reading import length

_UNKNOWN_METHOD: Final = re.compile(r"Method \w+\(\[.*\]\) does not exist")
_DEFAULT_METHOD: Final = re.compile(r"public default [^(]*\.(?P<name>\w+)\((?P<types>[^)]*)\)")


class JavaMethod(JavaMember):  # type: ignore[misc]  # py4j has no types
    """A method of a Java object.

    py4j finds no default methods of interfaces that a class inherits from another class, such as ``stream`` of a
    member's list; they are called by reflection.
    """

    def __call__(self, *arguments: object) -> Any:
        """Call the method."""
        try:
            return super().__call__(*arguments)
        except Py4JJavaError:
            raise
        except Py4JError as error:
            if isinstance(self.container, BaseObject) and _UNKNOWN_METHOD.search(str(error)):
                for method in _default_methods(self.container, self.name, len(arguments)):
                    return self._invoke(method, self.container, arguments)
            raise

    def _invoke(self, method: BaseObject, thing: BaseObject, arguments: tuple[object, ...]) -> Any:
        client = thing._gateway_client
        values = _new_array(client, len(arguments))
        for index, each in enumerate(arguments):
            raw.of_array(values, protocol.ARRAY_SET_SUB_COMMAND_NAME, index, inputs_of(client).argument(each))
        return _invoke(method, thing, values)


def _default_methods(thing: BaseObject, name: str, count: int) -> list[BaseObject]:
    """Return the default methods of an object with a name and a number of parameters."""
    client = thing._gateway_client
    methods = raw.call(raw.call(thing, "getClass"), "getMethods")
    size = length(methods)
    # Of this type, because py4j passes no Method[] where Java wants an Object[].
    copy = _new_array(client, size)
    raw.call_static(client, "java.lang.System", "arraycopy", methods, 0, copy, 0, size)
    texts = str(raw.call_static(client, "java.util.Arrays", "toString", copy))
    found = []
    for index, text in enumerate(texts[1:-1].split(", ")):
        match = _DEFAULT_METHOD.match(text)
        if match and match["name"] == name and len([*filter(None, match["types"].split(","))]) == count:
            found.append(raw.of_array(methods, protocol.ARRAY_GET_SUB_COMMAND_NAME, index))
    return found


def call_with_element(thing: BaseObject, interface: str, name: str, array: BaseObject, index: int) -> Any:
    """Call a method that takes one ``Object`` with an element of a Java array, which keeps its Java type.

    Python's copy of a ``Long`` would arrive as an ``Integer``, for example.
    """
    client = thing._gateway_client
    kinds = _new_array(client, 1, "java.lang.Class")
    raw.of_array(kinds, protocol.ARRAY_SET_SUB_COMMAND_NAME, 0, _class(client, "java.lang.Object"))
    method = raw.call(_class(client, interface), "getMethod", name, kinds)
    values = _new_array(client, 1)
    raw.call_static(client, "java.lang.System", "arraycopy", array, index, values, 0, 1)
    return _invoke(method, thing, values)


def _invoke(method: BaseObject, thing: BaseObject, values: BaseObject) -> Any:
    try:
        return raw.call(method, "invoke", thing, values, for_user=True)
    except Py4JJavaError as error:
        thrown: Any = error.java_exception
        if not is_instance(thrown, "java.lang.reflect.InvocationTargetException"):
            raise
        raise Py4JJavaError(error.errmsg, thrown.getCause()) from None


def _class(client: Any, name: str) -> Any:
    return raw.call_static(client, "java.lang.Class", "forName", name)


def _new_array(client: Any, size: int, kind: str = "java.lang.Object") -> Any:
    return raw.call_static(client, "java.lang.reflect.Array", "newInstance", _class(client, kind), size)

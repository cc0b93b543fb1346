"""The Java side of an exchange of values: what a Java program does, without passing values through py4j.

py4j converts boxed numbers, strings and byte arrays to Python's own. So Java objects stay in *cells*, Object arrays of
length one, and only Java stores, compares and describes them.
"""

from typing import Any, Final

from hz_embedded import Cluster

_PRIMITIVES: Final = ("boolean", "byte", "char", "short", "int", "long", "float", "double")


class JavaSide:
    """The first member of a cluster, used as a Java program uses it."""

    def __init__(self, cluster: Cluster) -> None:
        member = cluster.members[0]
        self.instance = member.instance
        self.gateway = member.jvm.gateway
        self.java = self.gateway.jvm.java
        self.com = self.gateway.jvm.com
        self._object = self.java.lang.Object
        self._put = self._method("put", 2)
        self._values = self._method("values", 0)
        self._contains_key = self._method("containsKey", 1)
        self._handles = self.java.lang.invoke.MethodHandles

    def _method(self, name: str, parameters: int) -> Any:
        imap = self.java.lang.Class.forName("java.util.Map")
        return next(
            m for m in imap.getMethods() if m.getName() == name and m.getParameterCount() == parameters
        )

    # --- making values ---

    def cell(self, value: Any = None) -> Any:
        """Hold a Java object, or what py4j converts a Python object to."""
        cell = self.gateway.new_array(self._object, 1)
        cell[0] = value
        return cell

    def array(self, component: str, *values: Any) -> Any:
        """Make an array of primitives, or of a class by its full name."""
        element = self._class(component)
        array = self.java.lang.reflect.Array.newInstance(element, len(values))
        for index, value in enumerate(values):
            if component in _PRIMITIVES:
                setter = getattr(self.java.lang.reflect.Array, f"set{component.capitalize()}")
                setter(array, index, value)
            else:
                array[index] = value
        return array

    def _class(self, name: str) -> Any:
        if name not in _PRIMITIVES:
            return self.java.lang.Class.forName(name)
        boxes = {"char": "Character", "int": "Integer"}
        box = self.java.lang.Class.forName(f"java.lang.{boxes.get(name, name.capitalize())}")
        return box.getField("TYPE").get(None)

    def boxed(self, primitive: str, value: Any) -> Any:
        """Hold one boxed primitive: Java casts, boxes and stores it."""
        wide = {"long": "long", "float": "double", "double": "double"}.get(primitive, "int")
        types = self.java.lang.invoke.MethodType
        cast = self._handles.explicitCastArguments(
            self._handles.identity(self._class(wide)),
            types.methodType(self._class(primitive), self._class(wide)),
        ).asType(types.methodType(self._class("java.lang.Object"), self._class(wide)))
        cell = self.cell()
        store = self._handles.arrayElementSetter(cell.getClass())
        arguments = self.gateway.new_array(self._object, 3)
        arguments[0], arguments[1] = cell, 0
        arguments[2] = ord(value) if primitive == "char" else value if wide == "double" else int(value)
        self._handles.collectArguments(store, 2, cast).invokeWithArguments(arguments)
        return cell

    def bytes(self, value: bytes) -> Any:
        """Hold a byte[]."""
        return self.cell(value)

    def filled(self, container: Any, *cells: Any) -> Any:
        """Hold a Java collection with the objects of ``cells`` added in order."""
        for cell in cells:
            container.addAll(self.java.util.Arrays.asList(cell))
        return self.cell(container)

    def entries(self, container: Any, *pairs: tuple[Any, Any]) -> Any:
        """Hold a Java map with the objects of pairs of cells."""
        for key, value in pairs:
            self._invoke_put(container, key, value)
        return self.cell(container)

    # --- exchanging them ---

    def put(self, map_name: str, key: str, cell: Any) -> None:
        """Put the object of a cell into a map of the cluster."""
        self._invoke_put(self.instance.getMap(map_name), self.cell(key), cell)

    def _invoke_put(self, target: Any, key: Any, value: Any) -> None:
        arguments = self.gateway.new_array(self._object, 2)
        self.java.lang.System.arraycopy(key, 0, arguments, 0, 1)
        self.java.lang.System.arraycopy(value, 0, arguments, 1, 1)
        self._put.invoke(target, arguments)

    def get(self, map_name: str, key: str) -> Any:
        """Hold the value of a map of the cluster."""
        keys = self.java.util.HashSet()
        keys.add(key)
        found = self.instance.getMap(map_name).getAll(keys)
        return self._values.invoke(found, self.gateway.new_array(self._object, 0)).toArray()

    def contains_key(self, target: Any, key: Any) -> bool:
        """Tell whether a Java map has the object of a cell as a key."""
        return bool(self._contains_key.invoke(target, key))

    def equal(self, one: Any, other: Any) -> bool:
        """Compare what two cells hold, with arrays by their elements; an Integer does not equal a Long."""
        return bool(self.java.util.Arrays.deepEquals(one, other))

    def text(self, cell: Any) -> str:
        """Describe the class and the content of what a cell holds."""
        contents = self.java.util.Arrays.deepToString(cell)
        array = self.java.util.stream.Stream.of(cell).findFirst()
        return f"{contents} {array}"

"""The methods of Java interfaces, read from the JVM once for each interface and JVM."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from hz_embedded._py4j import Py4JError
from hz_embedded.interfaces.errors import InterfaceError

_METHOD: Final = re.compile(r"(?P<head>.*?)(?P<owner>[\w.$]+)\.(?P<name>\w+)\((?P<types>[^)]*)\)")
_OF_OBJECT: Final = frozenset({("equals", 1), ("hashCode", 0), ("toString", 0)})
_MODIFIERS: Final = frozenset({"public", "abstract", "default", "static", "strictfp", "synchronized"})


@dataclass(frozen=True, slots=True)
class MethodInfo:
    """One method of an interface; ``index`` is its index in ``Class.getMethods()``."""

    owner: str
    name: str
    parameters: tuple[str, ...]
    returns: str
    is_default: bool
    index: int = -1

    @property
    def signature(self) -> str:
        """``name(short types)``."""
        return f"{self.name}({', '.join(kind.rpartition('.')[2] for kind in self.parameters)})"


@dataclass(slots=True)
class InterfaceInfo:
    """The methods of a Java interface, including inherited and without static ones."""

    name: str
    methods: list[MethodInfo] = field(default_factory=list)
    reflected: Any = None
    """The Java array for ``MethodInfo.index``."""

    def named(self, name: str, count: int) -> list[MethodInfo]:
        """Return the overloads of ``name`` with ``count`` parameters."""
        return [method for method in self.methods if method.name == name and len(method.parameters) == count]


def parse_methods(lines: Iterable[str]) -> list[MethodInfo]:
    """Return the methods, without static ones, from the ``toString`` texts of ``Class.getMethods()``."""
    methods: list[MethodInfo] = []
    for index, line in enumerate(lines):
        match = _METHOD.match(line)
        if match is None:
            continue
        head = match["head"].split()
        name, types = match["name"], tuple(filter(None, match["types"].split(",")))
        if "static" in head:
            continue
        returns = next(word for word in head if word not in _MODIFIERS)
        is_default = "default" in head or (name, len(types)) in _OF_OBJECT
        methods.append(MethodInfo(match["owner"], name, types, returns, is_default, index))
    return methods


def reflect(name: str, jvm: Any) -> InterfaceInfo:
    """Read the methods of an interface from a JVM.

    Args:
        name: Full name, nested ones with ``$``.
        jvm: The py4j view of the JVM.

    Raises:
        InterfaceError: There is no such interface.
    """
    java_class = _load(name, jvm)
    if java_class is None:
        raise InterfaceError(_unknown(name, jvm))
    if not java_class.isInterface():
        raise InterfaceError(
            f"{name} is a class, and Python can implement only interfaces: Java makes proxies of nothing else. "
            f"Implement an interface that {name.rpartition('.')[2]} implements, or put a Java subclass on the "
            "class path that passes its calls on to an interface of yours"
        )
    reflected = java_class.getMethods()
    return InterfaceInfo(name, parse_methods(str(method.toString()) for method in reflected), reflected)


def _load(name: str, jvm: Any) -> Any:
    try:
        return jvm.py4j.reflection.ReflectionUtil.classForName(name)
    except Py4JError:
        return None


def _unknown(name: str, jvm: Any) -> str:
    outer, _, nested = name.rpartition(".")
    hint = "check its spelling, and that its jar is on the class path (Cluster(classpath=...))"
    if _load(f"{outer}${nested}", jvm) is not None:
        hint = f"it is nested in another: write {outer}${nested}"
    return f"the JVM knows no interface {name}; {hint}"

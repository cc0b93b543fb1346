"""The base class of Python classes that implement Java interfaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar


class _Implements:
    """What py4j reads from an object: the names of the interfaces that it implements."""

    __slots__ = ("implements",)

    def __init__(self, names: Sequence[str]) -> None:
        self.implements = list(names)


class _Wiring:
    """The inner ``Java`` that py4j looks for."""

    def __get__(self, instance: object, owner: type[JavaInterface]) -> _Implements:
        return _Implements(owner.java_interfaces)


class JavaInterface:
    """Base of Python classes whose objects Java may call through an interface.

    Give the interfaces in the class statement, nested ones with ``$``. Write their methods with Python's names
    (``load_all_keys`` for ``loadAllKeys``) or with Java's names. All overloads call one method, which must accept all
    their numbers of arguments. Default methods may be left out. Java collections are converted to Python collections
    and back; ``toString``, ``hashCode`` and ``equals`` call ``repr``, ``hash`` and ``==``.

    The class statement accepts ``implements``, the full name of the interface or several names, and ``convert``: False
    passes arguments and results without conversion.

        >>> from hz_embedded.interfaces import JavaInterface
        >>> class Shout(JavaInterface, implements="java.util.function.Function"):
        ...     def apply(self, word):
        ...         return word.upper()
        >>> Shout().apply("hello")
        'HELLO'
    """

    Java: ClassVar[Any] = _Wiring()
    java_interfaces: ClassVar[tuple[str, ...]] = ()
    java_convert: ClassVar[bool] = True

    def __init_subclass__(
        cls, *, implements: str | Sequence[str] = (), convert: bool | None = None, **more: Any
    ) -> None:
        super().__init_subclass__(**more)
        own = (implements,) if isinstance(implements, str) else tuple(implements)
        inherited = (name for base in cls.__mro__[1:] for name in vars(base).get("java_interfaces", ()))
        cls.java_interfaces = tuple(dict.fromkeys([*own, *inherited]))
        if convert is not None:
            cls.java_convert = convert

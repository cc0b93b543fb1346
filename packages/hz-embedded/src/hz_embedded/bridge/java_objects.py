"""What all Java objects have in common, and those that are neither arrays, lists, sets nor maps."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, SupportsIndex, TypeVar, cast

from hz_embedded._py4j import (
    BaseIterator,
    BaseObject,
    JavaMember,
    Py4JError,
    Py4JJavaError,
    detach,
    is_instance,
)
from hz_embedded.bridge import raw
from hz_embedded.bridge.clients import marked
from hz_embedded.bridge.members import JavaMethod
from hz_embedded.bridge.reading import length

T = TypeVar("T")


def java_method(thing: Any, name: str) -> Callable[..., Any]:
    """Return the Java method ``name`` of a Java object, even if a Python method hides it.

    Args:
        thing: A Java object, such as a ``JavaMap``, whose ``values`` is the Python method.
        name: Name of the method; the overload is chosen by the call.
    """
    member: Callable[..., Any] = JavaMethod(name, thing, thing._target_id, thing._gateway_client)
    return member


class _Help:
    """The docstring of a class of Java objects; for an object, what Java says about it."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def __get__(self, thing: BaseObject | None, owner: type) -> str | None:
        return (
            self._text if thing is None else cast("str", BaseObject.__dict__["__doc__"].__get__(thing, owner))
        )


class Received(BaseObject):
    """What all Java objects have in common."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.__doc__ = _Help(cls.__dict__.get("__doc__"))  # type: ignore[assignment]  # a descriptor, as in py4j

    def __init__(self, target_id: str, gateway_client: Any) -> None:
        # Not that of py4j's collections: they refer to themselves, and would live until a full garbage collection.
        BaseObject.__init__(self, target_id, gateway_client)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_repr_"):
            raise AttributeError(
                name
            )  # notebooks and Hypothesis ask for _repr_html_, _repr_pretty_ and so on
        found = BaseObject.__getattr__(self, name)
        if type(found) is JavaMember:
            found.__class__ = JavaMethod
        return found

    def _detach(self) -> None:
        """Release the object immediately; py4j calls this method to release an object."""
        detach(self)

    def _get_object_id(self) -> str:
        """Return what py4j sends as an argument: the id, and whose it is."""
        return marked(self._target_id, self._gateway_client)

    def __copy__(self) -> Any:
        raise TypeError(
            "a Java object cannot be copied by copy.copy(); call its clone() or a constructor that copies, if its "
            "class has one"
        )

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError(
            "a Java object cannot be copied by copy.deepcopy(), because it lives in the JVM; to_python() copies the "
            "content of a collection into Python"
        )

    def __reduce_ex__(self, version: SupportsIndex) -> NoReturn:
        raise TypeError(
            "a Java object cannot be pickled, because it lives in the JVM; to_python() copies the content of a "
            "collection into Python, which can be pickled"
        )


def are_equal(first: BaseObject, second: BaseObject) -> bool:
    """Return Java's answer; objects of two JVMs are different."""
    return first._gateway_client is second._gateway_client and bool(raw.call(first, "equals", second))


class JavaReference(Received):
    """A Java object whose type has no Python protocol."""

    def __hash__(self) -> int:
        return BaseObject.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return are_equal(self, other) if isinstance(other, BaseObject) else NotImplemented


class UnknownReference(JavaReference):
    """A Java object whose type is not yet known.

    The JVM is asked for the type when it matters: a ``java.util.Collection`` (an ``IQueue``, the values of a map) has
    length, iteration and ``in``; any other ``java.lang.Iterable`` has iteration.
    """

    @property  # type: ignore[misc]  # so that isinstance() with an ABC gets the right answer
    def __class__(self) -> type:
        # py4j asks whether an argument is a number or a string, which needs no call of Java.
        asking = sys._getframe(1).f_globals.get("__name__", "")
        if asking.startswith(("py4j.", "hz_embedded.")):
            return type(self)
        with contextlib.suppress(Py4JError):  # released, or the JVM has ended
            return resolve(self)
        return type(self)

    def __bool__(self) -> bool:
        resolve(self)
        return bool(self)

    def __len__(self) -> int:
        resolve(self)
        return len(self)

    def __iter__(self) -> Iterator[Any]:
        resolve(self)
        return iter(self)

    def __contains__(self, value: object) -> bool:
        resolve(self)
        return value in self


def resolve(thing: UnknownReference) -> type[JavaReference]:
    """Change the class of an object to the class for its Java type, and return that."""
    kind: type[JavaReference] = JavaReference
    if is_instance(thing, "java.util.Collection"):
        kind = JavaCollection
    elif is_instance(thing, "java.lang.Iterable"):
        kind = JavaIterable
    object.__dict__["__class__"].__set__(thing, kind)
    return kind


class JavaIterable(JavaReference):
    """Any ``java.lang.Iterable``: it supports iteration, as often as Java allows."""

    def __iter__(self) -> Iterator[Any]:
        return cast("Iterator[Any]", self.iterator())

    def __contains__(self, value: object) -> bool:
        return any(value is each or value == each for each in self)


class JavaCollection(JavaIterable):
    """A ``java.util.Collection`` that is neither a list nor a set: length, iteration and ``in``."""

    def __len__(self) -> int:
        return length(self)

    def __contains__(self, value: object) -> bool:
        return bool(self.contains(value))


class JavaIterator(Received, BaseIterator[T]):
    """A ``java.util.Iterator``. Java's ``NoSuchElementException`` ends it; other exceptions are raised."""

    def __next__(self) -> T:
        try:
            return cast("T", raw.call(self, "next", for_user=True))
        except Py4JJavaError as error:
            if is_instance(error.java_exception, "java.util.NoSuchElementException"):
                raise StopIteration from None
            raise

    next = __next__

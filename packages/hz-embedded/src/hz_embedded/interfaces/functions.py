"""Java's functional interfaces, and any other interface from plain Python functions."""

from __future__ import annotations

import inspect
import types
from abc import ABC, abstractmethod
from collections.abc import Callable as PythonCallable
from typing import Any, Final, Generic, TypeVar

from hz_embedded.interfaces.base import JavaInterface
from hz_embedded.interfaces.problems import InterfaceError

T = TypeVar("T")
U = TypeVar("U")
R = TypeVar("R")


class Comparator(JavaInterface, ABC, Generic[T], implements="java.util.Comparator"):
    """Orders two values."""

    @abstractmethod
    def compare(self, left: T, right: T) -> int:
        """Less than 0 when ``left`` comes first, more than 0 when ``right`` does, else 0."""


class Callable(JavaInterface, ABC, Generic[R], implements="java.util.concurrent.Callable"):
    """A task with a result, for an executor service."""

    @abstractmethod
    def call(self) -> R:
        """Do it."""


class Runnable(JavaInterface, ABC, implements="java.lang.Runnable"):
    """A task without a result."""

    @abstractmethod
    def run(self) -> None:
        """Do it."""


class Function(JavaInterface, ABC, Generic[T, R], implements="java.util.function.Function"):
    """A function of one argument."""

    @abstractmethod
    def apply(self, value: T) -> R:
        """The function's value."""


class BiFunction(JavaInterface, ABC, Generic[T, U, R], implements="java.util.function.BiFunction"):
    """A function of two arguments."""

    @abstractmethod
    def apply(self, first: T, second: U) -> R:
        """The function's value."""


class Consumer(JavaInterface, ABC, Generic[T], implements="java.util.function.Consumer"):
    """Takes values."""

    @abstractmethod
    def accept(self, value: T) -> None:
        """Take one."""


class Supplier(JavaInterface, ABC, Generic[R], implements="java.util.function.Supplier"):
    """Gives values."""

    @abstractmethod
    def get(self) -> R:
        """Give one."""


_BY_COUNT: Final = {
    0: "java.util.concurrent.Callable",
    1: "java.util.function.Function",
    2: "java.util.function.BiFunction",
}


def implement(*interfaces: str, convert: bool = True, **methods: PythonCallable[..., Any]) -> JavaInterface:
    """An object that implements Java interfaces by functions.

    Args:
        interfaces: full names, nested ones with ``$``.
        convert: False passes arguments and results as py4j has them.
        methods: the functions by Java's names of the methods, or Python's spelling of them.

    Raises:
        InterfaceError: no interface named.

        >>> from hz_embedded.interfaces import implement
        >>> listener = implement("com.hazelcast.topic.MessageListener", onMessage=print)
    """
    if not interfaces:
        raise InterfaceError("implement() needs the full name of at least one Java interface")
    names = [name.rpartition(".")[2] for name in interfaces]
    members = {name: staticmethod(function) for name, function in methods.items()}
    how = {"implements": interfaces, "convert": convert}
    made: type[JavaInterface] = types.new_class(
        "And".join(names), (JavaInterface,), how, lambda body: body.update(members)
    )
    return made()


class _SingleMethod(JavaInterface):
    """Answers every method of its interface that has no default with one function."""

    def __init__(self, function: PythonCallable[..., Any]) -> None:
        self._function = function

    def java_single_method(self, *args: Any) -> Any:
        """Called for every method that Java leaves to the implementation."""
        return self._function(*args)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._function!r}>"


def java_function(
    function: PythonCallable[..., Any], interface: str | None = None, *, convert: bool = True
) -> JavaInterface:
    """A Python function as an object of a Java interface with one method, as a lambda would be in Java.

    Args:
        function: what Java calls.
        interface: full name of the interface. None chooses ``Callable``, ``Function`` or ``BiFunction`` by the
            number of parameters that the function must be given.
        convert: False passes arguments and results as py4j has them.

    Raises:
        InterfaceError: ``interface`` is None and no default fits.
    """
    name = interface or _by_signature(function)
    module = getattr(function, "__module__", __name__)
    made: type[_SingleMethod] = types.new_class(
        name.rpartition(".")[2],
        (_SingleMethod,),
        {"implements": name, "convert": convert},
        lambda body: body.update(__module__=module),
    )
    return made(function)


def _by_signature(function: PythonCallable[..., Any]) -> str:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise InterfaceError(f"the parameters of {function!r} cannot be seen; name the interface") from error
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters if p.kind in positional and p.default is p.empty]
    name = _BY_COUNT.get(len(needed))
    if name is None:
        raise InterfaceError(
            f"{function!r} needs {len(needed)} arguments, for which Java has no function type; name the interface"
        )
    return name

"""Java's functional interfaces, and implementations of any interface by Python functions."""

import functools
import inspect
import types
from abc import ABC, abstractmethod
from collections.abc import Callable as PythonCallable
from typing import Any, Final, Generic, TypeVar

from hz_embedded.interfaces.base import JavaInterface
from hz_embedded.interfaces.errors import InterfaceError

T = TypeVar("T")
U = TypeVar("U")
R = TypeVar("R")


class Comparator(JavaInterface, ABC, Generic[T], implements="java.util.Comparator"):
    """Orders two values."""

    @abstractmethod
    def compare(self, left: T, right: T) -> int:
        """Return a negative number if ``left`` comes first, a positive one if ``right`` does, otherwise 0."""


class Callable(JavaInterface, ABC, Generic[R], implements="java.util.concurrent.Callable"):
    """A task with a result, for an executor service."""

    @abstractmethod
    def call(self) -> R:
        """Run the task and return its result."""


class Runnable(JavaInterface, ABC, implements="java.lang.Runnable"):
    """A task without a result."""

    @abstractmethod
    def run(self) -> None:
        """Run the task."""


class Function(JavaInterface, ABC, Generic[T, R], implements="java.util.function.Function"):
    """A function of one argument."""

    @abstractmethod
    def apply(self, value: T) -> R:
        """Return the value of the function."""


class BiFunction(JavaInterface, ABC, Generic[T, U, R], implements="java.util.function.BiFunction"):
    """A function of two arguments."""

    @abstractmethod
    def apply(self, first: T, second: U) -> R:
        """Return the value of the function."""


class Consumer(JavaInterface, ABC, Generic[T], implements="java.util.function.Consumer"):
    """Accepts values."""

    @abstractmethod
    def accept(self, value: T) -> None:
        """Accept a value."""


class Supplier(JavaInterface, ABC, Generic[R], implements="java.util.function.Supplier"):
    """Supplies values."""

    @abstractmethod
    def get(self) -> R:
        """Return a value."""


_BY_COUNT: Final = {
    0: "java.util.concurrent.Callable",
    1: "java.util.function.Function",
    2: "java.util.function.BiFunction",
}


def implement(*interfaces: str, convert: bool = True, **methods: PythonCallable[..., Any]) -> JavaInterface:
    """Return an object that implements Java interfaces with functions.

    Args:
        interfaces: Full names, nested ones with ``$``.
        convert: False passes arguments and results without conversion.
        methods: The functions by the Java names or the Python names of the methods.

    Raises:
        InterfaceError: No interface is given.

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
    """Implements all methods of its interface without a default by one function."""

    def __init__(self, function: PythonCallable[..., Any]) -> None:
        self._function = function

    def java_single_method(self, *args: Any) -> Any:
        """Handle each method that has no default in Java."""
        return self._function(*args)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._function!r}>"


def java_function(
    function: PythonCallable[..., Any], interface: str | None = None, *, convert: bool = True
) -> JavaInterface:
    """Return an object that implements a Java interface with one method by a Python function, like a Java lambda.

    Args:
        function: The function that Java calls.
        interface: Full name of the interface. None chooses ``Callable``, ``Function`` or ``BiFunction`` by the number
            of required parameters of the function.
        convert: False passes arguments and results without conversion.

    Raises:
        InterfaceError: ``interface`` is None and no default fits.
    """
    module = getattr(function, "__module__", None) or __name__
    return _single_method_class(interface or _by_signature(function), str(module), convert)(function)


@functools.lru_cache(maxsize=1024)
def _single_method_class(interface: str, module: str, convert: bool) -> type[_SingleMethod]:
    """Return the class for functions of a module that implement an interface; to make one takes as long as a call."""
    return types.new_class(
        interface.rpartition(".")[2],
        (_SingleMethod,),
        {"implements": interface, "convert": convert},
        lambda body: body.update(__module__=module),
    )


def _by_signature(function: PythonCallable[..., Any]) -> str:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise InterfaceError(
            f"the parameters of {function!r} cannot be determined; give the interface"
        ) from error
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters if p.kind in positional and p.default is p.empty]
    name = _BY_COUNT.get(len(needed))
    if name is None:
        raise InterfaceError(
            f"{function!r} needs {len(needed)} arguments, for which Java has no function type; give the interface"
        )
    return name

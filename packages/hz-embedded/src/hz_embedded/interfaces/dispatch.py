"""Passes a call from Java to the right Python method, and its result or exception back."""

import contextvars
import functools
import keyword
import re
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final

from hz_embedded._py4j import BaseObject, JavaClass, Py4JError, Py4JJavaError, is_instance
from hz_embedded.bridge.clients import Client
from hz_embedded.bridge.stream_format import LONE_SURROGATE
from hz_embedded.bridge.throwables import EXCEPTION_NUMBER
from hz_embedded.interfaces import crossing
from hz_embedded.interfaces.convert import to_java, to_python
from hz_embedded.interfaces.errors import (
    InterfaceError,
    JavaException,
    class_name,
    describe,
    missing_method,
    sendable,
    user_traceback,
)
from hz_embedded.interfaces.reflection import InterfaceInfo, MethodInfo, reflect
from hz_embedded.interfaces.views import VIEWS

_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OF_OBJECT: Final = frozenset({"toString", "hashCode", "equals"})
_OF_CROSSING: Final = frozenset({"getFactoryId", "getClassId", "writeData", "readData"})
_PYTHON_EXCEPTION: Final = "py4j.Py4JException"
_HANDLER: Final = "py4j.reflection.PythonProxyHandler"
_REMEMBERED: Final = 32

_calling: contextvars.ContextVar[Any] = contextvars.ContextVar("calling_jvm")


def calling_jvm() -> Any:
    """Return, in a method that Java called, the py4j view of the classes of that JVM.

    Raises:
        InterfaceError: This context does not handle a call from Java.
    """
    try:
        return _calling.get()
    except LookupError:
        raise InterfaceError(
            "calling_jvm() was called outside a method that Java calls; use the view of a cluster or member there"
        ) from None


@functools.lru_cache(maxsize=4096)
def snake_case(java_name: str) -> str:
    """Return the Python name for the name of a Java method; keywords get a trailing underscore."""
    name = _WORD.sub("_", java_name).lower()
    return name + "_" if keyword.iskeyword(name) else name


class Bridge:
    """What is known of one JVM: its interfaces, and the last exceptions that Python methods raised for it."""

    def __init__(self, gateway: Any, *, propagates: bool = False) -> None:
        self.gateway_client: Any = gateway._gateway_client
        self._propagates = propagates
        self._takes_all = isinstance(gateway._gateway_client, Client)
        self._pool = gateway.gateway_property.pool
        self.jvm: Any = gateway.jvm
        self._new_array = gateway.new_array
        self._infos: dict[str, InterfaceInfo] = {}
        self._raised: OrderedDict[int, BaseException] = OrderedDict()
        self._numbers = iter(range(1, 2**63))

    def info(self, name: str) -> InterfaceInfo:
        """Return the methods of the interface ``name``.

        Raises:
            InterfaceError: The JVM has no such interface.
        """
        info = self._infos.get(name)
        if info is None:
            info = self._infos[name] = reflect(name, self.jvm)
        return info

    @functools.cached_property
    def is_members(self) -> bool:
        """Whether Hazelcast is on the JVM's class path."""
        try:
            self.info(crossing.IDENTIFIED)
        except InterfaceError:
            return False
        return True

    def call_default(self, target: Any, info: InterfaceInfo, method: MethodInfo, args: Sequence[Any]) -> Any:
        """Call Java's default method on ``target``."""
        values = self._new_array(self.jvm.java.lang.Object, len(args))
        for index, value in enumerate(args):
            values[index] = value
        return self.jvm.java.lang.reflect.InvocationHandler.invokeDefault(
            target, info.reflected[method.index], values
        )

    def for_java(self, error: BaseException, *, keeps_java: bool) -> BaseException:
        """Return the exception from which py4j makes a Java exception, for an exception of a Python method.

        Most exceptions become a ``Py4JException`` whose message is the traceback, created in the calling Java thread.

        Args:
            error: What the Python method raised.
            keeps_java: Whether an exception that came from Java is passed on unchanged.
        """
        number = self._remember(error)
        text = f"{describe(error)}\n{number}"
        # Neither the text of such an exception can be sent or logged, nor that of one with it as its cause.
        unsendable = LONE_SURROGATE.search(text) is not None
        if isinstance(error, JavaException):
            thrown = self._new(error.class_name, error.message)
            thrown.initCause(self._new(_PYTHON_EXCEPTION, text))
            chosen: BaseException = Py4JJavaError(sendable(str(error)), thrown)
            chosen.__suppress_context__ = unsendable
            return chosen
        java_exception: Any = getattr(error, "java_exception", None)
        is_own = java_exception is not None and java_exception._gateway_client is self.gateway_client
        if is_own and (keeps_java or self._propagates):
            java_exception.addSuppressed(self._new(_PYTHON_EXCEPTION, text))
            return error
        if unsendable:
            # The text contains the number.
            error = InterfaceError(sendable(text))
            error.__suppress_context__ = True
            return error
        if java_exception is not None or not (self._takes_all or isinstance(error, Exception)):
            # A Java exception would be passed on unchanged, and a SystemExit would end py4j's thread.
            error = InterfaceError(f"{type(error).__name__} was raised for Java: {error}")
        error.add_note(number)
        return error

    def is_ctrl_c(self, error: BaseException) -> bool:
        """Return whether plain py4j must get an exception as it is: Ctrl-C in its pinned model."""
        in_main_thread = threading.current_thread() is threading.main_thread()
        return isinstance(error, KeyboardInterrupt) and in_main_thread and not self._takes_all

    def _remember(self, error: BaseException) -> str:
        number = next(self._numbers)
        self._raised[number] = error
        while len(self._raised) > _REMEMBERED:
            self._raised.popitem(last=False)
        return f"[Python exception {number}]"

    def _new(self, name: str, message: str) -> Any:
        return JavaClass(name, self.gateway_client)(sendable(message))

    def behind(self, java: Any) -> Any:
        """Return the Python object behind a Java proxy; return anything else unchanged."""
        if not isinstance(java, BaseObject):
            return java
        proxy = self.jvm.java.lang.reflect.Proxy
        if not proxy.isProxyClass(java.getClass()):
            return java
        handler = proxy.getInvocationHandler(java)
        kind = handler.getClass()
        if kind.getName() != _HANDLER:
            return java
        identity = kind.getDeclaredField("id")
        identity.setAccessible(True)
        return self._pool.target(identity.get(handler))

    def raised(self, message: str) -> BaseException | None:
        """Return the Python exception whose number is in the message of a Java exception, None if there is none."""
        match = EXCEPTION_NUMBER.search(message)
        return self._raised.get(int(match[1])) if match else None


class Adapter:
    """What py4j calls instead of a Python object; each Java method is an attribute of it."""

    def __init__(self, target: Any, bridge: Bridge) -> None:
        kind = type(target)
        self._target = target
        self._bridge = bridge
        # Classes that were written for plain py4j have Java's names and no conversion.
        self._own = hasattr(kind, "java_interfaces")
        self._names: Sequence[str] = kind.java_interfaces if self._own else target.Java.implements
        self._convert = self._own and kind.java_convert

    def __getattr__(self, java_name: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            token = _calling.set(self._bridge.jvm)
            try:
                return self._call(java_name, args)
            except BaseException as error:
                if self._bridge.is_ctrl_c(error):
                    raise
                passed = self._for_java(error)
                if passed is not error:
                    raise passed from None if passed.__suppress_context__ else error
                error.__traceback__ = user_traceback(error.__traceback__)
                raise
            finally:
                _calling.reset(token)

        return call

    def _for_java(self, error: BaseException) -> BaseException:
        try:
            return self._bridge.for_java(error, keeps_java=self._own)
        except (Py4JError, TypeError) as second:
            # There is no such Java exception, or the JVM has ended: Java gets this traceback.
            second.__context__ = error
            return second

    def _check(self) -> None:
        """Check that the target has all methods that Java may call.

        Raises:
            InterfaceError: Methods are missing; the error names them.
        """
        if not self._own:
            return
        infos = [self._bridge.info(name) for name in self._names]
        methods = [method for info in infos for method in info.methods if not method.is_default]
        missing = {method.name: method for method in methods if self._handler(method.name, [method]) is None}
        wanted = [f"{one.owner}.{one.signature} as {snake_case(one.name)}" for one in missing.values()]
        if wanted:
            raise InterfaceError(
                f"{class_name(self._target)} lacks methods of its Java interfaces: {'; '.join(wanted)}"
            )

    def _more_interfaces(self) -> list[str]:
        """Return the interfaces that :mod:`hz_embedded.interfaces.crossing` adds to those of the object."""
        wanted = self._own and crossing.IDENTIFIED not in self._names and self._bridge.is_members
        return [crossing.IDENTIFIED] if wanted else []

    def _find(self, java_name: str) -> Callable[..., Any] | None:
        names = (snake_case(java_name), java_name)
        for name in names if self._own else reversed(names):
            method = getattr(self._target, name, None)
            if callable(method):
                found: Callable[..., Any] = method
                return found
        return None

    def _handler(self, java_name: str, overloads: Sequence[MethodInfo]) -> Callable[..., Any] | None:
        """Return what handles a call: a method of the target, or a substitute; None means Java's default method."""
        method = self._find(java_name)
        if method is None and java_name in _OF_OBJECT:
            return functools.partial(self._of_object, java_name)
        if method is None and java_name in _OF_CROSSING and self._own:
            return functools.partial(self._of_crossing, java_name)
        if method is None and any(not overload.is_default for overload in overloads):
            method = getattr(self._target, "java_single_method", None)
        return method

    def _call(self, java_name: str, args: tuple[Any, ...]) -> Any:
        direct = None if self._convert else self._find(java_name)
        if direct is not None:
            # Reading the interfaces is not necessary here, and would cost calls to Java.
            return direct(*args)
        infos = [self._bridge.info(name) for name in self._names]
        overloads = [(info, method) for info in infos for method in info.named(java_name, len(args))]
        handler = self._handler(java_name, [method for _, method in overloads])
        if handler is None:
            return self._default(java_name, args, overloads)
        if not self._convert or not overloads or java_name in _OF_OBJECT:
            return handler(*args)
        method = overloads[0][1]
        values = [_argument(*pair) for pair in zip(args, method.parameters, strict=True)]
        where = f"the result of {class_name(self._target)}.{snake_case(java_name)}"
        return to_java(handler(*values), method.returns, self._bridge.gateway_client, where)

    def _default(
        self, java_name: str, args: tuple[Any, ...], overloads: Sequence[tuple[InterfaceInfo, MethodInfo]]
    ) -> Any:
        for info, method in overloads:
            if method.is_default and self._takes(method, args):
                return self._bridge.call_default(self._target, info, method, args)
        signature = f"{java_name}({', '.join(['...'] * len(args))})"
        raise missing_method(self._target, " & ".join(self._names), signature, snake_case(java_name))

    def _takes(self, method: MethodInfo, args: tuple[Any, ...]) -> bool:
        """Return whether the overload accepts the Java objects in ``args``."""
        pairs = zip(args, method.parameters, strict=True)
        return all(
            is_instance(value, declared)
            for value, declared in pairs
            if isinstance(value, BaseObject) and "." in declared and not declared.endswith("[]")
        )

    def _of_object(self, java_name: str, *args: Any) -> Any:
        if java_name == "toString":
            return repr(self._target)
        if java_name == "hashCode":
            return _java_hash(self._target)
        return bool(self._target == self._bridge.behind(args[0]))

    def _of_crossing(self, java_name: str, *_: Any) -> int | None:
        if java_name == "getFactoryId":
            return crossing.factory_id(self._target, self._bridge.gateway_client)
        return crossing.NUMBERS.number(self._target) if java_name == "getClassId" else None


def _argument(value: Any, declared: str) -> Any:
    view = VIEWS.get(declared)
    if view is not None and isinstance(value, BaseObject):
        return view(value)
    return to_python(value, declared)


def _java_hash(target: object) -> int:
    """Return ``hash`` folded into 32 bits; objects that cannot be hashed get one number per class."""
    try:
        number = hash(target)
    except TypeError:
        number = zlib.crc32(class_name(target).encode())
    folded = (number ^ (number >> 32)) & 0xFFFFFFFF
    return folded - 2**32 if folded >= 2**31 else folded
